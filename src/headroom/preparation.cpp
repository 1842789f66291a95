#include "nodalroom/headroom/preparation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "nodalroom/contingency/batch_solver.hpp"

namespace nodalroom::headroom {
namespace {

// Solutions of the states without load are kept to start from, if all of them take no more than this.
constexpr std::size_t kMostBytesOfShifts = std::size_t{1} << 30;

/// Solves every state without load and takes its footprint.
std::vector<Footprint> sweep_states(const StudyContext& context, const IntactPoint& intact,
                                    StudyStates& states, int threads, RunControl* control) {
    std::vector<Footprint> footprints(states.outages.size());
    std::vector<char> unsolvable(states.outages.size(), 0);  // not vector<bool>: written from several threads
    states.exceeded.resize(states.outages.size());
    const auto& lanes = context.base->lanes();
    if (states.outages.size() * lanes.buses() * 2 * sizeof(float) <= kMostBytesOfShifts) {
        states.shifts.resize(states.outages.size());
    }
    if (control != nullptr) control->begin_stage("states without load", states.outages.size());
    parallel_team(states.outages.size(), threads, control, [&](int, WorkQueue& queue) {
        contingency::BatchSolver batch(*context.base, true);
        contingency::StateSolver solver(*context.base);
        std::vector<double> loading_squared;
        batch.run(
            queue, [&](std::size_t state) { return states.outages[state]; },
            [&](const contingency::SolvedState& solved) {
                solver.set_outage(solved.outage);
                solver.newton().start_from(*solved.voltages);
                solver.newton().evaluate_mismatch();
                footprints[solved.id] =
                    make_footprint(context, solver, intact, context.base->voltages().mode);
                if (!states.shifts.empty()) {
                    states.shifts[solved.id] = powerflow::LaneShift(
                        lanes, *solved.voltages, solved.v_real, solved.v_imag, context.base->lane_start());
                }
                find_exceeded(context, solved, kFlowsAndVoltages, &context.base->voltages().vm_pu,
                              loading_squared, states.exceeded[solved.id]);
            },
            [&](std::size_t state, const powerflow::NewtonReport&) { unsolvable[state] = 1; });
    });
    states.unsolvable.assign(unsolvable.begin(), unsolvable.end());
    return footprints;
}

/// Σ max(Pmax - P0, 0) of the units that take part, which are the weights' sums. An island without any is not
/// to be asked for more than it gives without the load: what units there give by another rule is no spare.
std::vector<double> spare_of_islands(const contingency::BaseCase& base, const powerflow::Balance& balance) {
    constexpr double kNoise = 1e-6;  // a supply is known to the mismatch, which is no larger
    const model::Network& network = base.network();
    std::vector<double> spare = base.point().weight_sum;
    std::vector<bool> has_spare(spare.size(), false);
    for (const model::Unit& unit : network.units()) {
        if (!unit.in_service || (balance.area && network.bus(unit.bus).area != *balance.area)) continue;
        if (unit.spare_pu(unit.p_pu) > 0.0)
            has_spare[static_cast<std::size_t>(network.island_of_bus()[unit.bus.pos()])] = true;
    }
    for (std::size_t island = 0; island < spare.size(); ++island) {
        if (!has_spare[island]) spare[island] = std::max(base.voltages().supply_pu[island], 0.0) + kNoise;
    }
    return spare;
}

}  // namespace

double mvar_per_mw_at(double power_factor) noexcept {
    return std::sqrt(1.0 - power_factor * power_factor) / power_factor;
}

powerflow::PowerFlowOptions power_flow_options(const HeadroomOptions& options) {
    powerflow::PowerFlowOptions power_flow;
    power_flow.enforce_q_limits = options.enforce_q_limits;
    power_flow.balance = options.balance;
    power_flow.mismatch_tolerance_pu = options.mismatch_tolerance_pu;
    return power_flow;
}

std::vector<bool> StudyStates::left_out(const StudyContext& context, BusRow bus) const {
    std::vector<bool> out = unsolvable;
    const std::int32_t own = island_of(context, bus);
    for (std::size_t state = 0; state < out.size(); ++state) {
        if (island[state] != own) out[state] = true;
    }
    return out;
}

int StudyStates::solvable_count(const StudyContext& context, BusRow bus) const {
    return static_cast<int>(std::ranges::count(left_out(context, bus), false)) + 1;
}

Preparation::Preparation(const model::Network& network, const HeadroomOptions& options, RunControl* control)
    : base_(network, power_flow_options(options)) {
    context_.base = &base_;
    context_.options = options;
    context_.limits = contingency::resolve_limits(network, options.limits);
    states_.outages = contingency::list_outages(network, options.contingencies);
    for (const contingency::Outage& outage : states_.outages) {
        const auto row = static_cast<std::size_t>(outage.row);
        states_.island.push_back(StudyStates::island_of(
            context_, outage.kind == contingency::OutageKind::branch ? network.branches()[row].from
                                                                     : network.units()[row].bus));
    }
    states_.unsolvable.assign(states_.outages.size(), false);
    if (!base_.solved()) return;

    contingency::StateSolver intact_solver(base_);
    context_.spare_pu.assign(network.reference_of_island().size(), std::numeric_limits<double>::infinity());
    if (options.balance.rule == powerflow::BalanceRule::spare) {
        context_.spare_pu = spare_of_islands(base_, options.balance);
    }
    intact_solver.newton().start_from(base_.voltages());
    intact_solver.newton().evaluate_mismatch();
    IntactPoint intact = read_intact_point(intact_solver, 0.0);
    ModeResponses modes = make_mode_responses(context_, intact_solver);
    auto footprints = sweep_states(context_, intact, states_, resolve_threads(options.threads), control);
    screen_.emplace(context_, std::move(footprints), std::move(modes), std::move(intact));
}

}  // namespace nodalroom::headroom
