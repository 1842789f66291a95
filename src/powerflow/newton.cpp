#include "nodalroom/powerflow/newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "nodalroom/core/number_text.hpp"
#include "nodalroom/powerflow/q_limits.hpp"
#include "scan_view.hpp"

namespace nodalroom::powerflow {
namespace {

// A step that keeps less than this share of the mismatch lets the next one reuse its factor: a
// factorisation costs several solves.
constexpr double kReuseContraction = 0.1;
// With give_up_early: steps that are always taken before a mismatch above kStallMismatch must halve.
constexpr int kEarlySteps = 3;
// On settled solutions, buses beyond their limit by this share of the furthest switch together.
constexpr double kBatchOfLargest = 0.2;
constexpr int kMaxSettledRounds = 200;

/// What keeps any start from leading to a solution; not_run where nothing does.
SolveStatus hopeless_status(const Equations& equations, const OperatingPoint& point) {
    if (point.weight_sum.empty()) return SolveStatus::no_live_bus;
    for (const double sum : point.weight_sum) {
        if (!(sum > 0.0)) return SolveStatus::no_balance;
    }
    std::vector<std::uint8_t> is_held(point.weight_sum.size(), 0);
    for (const auto& supply : equations.supply_entries()) {
        if (point.regulates[static_cast<std::size_t>(supply.bus)] != 0)
            is_held[static_cast<std::size_t>(supply.island)] = 1;
    }
    const bool all_held = std::ranges::all_of(is_held, [](std::uint8_t held) { return held != 0; });
    return all_held ? SolveStatus::not_run : SolveStatus::no_voltage_control;
}

}  // namespace

const char* to_string(SolveStatus status) noexcept {
    switch (status) {
        case SolveStatus::not_run:
            return "not_run";
        case SolveStatus::converged:
            return "converged";
        case SolveStatus::iteration_limit:
            return "iteration_limit";
        case SolveStatus::stalled:
            return "stalled";
        case SolveStatus::diverged:
            return "diverged";
        case SolveStatus::singular:
            return "singular";
        case SolveStatus::no_balance:
            return "no_balance";
        case SolveStatus::q_limits_cycling:
            return "q_limits_cycling";
        case SolveStatus::no_voltage_control:
            return "no_voltage_control";
        case SolveStatus::no_live_bus:
            return "no_live_bus";
    }
    return "not_run";
}

std::optional<std::string> NewtonOptions::first_violation() const {
    if (!(mismatch_tolerance_pu > 0.0) || !std::isfinite(mismatch_tolerance_pu)) {
        return "tolerance = " + number_text(mismatch_tolerance_pu) + "; must be > 0";
    }
    if (max_iterations < 1) return "max_iterations = " + std::to_string(max_iterations) + "; must be >= 1";
    return std::nullopt;
}

NewtonSolver::NewtonSolver(const Equations& equations, OperatingPoint point)
    : equations_(&equations),
      point_(std::move(point)),
      blocks_(equations.factors(), equations.vector_unit()),
      phasors_(scan_kernels(equations.vector_unit()).phasors) {
    const std::size_t n = equations.bus_count();
    const auto unknowns = static_cast<std::size_t>(equations.size());
    residual_.assign(unknowns, 0.0);
    step_.assign(unknowns, 0.0);
    for (auto* values : {&e_, &f_, &p_injected_, &q_injected_, &p_residual_, &q_residual_})
        values->assign(n, 0.0);
    switch_count_.assign(n, 0);
    const auto islands = equations.network().island_of_bus();
    island_.assign(islands.begin(), islands.end());
    voltages_.vm_pu.assign(n, 1.0);
    voltages_.va_rad.assign(n, 0.0);
    voltages_.supply_pu.assign(equations.network().reference_of_island().size(), 0.0);
    voltages_.mode.assign(n, QMode::fixed);
    saved_vm_ = voltages_.vm_pu;
    saved_va_ = voltages_.va_rad;
    saved_supply_ = voltages_.supply_pu;
}

void NewtonSolver::fit_modes(bool enforce_q_limits) {
    for (std::size_t i = 0; i < island_.size(); ++i) {
        QMode& mode = voltages_.mode[i];
        mode = island_[i] < 0 ? QMode::de_energised
                              : fitted_mode(mode, point_.regulates[i] != 0, enforce_q_limits);
    }
}

bool NewtonSolver::factorise() {
    fill_jacobian(blocks_.blocks());
    blocks_hold_ = blocks_.factor_blocks();
    if (blocks_hold_) return true;
    if (!klu_) klu_.emplace(equations_->pattern());
    return klu_->factor(gather_jacobian());
}

void NewtonSolver::solve_linear(std::span<double> rhs, int count) {
    if (blocks_hold_) {
        blocks_.solve(rhs, count);
    } else {
        klu_->solve(rhs, count);
    }
}

void NewtonSolver::solve_adjoint(std::span<double> rhs, int count) {
    if (blocks_hold_) {
        blocks_.solve_transposed(rhs, count);
    } else {
        klu_->solve_transposed(rhs, count);
    }
}

bool NewtonSolver::apply_step(std::span<const double> step, double length) {
    const auto& network = equations_->network();
    for (std::size_t i = 0; i < e_.size(); ++i) {
        if (island_[i] < 0) continue;
        const double factor = 1.0 + length * step[static_cast<std::size_t>(equations_->v_column(i))];
        if (!(factor > 0.1 && factor < 10.0)) return false;
        voltages_.vm_pu[i] *= factor;
        if (!equations_->is_reference(i)) {
            voltages_.va_rad[i] += length * step[static_cast<std::size_t>(equations_->angle_column(i))];
        }
    }
    const auto references = network.reference_of_island();
    for (std::size_t island = 0; island < references.size(); ++island) {
        voltages_.supply_pu[island] +=
            length * step[static_cast<std::size_t>(equations_->angle_column(references[island].pos()))];
    }
    return true;
}

/// The longest of 1, 1/2, … 1/64 of the step that lowers the mismatch; the shortest if none does.
bool NewtonSolver::damped_step(double mismatch) {
    saved_vm_ = voltages_.vm_pu;
    saved_va_ = voltages_.va_rad;
    saved_supply_ = voltages_.supply_pu;
    double length = 1.0;
    for (int halvings = 0; halvings <= 6; ++halvings, length *= 0.5) {
        if (apply_step(step_, length) && (evaluate_mismatch() < mismatch || halvings == 6)) return true;
        voltages_.vm_pu = saved_vm_;
        voltages_.va_rad = saved_va_;
        voltages_.supply_pu = saved_supply_;
    }
    return false;
}

RegulatedBus NewtonSolver::regulated(std::size_t bus) const noexcept {
    return {voltages_.mode[bus], q_generation(bus), voltages_.vm_pu[bus],
            point_.q_min[bus],   point_.q_max[bus], point_.v_setpoint[bus]};
}

/// One look at the reactive limits. Only buses at least `least_excess` beyond switch. True if any did.
bool NewtonSolver::switch_modes(double mismatch, double least_excess, NewtonReport& report) {
    std::size_t worst = e_.size();
    double worst_excess = 0.0;
    bool any = false;
    for (const auto& supply : equations_->supply_entries()) {
        const auto i = static_cast<std::size_t>(supply.bus);
        double excess = 0.0;
        const QMode mode = wanted_mode(regulated(i), excess);
        if (mode == voltages_.mode[i] || excess < least_excess) continue;
        if (switch_count_[i] >= kFreeSwitches) {
            if (mismatch < kSettledMismatch && excess > worst_excess) {
                worst_excess = excess;
                worst = i;
            }
            continue;
        }
        voltages_.mode[i] = mode;
        ++switch_count_[i];
        ++report.q_switches;
        any = true;
    }
    if (!any && worst < e_.size()) {
        double excess = 0.0;
        voltages_.mode[worst] = wanted_mode(regulated(worst), excess);
        ++report.q_switches;
        any = true;
    }
    return any;
}

NewtonReport NewtonSolver::solve(const NewtonOptions& options) {
    NewtonReport report;
    report.status = hopeless_status(*equations_, point_);
    if (report.status != SolveStatus::not_run) return report;
    fit_modes(options.enforce_q_limits);
    std::fill(switch_count_.begin(), switch_count_.end(), std::uint8_t{0});

    int rounds = 0;
    int steps_since_switch = 0;
    bool factor_is_useful = false;
    double previous = std::numeric_limits<double>::infinity();
    double least = previous;  // since the last switch
    int steps_since_least = 0;
    double mismatch = evaluate_mismatch();
    for (;; ++report.iterations) {
        report.max_mismatch_pu = mismatch;
        report.worst_bus = worst_bus_;
        if (!std::isfinite(mismatch) || mismatch > kRunawayMismatch) {
            report.status = SolveStatus::diverged;
            return report;
        }
        bool switched = false;
        // The first look waits for a step: the start may stand on another state's limits.
        const double look_below = options.damped           ? kSettledMismatch
                                  : report.iterations == 0 ? options.mismatch_tolerance_pu
                                                           : options.switch_mismatch_pu;
        if (options.enforce_q_limits && mismatch < std::max(look_below, options.mismatch_tolerance_pu)) {
            double largest = 0.0;
            if (options.damped) {
                for (const auto& supply : equations_->supply_entries()) {
                    double excess = 0.0;
                    const auto i = static_cast<std::size_t>(supply.bus);
                    if (wanted_mode(regulated(i), excess) != voltages_.mode[i])
                        largest = std::max(largest, excess);
                }
            }
            switched = switch_modes(mismatch, kBatchOfLargest * largest, report);
        }
        if (switched) {
            steps_since_switch = 0;
            if (++rounds > (options.damped ? kMaxSettledRounds : kMaxSwitchRounds)) {
                report.status = SolveStatus::q_limits_cycling;
                return report;
            }
            mismatch = evaluate_mismatch();
            factor_is_useful = false;
            least = std::numeric_limits<double>::infinity();
        }
        if (!switched && mismatch < options.mismatch_tolerance_pu) {
            report.status = SolveStatus::converged;
            return report;
        }
        if (steps_since_switch++ >= options.max_iterations) {
            report.status = SolveStatus::iteration_limit;
            return report;
        }
        if (options.give_up_early && steps_since_switch > kEarlySteps && mismatch > kStallMismatch &&
            mismatch > 0.5 * previous) {
            report.status = SolveStatus::stalled;
            return report;
        }
        if (mismatch < kProgress * least) {
            least = mismatch;
            steps_since_least = 0;
        } else if (++steps_since_least > kPatience) {
            report.status = SolveStatus::stalled;
            return report;
        }
        factor_is_useful = factor_is_useful && mismatch < kReuseContraction * previous;
        if (!factor_is_useful) {
            ++report.factorisations;
            if (!factorise()) {
                report.status = SolveStatus::singular;
                return report;
            }
        }
        factor_is_useful = true;
        previous = mismatch;
        std::copy(residual_.begin(), residual_.end(), step_.begin());
        solve_linear(step_);
        if (options.damped) {
            if (!damped_step(mismatch)) {
                report.status = SolveStatus::diverged;
                return report;
            }
        } else if (!apply_step(step_, 1.0)) {
            report.status = SolveStatus::diverged;
            return report;
        }
        mismatch = evaluate_mismatch();
    }
}

}  // namespace nodalroom::powerflow
