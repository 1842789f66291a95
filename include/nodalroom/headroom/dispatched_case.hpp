#pragma once

#include <memory>
#include <vector>

#include "nodalroom/headroom/criteria.hpp"

namespace nodalroom::headroom {

/// The case at a dispatch and a new load that may lie far from its own, reached in as few even steps as it
/// takes. `unit_p_mw`: per unit row; empty: as in the case, so that the balance rule alone supplies the load.
/// `base` must be solved. Null where there is no solution to be reached that way.
[[nodiscard]] std::unique_ptr<contingency::BaseCase> solve_dispatch(const contingency::BaseCase& base,
                                                                    const std::vector<double>& unit_p_mw,
                                                                    const Candidate& candidate,
                                                                    double load_mw);

}  // namespace nodalroom::headroom
