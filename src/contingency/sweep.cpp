#include "nodalroom/contingency/sweep.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

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

void examine_state(const StateSolver& solver, const LimitSet& limit_set, std::int32_t state, StateRow& row,
                   std::vector<Violation>& violations) {
    const auto& network = solver.base().network();
    const Limits& limits = limit_set.of(row.outage.is_intact());
    row.worst_loading = 0.0;
    for (std::size_t l = 0; l < network.branches().size(); ++l) {
        const double rating = limits.rating_pu[l];
        if (!std::isfinite(rating)) continue;
        if (row.outage.kind == OutageKind::branch && static_cast<std::size_t>(row.outage.row) == l) continue;
        const auto flow = powerflow::flow_of(solver.newton(), l);
        const double s = std::max(std::abs(flow.s_from), std::abs(flow.s_to));
        if (s / rating > row.worst_loading) {
            row.worst_loading = s / rating;
            row.worst_branch = BranchRow(static_cast<std::int64_t>(l));
        }
        if (s > rating) {
            violations.push_back({state, LimitKind::thermal, static_cast<std::int32_t>(l), s, rating});
            ++row.thermal_violations;
        }
    }
    const auto& vm = solver.newton().voltages().vm_pu;
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
        if (limit_set.voltage_change_max_pu && !row.outage.is_intact()) {
            const double change = std::abs(vm[i] - solver.base().voltages().vm_pu[i]);
            if (change > *limit_set.voltage_change_max_pu) {
                report(LimitKind::voltage_change, change, *limit_set.voltage_change_max_pu);
            }
        }
    }
    row.supply_pu = 0.0;
    for (const double s : solver.newton().voltages().supply_pu) row.supply_pu += s;
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
    std::vector<std::unique_ptr<StateSolver>> solvers(static_cast<std::size_t>(threads));
    std::vector<std::vector<Violation>> found(result.states.size());
    if (control != nullptr) control->begin_stage("contingencies", result.states.size());
    parallel_for(result.states.size(), threads, control, [&](int thread, std::size_t state) {
        auto& solver = solvers[static_cast<std::size_t>(thread)];
        if (!solver) solver = std::make_unique<StateSolver>(base);
        StateRow& row = result.states[state];
        solver->set_outage(row.outage);
        const auto report = solver->solve_from_base();
        row.iterations = report.iterations;
        row.max_mismatch_pu = report.max_mismatch_pu;
        if (report.converged()) {
            examine_state(*solver, limits, static_cast<std::int32_t>(state), row, found[state]);
        }
        row.status = report.status;  // last: a row is valid once its status says so
    });
    for (auto& part : found) result.violations.insert(result.violations.end(), part.begin(), part.end());
    result.complete = control == nullptr || !control->cancelled();
    return result;
}

}  // namespace nodalroom::contingency
