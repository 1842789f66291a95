#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodalroom/model/network.hpp"

namespace nodalroom::powerflow {

/// Who supplies what load and losses ask for beyond the case's dispatch: in-service unit i produces
/// Pg_i + α_i s, with α_i proportional to a weight (docs/math.md, eq. 8).
enum class BalanceRule : std::uint8_t {
    spare,      ///< max(Pmax - Pg, 0)
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

/// The weight of every unit row; 0 for units that take no part. An island without any positive
/// weight falls back to the units at its reference bus. Throws OptionError when no unit of the
/// whole network can take part, or the given weights do not fit.
[[nodiscard]] std::vector<double> balance_weights(const model::Network& network, const Balance& balance);

}  // namespace nodalroom::powerflow
