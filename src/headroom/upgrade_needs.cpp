// What upgraded elements carry, from all states at one load and dispatch.
#include <algorithm>
#include <cmath>

#include "nodalroom/contingency/batch_solver.hpp"
#include "nodalroom/core/errors.hpp"
#include "nodalroom/headroom/dispatched_case.hpp"
#include "nodalroom/headroom/pair_effect.hpp"
#include "nodalroom/headroom/preparation.hpp"
#include "nodalroom/headroom/upgrades.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::BaseCase;
using contingency::LimitUpgrade;
using contingency::Outage;
using contingency::OutageKind;
using contingency::SolvedState;

/// What a solved state has of an element: MVA of its larger end, or per unit; NaN where it is the one lost.
double read_element(const BaseCase& base, const SolvedState& solved, const LimitUpgrade& element) {
    if (!element.is_branch) return solved.voltages->vm_pu[static_cast<std::size_t>(element.row)];
    const bool is_lost = solved.outage == Outage::of(BranchRow(element.row));
    if (is_lost || !base.network().branch(BranchRow(element.row)).in_service) return kNaN;
    LimitPair end{LimitType::thermal, solved.outage, element.row, false};
    const double at_from = std::abs(pair_quantity(base, end, solved));
    end.at_to = true;
    return std::max(at_from, std::abs(pair_quantity(base, end, solved))) * base.network().base_mva();
}

std::vector<double> read_elements(const BaseCase& base, const SolvedState& solved,
                                  const std::vector<LimitUpgrade>& elements) {
    std::vector<double> values;
    values.reserve(elements.size());
    for (const LimitUpgrade& element : elements) values.push_back(read_element(base, solved, element));
    return values;
}

/// Takes the value where it is further out; of equals the first stays.
void take(double value, const Outage& outage, double limit, double sign, StateExtreme& extreme) {
    if (std::isnan(value) || !(std::isnan(extreme.value) || sign * value > sign * extreme.value)) return;
    extreme = {value, outage, limit};
}

void take_state(const contingency::LimitSet& limit_set, double base_mva, const Outage& outage, double value,
                double intact_value, UpgradeNeed& need) {
    const bool intact = outage.is_intact();
    const contingency::Limits& limits = limit_set.of(intact);
    const auto row = static_cast<std::size_t>(need.upgrade.row);
    if (need.upgrade.is_branch) {
        take(value, outage, limits.rating_pu[row] * base_mva, 1.0, intact ? need.intact_mva : need.post_mva);
        return;
    }
    take(value, outage, limits.vmin_pu[row], -1.0, need.lowest_pu);
    take(value, outage, limits.vmax_pu[row], 1.0, need.highest_pu);
    if (limit_set.voltage_change_max_pu && !intact) {
        take(std::abs(value - intact_value), outage, *limit_set.voltage_change_max_pu, 1.0,
             need.voltage_change_pu);
    }
}

void refuse_without_figure(const model::Network& network, const HeadroomRow& row, bool by_redispatch) {
    const bool is_open = row.status == HeadroomStatus::not_run || row.status == HeadroomStatus::not_settled ||
                         row.status == HeadroomStatus::unsolved;
    if (!(by_redispatch ? row.redispatch.unit_p_mw.empty() : is_open)) return;
    throw OptionError("bus " + std::to_string(network.bus(row.bus).number.value()) + " has no figure (" +
                      (by_redispatch ? to_string(row.redispatch.status) : to_string(row.status)) +
                      "), so there is no state at it");
}

}  // namespace

UpgradeNeeds upgrade_needs(const model::Network& network, const HeadroomOptions& options,
                           const HeadroomRow& row, bool by_redispatch,
                           const std::vector<LimitUpgrade>& upgrades, const std::vector<Outage>& unsolvable,
                           RunControl* control) {
    if (const auto problem = options.first_violation()) throw OptionError(*problem);
    contingency::LimitOptions raised = options.limits;
    raised.upgrades.insert(raised.upgrades.end(), upgrades.begin(), upgrades.end());
    static_cast<void>(contingency::resolve_limits(network, raised));  // refuses rows that do not exist
    const contingency::LimitSet limits = contingency::resolve_limits(network, options.limits);
    refuse_without_figure(network, row, by_redispatch);

    UpgradeNeeds result;
    for (const LimitUpgrade& upgrade : upgrades) {
        result.needs.emplace_back();
        result.needs.back().upgrade = upgrade;
    }
    std::vector<Outage> outages;
    for (const Outage& outage : contingency::list_outages(network, options.contingencies)) {
        if (std::ranges::find(unsolvable, outage) == unsolvable.end()) outages.push_back(outage);
    }
    result.states_total = static_cast<int>(outages.size()) + 1;
    const BaseCase base(network, power_flow_options(options));
    if (!base.solved()) return result;
    const Candidate candidate{row.bus, mvar_per_mw_at(options.power_factor)};
    const auto dispatched =
        solve_dispatch(base, by_redispatch ? row.redispatch.unit_p_mw : std::vector<double>(), candidate,
                       by_redispatch ? row.redispatch.redispatch_mw : row.feasible_mw);
    if (!dispatched) return result;

    contingency::StateSolver intact(*dispatched);
    intact.newton().start_from(dispatched->voltages());
    intact.newton().evaluate_mismatch();
    const auto at_intact = read_elements(*dispatched, contingency::solved_state(intact), upgrades);
    std::vector<std::vector<double>> values(outages.size());  // per state; empty: without a solution
    if (control != nullptr) control->begin_stage("states at the last rung", outages.size());
    parallel_team(outages.size(), resolve_threads(options.threads), control, [&](int, WorkQueue& queue) {
        contingency::BatchSolver batch(*dispatched, false);
        batch.run(
            queue, [&](std::size_t state) { return outages[state]; },
            [&](const SolvedState& solved) {
                values[solved.id] = read_elements(*dispatched, solved, upgrades);
            },
            [](std::size_t, const powerflow::NewtonReport&) {});
    });

    result.states_solved = 1;
    for (const auto& state : values) result.states_solved += state.empty() ? 0 : 1;
    for (std::size_t e = 0; e < upgrades.size(); ++e) {
        UpgradeNeed& need = result.needs[e];
        take_state(limits, network.base_mva(), Outage{}, at_intact[e], at_intact[e], need);
        for (std::size_t state = 0; state < outages.size(); ++state) {
            if (values[state].empty()) continue;
            take_state(limits, network.base_mva(), outages[state], values[state][e], at_intact[e], need);
        }
    }
    result.complete = control == nullptr || !control->cancelled();
    return result;
}

}  // namespace nodalroom::headroom
