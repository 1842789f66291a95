#include "options.hpp"

#include <limits>

#include "nodalroom/core/errors.hpp"

namespace nodalroom::bindings {
namespace {

model::RatingSet rating_set(const char* option, const std::string& word) {
    try {
        return contingency::parse_rating_set(word);
    } catch (const OptionError&) {
        throw OptionError(std::string(option) + " = '" + word + "'; must be 'A', 'B' or 'C'");
    }
}

std::optional<contingency::VoltageBand> voltage_band(const Band& band) {
    if (!band) return std::nullopt;
    return contingency::VoltageBand{band->first, band->second};
}

}  // namespace

powerflow::Balance make_balance(const std::string& rule, std::vector<double> weights,
                                std::optional<int> area) {
    if (rule == "weights") return {powerflow::BalanceRule::given, std::move(weights), area};
    return {powerflow::parse_balance_rule(rule), {}, area};
}

contingency::LimitOptions make_limits(const std::string& rating_intact, const std::string& rating_post,
                                      const Band& band, const Band& band_post,
                                      std::optional<double> voltage_change_max, double monitor_min_kv) {
    contingency::LimitOptions limits;
    limits.rating_intact = rating_set("rating_intact", rating_intact);
    limits.rating_post = rating_set("rating_post", rating_post);
    limits.band_intact = voltage_band(band);
    limits.band_post = voltage_band(band_post);
    limits.voltage_change_max_pu = voltage_change_max;
    limits.monitor_min_kv = monitor_min_kv;
    return limits;
}

std::vector<BusRow> find_buses(const model::Network& network, const std::vector<std::int64_t>& numbers) {
    std::vector<BusRow> rows;
    rows.reserve(numbers.size());
    for (const std::int64_t number : numbers) {
        std::optional<BusRow> row;
        if (number >= 0 && number <= std::numeric_limits<std::int32_t>::max())
            row = network.find_bus(BusNumber(number));
        if (!row)
            throw OptionError("buses: there is no bus " + std::to_string(number) + " in " +
                              network.source().source);
        rows.push_back(*row);
    }
    return rows;
}

std::vector<UnitRow> find_units(const model::Network& network, const std::vector<std::int64_t>& rows) {
    std::vector<UnitRow> units;
    for (const std::int64_t row : rows) {
        if (row < 1 || row > static_cast<std::int64_t>(network.units().size())) {
            throw OptionError("movable_units: there is no generator row " + std::to_string(row) +
                              "; the case has " + std::to_string(network.units().size()));
        }
        units.emplace_back(row - 1);
        if (!network.unit(units.back()).in_service) {
            throw OptionError("movable_units: generator row " + std::to_string(row) + " is out of service");
        }
    }
    return units;
}

contingency::Outage find_outage(const model::Network& network, const std::string& kind, std::int64_t row) {
    if (kind == "intact") return {};
    const bool is_branch = kind == "branch";
    if (!is_branch && kind != "unit") {
        throw OptionError("contingency_kind = '" + kind + "'; must be 'intact', 'branch' or 'unit'");
    }
    const auto count =
        static_cast<std::int64_t>(is_branch ? network.branches().size() : network.units().size());
    if (row < 1 || row > count) {
        throw OptionError("contingency_row = " + std::to_string(row) + "; the case has " +
                          std::to_string(count) + (is_branch ? " branches" : " generators"));
    }
    const auto at = static_cast<std::size_t>(row - 1);
    const bool in_service = is_branch ? network.branches()[at].in_service : network.units()[at].in_service;
    if (!in_service) throw OptionError(kind + " row " + std::to_string(row) + " is out of service already");
    if (is_branch && network.is_bridge()[at]) {
        throw OptionError("branch row " + std::to_string(row) +
                          " is a bridge: its outage splits the network and is not simulated");
    }
    return is_branch ? contingency::Outage::of(BranchRow(row - 1))
                     : contingency::Outage::of(UnitRow(row - 1));
}

}  // namespace nodalroom::bindings
