#pragma once

#include <optional>
#include <vector>

#include "nodalroom/headroom/criteria.hpp"

namespace nodalroom::headroom {

/// A solution of one state with a load.
struct LoadedPoint {
    double load_mw = 0.0;
    powerflow::Voltages voltages;
};

/// Solutions met on the upper side of a turn.
struct FollowedPath {
    std::vector<LoadedPoint> points;  ///< ascending in load
    bool is_smooth = false;           ///< the same buses regulate on both sides of the turn found
};

/// Follows the solutions of the solver's state from `from` to more load, by its falling voltages and not by
/// the load, so that it goes round the end of the path, where the load turns back (docs/math.md, section 6).
/// Returns the solutions met on the upper side, ascending in load, the last of them within `width_mw` of
/// the turn; ends before, at a solution beyond `up_to_mw`, if there is no turn up to there. Empty: the
/// curve could not be followed.
[[nodiscard]] FollowedPath follow_to_fold(contingency::StateSolver& solver, const Candidate& candidate,
                                          const LoadedPoint& from, double up_to_mw, double width_mw);

}  // namespace nodalroom::headroom
