#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodalroom/model/network.hpp"

namespace nodalroom::powerflow {

/// Loads and dispatch to calculate with in place of the case's, in file units: one value per row of the
/// network's loads or units, consumption and production positive. Empty: as in the case.
struct Powers {
    std::vector<double> load_p_mw, load_q_mvar;  ///< the part of each load that does not change with voltage
    std::vector<double> unit_p_mw, unit_q_mvar;
    /// "load_p_mw has 3 values; the case has 4 loads", or a value that is not finite.
    [[nodiscard]] std::optional<std::string> first_violation(const model::Network& network) const;

    [[nodiscard]] double load_p_pu(const model::Network& network, std::size_t row) const noexcept {
        return load_p_mw.empty() ? network.loads()[row].s_power_pu.real()
                                 : load_p_mw[row] / network.base_mva();
    }
    [[nodiscard]] double load_q_pu(const model::Network& network, std::size_t row) const noexcept {
        return load_q_mvar.empty() ? network.loads()[row].s_power_pu.imag()
                                   : load_q_mvar[row] / network.base_mva();
    }
    [[nodiscard]] double unit_p_pu(const model::Network& network, std::size_t row) const noexcept {
        return unit_p_mw.empty() ? network.units()[row].p_pu : unit_p_mw[row] / network.base_mva();
    }
    [[nodiscard]] double unit_q_pu(const model::Network& network, std::size_t row) const noexcept {
        return unit_q_mvar.empty() ? network.units()[row].q_pu : unit_q_mvar[row] / network.base_mva();
    }
};

/// Who supplies what load and losses ask for beyond the case's dispatch: in-service unit i produces
/// Pg_i + α_i s, with α_i proportional to a weight (docs/math.md, eq. 8).
enum class BalanceRule : std::uint8_t {
    spare,      ///< max(Pmax - Pg, 0); 0 where Pmax <= 0
    pmax,       ///< max(Pmax, 0)
    reference,  ///< units at the reference bus, by Pmax (equal parts where all are 0)
    given       ///< Balance::weights
};

struct Balance {
    BalanceRule rule = BalanceRule::spare;
    std::vector<double> weights;  ///< for `given`: one per unit row, >= 0
    std::optional<int> area;      ///< only units at buses of this area take part

    /// "spare", "pmax", "reference", "weights", with " in area N" where restricted.
    [[nodiscard]] std::string name() const;
};

/// "spare", "pmax" or "reference"; throws OptionError on another word.
[[nodiscard]] BalanceRule parse_balance_rule(std::string_view word);

/// Whether the rule is `spare` and no unit that takes part has any: they then share by Pmax.
[[nodiscard]] bool is_without_spare(const model::Network& network, const Balance& balance,
                                    const Powers& powers = {});

/// The weight of every unit row; 0 for units that take no part. Where the rule is `spare` and no unit of the
/// whole network has any, as `pmax` has them. An island without any positive weight falls back to the units
/// at its reference bus. Throws OptionError when no unit of the
/// whole network can take part, or the given weights do not fit.
[[nodiscard]] std::vector<double> balance_weights(const model::Network& network, const Balance& balance,
                                                  const Powers& powers = {});

}  // namespace nodalroom::powerflow
