#include "nodalroom/contingency/sweep.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

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
                   std::vector<double>& loading_squared, StateRow& row, std::vector<Violation>& violations) {
    const auto state = static_cast<std::int32_t>(solved.id);
    const Limits& limits = limit_set.of(solved.outage.is_intact());
    row.iterations = solved.report.iterations;
    row.max_mismatch_pu = solved.report.max_mismatch_pu;
    const auto report = [&](LimitKind kind, std::size_t element, double value, double limit) {
        violations.push_back({state, kind, static_cast<std::int32_t>(element), value, limit});
        ++(kind == LimitKind::thermal ? row.thermal_violations : row.voltage_violations);
    };
    const auto row_of = [](const std::vector<double>& values, double value) {
        return static_cast<std::int64_t>(std::find(values.begin(), values.end(), value) - values.begin());
    };
    const double worst = evaluate_loadings(base, solved, limits, loading_squared);
    row.worst_loading = std::sqrt(worst);
    if (worst > 0.0) row.worst_branch = BranchRow(row_of(loading_squared, worst));
    for (std::size_t l = 0; worst > 1.0 && l < loading_squared.size(); ++l) {
        if (!(loading_squared[l] > 1.0)) continue;
        const double value = std::sqrt(loading_squared[l]) * limits.rating_pu[l];
        if (is_above(value, limits.rating_pu[l])) report(LimitKind::thermal, l, value, limits.rating_pu[l]);
    }

    const auto& vm = solved.voltages->vm_pu;
    const auto is_watched = [&](std::size_t i) {
        return std::isfinite(limits.vmin_pu[i]) || std::isfinite(limits.vmax_pu[i]);
    };
    const auto found = base.state_scan().voltages(vm, limits.vmin_pu, limits.vmax_pu);
    for (std::size_t i = 0; i < vm.size() && !(row.vm_min_bus.valid() && row.vm_max_bus.valid()); ++i) {
        if ((vm[i] != found.lowest_pu && vm[i] != found.highest_pu) || !is_watched(i)) continue;
        const auto take = [&](double extreme, double& value, BusRow& bus) {
            if (bus.valid() || vm[i] != extreme) return;
            value = extreme;
            bus = BusRow(static_cast<std::int64_t>(i));
        };
        take(found.lowest_pu, row.vm_min_pu, row.vm_min_bus);
        take(found.highest_pu, row.vm_max_pu, row.vm_max_bus);
    }
    const bool is_low = found.margin_to_vmin_pu < 0.0, is_high = found.margin_to_vmax_pu < 0.0;
    const double most_change = solved.outage.is_intact() || !limit_set.voltage_change_max_pu
                                   ? std::numeric_limits<double>::infinity()
                                   : *limit_set.voltage_change_max_pu;
    const bool looks_at_changes = std::isfinite(most_change);
    for (std::size_t i = 0; (is_low || is_high || looks_at_changes) && i < vm.size(); ++i) {
        if (is_below(vm[i], limits.vmin_pu[i])) report(LimitKind::low_voltage, i, vm[i], limits.vmin_pu[i]);
        if (is_above(vm[i], limits.vmax_pu[i])) report(LimitKind::high_voltage, i, vm[i], limits.vmax_pu[i]);
        if (!looks_at_changes || !is_watched(i)) continue;
        const double change = std::abs(vm[i] - base.voltages().vm_pu[i]);
        if (is_above(change, most_change)) report(LimitKind::voltage_change, i, change, most_change);
    }
    row.supply_pu = 0.0;
    for (const double s : solved.voltages->supply_pu) row.supply_pu += s;
    row.status = solved.report.status;  // last: a row is valid once its status says so
}

void keep_worst(std::vector<Violation>& violations, std::size_t most) {
    if (violations.size() > most) {
        const auto share = [&](std::size_t i) {
            const Violation& violation = violations[i];
            return std::abs(violation.value_pu - violation.limit_pu) / std::max(violation.limit_pu, 1e-9);
        };
        std::vector<std::size_t> order(violations.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        const auto end = order.begin() + static_cast<std::ptrdiff_t>(most);
        std::nth_element(order.begin(), end, order.end(), [&](std::size_t a, std::size_t b) {
            const double x = share(a), y = share(b);
            return x != y ? x > y : a < b;
        });
        std::sort(order.begin(), end);
        std::vector<Violation> kept;
        kept.reserve(most);
        for (auto i = order.begin(); i != end; ++i) kept.push_back(violations[*i]);
        violations = std::move(kept);
    }
    violations.shrink_to_fit();
}

SweepResult sweep(const model::Network& network, const SweepOptions& options, RunControl* control) {
    const LimitSet limits = resolve_limits(network, options.limits);
    if (const auto problem = threads_problem(options.threads)) throw OptionError(*problem);
    if (options.worst_violations && *options.worst_violations < 0)
        throw OptionError("worst_violations = " + std::to_string(*options.worst_violations) +
                          "; must be >= 0");
    const auto most =
        static_cast<std::size_t>(options.worst_violations.value_or(std::numeric_limits<std::int32_t>::max()));
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
        std::vector<double> loading_squared;
        batch.run(
            queue, [&](std::size_t state) { return result.states[state].outage; },
            [&](const SolvedState& solved) {
                examine_state(base, solved, limits, loading_squared, result.states[solved.id],
                              found[solved.id]);
                keep_worst(found[solved.id], most);
            },
            [&](std::size_t state, const powerflow::NewtonReport& report) {
                StateRow& row = result.states[state];
                row.iterations = report.iterations;
                row.max_mismatch_pu = report.max_mismatch_pu;
                row.status = report.status;
            });
    });
    std::size_t kept = 0;
    for (const auto& part : found) kept += part.size();
    result.violations.reserve(kept);
    for (auto& part : found) {
        result.violations.insert(result.violations.end(), part.begin(), part.end());
        part = {};
    }
    result.complete = control == nullptr || !control->cancelled();
    return result;
}

}  // namespace nodalroom::contingency
