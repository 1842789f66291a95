#include "nodalroom/contingency/limits.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/core/number_text.hpp"

namespace nodalroom::contingency {
namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();
// Beyond these a limit is taken for one given in kV or percent.
constexpr double kHighestVoltagePu = 2.0;
constexpr double kLargestChangePu = 1.0;

std::optional<std::string> band_problem(const char* name, const std::optional<VoltageBand>& band) {
    if (!band) return std::nullopt;
    if (band->min_pu >= 0.0 && band->min_pu < band->max_pu && band->max_pu <= kHighestVoltagePu)
        return std::nullopt;
    return std::string(name) + " = (" + number_text(band->min_pu) + ", " + number_text(band->max_pu) +
           "); must be two voltages in per unit, 0 <= low < high <= " + number_text(kHighestVoltagePu);
}

std::optional<std::string> upgrade_problem(const LimitUpgrade& upgrade) {
    const std::string what = (upgrade.is_branch ? "upgrade of branch row " : "upgrade of bus row ") +
                             std::to_string(upgrade.row) + ": ";
    if (upgrade.row < 0) return what + "a row must be >= 0";
    if (!(upgrade.factor > 1.0)) return what + "factor = " + number_text(upgrade.factor) + "; must be > 1";
    if (!upgrade.is_branch && std::isfinite(upgrade.factor)) {
        return what + "factor = " + number_text(upgrade.factor) +
               "; voltage limits are lifted, not scaled: must be infinite";
    }
    return std::nullopt;
}

void check_rows(const model::Network& network, const LimitOptions& options) {
    for (const LimitUpgrade& upgrade : options.upgrades) {
        const std::size_t rows = upgrade.is_branch ? network.branches().size() : network.buses().size();
        if (static_cast<std::size_t>(upgrade.row) < rows) continue;
        throw OptionError((upgrade.is_branch ? "upgrade of branch row " : "upgrade of bus row ") +
                          std::to_string(upgrade.row) + ": the case has " + std::to_string(rows) + " rows");
    }
}

void raise(const LimitUpgrade& upgrade, Limits& limits) {
    const auto row = static_cast<std::size_t>(upgrade.row);
    if (!upgrade.is_branch) {
        limits.vmin_pu[row] = -kNone;
        limits.vmax_pu[row] = kNone;
        return;
    }
    limits.rating_pu[row] *= upgrade.factor;
    const double rating = limits.rating_pu[row];
    limits.per_rating_squared[row] = std::isfinite(rating) ? 1.0 / (rating * rating) : 0.0;
}

Limits resolve(const model::Network& network, model::RatingSet set, const std::optional<VoltageBand>& band,
               double min_kv) {
    Limits limits;
    for (const model::Branch& branch : network.branches()) {
        const bool watched =
            network.bus(branch.from).base_kv >= min_kv && network.bus(branch.to).base_kv >= min_kv;
        const double rating = branch.rating_pu(set);
        const bool is_limited = watched && branch.in_service && rating > 0.0;
        limits.rating_pu.push_back(is_limited ? rating : kNone);
        limits.per_rating_squared.push_back(is_limited ? 1.0 / (rating * rating) : 0.0);
    }
    for (const model::Bus& bus : network.buses()) {
        const bool watched = bus.base_kv >= min_kv && bus.type != model::BusType::isolated;
        limits.vmin_pu.push_back(!watched ? -kNone : band ? band->min_pu : bus.vmin_pu);
        limits.vmax_pu.push_back(!watched ? kNone : band ? band->max_pu : bus.vmax_pu);
    }
    return limits;
}

}  // namespace

std::optional<std::string> LimitOptions::first_violation() const {
    if (auto problem = band_problem("voltage_band", band_intact)) return problem;
    if (auto problem = band_problem("voltage_band_post", band_post)) return problem;
    if (voltage_change_max_pu &&
        !(*voltage_change_max_pu > 0.0 && *voltage_change_max_pu <= kLargestChangePu)) {
        return "voltage_change_max = " + number_text(*voltage_change_max_pu) + "; must be in (0, " +
               number_text(kLargestChangePu) + "] per unit";
    }
    if (!(monitor_min_kv >= 0.0) || !std::isfinite(monitor_min_kv)) {
        return "monitor_min_kv = " + number_text(monitor_min_kv) + "; must be >= 0 and finite";
    }
    for (const LimitUpgrade& upgrade : upgrades) {
        if (auto problem = upgrade_problem(upgrade)) return problem;
    }
    return std::nullopt;
}

model::RatingSet parse_rating_set(std::string_view word) {
    if (word == "A" || word == "a") return model::RatingSet::a;
    if (word == "B" || word == "b") return model::RatingSet::b;
    if (word == "C" || word == "c") return model::RatingSet::c;
    throw OptionError("rating = '" + std::string(word) + "'; must be 'A', 'B' or 'C'");
}

char letter(model::RatingSet set) noexcept {
    switch (set) {
        case model::RatingSet::a:
            return 'A';
        case model::RatingSet::b:
            return 'B';
        case model::RatingSet::c:
            return 'C';
    }
    return 'A';
}

LimitSet resolve_limits(const model::Network& network, const LimitOptions& options) {
    if (const auto problem = options.first_violation()) throw OptionError(*problem);
    const auto is_watched = [&](const model::Bus& bus) {
        return bus.type != model::BusType::isolated && bus.base_kv >= options.monitor_min_kv;
    };
    if (std::ranges::none_of(network.buses(), is_watched)) {
        throw OptionError("monitor_min_kv = " + number_text(options.monitor_min_kv) +
                          ": no bus in service is at or above it, so nothing would be watched");
    }
    check_rows(network, options);
    LimitSet limits{resolve(network, options.rating_intact, options.band_intact, options.monitor_min_kv),
                    resolve(network, options.rating_post, options.band_post, options.monitor_min_kv),
                    options.voltage_change_max_pu};
    for (const LimitUpgrade& upgrade : options.upgrades) {
        raise(upgrade, limits.intact);
        raise(upgrade, limits.post);
    }
    return limits;
}

double rating_factor(const LimitOptions& options, BranchRow branch) noexcept {
    double factor = 1.0;
    for (const LimitUpgrade& upgrade : options.upgrades) {
        if (upgrade.is_branch && upgrade.row == branch.value()) factor *= upgrade.factor;
    }
    return factor;
}

}  // namespace nodalroom::contingency
