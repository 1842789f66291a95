#pragma once

#include <vector>

#include "nodalroom/headroom/fold.hpp"

namespace nodalroom::headroom {

/// Below this voltage at the loaded bus a solution is checked for being the upper one.
inline constexpr double kSuspectVoltagePu = 0.8;

/// How hard to try for a solution: from a near start, or with damping too before giving up.
enum class Effort : std::uint8_t { near, thorough };

/// Solutions of one state along a growing load at one bus, found by continuation from the state
/// without load, so that a solution is followed and not jumped to (docs/math.md, section 6). It ends at its
/// first gap. Invariants: points ascend in load, the first is the state without load; every point lies below
/// lowest_unsolved_mw(); once a load could not be reached, lowest_unsolved_mw() is finite and, where the path
/// is settled, no more than kCollapseWidthMw above highest_solved_mw().
class StatePath {
public:
    /// `at_zero`: the state's solution without load.
    StatePath(contingency::Outage outage, Candidate candidate, const powerflow::Voltages& at_zero);

    [[nodiscard]] const contingency::Outage& outage() const noexcept { return outage_; }
    [[nodiscard]] const Candidate& candidate() const noexcept { return candidate_; }

    /// Brings the solver to the state's solution at load_mw. False if there is none: then
    /// highest_solved_mw() and lowest_unsolved_mw() enclose the end of the path, at most
    /// kCollapseWidthMw apart.
    bool reach(contingency::StateSolver& solver, double load_mw);

    [[nodiscard]] double highest_solved_mw() const noexcept { return points_.back().load_mw; }
    [[nodiscard]] double lowest_unsolved_mw() const noexcept { return lowest_unsolved_mw_; }
    /// Puts the state's solution with the highest load reached into the solver, evaluated.
    void put_last(contingency::StateSolver& solver) const { put(solver, points_.back()); }
    /// False where the steps towards a load ran out: the end is enclosed, but not to kCollapseWidthMw.
    [[nodiscard]] bool is_settled() const noexcept { return is_settled_; }

    /// Width to which the end of a path is located.
    static constexpr double kCollapseWidthMw = 0.4;

private:
    void put(contingency::StateSolver& solver, const LoadedPoint& point) const;
    bool try_solve(contingency::StateSolver& solver, double load_mw, std::size_t from, bool extrapolate,
                   Effort effort);
    bool try_everything(contingency::StateSolver& solver, double load_mw, std::size_t from);
    bool follow(contingency::StateSolver& solver, double load_mw);
    bool creep(contingency::StateSolver& solver, double load_mw);
    void keep(contingency::StateSolver& solver, double load_mw);
    void keep(LoadedPoint point);
    void end_at(double load_mw);
    [[nodiscard]] std::size_t nearest_below(double load_mw) const;
    [[nodiscard]] std::vector<LoadedPoint>::const_iterator first_at_or_above(double load_mw) const;

    contingency::Outage outage_;
    Candidate candidate_;
    std::vector<LoadedPoint> points_;  ///< ascending in load
    double lowest_unsolved_mw_;
    bool is_settled_ = true;
};

/// Brings the solver to a state with a load, starting from given voltages; true when solved.
bool solve_loaded(contingency::StateSolver& solver, contingency::Outage outage, const Candidate& candidate,
                  double load_mw, const powerflow::Voltages& start, Effort effort = Effort::near);

}  // namespace nodalroom::headroom
