#include "nodalroom/headroom/state_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nodalroom::headroom {
namespace {

using contingency::StateSolver;
using powerflow::Voltages;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Most steps towards a load that is hard to reach; a path with many kinks needs some fifty.
constexpr int kMostSteps = 400;
// A solution that was not reached smoothly along the path belongs to it only where no voltage has moved
// further over a step of kCollapseWidthMw.
constexpr double kFarFromPathPu = 0.03;
// A step that moves a voltage further than this is cut: there may be a gap under it.
constexpr double kLongestStridePu = 0.04;
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

double farthest(const Voltages& now, const Voltages& before) {
    double found = 0.0;
    for (std::size_t i = 0; i < now.vm_pu.size(); ++i)
        found = std::max(found, std::abs(now.vm_pu[i] - before.vm_pu[i]));
    return found;
}

/// Whether a step to more load stays on the path, as far as its ends tell. Growing load drives buses to their
/// upper reactive limit and away from their lower one. Where one goes the other way the step may have passed
/// the end of the path and landed on other solutions, and so where it moves a voltage far: a long one is to
/// be cut, a short one may not move voltages far.
bool continues(const Voltages& now, const Voltages& before, double length_mw, double longest_stride_pu) {
    using powerflow::QMode;
    bool any_back = false;
    for (std::size_t i = 0; i < now.mode.size(); ++i) {
        const QMode from = before.mode[i], to = now.mode[i];
        any_back = any_back || (from != to && (from == QMode::at_max || to == QMode::at_min));
    }
    const double moved = farthest(now, before);
    if (!any_back && moved <= longest_stride_pu) return true;
    return length_mw <= StatePath::kCollapseWidthMw && moved <= kFarFromPathPu;
}

}  // namespace

bool solve_loaded(StateSolver& solver, contingency::Outage outage, const Candidate& candidate, double load_mw,
                  const Voltages& start, Effort effort) {
    load_state(solver, outage, candidate, load_mw);
    const auto report = effort == Effort::near ? solver.solve_near(start) : solver.solve_from(start);
    return report.converged() && is_upper_solution(solver, candidate);
}

StatePath::StatePath(contingency::Outage outage, Candidate candidate, const Voltages& at_zero)
    : outage_(outage), candidate_(candidate), lowest_unsolved_mw_(kInfinity) {
    points_.push_back({0.0, at_zero});
}

void StatePath::put(StateSolver& solver, const LoadedPoint& point) const {
    load_state(solver, outage_, candidate_, point.load_mw);
    solver.newton().start_from(point.voltages);
    solver.newton().fit_modes(solver.base().options().enforce_q_limits);
    solver.newton().evaluate_mismatch();
}

void StatePath::keep(StateSolver& solver, double load_mw) { keep({load_mw, solver.newton().voltages()}); }

void StatePath::keep(LoadedPoint point) {
    const auto at = std::upper_bound(points_.begin(), points_.end(), point.load_mw,
                                     [](double mw, const LoadedPoint& other) { return mw < other.load_mw; });
    points_.insert(at, std::move(point));
}

/// Follows the path from its last point past the turn or past the load. False where that failed, or where
/// the state has a solution beyond the turn; points met before are kept.
bool StatePath::follow(StateSolver& solver, double load_mw) {
    if (!(solver.outage() == outage_)) solver.set_outage(outage_);
    auto met = follow_to_fold(solver, candidate_, points_.back(), load_mw, kTurnWidthMw);
    if (met.points.empty()) return false;
    const bool passed = met.points.back().load_mw >= load_mw;
    for (LoadedPoint& point : met.points) {
        if (point.load_mw <= highest_solved_mw()) continue;
        const LoadedPoint& last = points_.back();
        // The follower's own strides are as long as they may be; only limits can have led it astray.
        if (!continues(point.voltages, last.voltages, point.load_mw - last.load_mw, kInfinity)) return false;
        keep(std::move(point));
    }
    if (passed) return true;
    // Past a smooth turn there is nothing near. A turn at which reactive limits switch may be no gap.
    const double beyond = highest_solved_mw() + kTurnWidthMw;
    const std::size_t last = points_.size() - 1;
    if (met.is_smooth ? try_solve(solver, beyond, last, false, Effort::near)
                      : try_everything(solver, beyond, last)) {
        keep(solver, beyond);
        return false;
    }
    end_at(beyond);
    return true;
}

bool StatePath::try_solve(StateSolver& solver, double load_mw, std::size_t from, bool extrapolate,
                          Effort effort) {
    const LoadedPoint& last = points_[from];
    const auto is_on_path = [&] {
        return load_mw < last.load_mw ||
               continues(solver.newton().voltages(), last.voltages, load_mw - last.load_mw, kLongestStridePu);
    };
    if (!extrapolate)
        return solve_loaded(solver, outage_, candidate_, load_mw, last.voltages, effort) && is_on_path();
    const LoadedPoint& before = points_[from - 1];
    const double ratio = (load_mw - last.load_mw) / (last.load_mw - before.load_mw);
    Voltages start = last.voltages;
    const auto extend = [ratio](std::vector<double>& values, const std::vector<double>& earlier) {
        for (std::size_t i = 0; i < values.size(); ++i) values[i] += ratio * (values[i] - earlier[i]);
    };
    extend(start.vm_pu, before.voltages.vm_pu);
    extend(start.va_rad, before.voltages.va_rad);
    extend(start.supply_pu, before.voltages.supply_pu);
    return solve_loaded(solver, outage_, candidate_, load_mw, start, effort) && is_on_path();
}

std::vector<LoadedPoint>::const_iterator StatePath::first_at_or_above(double load_mw) const {
    return std::lower_bound(points_.begin(), points_.end(), load_mw,
                            [](const LoadedPoint& point, double mw) { return point.load_mw < mw; });
}

/// The first load without a solution ends the path: what was solved beyond it belongs to another piece.
void StatePath::end_at(double load_mw) {
    lowest_unsolved_mw_ = std::min(lowest_unsolved_mw_, load_mw);
    // The state without load stays: its solution is given.
    points_.erase(std::max(first_at_or_above(lowest_unsolved_mw_), points_.cbegin() + 1), points_.cend());
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
        if (upper->load_mw == load_mw) {
            put(solver, *upper);
            return true;
        }
    } else {
        if (try_solve(solver, load_mw, points_.size() - 1, false, Effort::near)) {
            keep(solver, load_mw);
            return true;
        }
        if (follow(solver, load_mw)) {
            if (load_mw >= lowest_unsolved_mw_) return false;
            // The curve was followed past the load: its points stand on both sides.
            if (try_solve(solver, load_mw, nearest_below(load_mw), false, Effort::near)) {
                keep(solver, load_mw);
                return true;
            }
        }
    }
    return creep(solver, load_mw);
}

std::size_t StatePath::nearest_below(double load_mw) const {
    const auto at = first_at_or_above(load_mw);
    return at == points_.begin() ? 0 : static_cast<std::size_t>(at - points_.begin()) - 1;
}

/// Everything a solution can be found from, before a load is taken for the end of the path. The last resort
/// does not begin at the path: only a solution close to it is taken.
bool StatePath::try_everything(StateSolver& solver, double load_mw, std::size_t from) {
    if (try_solve(solver, load_mw, from, false, Effort::thorough)) return true;
    if (from > 0 && try_solve(solver, load_mw, from, true, Effort::thorough)) return true;
    if (from + 1 < points_.size() && try_solve(solver, load_mw, from + 1, false, Effort::thorough))
        return true;
    if (lowest_unsolved_mw_ < kInfinity) return false;
    load_state(solver, outage_, candidate_, load_mw);
    return solver.solve_from_base().converged() && is_upper_solution(solver, candidate_) &&
           farthest(solver.newton().voltages(), points_[from].voltages) <= kFarFromPathPu;
}

/// Steps to a load, halved towards the least load that failed, until the end of the path is enclosed. Every
/// step either adds a point or halves what lies below the failed load, and their number is bounded.
bool StatePath::creep(StateSolver& solver, double load_mw) {
    std::size_t from = nearest_below(load_mw);
    double failed_mw = load_mw;
    for (int steps = 0; steps < kMostSteps; ++steps) {
        const double from_mw = points_[from].load_mw;
        const double left = failed_mw - from_mw;
        // Before a short step is taken for the end of the path, everything is tried.
        const bool is_last = left <= kCollapseWidthMw;
        const double target = is_last ? failed_mw : from_mw + 0.5 * left;
        // Close to the end of the path the secant carries Newton further than the last solution does.
        const bool can_extrapolate =
            from > 0 && target - from_mw <= 4.0 * (from_mw - points_[from - 1].load_mw);
        const bool solved =
            is_last ? try_everything(solver, target, from)
                    : try_solve(solver, target, from, false, Effort::near) ||
                          (can_extrapolate && try_solve(solver, target, from, true, Effort::near));
        if (!solved) {
            if (is_last) {
                end_at(target);
                return false;
            }
            failed_mw = target;
            continue;
        }
        keep(solver, target);
        ++from;
        if (target >= load_mw) return true;
        if (is_last) failed_mw = load_mw;  // that kink is passed
    }
    is_settled_ = false;
    end_at(failed_mw);
    return false;
}

}  // namespace nodalroom::headroom
