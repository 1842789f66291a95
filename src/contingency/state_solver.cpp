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

BaseCase::Grid::Grid(const model::Network& network)
    : equations(network), lanes(equations), scan(equations, equations.vector_unit()) {}

BaseCase::BaseCase(const model::Network& network, const powerflow::PowerFlowOptions& options)
    : options_(checked(options)),
      grid_(std::make_shared<const Grid>(network)),
      unit_weights_(powerflow::balance_weights(network, options.balance)),
      point_(powerflow::make_operating_point(equations(), unit_weights_)) {
    powerflow::NewtonSolver solver(equations(), point_);
    attempts_ = powerflow::solve_with_ladder(solver, options_);
    take_solution(solver);
}

BaseCase::BaseCase(const BaseCase& other, powerflow::Powers powers, powerflow::AddedLoad load,
                   const powerflow::Voltages& start)
    : options_(other.options_),
      grid_(other.grid_),
      powers_(std::move(powers)),
      unit_weights_(other.unit_weights_) {
    const auto lay_out = [&] {
        if (!powerflow::is_without_spare(network(), options_.balance, powers_))
            unit_weights_ = powerflow::balance_weights(network(), options_.balance, powers_);
        powerflow::set_operating_point(equations(), unit_weights_, powers_, point_);
        if (load.bus < 0) return;
        point_.p_load[static_cast<std::size_t>(load.bus)] += load.p_pu;
        point_.q_load[static_cast<std::size_t>(load.bus)] += load.q_pu;
    };
    lay_out();
    powerflow::NewtonSolver solver(equations(), point_);
    attempts_ = powerflow::solve_with_ladder(solver, options_, {powerflow::Start::given}, &start);
    if (solved()) {
        // By the rule's own shares: with `spare`, all weights then shrink by one factor.
        std::vector<double> p_pu, q_pu;
        powerflow::split_among_units(solver, unit_weights_, UnitRow(), p_pu, q_pu, powers_);
        powers_.unit_p_mw.resize(p_pu.size());
        for (std::size_t u = 0; u < p_pu.size(); ++u) powers_.unit_p_mw[u] = p_pu[u] * network().base_mva();
        lay_out();
        solver.point() = point_;
        powerflow::Voltages folded = solver.voltages();
        std::fill(folded.supply_pu.begin(), folded.supply_pu.end(), 0.0);
        attempts_ = powerflow::solve_with_ladder(solver, options_, {powerflow::Start::given}, &folded);
    }
    take_solution(solver);
}

void BaseCase::take_solution(powerflow::NewtonSolver& solver) {
    voltages_ = solver.voltages();
    if (!solved()) return;
    lane_start_.emplace(grid_->lanes, voltages_);
    shared_factor_.emplace(grid_->lanes, solver);
}

void BaseCase::make_edit(Outage outage, powerflow::PointEdit& edit) const {
    edit.entries.clear();
    edit.units.clear();
    if (outage.kind == OutageKind::branch) {
        const auto row = static_cast<std::size_t>(outage.row);
        const auto& at = equations().y_bus().branch[row];
        const auto& y = equations().branch_admittance()[row];
        const std::pair<std::int32_t, model::Complex> lost[] = {
            {at.ff, y.yff}, {at.ft, y.yft}, {at.tf, y.ytf}, {at.tt, y.ytt}};
        for (const auto& [position, value] : lost) {
            const auto p = static_cast<std::size_t>(position);
            edit.entries.push_back({position, point_.g[p] - value.real(), point_.b[p] - value.imag()});
        }
    } else if (outage.kind == OutageKind::unit) {
        const UnitRow lost(outage.row);
        const BusRow bus = network().unit(lost).bus;
        const std::int32_t island = network().island_of_bus()[bus.pos()];
        const auto left = powerflow::units_at(equations(), unit_weights_, bus, lost, powers_);
        double sum = 0.0;
        for (const auto& supply : equations().supply_entries()) {
            if (supply.island != island) continue;
            sum +=
                supply.bus == bus.value() ? left.weight : point_.weight[static_cast<std::size_t>(supply.bus)];
        }
        edit.units.push_back({static_cast<std::int32_t>(bus.value()), island, left, sum});
    }
}

StateSolver::StateSolver(const BaseCase& base) : base_(&base), newton_(base.equations(), base.point()) {}

void StateSolver::undo_outage() {
    auto& point = newton_.point();
    for (const auto& saved : saved_.entries) {
        point.g[static_cast<std::size_t>(saved.position)] = saved.g;
        point.b[static_cast<std::size_t>(saved.position)] = saved.b;
    }
    for (const auto& saved : saved_.units) {
        point.set_units(static_cast<std::size_t>(saved.bus), saved.values);
        point.weight_sum[static_cast<std::size_t>(saved.island)] = saved.weight_sum;
    }
    saved_.entries.clear();
    saved_.units.clear();
}

void StateSolver::set_outage(Outage outage) {
    undo_outage();
    outage_ = outage;
    base_->make_edit(outage, edit_);
    auto& point = newton_.point();
    for (const auto& entry : edit_.entries) {
        const auto p = static_cast<std::size_t>(entry.position);
        saved_.entries.push_back({entry.position, point.g[p], point.b[p]});
        point.g[p] = entry.g;
        point.b[p] = entry.b;
    }
    for (const auto& units : edit_.units) {
        const auto bus = static_cast<std::size_t>(units.bus);
        const auto island = static_cast<std::size_t>(units.island);
        saved_.units.push_back({units.bus, units.island, point.units(bus), point.weight_sum[island]});
        point.set_units(bus, units.values);
        point.weight_sum[island] = units.weight_sum;
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

NewtonReport StateSolver::solve_damped(const powerflow::Voltages& start, int max_iterations) {
    NewtonOptions options = newton_options(base_->options());
    options.max_iterations = std::min(options.max_iterations, max_iterations);
    options.damped = true;
    newton_.start_from(start);
    return newton_.solve(options);
}

NewtonReport StateSolver::solve_from(const powerflow::Voltages& start) {
    const NewtonReport report = solve_near(start);
    if (report.converged() || powerflow::is_hopeless(report.status)) return report;
    return solve_damped(start, kDampedIterations);
}

NewtonReport StateSolver::solve_from_base() {
    const NewtonReport report = solve_near(base_->voltages());
    if (powerflow::is_hopeless(report.status)) return report;
    // With a new load, voltages may well lie far below those of the intact case.
    const powerflow::Voltages* neighbour = load_bus_.valid() ? nullptr : &base_->voltages();
    if (report.converged() && !powerflow::is_doubtful(base_->equations(), newton_.voltages(), neighbour))
        return report;
    // All starts the outage would get as a case of its own come too, so that neither finds less.
    auto starts = powerflow::ladder_starts(base_->options().start);
    starts.insert(starts.begin(), powerflow::Start::given);
    return powerflow::solve_with_ladder(newton_, base_->options(), starts, &base_->voltages(), neighbour)
        .back()
        .report;
}

}  // namespace nodalroom::contingency
