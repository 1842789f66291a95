#include "nodalroom/report/study_tables.hpp"

#include <string>
#include <vector>

#include "elements.hpp"
#include "nodalroom/report/names.hpp"
#include "table_maker.hpp"

namespace nodalroom::report {

using contingency::LimitKind;
using contingency::Outage;
using headroom::HeadroomRow;
using headroom::LimitType;
using headroom::RedispatchRow;

namespace {

/// The columns of redispatch headroom; of the pairs that hold it, the one worth most.
void add_redispatch(const model::Network& network, const std::vector<const HeadroomRow*>& rows,
                    TableMaker& table) {
    const auto of = [&](std::size_t i) -> const RedispatchRow& { return rows[i]->redispatch; };
    const auto first = [&](std::size_t i) -> const headroom::Binding* {
        return of(i).binding.empty() ? nullptr : &of(i).binding.front().binding;
    };
    table.number("redispatch_mw", [&](std::size_t i) { return of(i).redispatch_mw; });
    table.text("redispatch_status", [&](std::size_t i) { return headroom::to_string(of(i).status); });
    table.number("redispatch_bound_mw", [&](std::size_t i) { return of(i).bound_mw; });
    table.number("redispatch_moved_mw", [&](std::size_t i) { return of(i).moved_mw; });
    table.text("redispatch_limit_type", [&](std::size_t i) {
        return headroom::to_string(first(i) != nullptr ? first(i)->type : LimitType::none);
    });
    table.text("redispatch_contingency", [&](std::size_t i) {
        return first(i) != nullptr ? outage_name(network, first(i)->outage) : std::string();
    });
    table.text("redispatch_element", [&](std::size_t i) {
        return first(i) != nullptr ? element_of(network, *first(i)).name : std::string();
    });
    table.whole("redispatch_states_solved", [&](std::size_t i) { return of(i).states_solved; });
    table.flag("redispatch_certified", [&](std::size_t i) { return of(i).certified(); });
}

}  // namespace

Table state_table(const model::Network& network, const contingency::SweepResult& result) {
    const auto& states = result.states;
    const double base = network.base_mva();
    TableMaker table(states.size());
    table.text("contingency_kind", [&](std::size_t i) { return outage_kind(states[i].outage); });
    table.optional_whole("contingency_row", [&](std::size_t i) { return outage_row(states[i].outage); });
    table.text("contingency", [&](std::size_t i) { return outage_name(network, states[i].outage); });
    table.text("status", [&](std::size_t i) { return powerflow::to_string(states[i].status); });
    table.whole("iterations", [&](std::size_t i) { return states[i].iterations; });
    table.number("max_mismatch_pu", [&](std::size_t i) { return states[i].max_mismatch_pu; });
    table.number("worst_loading_percent", [&](std::size_t i) {
        return states[i].worst_branch.valid() ? 100.0 * states[i].worst_loading : headroom::kNaN;
    });
    table.text("worst_branch", [&](std::size_t i) {
        const BranchRow branch = states[i].worst_branch;
        return branch.valid() ? branch_name(network, branch) : std::string();
    });
    table.optional_whole("worst_branch_row", [&](std::size_t i) {
        const BranchRow branch = states[i].worst_branch;
        return branch.valid() ? MaybeWhole(std::int64_t{branch.value()} + 1) : MaybeWhole();
    });
    table.number("vm_min_pu", [&](std::size_t i) { return states[i].vm_min_pu; });
    table.optional_whole("vm_min_bus",
                         [&](std::size_t i) { return bus_number(network, states[i].vm_min_bus); });
    table.number("vm_max_pu", [&](std::size_t i) { return states[i].vm_max_pu; });
    table.optional_whole("vm_max_bus",
                         [&](std::size_t i) { return bus_number(network, states[i].vm_max_bus); });
    table.number("supply_mw", [&](std::size_t i) { return states[i].supply_pu * base; });
    const auto counted = [&](std::size_t i, int count) {
        const bool is_solved = states[i].status == powerflow::SolveStatus::converged;
        return is_solved ? MaybeWhole(count) : MaybeWhole();
    };
    table.optional_whole("thermal_violations",
                         [&](std::size_t i) { return counted(i, states[i].thermal_violations); });
    table.optional_whole("voltage_violations",
                         [&](std::size_t i) { return counted(i, states[i].voltage_violations); });
    std::vector<int> listed(states.size());
    for (const contingency::Violation& violation : result.violations)
        ++listed[static_cast<std::size_t>(violation.state)];
    table.optional_whole("violations_listed", [&](std::size_t i) { return counted(i, listed[i]); });
    return table.take();
}

Table violation_table(const model::Network& network, const contingency::SweepOptions& options,
                      const contingency::SweepResult& result) {
    const auto& found = result.violations;
    const auto outage = [&](std::size_t i) -> const Outage& {
        return result.states[static_cast<std::size_t>(found[i].state)].outage;
    };
    const auto is_thermal = [&](std::size_t i) { return found[i].kind == LimitKind::thermal; };
    const auto element = [&](std::size_t i) { return element_of(network, is_thermal(i), found[i].element); };
    TableMaker table(found.size());
    table.word("contingency_kind", [&](std::size_t i) { return outage_kind(outage(i)); });
    table.optional_whole("contingency_row", [&](std::size_t i) { return outage_row(outage(i)); });
    table.word("contingency", [&](std::size_t i) { return outage_name(network, outage(i)); });
    table.word("limit_type", [&](std::size_t i) { return contingency::to_string(found[i].kind); });
    table.word("element_kind", [&](std::size_t i) { return element(i).kind; });
    table.optional_whole("element_row", [&](std::size_t i) { return element(i).row; });
    table.word("element", [&](std::size_t i) { return element(i).name; });
    table.number("value", [&](std::size_t i) {
        return is_thermal(i) ? found[i].value_pu * network.base_mva() : found[i].value_pu;
    });
    table.number("limit", [&](std::size_t i) {
        if (!is_thermal(i)) return found[i].limit_pu;
        return rating_in_force_mva(network, options.limits, outage(i), BranchRow(found[i].element));
    });
    table.word("unit", [&](std::size_t i) { return is_thermal(i) ? "MVA" : "pu"; });
    return table.take();
}

Table bridge_table(const model::Network& network) {
    std::vector<BranchRow> bridges;
    for (std::size_t l = 0; l < network.branches().size(); ++l) {
        if (network.branches()[l].in_service && network.is_bridge()[l]) {
            bridges.emplace_back(static_cast<std::int64_t>(l));
        }
    }
    TableMaker table(bridges.size());
    table.whole("row", [&](std::size_t i) { return bridges[i].pos() + 1; });
    table.text("name", [&](std::size_t i) { return branch_name(network, bridges[i]); });
    table.whole("from_bus",
                [&](std::size_t i) { return network.bus(network.branch(bridges[i]).from).number.value(); });
    table.whole("to_bus",
                [&](std::size_t i) { return network.bus(network.branch(bridges[i]).to).number.value(); });
    return table.take();
}

Table headroom_table(const model::Network& network, const headroom::HeadroomResult& result) {
    std::vector<const HeadroomRow*> rows;
    std::vector<Element> elements;
    for (const HeadroomRow& row : result.rows) {
        if (row.status == headroom::HeadroomStatus::not_run) continue;
        rows.push_back(&row);
        elements.push_back(element_of(network, row.binding));
    }
    const auto bus = [&](std::size_t i) -> const model::Bus& { return network.bus(rows[i]->bus); };
    const auto is_bound = [&](std::size_t i) { return rows[i]->binding.type != LimitType::none; };

    TableMaker table(rows.size());
    table.whole("bus", [&](std::size_t i) { return bus(i).number.value(); });
    table.number("headroom_mw", [&](std::size_t i) { return rows[i]->headroom_mw; });
    table.text("status", [&](std::size_t i) { return headroom::to_string(rows[i]->status); });
    table.text("limit_type", [&](std::size_t i) { return headroom::to_string(rows[i]->binding.type); });
    table.text("contingency_kind",
               [&](std::size_t i) { return is_bound(i) ? outage_kind(rows[i]->binding.outage) : ""; });
    table.text("contingency", [&](std::size_t i) {
        return is_bound(i) ? outage_name(network, rows[i]->binding.outage) : std::string();
    });
    table.text("element", [&](std::size_t i) { return elements[i].name; });
    table.text("element_kind", [&](std::size_t i) { return elements[i].kind; });
    table.number("value", [&](std::size_t i) { return rows[i]->binding.value; });
    table.number("value_without_load", [&](std::size_t i) { return rows[i]->binding.value_without_load; });
    table.number("limit", [&](std::size_t i) {
        const headroom::Binding& binding = rows[i]->binding;
        if (binding.type != LimitType::thermal || binding.element < 0) return binding.limit;
        return rating_in_force_mva(network, result.options.limits, binding.outage,
                                   BranchRow(binding.element));
    });
    table.number("factor", [&](std::size_t i) { return rows[i]->binding.factor; });
    table.number("feasible_mw", [&](std::size_t i) { return rows[i]->feasible_mw; });
    table.number("violated_mw", [&](std::size_t i) { return rows[i]->violated_mw; });
    table.whole("states_solved", [&](std::size_t i) { return rows[i]->states_solved; });
    table.whole("states_total", [&](std::size_t i) { return rows[i]->states_total; });
    table.flag("certified", [&](std::size_t i) { return rows[i]->certified(); });
    table.number("thermal_mw", [&](std::size_t i) { return rows[i]->thermal_mw; });
    table.number("voltage_mw", [&](std::size_t i) { return rows[i]->voltage_mw; });
    table.number("collapse_mw", [&](std::size_t i) { return rows[i]->collapse_mw; });
    table.number("generation_mw", [&](std::size_t i) { return rows[i]->generation_mw; });
    if (result.options.redispatch.wanted) add_redispatch(network, rows, table);
    table.flag("radial", [&](std::size_t i) { return rows[i]->radial_feed.valid(); });
    table.optional_whole("contingency_row", [&](std::size_t i) {
        return is_bound(i) ? outage_row(rows[i]->binding.outage) : MaybeWhole();
    });
    table.optional_whole("element_row", [&](std::size_t i) { return elements[i].row; });
    table.text("radial_feed", [&](std::size_t i) {
        const BranchRow feed = rows[i]->radial_feed;
        return feed.valid() ? branch_name(network, feed) : std::string();
    });
    table.text("name", [&](std::size_t i) { return bus(i).name; });
    table.number("base_kv", [&](std::size_t i) {
        return network.source().bus.at(rows[i]->bus.pos(), io::bus_col::base_kv);
    });
    table.whole("area", [&](std::size_t i) { return bus(i).area; });
    return table.take();
}

Table redispatch_pair_table(const model::Network& network, const headroom::HeadroomResult& result) {
    struct Entry {
        BusRow bus;
        const headroom::BindingPair* pair;
        Element element;
    };
    std::vector<Entry> entries;
    for (const HeadroomRow& row : result.rows) {
        for (const headroom::BindingPair& pair : row.redispatch.binding)
            entries.push_back({row.bus, &pair, element_of(network, pair.binding)});
    }
    const auto binding = [&](std::size_t i) -> const headroom::Binding& { return entries[i].pair->binding; };
    TableMaker table(entries.size());
    table.whole("bus", [&](std::size_t i) { return network.bus(entries[i].bus).number.value(); });
    table.text("limit_type", [&](std::size_t i) { return headroom::to_string(binding(i).type); });
    table.text("contingency_kind", [&](std::size_t i) { return outage_kind(binding(i).outage); });
    table.text("contingency", [&](std::size_t i) { return outage_name(network, binding(i).outage); });
    table.optional_whole("contingency_row", [&](std::size_t i) { return outage_row(binding(i).outage); });
    table.text("element_kind", [&](std::size_t i) { return entries[i].element.kind; });
    table.text("element", [&](std::size_t i) { return entries[i].element.name; });
    table.optional_whole("element_row", [&](std::size_t i) { return entries[i].element.row; });
    table.number("value", [&](std::size_t i) { return binding(i).value; });
    table.number("value_without_load", [&](std::size_t i) { return binding(i).value_without_load; });
    table.number("limit", [&](std::size_t i) { return binding(i).limit; });
    table.number("shadow_price", [&](std::size_t i) { return entries[i].pair->shadow_price; });
    table.text("shadow_price_unit", [&](std::size_t i) {
        return binding(i).type == LimitType::thermal ? "MW per MVA" : "MW per pu";
    });
    return table.take();
}

Table redispatch_unit_table(const model::Network& network, const headroom::HeadroomResult& result) {
    std::vector<std::pair<BusRow, const headroom::UnitMove*>> moves;
    for (const HeadroomRow& row : result.rows) {
        for (const headroom::UnitMove& move : row.redispatch.moves) moves.emplace_back(row.bus, &move);
    }
    const auto move = [&](std::size_t i) -> const headroom::UnitMove& { return *moves[i].second; };
    TableMaker table(moves.size());
    table.whole("bus", [&](std::size_t i) { return network.bus(moves[i].first).number.value(); });
    table.whole("unit_row", [&](std::size_t i) { return move(i).unit.value() + 1; });
    table.text("unit", [&](std::size_t i) { return unit_name(network, move(i).unit); });
    table.whole("unit_bus",
                [&](std::size_t i) { return network.bus(network.unit(move(i).unit).bus).number.value(); });
    table.number("case_mw", [&](std::size_t i) { return move(i).case_mw; });
    table.number("rule_mw", [&](std::size_t i) { return move(i).rule_mw; });
    table.number("p_mw", [&](std::size_t i) { return move(i).p_mw; });
    table.number("moved_mw", [&](std::size_t i) { return move(i).p_mw - move(i).rule_mw; });
    return table.take();
}

Table unsolvable_table(const model::Network& network, const headroom::HeadroomResult& result) {
    const auto& outages = result.unsolvable;
    TableMaker table(outages.size());
    table.text("contingency_kind", [&](std::size_t i) { return outage_kind(outages[i]); });
    table.optional_whole("contingency_row", [&](std::size_t i) { return outage_row(outages[i]); });
    table.text("contingency", [&](std::size_t i) { return outage_name(network, outages[i]); });
    return table.take();
}

}  // namespace nodalroom::report
