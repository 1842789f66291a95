#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nodalroom/numerics/block_lu.hpp"
#include "nodalroom/numerics/klu_solver.hpp"
#include "nodalroom/powerflow/operating_point.hpp"
#include "nodalroom/powerflow/q_limits.hpp"

namespace nodalroom::powerflow {

struct PhasorView;

enum class SolveStatus : std::uint8_t {
    not_run,
    converged,
    iteration_limit,     ///< still above the tolerance after max_iterations
    stalled,             ///< the mismatch no longer fell
    diverged,            ///< voltages ran away or are not numbers
    singular,            ///< the Jacobian has no usable pivots
    no_balance,          ///< an island has no unit left that takes part in the balance
    q_limits_cycling,    ///< reactive limits keep switching without settling
    no_voltage_control,  ///< an island has no unit left that could hold a voltage
    no_live_bus          ///< every bus is isolated: there is nothing to solve
};
[[nodiscard]] const char* to_string(SolveStatus status) noexcept;
/// Whether it says that the case itself cannot be solved, so that no other start would help.
[[nodiscard]] constexpr bool is_hopeless(SolveStatus status) noexcept {
    return status == SolveStatus::no_balance || status == SolveStatus::no_voltage_control ||
           status == SolveStatus::no_live_bus;
}

// Above this mismatch a step that does not halve it leads nowhere, where one is to give up early.
inline constexpr double kStallMismatch = 1e-4;
// A solve stalls when its least mismatch has not fallen by a tenth in this many steps: damped steps at the
// nose of a P-V curve, or steps that jump about where there is no solution.
inline constexpr int kPatience = 8;
inline constexpr double kProgress = 0.9;
// Beyond this mismatch a Newton run is given up.
inline constexpr double kRunawayMismatch = 1e8;

struct NewtonOptions {
    double mismatch_tolerance_pu = 1e-8;  ///< on max(|dP|, |dQ|); must be > 0
    int max_iterations = 30;              ///< Newton steps between two switches of limits; must be >= 1
    bool enforce_q_limits = true;         ///< PV to PQ at a limit and back
    /// Shorten steps until the mismatch falls, and switch reactive limits only on settled solutions,
    /// those furthest beyond first.
    bool damped = false;
    bool give_up_early = false;        ///< end once a few steps no longer halve the mismatch
    double switch_mismatch_pu = 0.02;  ///< reactive limits are looked at below this mismatch
    [[nodiscard]] std::optional<std::string> first_violation() const;  ///< "max_iterations = 0; must be >= 1"
};

/// What a solve did. Pessimistic until proven otherwise.
struct NewtonReport {
    SolveStatus status = SolveStatus::not_run;
    bool low_voltage = false;  ///< a solution of the lower branch, and no other start found a better one
    int iterations = 0;
    int factorisations = 0;
    int q_switches = 0;
    double max_mismatch_pu = std::numeric_limits<double>::quiet_NaN();
    BusRow worst_bus;
    [[nodiscard]] bool converged() const noexcept { return status == SolveStatus::converged; }
};

/// Newton-Raphson on one network, in polar coordinates with log-magnitudes (docs/math.md, eq. 10),
/// with a workspace that is reused from solve to solve: nothing is allocated inside the iteration.
/// Results depend only on the operating point, the start and the options, never on what the
/// workspace solved before. One per thread; the Equations must outlive it.
class NewtonSolver {
public:
    NewtonSolver(const Equations& equations, OperatingPoint point);

    [[nodiscard]] const Equations& equations() const noexcept { return *equations_; }
    [[nodiscard]] OperatingPoint& point() noexcept { return point_; }
    [[nodiscard]] const OperatingPoint& point() const noexcept { return point_; }
    [[nodiscard]] Voltages& voltages() noexcept { return voltages_; }
    [[nodiscard]] const Voltages& voltages() const noexcept { return voltages_; }

    /// Starts from these voltages; modes are fitted to the operating point when the solve begins.
    void start_from(const Voltages& start) { voltages_ = start; }
    /// Solves from the present voltages. Never throws; the report says what came of it.
    NewtonReport solve(const NewtonOptions& options);

    /// The Jacobian's values at the present voltages, by nonzeros of the equations' pattern.
    [[nodiscard]] std::vector<double> jacobian_values();

    /// Evaluates the mismatch at the present voltages into residual(); returns its largest entry.
    double evaluate_mismatch();
    /// Equation residuals in elimination order: supplied minus asked for, the Newton right-hand side.
    [[nodiscard]] std::span<const double> residual() const noexcept { return residual_; }
    /// Factorises the Jacobian at the present voltages (which must have been evaluated).
    [[nodiscard]] bool factorise();
    /// Solves J x = rhs in place with the last factor.
    void solve_linear(std::span<double> rhs, int count = 1);
    /// Solves Jᵀ x = rhs in place with the last factor.
    void solve_adjoint(std::span<double> rhs, int count = 1);
    /// Adds a step in elimination order to the voltages; false if a voltage would lose its sign.
    bool apply_step(std::span<const double> step, double length);

    /// Active and reactive power the units of a bus produce at the last evaluated voltages, per unit.
    [[nodiscard]] double p_generation(std::size_t bus) const noexcept {
        return p_injected_[bus] + load_p(bus);
    }
    [[nodiscard]] double q_generation(std::size_t bus) const noexcept {
        return q_injected_[bus] + load_q(bus);
    }
    /// Voltage phasor parts at the last evaluation.
    [[nodiscard]] std::span<const double> v_real() const noexcept { return e_; }
    [[nodiscard]] std::span<const double> v_imag() const noexcept { return f_; }
    /// Makes every bus's mode agree with what the operating point lets it do.
    void fit_modes(bool enforce_q_limits);

private:
    [[nodiscard]] double load_p(std::size_t bus) const noexcept;
    [[nodiscard]] double load_q(std::size_t bus) const noexcept;
    void update_phasors();
    void assemble_residual();
    double order_residual();
    void fill_jacobian(std::span<double> blocks) const;
    [[nodiscard]] std::vector<double> gather_jacobian() const;
    bool switch_modes(double mismatch, double least_excess, NewtonReport& report);
    [[nodiscard]] RegulatedBus regulated(std::size_t bus) const noexcept;
    [[nodiscard]] double supply_in(std::size_t bus) const noexcept;
    bool damped_step(double mismatch);

    const Equations* equations_;
    OperatingPoint point_;
    Voltages voltages_;
    numerics::BlockLu blocks_;
    std::optional<numerics::KluSolver> klu_;   ///< made where the blocks' pivots fail
    bool blocks_hold_ = false;                 ///< which of them holds the last factor
    void (*phasors_)(const PhasorView& view);  ///< for the processor's vector unit
    std::vector<double> residual_, step_;
    std::vector<double> e_, f_;                    ///< real and imaginary part of the voltage
    std::vector<double> p_injected_, q_injected_;  ///< into the network at each bus
    std::vector<double> p_residual_, q_residual_;  ///< by bus
    std::vector<std::int32_t> island_;
    std::vector<std::uint8_t> switch_count_;
    std::vector<double> saved_vm_, saved_va_, saved_supply_;
    BusRow worst_bus_;
};

}  // namespace nodalroom::powerflow
