#pragma once

#include "nodalroom/model/network.hpp"
#include "nodalroom/powerflow/solve.hpp"
#include "nodalroom/report/table.hpp"

namespace nodalroom::report {

/// The tables of a network. Figures the case file has are the file's own, not converted there and
/// back. `row` is the file's 1-based row; rows of buses, branches and units are in file order.
[[nodiscard]] Table bus_table(const model::Network& network);
[[nodiscard]] Table branch_table(const model::Network& network);
[[nodiscard]] Table unit_table(const model::Network& network);
[[nodiscard]] Table load_table(const model::Network& network);
[[nodiscard]] Table shunt_table(const model::Network& network);
[[nodiscard]] Table diagnostics_table(const model::Network& network);

/// The tables of a power flow: one row per bus, branch and unit. NaN unless converged.
/// Branch power is into the branch at each end; loading is the larger end over rate A.
[[nodiscard]] Table solved_bus_table(const model::Network& network, const powerflow::PowerFlowResult& result);
[[nodiscard]] Table solved_branch_table(const model::Network& network,
                                        const powerflow::PowerFlowResult& result);
[[nodiscard]] Table solved_unit_table(const model::Network& network,
                                      const powerflow::PowerFlowResult& result);
/// The attempts of a power flow, in the order tried.
[[nodiscard]] Table attempt_table(const model::Network& network, const powerflow::PowerFlowResult& result);
/// The buses at which a failed power flow was worst off.
[[nodiscard]] Table worst_bus_table(const model::Network& network, const powerflow::PowerFlowResult& result);

}  // namespace nodalroom::report
