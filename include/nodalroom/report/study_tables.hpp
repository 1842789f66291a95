#pragma once

#include "nodalroom/contingency/sweep.hpp"
#include "nodalroom/headroom/result.hpp"
#include "nodalroom/report/table.hpp"

namespace nodalroom::report {

/// One row per state of a sweep, the intact state first.
[[nodiscard]] Table state_table(const model::Network& network, const contingency::SweepResult& result);
/// One row per limit broken in a state.
[[nodiscard]] Table violation_table(const model::Network& network, const contingency::SweepOptions& options,
                                    const contingency::SweepResult& result);
/// In-service branches whose outage would split the network, which no study simulates.
[[nodiscard]] Table bridge_table(const model::Network& network);

/// One row per candidate bus of a headroom study. Rows that were not run are left out; of the
/// others every column of the definition is there, NaN or empty where it does not apply. A figure per
/// limit type is infinite where no such limit appears up to max_mw.
[[nodiscard]] Table headroom_table(const model::Network& network, const headroom::HeadroomResult& result);
/// One row per bus and pair that holds its redispatch headroom, the pair worth most first: what more of its
/// limit is worth, MW per MVA or MW per per unit.
[[nodiscard]] Table redispatch_pair_table(const model::Network& network,
                                          const headroom::HeadroomResult& result);
/// One row per bus and unit that its redispatch headroom takes from the balance rule, the largest move first.
[[nodiscard]] Table redispatch_unit_table(const model::Network& network,
                                          const headroom::HeadroomResult& result);
/// The states without a solution before any load is added.
[[nodiscard]] Table unsolvable_table(const model::Network& network, const headroom::HeadroomResult& result);

}  // namespace nodalroom::report
