#pragma once

#include "nodalroom/core/parallel.hpp"
#include "nodalroom/headroom/result.hpp"

namespace nodalroom::headroom {

/// Headroom of every candidate bus: how many MW of new load fit before the first limit is broken,
/// in the intact grid and after any single outage (docs/headroom.md). Throws OptionError on options
/// out of range, an unknown area, or a candidate that is out of service; numerical outcomes are
/// statuses. Cancelling leaves the unfinished rows not_run.
[[nodiscard]] HeadroomResult headroom(const model::Network& network, const HeadroomOptions& options,
                                      RunControl* control = nullptr);

}  // namespace nodalroom::headroom
