#include "nodalroom/powerflow/power_flow_solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "nodalroom/core/errors.hpp"

namespace nodalroom::powerflow {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

PowerFlowOptions checked_options(PowerFlowOptions options) {
    if (const auto problem = options.first_violation()) throw OptionError(*problem);
    if (options.start == Start::given) throw OptionError("a given start needs its voltages");
    return options;
}

}  // namespace

PowerFlowSolver::PowerFlowSolver(const model::Network& network, PowerFlowOptions options)
    : options_(checked_options(std::move(options))),
      equations_(network),
      unit_weights_(balance_weights(network, options_.balance)),
      newton_(equations_, make_operating_point(equations_, unit_weights_)) {}

PowerFlowResult PowerFlowSolver::solve(const Powers& powers) { return solve_from(powers, nullptr); }

PowerFlowResult PowerFlowSolver::solve(const Powers& powers, const Voltages& start) {
    const Voltages from = checked(start);
    return solve_from(powers, &from);
}

Voltages PowerFlowSolver::checked(const Voltages& start) const {
    const std::size_t buses = equations_.bus_count();
    const std::size_t islands = equations_.network().reference_of_island().size();
    if (start.vm_pu.size() != buses || start.va_rad.size() != buses || start.mode.size() != buses ||
        start.supply_pu.size() != islands) {
        throw OptionError("the voltages to start from are not those of this network: " +
                          std::to_string(start.vm_pu.size()) + " buses and " +
                          std::to_string(start.supply_pu.size()) + " islands, not " + std::to_string(buses) +
                          " and " + std::to_string(islands));
    }
    Voltages from = start;
    for (std::size_t i = 0; i < buses; ++i) {
        if (!equations_.is_energised(i)) {
            from.vm_pu[i] = 1.0;
            from.va_rad[i] = 0.0;
        } else if (!std::isfinite(from.vm_pu[i]) || !std::isfinite(from.va_rad[i]) || from.vm_pu[i] <= 0.0) {
            const auto& bus = equations_.network().buses()[i];
            throw OptionError("the voltage to start from at bus " + std::to_string(bus.number.value()) +
                              " is no voltage; is it that of a power flow without a solution?");
        }
    }
    for (const double supply : from.supply_pu) {
        if (!std::isfinite(supply)) throw OptionError("the supply to start from is no finite number");
    }
    return from;
}

PowerFlowResult PowerFlowSolver::solve_from(const Powers& powers, const Voltages* start) {
    const auto& network = equations_.network();
    if (const auto problem = powers.first_violation(network)) throw OptionError(*problem);
    unit_weights_ = balance_weights(network, options_.balance, powers);
    set_operating_point(equations_, unit_weights_, powers, newton_.point());

    PowerFlowResult result;
    result.attempts = solve_with_ladder(
        newton_, options_, start != nullptr ? std::vector{Start::given} : ladder_starts(options_.start),
        start);
    const NewtonReport& last = result.attempts.back().report;
    result.status = last.status;
    result.iterations = last.iterations;
    result.max_mismatch_pu = last.max_mismatch_pu;
    result.reason = describe_attempts(network, result.attempts);
    if (!result.converged()) newton_.evaluate_mismatch();
    result.worst_buses = worst_buses(newton_);
    result.voltages = newton_.voltages();
    for (std::size_t i = 0; i < equations_.bus_count(); ++i) {
        if (equations_.is_energised(i)) continue;
        result.de_energised.emplace_back(static_cast<std::int64_t>(i));
        result.voltages.vm_pu[i] = kNaN;
        result.voltages.va_rad[i] = kNaN;
    }
    if (result.converged()) {
        split_among_units(newton_, unit_weights_, UnitRow(), result.unit_p_pu, result.unit_q_pu, powers);
        put_flows(result.branch_flow_pu);
    } else {
        const model::Complex nan(kNaN, kNaN);
        result.unit_p_pu.assign(network.units().size(), kNaN);
        result.unit_q_pu.assign(network.units().size(), kNaN);
        result.branch_flow_pu.assign(network.branches().size(), model::BranchFlow{nan, nan});
        for (auto* values : {&result.voltages.vm_pu, &result.voltages.va_rad, &result.voltages.supply_pu}) {
            std::fill(values->begin(), values->end(), kNaN);
        }
    }
    return result;
}

void PowerFlowSolver::put_flows(std::vector<model::BranchFlow>& flow_pu) const {
    const auto branches = equations_.network().branches();
    flow_pu.reserve(branches.size());
    for (std::size_t row = 0; row < branches.size(); ++row)
        flow_pu.push_back(branches[row].in_service ? flow_of(newton_, row) : model::BranchFlow{});
}

PowerFlowResult solve(const model::Network& network, const PowerFlowOptions& options) {
    return PowerFlowSolver(network, options).solve();
}

}  // namespace nodalroom::powerflow
