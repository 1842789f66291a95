#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "nodalroom/contingency/outage.hpp"
#include "nodalroom/powerflow/lane_newton.hpp"
#include "nodalroom/powerflow/solve.hpp"
#include "nodalroom/powerflow/state_scan.hpp"

namespace nodalroom::contingency {

/// What every state of a study shares: equations, balance weights and the solved intact case.
/// Built once, then only read, from any thread.
class BaseCase {
public:
    /// Solves the intact case. Throws OptionError on options out of range; a case without a
    /// solution is a status, not an exception.
    BaseCase(const model::Network& network, const powerflow::PowerFlowOptions& options);
    /// The same network with other powers and a load on top, solved from a start near its solution and from
    /// nowhere else. What of the balance the powers leave open is made part of the dispatch: there s = 0,
    /// and every state responds by the balance rule on that dispatch; where that leaves no unit any spare, by
    /// the shares there were before. Shares what does not change, so that it costs little.
    BaseCase(const BaseCase& other, powerflow::Powers powers, powerflow::AddedLoad load,
             const powerflow::Voltages& start);
    BaseCase(const BaseCase&) = delete;  // its parts refer to each other
    BaseCase& operator=(const BaseCase&) = delete;

    [[nodiscard]] const model::Network& network() const noexcept { return grid_->equations.network(); }
    [[nodiscard]] const powerflow::Equations& equations() const noexcept { return grid_->equations; }
    [[nodiscard]] const powerflow::PowerFlowOptions& options() const noexcept { return options_; }
    [[nodiscard]] const std::vector<double>& unit_weights() const noexcept { return unit_weights_; }
    /// Powers in place of the case's.
    [[nodiscard]] const powerflow::Powers& powers() const noexcept { return powers_; }
    /// The intact case's operating point.
    [[nodiscard]] const powerflow::OperatingPoint& point() const noexcept { return point_; }
    /// What an outage changes in it.
    void make_edit(Outage outage, powerflow::PointEdit& edit) const;
    [[nodiscard]] const std::vector<powerflow::Attempt>& attempts() const noexcept { return attempts_; }
    [[nodiscard]] bool solved() const noexcept { return attempts_.back().report.converged(); }
    /// Voltages of the intact case without any added load; meaningful when solved().
    [[nodiscard]] const powerflow::Voltages& voltages() const noexcept { return voltages_; }
    /// What vector lanes and flow scans need; only if solved().
    [[nodiscard]] const powerflow::LaneStructure& lanes() const noexcept { return grid_->lanes; }
    [[nodiscard]] const powerflow::LaneStart& lane_start() const noexcept { return *lane_start_; }
    [[nodiscard]] const powerflow::SharedFactor& shared_factor() const noexcept { return *shared_factor_; }
    [[nodiscard]] const powerflow::StateScan& state_scan() const noexcept { return grid_->scan; }

private:
    /// What does not depend on powers.
    struct Grid {
        explicit Grid(const model::Network& network);
        powerflow::Equations equations;
        powerflow::LaneStructure lanes;
        powerflow::StateScan scan;
    };

    void take_solution(powerflow::NewtonSolver& solver);

    powerflow::PowerFlowOptions options_;
    std::shared_ptr<const Grid> grid_;
    powerflow::Powers powers_;
    std::vector<double> unit_weights_;
    powerflow::OperatingPoint point_;
    std::vector<powerflow::Attempt> attempts_;
    powerflow::Voltages voltages_;
    std::optional<powerflow::LaneStart> lane_start_;
    std::optional<powerflow::SharedFactor> shared_factor_;
};

/// Solves states of a base case one after another: an outage and a new load are value edits that
/// are undone by putting saved values back. Every solve gives the same bits whatever was solved
/// before. One per thread.
class StateSolver {
public:
    explicit StateSolver(const BaseCase& base);

    [[nodiscard]] const BaseCase& base() const noexcept { return *base_; }
    [[nodiscard]] const Outage& outage() const noexcept { return outage_; }
    [[nodiscard]] powerflow::NewtonSolver& newton() noexcept { return newton_; }
    [[nodiscard]] const powerflow::NewtonSolver& newton() const noexcept { return newton_; }

    /// Puts this outage in place of the present one.
    void set_outage(Outage outage);
    /// Puts a new constant-power load (per unit, consumption positive) in place of the present one.
    void set_load(BusRow bus, double p_pu, double q_pu);
    void clear_load();

    /// Plain Newton from the given voltages, given up after a few more steps than a near start needs:
    /// for states whose neighbour is solved.
    powerflow::NewtonReport solve_near(const powerflow::Voltages& start);
    /// solve_near, then damped from the same start.
    powerflow::NewtonReport solve_from(const powerflow::Voltages& start);
    /// The same from the intact voltages, then the ladder of starts: for states without a neighbour.
    powerflow::NewtonReport solve_from_base();

private:
    void undo_outage();
    powerflow::NewtonReport solve_damped(const powerflow::Voltages& start, int max_iterations);

    const BaseCase* base_;
    powerflow::NewtonSolver newton_;
    Outage outage_;
    powerflow::PointEdit edit_, saved_;  ///< what the outage changed, and what was there before
    BusRow load_bus_;
    double saved_p_load_ = 0.0, saved_q_load_ = 0.0;
};

}  // namespace nodalroom::contingency
