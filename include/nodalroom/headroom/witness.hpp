#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nodalroom/headroom/result.hpp"
#include "nodalroom/io/matpower_case.hpp"

namespace nodalroom::headroom {

/// A row of a study as a case file that any power-flow tool can open: the new load connected, the
/// state's outage applied, every unit at the production that balances it, buses at a reactive limit
/// as PQ, and the solved voltages as start. A plain power flow of it reproduces the state, with the
/// limiting element at its limit.
struct Witness {
    io::MatpowerCase mpc;
    std::vector<std::string> header;  ///< comment lines: what the file shows and how to check it
    double load_mw = 0.0;             ///< new load in the file
};

/// Solves the row's state at its headroom (for collapse: at the last load with a solution; for
/// cap_reached: at the cap, intact). Throws OptionError for rows without an answer.
[[nodiscard]] Witness make_witness(const model::Network& network, const HeadroomOptions& options,
                                   const HeadroomRow& row);
/// The same at the row's redispatch headroom, with the dispatch found. `outage`: the state to show; none:
/// that of the pair with the highest shadow price, or the intact one.
[[nodiscard]] Witness make_redispatch_witness(const model::Network& network, const HeadroomOptions& options,
                                              const HeadroomRow& row,
                                              std::optional<contingency::Outage> outage = std::nullopt);

}  // namespace nodalroom::headroom
