#include "nodalroom/headroom/state_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nodalroom::headroom {
namespace {

using contingency::StateSolver;
using powerflow::Voltages;

// Steps this short are tried with damping before the path is taken to end.
constexpr double kThoroughBelowMw = StatePath::kCollapseWidthMw;
// A turn is located to this width: the secant takes it there in a step more.
constexpr double kTurnWidthMw = 0.1;

void load_state(StateSolver& solver, contingency::Outage outage, const Candidate& candidate, double load_mw) {
    if (!(solver.outage() == outage)) solver.set_outage(outage);
    set_load(solver, candidate, load_mw);
}

/// On the upper branch of the P-V curve more load lowers the voltage at its bus; a Newton iteration
/// that landed on the lower one has no place on the path.
bool is_upper_solution(StateSolver& solver, const Candidate& candidate) {
    const std::size_t bus = candidate.bus.pos();
    if (solver.newton().voltages().vm_pu[bus] > kSuspectVoltagePu) return true;
    std::vector<double> direction;
    if (!load_direction(solver, candidate.bus, candidate.mvar_per_mw, direction)) return false;
    return direction[static_cast<std::size_t>(solver.base().equations().v_column(bus))] <= 0.0;
}

}  // namespace

bool solve_loaded(StateSolver& solver, contingency::Outage outage, const Candidate& candidate, double load_mw,
                  const Voltages& start, Effort effort) {
    load_state(solver, outage, candidate, load_mw);
    const auto report = effort == Effort::near ? solver.solve_near(start) : solver.solve_from(start);
    return report.converged() && is_upper_solution(solver, candidate);
}

StatePath::StatePath(contingency::Outage outage, Candidate candidate, const Voltages& at_zero)
    : outage_(outage), candidate_(candidate), lowest_unsolved_mw_(std::numeric_limits<double>::infinity()) {
    points_.push_back({0.0, at_zero});
}

void StatePath::keep(StateSolver& solver, double load_mw) { keep({load_mw, solver.newton().voltages()}); }

void StatePath::keep(LoadedPoint point) {
    const auto at = std::upper_bound(points_.begin(), points_.end(), point.load_mw,
                                     [](double mw, const LoadedPoint& other) { return mw < other.load_mw; });
    points_.insert(at, std::move(point));
}

/// Follows the path from its last point past the turn or past the load. False where that failed, or ended at
/// a turn beyond which the state has a solution again; points met before are kept.
bool StatePath::follow(StateSolver& solver, double load_mw) {
    if (!(solver.outage() == outage_)) solver.set_outage(outage_);
    auto met = follow_to_fold(solver, candidate_, points_.back(), load_mw, kTurnWidthMw);
    if (met.empty()) return false;
    const bool passed = met.back().load_mw >= load_mw;
    for (LoadedPoint& point : met) {
        if (point.load_mw > highest_solved_mw()) keep(std::move(point));
    }
    if (passed) return true;
    const double beyond = highest_solved_mw() + kTurnWidthMw;
    if (try_solve(solver, beyond, points_.size() - 1, false, Effort::near)) {
        keep(solver, beyond);
        return false;
    }
    lowest_unsolved_mw_ = beyond;
    return true;
}

bool StatePath::try_solve(StateSolver& solver, double load_mw, std::size_t from, bool extrapolate,
                          Effort effort) {
    const LoadedPoint& last = points_[from];
    if (!extrapolate) return solve_loaded(solver, outage_, candidate_, load_mw, last.voltages, effort);
    const LoadedPoint& before = points_[from - 1];
    const double ratio = (load_mw - last.load_mw) / (last.load_mw - before.load_mw);
    Voltages start = last.voltages;
    const auto extend = [ratio](std::vector<double>& values, const std::vector<double>& earlier) {
        for (std::size_t i = 0; i < values.size(); ++i) values[i] += ratio * (values[i] - earlier[i]);
    };
    extend(start.vm_pu, before.voltages.vm_pu);
    extend(start.va_rad, before.voltages.va_rad);
    extend(start.supply_pu, before.voltages.supply_pu);
    return solve_loaded(solver, outage_, candidate_, load_mw, start, effort);
}

std::vector<LoadedPoint>::const_iterator StatePath::first_at_or_above(double load_mw) const {
    return std::lower_bound(points_.begin(), points_.end(), load_mw,
                            [](const LoadedPoint& point, double mw) { return point.load_mw < mw; });
}

bool StatePath::reach(StateSolver& solver, double load_mw) {
    if (load_mw >= lowest_unsolved_mw_) return false;
    const auto upper = first_at_or_above(load_mw);
    if (upper != points_.end()) {
        const auto above = static_cast<std::size_t>(upper - points_.begin());
        const bool nearer_above =
            above == 0 || upper->load_mw - load_mw < load_mw - points_[above - 1].load_mw;
        if (try_solve(solver, load_mw, nearer_above ? above : above - 1, false, Effort::near)) {
            if (upper->load_mw != load_mw) keep(solver, load_mw);
            return true;
        }
    }
    if (upper == points_.end()) {
        if (try_solve(solver, load_mw, points_.size() - 1, false, Effort::near)) {
            keep(solver, load_mw);
            return true;
        }
        if (follow(solver, load_mw)) {
            if (load_mw >= lowest_unsolved_mw_) return false;
            if (highest_solved_mw() >= load_mw) return reach(solver, load_mw);
        }
    }
    return creep(solver, load_mw);
}

/// In steps of the load, halved where one fails, until the end of the path is enclosed.
bool StatePath::creep(StateSolver& solver, double load_mw) {
    const auto upper = first_at_or_above(load_mw);
    std::size_t from = upper == points_.begin() ? 0 : static_cast<std::size_t>(upper - points_.begin()) - 1;
    double step = load_mw - points_[from].load_mw;
    bool growing = true;
    for (;;) {
        const double target = std::min(points_[from].load_mw + step, load_mw);
        const double length = target - points_[from].load_mw;
        // Close to the end of the path the secant carries Newton further than the last solution does.
        const bool can_extrapolate =
            from > 0 && length <= 4.0 * (points_[from].load_mw - points_[from - 1].load_mw);
        // Before a short step is taken for the end of the path, everything is tried.
        const Effort effort = length <= kThoroughBelowMw ? Effort::thorough : Effort::near;
        if (try_solve(solver, target, from, false, effort) ||
            (can_extrapolate && try_solve(solver, target, from, true, effort))) {
            keep(solver, target);
            ++from;
            if (target >= load_mw) return true;
            if (growing) step = 2.0 * length;
        } else {
            growing = false;
            step = 0.5 * length;
            if (length > kCollapseWidthMw) continue;
            if (target > highest_solved_mw()) lowest_unsolved_mw_ = target;
            return false;
        }
    }
}

}  // namespace nodalroom::headroom
