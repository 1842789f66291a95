#include "nodalroom/headroom/fold.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace nodalroom::headroom {
namespace {

using contingency::StateSolver;
using powerflow::QMode;

constexpr double kLongestFall = 0.08;  // of the followed voltage in one step, relative
// Steps are halved down to this where the curve has a kink.
constexpr double kFinestFall = 0.002;
constexpr double kSmoothShare = 0.1;
constexpr double kShortestFall = 1e-6;  // below it the curve is given up
constexpr double kLeastBeyond = 1e-5;   // the other side of the turn is looked at this far from it
constexpr double kFlat = 1e-3;          // less than this over all the load that is left is no fall to follow
constexpr int kMaxHalvings = 20;
constexpr int kMaxPoints = 60;
constexpr int kMaxCorrections = 12;
constexpr int kMaxSwitchRounds = 10;
constexpr double kReuseContraction = 0.05;
// On the way round, reactive limits are looked at below this mismatch.
constexpr double kSwitchMismatch = 1e-3;
// The followed bus stays while its voltage falls at least this fast beside the steepest.
constexpr double kStillSteep = 0.3;

/// A point of the curve and its tangent.
struct CurvePoint {
    double load_mw = 0.0;
    powerflow::Voltages voltages;
    std::vector<double> by_load;  ///< change of the unknowns per MW

    [[nodiscard]] double level(std::size_t bus) const { return std::log(voltages.vm_pu[bus]); }
};

class Follower {
public:
    Follower(StateSolver& solver, const Candidate& candidate) : solver_(&solver), candidate_(candidate) {
        const auto& equations = solver.base().equations();
        size_ = static_cast<std::size_t>(equations.size());
        columns_.resize(2 * size_);
        step_.resize(size_);
    }

    /// Fills the tangent at the solver's solution.
    bool finish(double load_mw, CurvePoint& point) {
        point.load_mw = load_mw;
        point.voltages = solver_->newton().voltages();
        return load_direction(*solver_, candidate_.bus, candidate_.mvar_per_mw, point.by_load);
    }

    /// Newton's method on the power flow and the load together, with the voltage of `bus` held at
    /// exp(level), from `point` along its tangent.
    bool go_to(const CurvePoint& point, std::size_t bus, double level, CurvePoint& found) {
        auto& newton = solver_->newton();
        const auto column = static_cast<std::size_t>(solver_->base().equations().v_column(bus));
        const double target = std::exp(level);
        double load_mw = point.load_mw;
        newton.start_from(point.voltages);
        newton.fit_modes(solver_->base().options().enforce_q_limits);
        const double along = (target / point.voltages.vm_pu[bus] - 1.0) / point.by_load[column];
        for (std::size_t i = 0; i < size_; ++i) step_[i] = along * point.by_load[i];
        if (!newton.apply_step(step_, 1.0)) return false;
        load_mw += along;

        const double tolerance = solver_->base().options().mismatch_tolerance_pu;
        double previous = std::numeric_limits<double>::infinity();
        bool factor_is_useful = false;
        int rounds = 0;
        for (int i = 0; i < kMaxCorrections; ++i) {
            if (!(load_mw >= 0.0)) return false;
            set_load(*solver_, candidate_, load_mw);
            double mismatch = newton.evaluate_mismatch();
            bool switched = false;
            if (mismatch < kSwitchMismatch && switch_modes()) {
                if (++rounds > kMaxSwitchRounds) return false;
                switched = true;
                mismatch = newton.evaluate_mismatch();
            }
            if (!std::isfinite(mismatch)) return false;
            const double gap = target / newton.voltages().vm_pu[bus] - 1.0;
            if (!switched && mismatch < tolerance && std::abs(gap) < tolerance) return finish(load_mw, found);
            factor_is_useful = factor_is_useful && !switched && mismatch < kReuseContraction * previous;
            if (!factor_is_useful && !newton.factorise()) return false;
            factor_is_useful = true;
            previous = mismatch;
            if (!take_step(column, gap, load_mw)) return false;
        }
        return false;
    }

    /// Where no voltage falls yet: the longest step of the load, halved until Newton's method takes it.
    bool go_by_load(const CurvePoint& point, double step_mw, CurvePoint& found) {
        for (int halvings = 0; halvings < kMaxHalvings; ++halvings, step_mw *= 0.5) {
            set_load(*solver_, candidate_, point.load_mw + step_mw);
            if (solver_->solve_near(point.voltages).converged())
                return finish(point.load_mw + step_mw, found);
        }
        return false;
    }

    /// The bus whose voltage falls fastest with the load; the followed one if it does nearly.
    std::optional<std::size_t> steepest(const CurvePoint& point, std::optional<std::size_t> followed) const {
        const auto& equations = solver_->base().equations();
        std::optional<std::size_t> found;
        double slope = 0.0;
        for (std::size_t i = 0; i < equations.bus_count(); ++i) {
            if (!equations.is_energised(i)) continue;
            const double here = point.by_load[static_cast<std::size_t>(equations.v_column(i))];
            if (here >= slope) continue;
            slope = here;
            found = i;
        }
        if (followed && found && by_load(point, *followed) < kStillSteep * slope) return followed;
        return found;
    }

    /// Relative change of a bus's voltage per MW.
    [[nodiscard]] double by_load(const CurvePoint& point, std::size_t bus) const {
        return point.by_load[static_cast<std::size_t>(solver_->base().equations().v_column(bus))];
    }

private:
    bool switch_modes() {
        if (!solver_->base().options().enforce_q_limits) return false;
        auto& newton = solver_->newton();
        const auto& point = newton.point();
        bool any = false;
        for (const auto& supply : solver_->base().equations().supply_entries()) {
            const auto i = static_cast<std::size_t>(supply.bus);
            QMode& mode = newton.voltages().mode[i];
            double excess = 0.0;
            const QMode wanted =
                powerflow::wanted_mode({mode, newton.q_generation(i), newton.voltages().vm_pu[i],
                                        point.q_min[i], point.q_max[i], point.v_setpoint[i]},
                                       excess);
            any = any || wanted != mode;
            mode = wanted;
        }
        return any;
    }

    /// The bordered system: J dx = r + b dload, with the followed voltage's own entry of dx given.
    bool take_step(std::size_t column, double entry, double& load_mw) {
        auto& newton = solver_->newton();
        std::copy(newton.residual().begin(), newton.residual().end(), columns_.begin());
        fill_load_column(*solver_, candidate_.bus, candidate_.mvar_per_mw,
                         std::span(columns_).subspan(size_));
        newton.solve_linear(columns_, 2);
        const double change = (entry - columns_[column]) / columns_[size_ + column];
        if (!std::isfinite(change)) return false;
        for (std::size_t i = 0; i < size_; ++i) step_[i] = columns_[i] + change * columns_[size_ + i];
        load_mw += change;
        return newton.apply_step(step_, 1.0);
    }

    StateSolver* solver_;
    Candidate candidate_;
    std::size_t size_ = 0;
    std::vector<double> columns_, step_;
};

}  // namespace

FollowedPath follow_to_fold(StateSolver& solver, const Candidate& candidate, const LoadedPoint& from,
                            double up_to_mw, double width_mw) {
    Follower follower(solver, candidate);
    CurvePoint upper, next;
    std::optional<CurvePoint> before, lower;  // on this side of the turn, on the other
    set_load(solver, candidate, from.load_mw);
    solver.newton().start_from(from.voltages);
    solver.newton().evaluate_mismatch();
    if (!follower.finish(from.load_mw, upper)) return {};
    FollowedPath found;
    auto& met = found.points;
    std::optional<std::size_t> followed;
    double longest = kLongestFall;
    for (int points = 0; points < kMaxPoints; ++points) {
        if (!lower) {
            const auto bus = follower.steepest(upper, followed);
            const double left_mw = up_to_mw - upper.load_mw;
            if (!bus || follower.by_load(upper, *bus) * left_mw > -kFlat) {
                if (!follower.go_by_load(upper, left_mw, next)) return {};
                before.reset();
                followed.reset();
                upper = std::move(next);
                met.push_back({upper.load_mw, upper.voltages});
                if (upper.load_mw >= up_to_mw) return found;
                continue;
            }
            if (bus != followed) before.reset();
            followed = bus;
        }
        // MW per fall of the followed voltage: negative before the turn, zero there, linear in the level
        // around it.
        const double level = upper.level(*followed);
        const double rate = 1.0 / follower.by_load(upper, *followed);
        const CurvePoint* other = lower ? &*lower : before ? &*before : nullptr;
        double fall = lower ? lower->level(*followed) - level : -longest;  // to be refined
        double to_turn = -std::numeric_limits<double>::infinity();
        if (other != nullptr) {
            const double other_level = other->level(*followed);
            const double other_rate = 1.0 / follower.by_load(*other, *followed);
            const double bend = (rate - other_rate) / (level - other_level);
            if (bend < 0.0) to_turn = -rate / bend;
        }
        const double left_mw = 0.5 * rate * to_turn;
        if (lower) {
            if (left_mw <= 0.5 * width_mw || fall > -kShortestFall) {
                if (left_mw > width_mw) return {};
                break;
            }
            // Just short of the turn, so that the next point stands on this side of it.
            fall = to_turn < 0.9 * fall || to_turn >= 0.0 ? 0.5 * fall : 0.9 * to_turn;
        } else {
            fall = std::max(fall, 1.02 * (up_to_mw - upper.load_mw) / rate);
            // Once the turn is near, a step beyond it proves it.
            if (to_turn > fall)
                fall =
                    left_mw <= 0.5 * width_mw ? std::clamp(2.0 * to_turn, -longest, -kLeastBeyond) : to_turn;
        }
        if (!follower.go_to(upper, *followed, level + fall, next)) {
            longest = 0.5 * std::min(longest, -fall);
            if (longest < kShortestFall || lower) return {};
            continue;
        }
        if (follower.by_load(next, *followed) < 0.0) {
            // Between two points of a smooth piece the load grows by the mean of their rates. Where limits
            // switch it does not, and the path may have turned and turned back: looked at more closely.
            const double grown = next.load_mw - upper.load_mw;
            const double expected = 0.5 * (rate + 1.0 / follower.by_load(next, *followed)) * fall;
            const bool is_smooth = std::abs(grown - expected) <= kSmoothShare * expected;
            if (!is_smooth && -fall > kFinestFall) {
                longest = -0.5 * fall;
                continue;
            }
            if (grown <= 0.0) return {};
            before = std::move(upper);
            upper = std::move(next);
            met.push_back({upper.load_mw, upper.voltages});
            if (upper.load_mw >= up_to_mw) return found;
            longest = std::min(kLongestFall, 2.0 * longest);
        } else {
            lower = std::move(next);
        }
    }
    if (!lower) return {};
    found.is_smooth = upper.voltages.mode == lower->voltages.mode;
    if (met.empty()) met.push_back(from);
    return found;
}

}  // namespace nodalroom::headroom
