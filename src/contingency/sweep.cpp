#include "nodalroom/contingency/sweep.hpp"

#include <algorithm>
#include <cmath>

#include "nodalroom/core/errors.hpp"

namespace nodalroom::contingency {

const char* to_string(LimitKind kind) noexcept {
    switch (kind) {
        case LimitKind::thermal:
            return "thermal";
        case LimitKind::low_voltage:
            return "low_voltage";
        case LimitKind::high_voltage:
            return "high_voltage";
        case LimitKind::voltage_change:
            return "voltage_change";
    }
    return "thermal";
}

void examine_state(const BaseCase& base, const SolvedState& solved, const LimitSet& limit_set,
                   powerflow::BranchFlows& flows, StateRow& row, std::vector<Violation>& violations) {
    const auto state = static_cast<std::int32_t>(solved.id);
    const Limits& limits = limit_set.of(solved.outage.is_intact());
    row.iterations = solved.report.iterations;
    row.max_mismatch_pu = solved.report.max_mismatch_pu;
    evaluate_flows(base, solved, flows);
    double worst = 0.0;
    for (std::size_t l = 0; l < limits.rating_pu.size(); ++l) {
        const double rating = limits.rating_pu[l];
        const double s_squared = flows.s_squared[l];
        if (s_squared > worst * rating * rating) {  // never where there is no rating
            worst = s_squared / (rating * rating);
            row.worst_branch = BranchRow(static_cast<std::int64_t>(l));
        }
        if (s_squared > rating * rating) {
            violations.push_back(
                {state, LimitKind::thermal, static_cast<std::int32_t>(l), std::sqrt(s_squared), rating});
            ++row.thermal_violations;
        }
    }
    row.worst_loading = std::sqrt(worst);
    const auto& vm = solved.voltages->vm_pu;
    for (std::size_t i = 0; i < vm.size(); ++i) {
        if (!std::isfinite(limits.vmin_pu[i]) && !std::isfinite(limits.vmax_pu[i])) continue;
        if (!(vm[i] >= row.vm_min_pu)) {
            row.vm_min_pu = vm[i];
            row.vm_min_bus = BusRow(static_cast<std::int64_t>(i));
        }
        if (!(vm[i] <= row.vm_max_pu)) {
            row.vm_max_pu = vm[i];
            row.vm_max_bus = BusRow(static_cast<std::int64_t>(i));
        }
        const auto report = [&](LimitKind kind, double value, double limit) {
            violations.push_back({state, kind, static_cast<std::int32_t>(i), value, limit});
            ++row.voltage_violations;
        };
        if (vm[i] < limits.vmin_pu[i]) report(LimitKind::low_voltage, vm[i], limits.vmin_pu[i]);
        if (vm[i] > limits.vmax_pu[i]) report(LimitKind::high_voltage, vm[i], limits.vmax_pu[i]);
        if (limit_set.voltage_change_max_pu && !solved.outage.is_intact()) {
            const double change = std::abs(vm[i] - base.voltages().vm_pu[i]);
            if (change > *limit_set.voltage_change_max_pu) {
                report(LimitKind::voltage_change, change, *limit_set.voltage_change_max_pu);
            }
        }
    }
    row.supply_pu = 0.0;
    for (const double s : solved.voltages->supply_pu) row.supply_pu += s;
    row.status = solved.report.status;  // last: a row is valid once its status says so
}

SweepResult sweep(const model::Network& network, const SweepOptions& options, RunControl* control) {
    const LimitSet limits = resolve_limits(network, options.limits);
    if (options.threads < 0)
        throw OptionError("threads = " + std::to_string(options.threads) + "; must be >= 0");
    const BaseCase base(network, options.power_flow);

    SweepResult result;
    result.intact_solved = base.solved();
    result.reason = powerflow::describe_attempts(network, base.attempts());
    for (std::size_t l = 0; l < network.branches().size(); ++l) {
        if (network.branches()[l].in_service && network.is_bridge()[l]) ++result.bridges;
    }
    result.states.push_back({});
    for (const Outage outage : list_outages(network, options.contingencies)) {
        StateRow row;
        row.outage = outage;
        result.states.push_back(row);
    }
    if (!base.solved()) {
        result.states.front().status = base.attempts().back().report.status;
        result.complete = true;
        return result;
    }

    const int threads = resolve_threads(options.threads);
    std::vector<std::vector<Violation>> found(result.states.size());
    if (control != nullptr) control->begin_stage("contingencies", result.states.size());
    parallel_team(result.states.size(), threads, control, [&](int, WorkQueue& queue) {
        BatchSolver batch(base, false);
        powerflow::BranchFlows flows = base.flow_scan().make_flows();
        batch.run(
            queue, [&](std::size_t state) { return result.states[state].outage; },
            [&](const SolvedState& solved) {
                examine_state(base, solved, limits, flows, result.states[solved.id], found[solved.id]);
            },
            [&](std::size_t state, const powerflow::NewtonReport& report) {
                StateRow& row = result.states[state];
                row.iterations = report.iterations;
                row.max_mismatch_pu = report.max_mismatch_pu;
                row.status = report.status;
            });
    });
    for (auto& part : found) result.violations.insert(result.violations.end(), part.begin(), part.end());
    result.complete = control == nullptr || !control->cancelled();
    return result;
}

}  // namespace nodalroom::contingency
