#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nodalroom/contingency/limits.hpp"
#include "nodalroom/contingency/outage.hpp"
#include "nodalroom/powerflow/balance.hpp"

namespace nodalroom::bindings {

using Band = std::optional<std::pair<double, double>>;

/// Words and numbers of a call to the options they mean; OptionError on words that mean none.
[[nodiscard]] powerflow::Balance make_balance(const std::string& rule, std::vector<double> weights,
                                              std::optional<int> area);
[[nodiscard]] contingency::LimitOptions make_limits(const std::string& rating_intact,
                                                    const std::string& rating_post, const Band& voltage_band,
                                                    const Band& voltage_band_post,
                                                    std::optional<double> voltage_change_max,
                                                    double monitor_min_kv);
/// Rows of bus numbers; OptionError naming the first number that is not in the case.
[[nodiscard]] std::vector<BusRow> find_buses(const model::Network& network,
                                             const std::vector<std::int64_t>& numbers);

/// Units of 1-based rows; OptionError naming the first that is not in the case or out of service.
[[nodiscard]] std::vector<UnitRow> find_units(const model::Network& network,
                                              const std::vector<std::int64_t>& rows);
/// "intact", "branch" or "unit" with its 1-based row; OptionError where there is no such state.
[[nodiscard]] contingency::Outage find_outage(const model::Network& network, const std::string& kind,
                                              std::int64_t row);

}  // namespace nodalroom::bindings
