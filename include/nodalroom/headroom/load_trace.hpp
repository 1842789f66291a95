#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nodalroom/contingency/state_solver.hpp"
#include "nodalroom/headroom/criteria.hpp"

namespace nodalroom::headroom {

/// The voltage of a bus with a new load there.
struct TracePoint {
    double load_mw = 0.0;
    double vm_pu = 0.0;
};

/// The solutions of one state as load is added at one bus.
struct LoadTrace {
    std::vector<TracePoint> points;  ///< ascending in load, from 0; empty without a solution there
    /// The path ends before the load asked for: at most StatePath::kCollapseWidthMw beyond the last point.
    bool ends = false;
    std::string problem;  ///< why there is no point
};

/// Follows the state from no load up to `up_to_mw`, or as far as its path goes: the same path whose end is
/// collapse to a study (StatePath). Points lie close enough to draw a line through. Throws OptionError where
/// `up_to_mw` is not positive and finite.
[[nodiscard]] LoadTrace trace_load(const contingency::BaseCase& base, contingency::Outage outage,
                                   const Candidate& candidate, double up_to_mw);

}  // namespace nodalroom::headroom
