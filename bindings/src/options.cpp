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

}  // namespace nodalroom::bindings
