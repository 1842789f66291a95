// Ladders and lists of upgrades taken apart for files, and put together again.
#include "upgrades_state.hpp"

#include <utility>
#include <vector>

#include "headroom_fields.hpp"

namespace nodalroom::bindings {
using contingency::LimitUpgrade;
using headroom::HeadroomRow;
using headroom::HoldKind;
using headroom::LadderRung;
using headroom::StateExtreme;
using headroom::UnlockedBus;
using headroom::UpgradeEntry;
using headroom::UpgradeNeed;

namespace {

/// What is raised after a rung.
struct NextUpgrade {
    std::int64_t rung = -1;
    LimitUpgrade upgrade;
};

void check_upgrade(const model::Network& network, const LimitUpgrade& upgrade) {
    const std::size_t size = upgrade.is_branch ? network.branches().size() : network.buses().size();
    static_cast<void>(position(upgrade.row, size, upgrade.is_branch ? "branch row" : "bus row"));
    if (!(upgrade.factor > 1.0)) refuse("the factor of an upgrade is not above 1");
}

void check_entry(const model::Network& network, UpgradeEntry& entry) {
    if (entry.kind == HoldKind::branch || entry.kind == HoldKind::bus) {
        const bool is_branch = entry.kind == HoldKind::branch;
        const std::size_t size = is_branch ? network.branches().size() : network.buses().size();
        static_cast<void>(position(entry.row, size, is_branch ? "branch row" : "bus row"));
    } else {
        entry.row = -1;
    }
}

constexpr auto of_upgrade = [](auto& fields, auto... path) {
    fields("is_branch", path..., &LimitUpgrade::is_branch);
    fields("element", path..., &LimitUpgrade::row);
    fields("factor", path..., &LimitUpgrade::factor);
    fields.check(&check_upgrade, path...);
};
constexpr auto of_rungs = [](auto& fields) {
    row_fields(fields, &LadderRung::row);
    fields("certified_mw", &LadderRung::certified_mw);
};
constexpr auto of_redispatch = [](auto& fields) {
    redispatch_fields(fields, &LadderRung::row, &HeadroomRow::redispatch);
};
constexpr auto of_pairs = [](auto& fields, auto... path) { pair_fields(fields, path...); };
constexpr auto of_next = [](auto& fields) {
    fields("rung", &NextUpgrade::rung);
    of_upgrade(fields, &NextUpgrade::upgrade);
};
constexpr auto of_needs = [](auto& fields) { of_upgrade(fields, &UpgradeNeed::upgrade); };
constexpr auto of_extremes = [](StateExtreme UpgradeNeed::*which) {
    return [which](auto& fields) {
        fields("value", which, &StateExtreme::value);
        fields("outage", which, &StateExtreme::outage);
        fields("limit", which, &StateExtreme::limit);
    };
};
constexpr std::pair<const char*, StateExtreme UpgradeNeed::*> extremes[] = {
    {"intact_mva", &UpgradeNeed::intact_mva},
    {"post_mva", &UpgradeNeed::post_mva},
    {"lowest_pu", &UpgradeNeed::lowest_pu},
    {"highest_pu", &UpgradeNeed::highest_pu},
    {"voltage_change_pu", &UpgradeNeed::voltage_change_pu}};
constexpr auto of_entries = [](auto& fields) {
    fields("kind", &UpgradeEntry::kind);
    fields("element", &UpgradeEntry::row);
    fields("weight", &UpgradeEntry::weight);
    fields("was_run", &UpgradeEntry::was_run);
    fields("sum_mw", &UpgradeEntry::sum_mw);
    fields("median_mw", &UpgradeEntry::median_mw);
    fields("best", &UpgradeEntry::best);
    fields.check(&check_entry);
};
constexpr auto of_unlocked = [](auto& fields, auto... path) {
    fields("bus", path..., &UnlockedBus::bus);
    fields("before_mw", path..., &UnlockedBus::before_mw);
    fields("after_mw", path..., &UnlockedBus::after_mw);
    fields("status", path..., &UnlockedBus::status);
    fields("redispatch_status", path..., &UnlockedBus::redispatch_status);
};

constexpr auto pairs_of = [](auto& rung) -> auto& { return rung.binding; };
constexpr auto upgrades_of = [](auto& rung) -> auto& { return rung.upgrades; };
constexpr auto buses_of = [](auto& entry) -> auto& { return entry.buses; };

/// What stands once in a result, which is const where it is saved.
template <class Values, class Ladder>
void describe_ladder(Values& values, Ladder& ladder) {
    auto& result = ladder.result;
    values("status", result.status);
    values("most_generation_mw", result.most_generation_mw);
    values("complete", result.complete);
    values("interrupted", ladder.interrupted);
    values("needs_complete", result.needs.complete);
    values("needs_states_solved", result.needs.states_solved);
    values("needs_states_total", result.needs.states_total);
}

template <class Values, class List>
void describe_list(Values& values, List& list) {
    values("complete", list.result.complete);
    values("interrupted", list.interrupted);
    values("elements_total", list.result.elements_total);
}

}  // namespace

Columns save_result(const Ladder& ladder) {
    const model::Network& network = *ladder.network;
    const headroom::UpgradeLadder& result = ladder.result;
    Columns out;
    SavedValues values(network, out);
    describe_ladder(values, ladder);
    out["rungs"] = save_table(network, result.rungs, of_rungs);
    if (result.ladder.by_redispatch) out["redispatch"] = save_table(network, result.rungs, of_redispatch);
    out["pairs"] = save_lists(network, result.rungs, "rung", pairs_of, of_pairs);
    out["made"] = save_lists(network, result.rungs, "rung", upgrades_of, of_upgrade);
    std::vector<NextUpgrade> next;
    for (std::size_t i = 0; i < result.rungs.size(); ++i) {
        const auto& upgrade = result.rungs[i].upgrade;
        if (upgrade) next.push_back({static_cast<std::int64_t>(i), *upgrade});
    }
    out["next"] = save_table(network, next, of_next);
    out["needs"] = save_table(network, result.needs.needs, of_needs);
    for (const auto& [name, which] : extremes)
        out[name] = save_table(network, result.needs.needs, of_extremes(which));
    return out;
}

void restore_result(const Columns& saved, Ladder& ladder) {
    const model::Network& network = *ladder.network;
    headroom::UpgradeLadder& result = ladder.result;
    RestoredValues values(network, saved);
    describe_ladder(values, ladder);
    restore_table(network, saved, "rungs", result.rungs, false, of_rungs);
    restore_lists(network, saved, "pairs", result.rungs, "rung", "rung", pairs_of, of_pairs);
    restore_lists(network, saved, "made", result.rungs, "rung", "rung", upgrades_of, of_upgrade);
    std::vector<NextUpgrade> next;
    restore_table(network, saved, "next", next, false, of_next);
    for (const NextUpgrade& found : next)
        result.rungs[position(found.rung, result.rungs.size(), "rung", "file")].upgrade = found.upgrade;
    if (result.ladder.by_redispatch) {
        restore_table(network, saved, "redispatch", result.rungs, true, of_redispatch);
        for (LadderRung& rung : result.rungs) rung.row.redispatch.binding = rung.binding;
    }
    restore_table(network, saved, "needs", result.needs.needs, false, of_needs);
    for (const auto& [name, which] : extremes)
        restore_table(network, saved, name, result.needs.needs, true, of_extremes(which));
}

Columns save_result(const UpgradeList& list) {
    const model::Network& network = *list.network;
    Columns out;
    SavedValues values(network, out);
    describe_list(values, list);
    out["entries"] = save_table(network, list.result.entries, of_entries);
    out["buses"] = save_lists(network, list.result.entries, "entry", buses_of, of_unlocked);
    return out;
}

void restore_result(const Columns& saved, UpgradeList& list) {
    const model::Network& network = *list.network;
    auto& entries = list.result.entries;
    RestoredValues values(network, saved);
    describe_list(values, list);
    restore_table(network, saved, "entries", entries, false, of_entries);
    restore_lists(network, saved, "buses", entries, "entry", "entry", buses_of, of_unlocked);
    for (const UpgradeEntry& entry : entries) {
        if (entry.best && *entry.best >= entry.buses.size())
            refuse("the best bus of an entry is none of its buses");
    }
}

}  // namespace nodalroom::bindings
