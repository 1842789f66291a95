#include "nodalroom/powerflow/solve.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <sstream>
#include <utility>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/core/number_text.hpp"
#include "nodalroom/powerflow/dc_angles.hpp"

namespace nodalroom::powerflow {
namespace {

constexpr std::size_t kWorstBuses = 5;
constexpr double kSmallestTolerance = 1e-12;
constexpr double kLargestTolerance = 1e-6;
// Reactive limits are drawn in by this many steps, halved where one fails, down to this share.
constexpr double kEasingSteps = 8.0;
constexpr double kSmallestEasing = 1.0 / 256.0;

double larger_of(const BusMismatch& mismatch) {
    return std::max(std::abs(mismatch.p_pu), std::abs(mismatch.q_pu));
}

Voltages voltages_of(const NewtonSolver& solver, Start start, const Voltages* given) {
    return start == Start::given ? *given : start_voltages(solver.equations(), solver.point(), start);
}

/// Solves without reactive limits, then with limits widened by what they lack, and draws them in to
/// their place, following the solution: for grids in which reactive limits taken at once lead to
/// another branch of solutions or go round in circles.
NewtonReport solve_easing_limits(NewtonSolver& solver, const PowerFlowOptions& options,
                                 const std::vector<Start>& starts, const Voltages* given) {
    NewtonOptions newton;
    newton.mismatch_tolerance_pu = options.mismatch_tolerance_pu;
    newton.max_iterations = options.max_iterations;
    newton.enforce_q_limits = false;
    NewtonReport report;
    for (const Start start : starts) {
        solver.start_from(voltages_of(solver, start, given));
        report = solver.solve(newton);
        if (report.converged()) break;
    }
    if (!report.converged()) return report;

    OperatingPoint& point = solver.point();
    const std::vector<double> q_min = point.q_min, q_max = point.q_max;
    double widest = 0.0;
    for (const auto& supply : solver.equations().supply_entries()) {
        const auto i = static_cast<std::size_t>(supply.bus);
        if (point.regulates[i] == 0) continue;
        widest = std::max({widest, solver.q_generation(i) - q_max[i], q_min[i] - solver.q_generation(i)});
    }
    newton.enforce_q_limits = true;
    newton.damped = true;
    Voltages last = solver.voltages();
    double solved_share = 1.0, step = 1.0 / kEasingSteps;
    while (solved_share > 0.0) {
        const double share = std::max(0.0, solved_share - step);
        for (std::size_t i = 0; i < q_min.size(); ++i) {
            point.q_min[i] = q_min[i] - share * widest;
            point.q_max[i] = q_max[i] + share * widest;
        }
        solver.start_from(last);
        report = solver.solve(newton);
        if (report.converged()) {
            last = solver.voltages();
            solved_share = share;
        } else {
            step *= 0.5;
            if (step < kSmallestEasing) break;
        }
    }
    point.q_min = q_min;
    point.q_max = q_max;
    return report;
}

/// How an attempt ended, after a number of them: "2 diverged".
const char* ending_text(SolveStatus status) {
    switch (status) {
        case SolveStatus::singular:
            return "met a singular Jacobian";
        case SolveStatus::diverged:
            return "diverged";
        case SolveStatus::stalled:
            return "stalled";
        case SolveStatus::q_limits_cycling:
            return "kept switching reactive limits";
        default:
            return "reached the iteration limit";
    }
}

double lowest_voltage(const Equations& equations, const Voltages& voltages) {
    double lowest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < voltages.vm_pu.size(); ++i) {
        if (equations.is_energised(i)) lowest = std::min(lowest, voltages.vm_pu[i]);
    }
    return lowest;
}

}  // namespace

bool is_doubtful(const Equations& equations, const Voltages& voltages, const Voltages* neighbour) {
    for (std::size_t i = 0; i < voltages.vm_pu.size(); ++i) {
        if (!equations.is_energised(i)) continue;
        const double vm = voltages.vm_pu[i];
        if (vm < kLowVoltage) return true;
        if (neighbour != nullptr && std::abs(vm - neighbour->vm_pu[i]) > kFarFromNeighbour) return true;
    }
    return false;
}

std::vector<BusMismatch> worst_buses(const NewtonSolver& solver) {
    const auto size = [](const BusMismatch& m) {
        const double larger = larger_of(m);
        return std::isfinite(larger) ? larger : std::numeric_limits<double>::max();
    };
    std::vector<BusMismatch> worst;
    worst.reserve(kWorstBuses + 1);
    for (std::size_t i = 0; i < solver.equations().bus_count(); ++i) {
        const auto row = static_cast<std::size_t>(solver.equations().p_row(i));
        const double q = solver.voltages().mode[i] == QMode::regulating ? 0.0 : solver.residual()[row + 1];
        const BusMismatch found{BusRow(static_cast<std::int64_t>(i)), solver.residual()[row], q};
        if (worst.size() == kWorstBuses && !(size(found) > size(worst.back()))) continue;
        const auto after = std::find_if(worst.begin(), worst.end(),
                                        [&](const BusMismatch& known) { return size(found) > size(known); });
        worst.insert(after, found);
        if (worst.size() > kWorstBuses) worst.pop_back();
    }
    return worst;
}

std::string describe_attempts(const model::Network& network, const std::vector<Attempt>& attempts) {
    const NewtonReport& last = attempts.back().report;
    std::ostringstream text;
    text.precision(3);
    if (last.converged()) {
        text << "converged from the " << to_string(attempts.back().start) << " start in " << last.iterations
             << " iterations";
        if (attempts.size() == 2) text << ", after 1 failed attempt";
        if (attempts.size() > 2) text << ", after " << attempts.size() - 1 << " failed attempts";
        if (last.low_voltage)
            text << "; doubtful: a bus stands far too low, and no other attempt found a better solution";
        return text.str();
    }
    if (last.status == SolveStatus::no_balance)
        return "no in-service unit takes part in the balance of an island";
    if (last.status == SolveStatus::no_voltage_control)
        return "no in-service unit holds a voltage in an island: none is at a pv or reference bus";
    if (last.status == SolveStatus::no_live_bus) return "no bus is energised: there is nothing to solve";
    std::vector<std::pair<SolveStatus, int>> endings;  // in the order first met
    for (const Attempt& attempt : attempts) {
        const SolveStatus status = attempt.report.status;
        const auto found = std::ranges::find(endings, status, &std::pair<SolveStatus, int>::first);
        if (found == endings.end()) {
            endings.emplace_back(status, 1);
        } else {
            ++found->second;
        }
    }
    text << "no solution in " << attempts.size() << (attempts.size() == 1 ? " attempt (" : " attempts (");
    for (std::size_t k = 0; k < endings.size(); ++k) {
        text << (k == 0 ? "" : ", ") << endings[k].second << " " << ending_text(endings[k].first);
    }
    text << ")";
    if (last.worst_bus.valid()) {
        text << "; the last was worst at bus " << network.bus(last.worst_bus).number.value() << ", mismatch "
             << last.max_mismatch_pu * network.base_mva() << " MVA";
    }
    return text.str();
}

const char* to_string(Start start) noexcept {
    switch (start) {
        case Start::automatic:
            return "auto";
        case Start::stored:
            return "stored";
        case Start::dc:
            return "dc";
        case Start::flat:
            return "flat";
        case Start::given:
            return "given";
    }
    return "auto";
}

Start parse_start(std::string_view word) {
    for (const Start start : {Start::automatic, Start::stored, Start::dc, Start::flat}) {
        if (word == to_string(start)) return start;
    }
    throw OptionError("init = '" + std::string(word) + "'; must be 'auto', 'stored', 'dc' or 'flat'");
}

std::optional<std::string> tolerance_problem(double tolerance_pu) {
    if (tolerance_pu >= kSmallestTolerance && tolerance_pu <= kLargestTolerance) return std::nullopt;
    return "tolerance = " + number_text(tolerance_pu) + "; must be in [1e-12, 1e-6] per unit";
}

std::optional<std::string> PowerFlowOptions::first_violation() const {
    if (auto problem = tolerance_problem(mismatch_tolerance_pu)) return problem;
    NewtonOptions newton;
    newton.mismatch_tolerance_pu = mismatch_tolerance_pu;
    newton.max_iterations = max_iterations;
    return newton.first_violation();
}

Voltages start_voltages(const Equations& equations, const OperatingPoint& point, Start start) {
    const auto& network = equations.network();
    const std::size_t n = equations.bus_count();
    Voltages v;
    v.vm_pu.resize(n);
    v.va_rad.resize(n);
    v.supply_pu.assign(network.reference_of_island().size(), 0.0);
    v.mode.assign(n, QMode::fixed);
    for (std::size_t i = 0; i < n; ++i) {
        const model::Bus& bus = network.buses()[i];
        const int island = network.island_of_bus()[i];
        const BusRow reference = island >= 0 ? network.reference_of_island()[static_cast<std::size_t>(island)]
                                             : BusRow(static_cast<std::int64_t>(i));
        v.vm_pu[i] = start == Start::stored ? bus.vm_start_pu : 1.0;
        v.va_rad[i] = start == Start::stored ? bus.va_start_rad : network.bus(reference).va_start_rad;
        if (point.regulates[i] != 0) v.vm_pu[i] = point.v_setpoint[i];
    }
    if (start == Start::dc) equations.dc().solve(point, v.va_rad);
    return v;
}

std::vector<Start> ladder_starts(Start start) {
    if (start == Start::automatic) return {Start::stored, Start::dc, Start::flat};
    return {start};
}

std::vector<Attempt> solve_with_ladder(NewtonSolver& solver, const PowerFlowOptions& options) {
    return solve_with_ladder(solver, options, ladder_starts(options.start));
}

std::vector<Attempt> solve_with_ladder(NewtonSolver& solver, const PowerFlowOptions& options,
                                       const std::vector<Start>& starts, const Voltages* given,
                                       const Voltages* neighbour) {
    NewtonOptions newton;
    newton.mismatch_tolerance_pu = options.mismatch_tolerance_pu;
    newton.max_iterations = options.max_iterations;
    newton.enforce_q_limits = options.enforce_q_limits;
    std::vector<Attempt> attempts;
    std::optional<Voltages> doubtful;
    std::size_t doubtful_attempt = 0;
    // Whether the ladder ends with this attempt; a doubtful solution is kept in case nothing better comes.
    const auto settles = [&](const Attempt& attempt) {
        attempts.push_back(attempt);
        NewtonReport& report = attempts.back().report;
        if (!report.converged()) return is_hopeless(report.status);
        if (lowest_voltage(solver.equations(), solver.voltages()) < kNoVoltage) {
            report.status = SolveStatus::diverged;
            return false;
        }
        report.low_voltage = is_doubtful(solver.equations(), solver.voltages(), neighbour);
        if (!report.low_voltage) return true;
        if (!doubtful) {
            doubtful = solver.voltages();
            doubtful_attempt = attempts.size() - 1;
        }
        return false;
    };
    for (const bool damped : {false, true}) {
        newton.damped = damped;
        for (const Start start : starts) {
            solver.start_from(voltages_of(solver, start, given));
            if (settles({start, damped, false, solver.solve(newton)})) return attempts;
        }
    }
    if (options.enforce_q_limits &&
        settles({starts.front(), false, true, solve_easing_limits(solver, options, starts, given)})) {
        return attempts;
    }
    if (doubtful) {
        solver.start_from(*doubtful);
        solver.evaluate_mismatch();
        const auto taken = attempts.begin() + static_cast<std::ptrdiff_t>(doubtful_attempt);
        std::rotate(taken, taken + 1, attempts.end());
        return attempts;
    }
    NewtonReport& last = attempts.back().report;
    if (!last.converged()) {
        // It may have failed in the middle of a step, or on limits drawn out. What is reported is what the
        // voltages it ended with leave of the case itself, as worst_buses lists it.
        solver.evaluate_mismatch();
        const BusMismatch worst = worst_buses(solver).front();
        last.worst_bus = worst.bus;
        last.max_mismatch_pu = larger_of(worst);
    }
    return attempts;
}

model::BranchFlow flow_of(const NewtonSolver& solver, std::size_t branch) noexcept {
    const model::Branch& b = solver.equations().network().branches()[branch];
    const auto v = [&](BusRow bus) {
        return model::Complex(solver.v_real()[bus.pos()], solver.v_imag()[bus.pos()]);
    };
    return model::branch_flow(solver.equations().branch_admittance()[branch], v(b.from), v(b.to));
}

void split_among_units(const NewtonSolver& solver, const std::vector<double>& unit_weights, UnitRow lost,
                       std::vector<double>& p_pu, std::vector<double>& q_pu, const Powers& powers) {
    const auto& network = solver.equations().network();
    const OperatingPoint& point = solver.point();
    p_pu.assign(network.units().size(), 0.0);
    q_pu.assign(network.units().size(), 0.0);
    for (const auto& supply : solver.equations().supply_entries()) {
        const auto i = static_cast<std::size_t>(supply.bus);
        const auto island = static_cast<std::size_t>(supply.island);
        double range = 0.0;
        int count = 0;
        for (const UnitRow u : network.units_at(BusRow(supply.bus))) {
            if (u == lost) continue;
            range += network.unit(u).q_max_pu - network.unit(u).q_min_pu;
            ++count;
        }
        const double q_bus = solver.q_generation(i);
        const bool by_range = std::isfinite(range) && range > 0.0;
        for (const UnitRow u : network.units_at(BusRow(supply.bus))) {
            if (u == lost) continue;
            const model::Unit& unit = network.unit(u);
            p_pu[u.pos()] = powers.unit_p_pu(network, u.pos()) + unit_weights[u.pos()] /
                                                                     point.weight_sum[island] *
                                                                     solver.voltages().supply_pu[island];
            if (point.regulates[i] == 0) {
                q_pu[u.pos()] = powers.unit_q_pu(network, u.pos());
            } else if (by_range) {
                const double share = (q_bus - point.q_min[i]) / range;
                q_pu[u.pos()] = unit.q_min_pu + share * (unit.q_max_pu - unit.q_min_pu);
            } else {
                q_pu[u.pos()] = q_bus / count;
            }
        }
    }
}

}  // namespace nodalroom::powerflow
