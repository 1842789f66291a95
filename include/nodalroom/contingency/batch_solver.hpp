#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "nodalroom/contingency/limits.hpp"
#include "nodalroom/contingency/state_solver.hpp"
#include "nodalroom/core/parallel.hpp"
#include "nodalroom/powerflow/lane_newton.hpp"

namespace nodalroom::contingency {

/// A state to solve: an outage, and a new load where there is one (per unit, consumption positive).
struct StateTask {
    std::size_t id = 0;
    Outage outage;
    BusRow load_bus;
    double load_p_pu = 0.0, load_q_pu = 0.0;
    const powerflow::LaneStart* start = nullptr;  ///< null: the intact voltages
    const powerflow::LaneShift* shift = nullptr;  ///< put on top of the start; null: none
    bool own_factor = false;                      ///< known not to suit the shared factor: it is not tried
};

/// A state that was solved, in whatever way.
struct SolvedState {
    std::size_t id = 0;
    Outage outage;
    powerflow::NewtonReport report;
    const powerflow::Voltages* voltages = nullptr;
    std::span<const double> v_real, v_imag;  ///< per bus
    bool own_factor = false;                 ///< in lanes: it took a factor of its own
};
/// The state a solver has just solved.
[[nodiscard]] SolvedState solved_state(const StateSolver& solver, const powerflow::NewtonReport& report = {},
                                       std::size_t id = 0);
/// (S / rating)² of every branch in a solved state; returns the largest.
double evaluate_loadings(const BaseCase& base, const SolvedState& solved, const Limits& limits,
                         std::vector<double>& loading_squared);

/// Solves many states of a base case in vector lanes: first all with one factor that they share, then
/// those it does not suit with a factor of their own each. One per thread.
class BatchSolver {
public:
    /// angles: whether solved states carry angles beside phasors and magnitudes. tolerance_pu: mismatch at
    /// which a state counts as solved, where the base case's tolerance is closer than need be.
    BatchSolver(const BaseCase& base, bool angles, double tolerance_pu = 0.0);

    /// Shares this factor from now on, in place of the intact case's. It must outlive its use.
    void share(const powerflow::SharedFactor& factor);
    /// Leaves states that the shared factor does not suit where they are so few that solving them one by one
    /// takes no longer than factors in all lanes. Not for results that must not depend on what else was
    /// solved: lanes and a StateSolver agree within the tolerance, not to the bit.
    void leave_few();
    /// Solves the states next() writes until it returns false. solved() gets those that converged, in no
    /// particular order; the others, which lanes cannot settle, are for a StateSolver: they go to left().
    void run(const std::function<bool(StateTask&)>& next,
             const std::function<void(const SolvedState&)>& solved,
             const std::function<void(const StateTask&, const powerflow::NewtonReport&)>& left);

    /// Solves the outages of a queue, without load: in lanes, and what they leave with all starts. solved()
    /// or unsolved() gets each, which then counts as done. Ends early once the queue has stopped.
    void run(WorkQueue& queue, const std::function<Outage(std::size_t)>& outage_of,
             const std::function<void(const SolvedState&)>& solved,
             const std::function<void(std::size_t, const powerflow::NewtonReport&)>& unsolved);

private:
    struct Slot {
        StateTask task;
        powerflow::PointEdit edit;
    };
    [[nodiscard]] powerflow::LaneNewton& own_lanes();
    [[nodiscard]] std::size_t take_slot();
    void lay_out(std::size_t slot, powerflow::LaneTask& lane_task) const;

    const BaseCase* base_;
    bool angles_;
    double tolerance_pu_;
    powerflow::LaneNewton shared_;
    std::optional<powerflow::LaneNewton> own_;  ///< made when it is needed
    std::size_t few_ = 0;
    bool may_share_ = false;
    std::vector<std::unique_ptr<Slot>> slots_;  ///< lanes point to them
    std::vector<std::size_t> free_slots_;
    std::vector<std::pair<std::size_t, powerflow::NewtonReport>> retries_;
};

}  // namespace nodalroom::contingency
