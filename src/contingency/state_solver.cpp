#include "nodalroom/contingency/state_solver.hpp"

#include <algorithm>

#include "nodalroom/core/errors.hpp"

namespace nodalroom::contingency {

using powerflow::NewtonOptions;
using powerflow::NewtonReport;

namespace {

NewtonOptions newton_options(const powerflow::PowerFlowOptions& options) {
    NewtonOptions newton;
    newton.mismatch_tolerance_pu = options.mismatch_tolerance_pu;
    newton.max_iterations = options.max_iterations;
    newton.enforce_q_limits = options.enforce_q_limits;
    return newton;
}

// A start near the solution needs three to five steps, and as many again where limits switch.
constexpr int kNearIterations = 10;
// Damped steps from a near start; a solution that takes more is no neighbour.
constexpr int kDampedIterations = 15;

const powerflow::PowerFlowOptions& checked(const powerflow::PowerFlowOptions& options) {
    if (const auto problem = options.first_violation()) throw OptionError(*problem);
    return options;
}

}  // namespace

BaseCase::BaseCase(const model::Network& network, const powerflow::PowerFlowOptions& options)
    : options_(checked(options)),
      equations_(network),
      unit_weights_(powerflow::balance_weights(network, options.balance)) {
    powerflow::NewtonSolver solver(equations_, powerflow::make_operating_point(equations_, unit_weights_));
    attempts_ = powerflow::solve_with_ladder(solver, options_);
    voltages_ = solver.voltages();
    jacobian_ = std::make_shared<const std::vector<double>>(solver.jacobian_values());
}

StateSolver::StateSolver(const BaseCase& base)
    : base_(&base),
      newton_(base.equations(), powerflow::make_operating_point(base.equations(), base.unit_weights())) {
    if (base.solved()) newton_.set_base_jacobian(base.jacobian());
}

void StateSolver::undo_outage() {
    auto& point = newton_.point();
    for (const SavedEntry& saved : saved_entries_) {
        point.g[static_cast<std::size_t>(saved.position)] = saved.g;
        point.b[static_cast<std::size_t>(saved.position)] = saved.b;
    }
    saved_entries_.clear();
    for (const SavedUnits& saved : saved_units_) {
        point.p_gen[saved.bus] = saved.p_gen;
        point.q_gen[saved.bus] = saved.q_gen;
        point.weight[saved.bus] = saved.weight;
        point.weight_sum[saved.island] = saved.weight_sum;
        point.q_min[saved.bus] = saved.q_min;
        point.q_max[saved.bus] = saved.q_max;
        point.v_setpoint[saved.bus] = saved.v_setpoint;
        point.regulates[saved.bus] = saved.regulates;
    }
    saved_units_.clear();
}

void StateSolver::set_outage(Outage outage) {
    undo_outage();
    outage_ = outage;
    auto& point = newton_.point();
    const auto& equations = base_->equations();
    if (outage.kind == OutageKind::branch) {
        const auto row = static_cast<std::size_t>(outage.row);
        const auto& at = equations.y_bus().branch[row];
        const auto& y = equations.branch_admittance()[row];
        const std::pair<std::int32_t, model::Complex> edits[] = {
            {at.ff, y.yff}, {at.ft, y.yft}, {at.tf, y.ytf}, {at.tt, y.ytt}};
        for (const auto& [position, value] : edits) {
            const auto p = static_cast<std::size_t>(position);
            saved_entries_.push_back({position, point.g[p], point.b[p]});
            point.g[p] -= value.real();
            point.b[p] -= value.imag();
        }
    } else if (outage.kind == OutageKind::unit) {
        const BusRow bus = base_->network().unit(UnitRow(outage.row)).bus;
        const std::size_t i = bus.pos();
        const auto island = static_cast<std::size_t>(base_->network().island_of_bus()[i]);
        saved_units_.push_back({i, island, point.p_gen[i], point.q_gen[i], point.weight[i],
                                point.weight_sum[island], point.q_min[i], point.q_max[i], point.v_setpoint[i],
                                point.regulates[i]});
        powerflow::refresh_units_at(equations, base_->unit_weights(), bus, UnitRow(outage.row), point);
        double sum = 0.0;
        for (const auto& supply : equations.supply_entries()) {
            if (static_cast<std::size_t>(supply.island) == island)
                sum += point.weight[static_cast<std::size_t>(supply.bus)];
        }
        point.weight_sum[island] = sum;
    }
}

void StateSolver::clear_load() {
    if (!load_bus_.valid()) return;
    newton_.point().p_load[load_bus_.pos()] = saved_p_load_;
    newton_.point().q_load[load_bus_.pos()] = saved_q_load_;
    load_bus_ = BusRow();
}

void StateSolver::set_load(BusRow bus, double p_pu, double q_pu) {
    clear_load();
    auto& point = newton_.point();
    load_bus_ = bus;
    saved_p_load_ = point.p_load[bus.pos()];
    saved_q_load_ = point.q_load[bus.pos()];
    point.p_load[bus.pos()] += p_pu;
    point.q_load[bus.pos()] += q_pu;
}

NewtonReport StateSolver::solve_near(const powerflow::Voltages& start) {
    NewtonOptions options = newton_options(base_->options());
    options.max_iterations = std::min(options.max_iterations, kNearIterations);
    options.give_up_early = true;
    newton_.start_from(start);
    return newton_.solve(options);
}

NewtonReport StateSolver::solve_from(const powerflow::Voltages& start) {
    const NewtonReport report = solve_near(start);
    if (report.converged() || report.status == powerflow::SolveStatus::no_balance) return report;
    NewtonOptions options = newton_options(base_->options());
    options.max_iterations = std::min(options.max_iterations, kDampedIterations);
    options.damped = true;
    newton_.start_from(start);
    return newton_.solve(options);
}

NewtonReport StateSolver::solve_from_base() {
    const NewtonReport report = solve_from(base_->voltages());
    if (report.converged() || report.status == powerflow::SolveStatus::no_balance) return report;
    return powerflow::solve_with_ladder(newton_, base_->options()).back().report;
}

}  // namespace nodalroom::contingency
