#include "nodalroom/report/upgrade_tables.hpp"

#include <cmath>

#include "elements.hpp"
#include "nodalroom/core/number_text.hpp"
#include "nodalroom/report/names.hpp"
#include "table_maker.hpp"

namespace nodalroom::report {
namespace {

using headroom::kNaN;
using headroom::LimitType;

/// A rung with one of the pairs that bind there.
struct BoundRung {
    std::size_t rung = 0;
    headroom::BindingPair pair;
    Element element;
    double limit = kNaN;
};

/// The limit of a binding: the file's own figure where it is the rating, not the attribution.
double limit_of(const model::Network& network, const contingency::LimitOptions& limits,
                const headroom::Binding& binding) {
    if (binding.type != LimitType::thermal || binding.element < 0) return binding.limit;
    const double rating = rating_in_force_mva(network, limits, binding.outage, BranchRow(binding.element));
    constexpr double kSame = 1e-9;
    return std::abs(rating - binding.limit) <= kSame * rating ? rating : binding.limit;
}

/// The pair that the next upgrade is for, or where there is none, the first.
const headroom::BindingPair& leading_pair(const headroom::LadderRung& rung) {
    const headroom::BindingPair* leading = &rung.binding.front();
    double most = -1.0;
    for (const headroom::BindingPair& pair : rung.binding) {
        const auto raised = headroom::upgrade_of(pair.binding);
        const double gain = headroom::gain_by_limit_mw(pair);
        if (!rung.upgrade || !raised || !(gain > most)) continue;
        if (raised->is_branch != rung.upgrade->is_branch || raised->row != rung.upgrade->row) continue;
        most = gain;
        leading = &pair;
    }
    return *leading;
}

std::vector<BoundRung> list_rungs(const model::Network& network, const headroom::UpgradeLadder& ladder,
                                  bool with_all_pairs) {
    std::vector<BoundRung> rows;
    for (std::size_t r = 0; r < ladder.rungs.size(); ++r) {
        const headroom::LadderRung& rung = ladder.rungs[r];
        contingency::LimitOptions limits = ladder.options.limits;
        limits.upgrades.insert(limits.upgrades.end(), rung.upgrades.begin(), rung.upgrades.end());
        const auto add = [&](const headroom::BindingPair& pair) {
            rows.push_back(
                {r, pair, element_of(network, pair.binding), limit_of(network, limits, pair.binding)});
        };
        if (rung.binding.empty()) {
            rows.push_back({r, {}, {}, kNaN});
        } else if (!with_all_pairs) {
            add(leading_pair(rung));
        } else {
            for (const headroom::BindingPair& pair : rung.binding) add(pair);
        }
    }
    return rows;
}

Table make_rung_table(const model::Network& network, const headroom::UpgradeLadder& ladder,
                      const std::vector<BoundRung>& rows) {
    const auto rung = [&](std::size_t i) -> const headroom::LadderRung& {
        return ladder.rungs[rows[i].rung];
    };
    const auto binding = [&](std::size_t i) -> const headroom::Binding& { return rows[i].pair.binding; };
    const auto is_bound = [&](std::size_t i) { return binding(i).type != LimitType::none; };
    TableMaker table(rows.size());
    table.whole("rung", [&](std::size_t i) { return rows[i].rung; });
    table.number("certified_mw", [&](std::size_t i) { return rung(i).certified_mw; });
    table.text("status", [&](std::size_t i) {
        return ladder.ladder.by_redispatch ? headroom::to_string(rung(i).row.redispatch.status)
                                           : headroom::to_string(rung(i).row.status);
    });
    table.text("limit_type", [&](std::size_t i) { return headroom::to_string(binding(i).type); });
    table.text("contingency_kind",
               [&](std::size_t i) { return is_bound(i) ? outage_kind(binding(i).outage) : ""; });
    table.text("contingency", [&](std::size_t i) {
        return is_bound(i) ? outage_name(network, binding(i).outage) : std::string();
    });
    table.optional_whole("contingency_row", [&](std::size_t i) {
        return is_bound(i) ? outage_row(binding(i).outage) : MaybeWhole();
    });
    table.text("element_kind", [&](std::size_t i) { return rows[i].element.kind; });
    table.text("element", [&](std::size_t i) { return rows[i].element.name; });
    table.optional_whole("element_row", [&](std::size_t i) { return rows[i].element.row; });
    table.number("value", [&](std::size_t i) { return binding(i).value; });
    table.number("limit", [&](std::size_t i) { return rows[i].limit; });
    table.number("shadow_price", [&](std::size_t i) { return rows[i].pair.shadow_price; });
    table.text("shadow_price_unit", [&](std::size_t i) {
        if (!std::isfinite(rows[i].pair.shadow_price)) return "";
        return binding(i).type == LimitType::thermal ? "MW per MVA" : "MW per pu";
    });
    table.text("upgrade", [&](std::size_t i) {
        return rung(i).upgrade ? upgrade_text(network, *rung(i).upgrade) : std::string();
    });
    return table.take();
}

/// What an element carries, in one quantity.
struct Need {
    Element element;
    const char* quantity = "";
    const char* unit = "";
    headroom::StateExtreme extreme;
    double limit = kNaN;
};

std::vector<Need> list_needs(const model::Network& network, const headroom::UpgradeLadder& ladder) {
    std::vector<Need> rows;
    if (!ladder.needs.complete) return rows;
    for (const headroom::UpgradeNeed& need : ladder.needs.needs) {
        const Element element = element_of(network, need.upgrade.is_branch, need.upgrade.row);
        const auto add = [&](const char* quantity, const char* unit, const headroom::StateExtreme& extreme) {
            if (std::isnan(extreme.value)) return;
            double limit = std::isfinite(extreme.limit) ? extreme.limit : kNaN;
            if (need.upgrade.is_branch && !std::isnan(limit)) {
                limit = rating_in_force_mva(network, ladder.options.limits, extreme.outage,
                                            BranchRow(need.upgrade.row));
            }
            rows.push_back({element, quantity, unit, extreme, limit});
        };
        add("largest flow, intact", "MVA", need.intact_mva);
        add("largest flow after an outage", "MVA", need.post_mva);
        add("lowest voltage", "pu", need.lowest_pu);
        add("highest voltage", "pu", need.highest_pu);
        add("largest voltage change", "pu", need.voltage_change_pu);
    }
    return rows;
}

Element holder_of(const model::Network& network, const headroom::UpgradeEntry& entry) {
    if (entry.kind == headroom::HoldKind::generation) return {"generation", "all spare generation", {}};
    if (entry.kind == headroom::HoldKind::collapse) return {"collapse", "end of solutions", {}};
    return element_of(network, entry.kind == headroom::HoldKind::branch, entry.row);
}

}  // namespace

std::string upgrade_text(const model::Network& network, const contingency::LimitUpgrade& upgrade) {
    if (!upgrade.is_branch) return "lift the voltage limits of " + bus_name(network, BusRow(upgrade.row));
    const std::string name = branch_name(network, BranchRow(upgrade.row));
    if (std::isinf(upgrade.factor)) return "remove the rating of " + name;
    return "rating of " + name + " x " + number_text(upgrade.factor);
}

Table ladder_rung_table(const model::Network& network, const headroom::UpgradeLadder& ladder) {
    return make_rung_table(network, ladder, list_rungs(network, ladder, false));
}

Table ladder_table(const model::Network& network, const headroom::UpgradeLadder& ladder) {
    return make_rung_table(network, ladder, list_rungs(network, ladder, true));
}

Table ladder_needs_table(const model::Network& network, const headroom::UpgradeLadder& ladder) {
    const auto rows = list_needs(network, ladder);
    TableMaker table(rows.size());
    table.text("element_kind", [&](std::size_t i) { return rows[i].element.kind; });
    table.text("element", [&](std::size_t i) { return rows[i].element.name; });
    table.optional_whole("element_row", [&](std::size_t i) { return rows[i].element.row; });
    table.text("quantity", [&](std::size_t i) { return rows[i].quantity; });
    table.number("value", [&](std::size_t i) { return rows[i].extreme.value; });
    table.number("limit", [&](std::size_t i) { return rows[i].limit; });
    table.text("unit", [&](std::size_t i) { return rows[i].unit; });
    table.text("contingency_kind", [&](std::size_t i) { return outage_kind(rows[i].extreme.outage); });
    table.text("contingency", [&](std::size_t i) { return outage_name(network, rows[i].extreme.outage); });
    table.optional_whole("contingency_row",
                         [&](std::size_t i) { return outage_row(rows[i].extreme.outage); });
    return table.take();
}

Table upgrade_table(const model::Network& network, const headroom::UpgradeList& list) {
    const auto& entries = list.entries;
    std::vector<Element> elements;
    elements.reserve(entries.size());
    for (const headroom::UpgradeEntry& entry : entries) elements.push_back(holder_of(network, entry));
    const auto best = [&](std::size_t i) -> const headroom::UnlockedBus* {
        return entries[i].best ? &entries[i].buses[*entries[i].best] : nullptr;
    };
    TableMaker table(entries.size());
    table.text("element_kind", [&](std::size_t i) { return elements[i].kind; });
    table.text("element", [&](std::size_t i) { return elements[i].name; });
    table.optional_whole("element_row", [&](std::size_t i) { return elements[i].row; });
    table.whole("buses_held", [&](std::size_t i) { return entries[i].buses.size(); });
    table.number("weight", [&](std::size_t i) { return entries[i].weight; });
    table.flag("was_run", [&](std::size_t i) { return entries[i].was_run; });
    table.number("unlocked_sum_mw", [&](std::size_t i) { return entries[i].sum_mw; });
    table.number("unlocked_median_mw", [&](std::size_t i) { return entries[i].median_mw; });
    table.optional_whole("best_bus", [&](std::size_t i) {
        return best(i) != nullptr ? bus_number(network, best(i)->bus) : MaybeWhole();
    });
    table.number("best_unlocked_mw",
                 [&](std::size_t i) { return best(i) != nullptr ? best(i)->unlocked_mw() : kNaN; });
    return table.take();
}

Table upgrade_bus_table(const model::Network& network, const headroom::UpgradeList& list) {
    struct Held {
        Element element;
        headroom::UnlockedBus bus;
    };
    std::vector<Held> rows;
    for (const headroom::UpgradeEntry& entry : list.entries) {
        for (const headroom::UnlockedBus& bus : entry.buses) rows.push_back({holder_of(network, entry), bus});
    }
    TableMaker table(rows.size());
    table.text("element_kind", [&](std::size_t i) { return rows[i].element.kind; });
    table.text("element", [&](std::size_t i) { return rows[i].element.name; });
    table.optional_whole("element_row", [&](std::size_t i) { return rows[i].element.row; });
    table.whole("bus", [&](std::size_t i) { return network.bus(rows[i].bus.bus).number.value(); });
    table.number("before_mw", [&](std::size_t i) { return rows[i].bus.before_mw; });
    table.number("after_mw", [&](std::size_t i) { return rows[i].bus.after_mw; });
    table.number("unlocked_mw", [&](std::size_t i) { return rows[i].bus.unlocked_mw(); });
    table.text("status_after", [&](std::size_t i) {
        return list.by_redispatch ? headroom::to_string(rows[i].bus.redispatch_status)
                                  : headroom::to_string(rows[i].bus.status);
    });
    table.text("name", [&](std::size_t i) { return network.bus(rows[i].bus.bus).name; });
    return table.take();
}

}  // namespace nodalroom::report
