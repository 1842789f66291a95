// Which elements hold the buses of a study, and what each would unlock.
#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/headroom/study.hpp"
#include "nodalroom/headroom/upgrades.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::LimitUpgrade;
using Key = std::pair<HoldKind, std::int32_t>;

Key key_of(const Binding& binding) {
    if (binding.type == LimitType::generation) return {HoldKind::generation, -1};
    const auto upgrade = upgrade_of(binding);
    if (!upgrade) return {HoldKind::collapse, -1};
    return {upgrade->is_branch ? HoldKind::branch : HoldKind::bus, upgrade->row};
}

bool is_element(HoldKind kind) { return kind == HoldKind::branch || kind == HoldKind::bus; }

class Collector {
public:
    /// What binds a bus; an entry gets each bus once, whatever the number of states.
    void add(const Key& key, BusRow bus, double before_mw, double weight) {
        auto& entry = entries_[key];
        entry.kind = key.first;
        entry.row = key.second;
        entry.weight += weight;
        if (!entry.buses.empty() && entry.buses.back().bus == bus) return;
        UnlockedBus held;
        held.bus = bus;
        held.before_mw = before_mw;
        entry.buses.push_back(held);
    }

    /// Elements by falling weight, the `most` first ones; then what has no limit.
    std::vector<UpgradeEntry> take(std::size_t most, std::size_t& elements_total) {
        std::vector<UpgradeEntry> list, others;
        for (auto& [key, entry] : entries_)
            (is_element(key.first) ? list : others).push_back(std::move(entry));
        elements_total = list.size();
        std::stable_sort(list.begin(), list.end(),
                         [](const UpgradeEntry& a, const UpgradeEntry& b) { return a.weight > b.weight; });
        if (list.size() > most) list.resize(most);
        for (UpgradeEntry& entry : others) list.push_back(std::move(entry));
        return list;
    }

private:
    std::map<Key, UpgradeEntry> entries_;
};

void collect(const HeadroomResult& study, bool by_redispatch, Collector& collector) {
    for (const HeadroomRow& row : study.rows) {
        if (!by_redispatch) {
            if (row.binding.type == LimitType::none) continue;
            collector.add(key_of(row.binding), row.bus, row.headroom_mw, 1.0);
            continue;
        }
        const RedispatchRow& found = row.redispatch;
        for (const BindingPair& pair : found.binding)
            collector.add(key_of(pair.binding), row.bus, found.redispatch_mw, gain_by_limit_mw(pair));
        if (found.status == RedispatchStatus::generation_limited)
            collector.add({HoldKind::generation, -1}, row.bus, found.redispatch_mw, 0.0);
    }
}

void sum_up(UpgradeEntry& entry) {
    std::vector<double> unlocked;
    entry.sum_mw = 0.0;
    for (std::size_t i = 0; i < entry.buses.size(); ++i) {
        const double mw = entry.buses[i].unlocked_mw();
        entry.sum_mw += mw;
        if (std::isnan(mw)) continue;  // nothing is known of this bus after the upgrade
        unlocked.push_back(mw);
        if (!entry.best || mw > entry.buses[*entry.best].unlocked_mw()) entry.best = i;
    }
    if (unlocked.size() < entry.buses.size() || unlocked.empty()) {
        entry.median_mw = kNaN;
        return;
    }
    std::sort(unlocked.begin(), unlocked.end());
    const std::size_t half = unlocked.size() / 2;
    entry.median_mw = unlocked.size() % 2 == 1 ? unlocked[half] : 0.5 * (unlocked[half - 1] + unlocked[half]);
}

/// False: cancelled, and nothing was taken.
bool run_without(const model::Network& network, HeadroomOptions options, bool by_redispatch,
                 UpgradeEntry& entry, RunControl* control) {
    options.limits.upgrades.push_back(
        {entry.kind == HoldKind::branch, entry.row, std::numeric_limits<double>::infinity()});
    options.buses.clear();
    for (const UnlockedBus& held : entry.buses) options.buses.push_back(held.bus);
    const HeadroomResult after = headroom(network, options, control);
    if (!after.complete) return false;
    for (std::size_t i = 0; i < entry.buses.size(); ++i) {
        const HeadroomRow& row = after.rows[i];
        UnlockedBus& held = entry.buses[i];
        held.status = row.status;
        held.redispatch_status = row.redispatch.status;
        // The dispatch found with the limit keeps all others without it.
        held.after_mw =
            by_redispatch ? std::max(row.redispatch.redispatch_mw, held.before_mw) : row.headroom_mw;
    }
    entry.was_run = true;
    sum_up(entry);
    return true;
}

void check_study(const model::Network& network, const HeadroomResult& study, std::size_t most,
                 bool by_redispatch) {
    if (most < 1) throw OptionError("most = 0; must be >= 1");
    for (const HeadroomRow& row : study.rows) {
        if (!row.bus.valid() || row.bus.pos() >= network.buses().size())
            throw OptionError("the study has a bus row " + std::to_string(row.bus.value()) +
                              " that the case does not have");
    }
    if (!by_redispatch || study.options.redispatch.wanted) return;
    throw OptionError("the study was made without redispatch, so no pair is known to hold it back");
}

}  // namespace

const char* to_string(HoldKind kind) noexcept {
    switch (kind) {
        case HoldKind::branch:
            return "branch";
        case HoldKind::bus:
            return "bus";
        case HoldKind::collapse:
            return "collapse";
        case HoldKind::generation:
            return "generation";
    }
    return "branch";
}

UpgradeList list_upgrades(const model::Network& network, const HeadroomOptions& options,
                          const HeadroomResult& study, std::size_t most, bool by_redispatch,
                          RunControl* control) {
    if (const auto problem = options.first_violation()) throw OptionError(*problem);
    check_study(network, study, most, by_redispatch);
    UpgradeList result;
    result.options = options;
    result.options.redispatch.wanted = by_redispatch;
    result.by_redispatch = by_redispatch;
    Collector collector;
    collect(study, by_redispatch, collector);
    result.entries = collector.take(most, result.elements_total);
    const auto to_run =
        static_cast<std::size_t>(std::ranges::count_if(result.entries, is_element, &UpgradeEntry::kind));
    std::size_t number = 0;
    for (UpgradeEntry& entry : result.entries) {
        if (!is_element(entry.kind)) continue;
        if (control != nullptr) control->begin_round("element", ++number, to_run);
        if (!run_without(network, result.options, by_redispatch, entry, control)) return result;
    }
    result.complete = true;
    return result;
}

}  // namespace nodalroom::headroom
