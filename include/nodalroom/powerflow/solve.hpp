#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nodalroom/powerflow/balance.hpp"
#include "nodalroom/powerflow/newton.hpp"

namespace nodalroom::powerflow {

enum class Start : std::uint8_t {
    automatic,  ///< stored, DC, flat in this order, all plain and then all damped, until one converges
    stored,     ///< voltages of the case file
    dc,         ///< angles of a DC power flow, magnitudes at setpoints or 1
    flat,       ///< angles of the reference bus, magnitudes at setpoints or 1
    given       ///< voltages handed in; no word of an option
};
[[nodiscard]] const char* to_string(Start start) noexcept;
/// "auto", "stored", "dc" or "flat"; throws OptionError on another word.
[[nodiscard]] Start parse_start(std::string_view word);

struct PowerFlowOptions {
    bool enforce_q_limits = true;                               ///< PV to PQ at a limit and back
    Balance balance{BalanceRule::reference, {}, std::nullopt};  ///< who covers losses and mismatch
    Start start = Start::automatic;
    double mismatch_tolerance_pu = 1e-8;  ///< on max(|dP|, |dQ|); in [1e-12, 1e-6]
    /// Newton steps between two switches of reactive limits; must be >= 1. An attempt in which limits
    /// switch may take several times as many.
    int max_iterations = 30;
    [[nodiscard]] std::optional<std::string> first_violation() const;
};

/// One attempt of the ladder of starts.
struct Attempt {
    Start start = Start::stored;
    bool damped = false;
    bool eased = false;  ///< from the solution without reactive limits, drawing the limits in step by step
    NewtonReport report;
};

/// A bus at which a failed solve was worst off.
struct BusMismatch {
    BusRow bus;
    double p_pu = 0.0, q_pu = 0.0;
};

/// Outcome of one AC power flow. Voltages, flows and productions are NaN unless converged; at
/// de-energised buses they are NaN (voltages) or 0 (flows, productions).
struct PowerFlowResult {
    SolveStatus status = SolveStatus::not_run;
    int iterations = 0;  ///< of the last attempt
    double max_mismatch_pu = std::numeric_limits<double>::quiet_NaN();
    std::string reason;                    ///< one sentence: what came of it and why
    std::vector<Attempt> attempts;         ///< in the order tried
    std::vector<BusMismatch> worst_buses;  ///< up to five, largest first
    Voltages voltages;
    std::vector<double> unit_p_pu, unit_q_pu;       ///< per unit row; 0 out of service
    std::vector<model::BranchFlow> branch_flow_pu;  ///< per branch row; 0 out of service
    std::vector<BusRow> de_energised;               ///< isolated buses
    [[nodiscard]] bool converged() const noexcept { return status == SolveStatus::converged; }
};

/// Solves the AC power flow of a network: Newton-Raphson with reactive limits both ways and the
/// common supply as an unknown. Throws OptionError on options out of range.
[[nodiscard]] PowerFlowResult solve(const model::Network& network, const PowerFlowOptions& options = {});

/// What is wrong with a tolerance, "tolerance = 0; must be in [1e-12, 1e-6] per unit": one range for
/// every calculation. Looser is no solution here, and tighter is below what rounding leaves.
[[nodiscard]] std::optional<std::string> tolerance_problem(double tolerance_pu);

/// Starting voltages of a network.
[[nodiscard]] Voltages start_voltages(const Equations& equations, const OperatingPoint& point, Start start);

/// The starts a ladder tries, in its order.
[[nodiscard]] std::vector<Start> ladder_starts(Start start);

// A live bus below this stands on the lower branch of solutions: others are looked for first.
inline constexpr double kLowVoltage = 0.3;
// A live bus below this has no voltage. The equations of a bus without load hold there, whatever the rest
// does.
inline constexpr double kNoVoltage = 0.01;
// A state without new load with a bus this far from its neighbour's voltage is as doubtful.
inline constexpr double kFarFromNeighbour = 0.2;

/// Whether a solution has a live bus below kLowVoltage, or one kFarFromNeighbour the neighbour's (null:
/// none).
[[nodiscard]] bool is_doubtful(const Equations& equations, const Voltages& voltages,
                               const Voltages* neighbour);

/// Tries these starts (at least one) on a solver as `solve` does with those of its options: all plain, then
/// all damped. A doubtful solution is taken only where no other attempt finds a better one; the attempt that
/// counts is the last of the list, and the solver holds its voltages. `given`: what Start::given stands for;
/// `neighbour`: a solution not far from which this one is expected.
[[nodiscard]] std::vector<Attempt> solve_with_ladder(NewtonSolver& solver, const PowerFlowOptions& options,
                                                     const std::vector<Start>& starts,
                                                     const Voltages* given = nullptr,
                                                     const Voltages* neighbour = nullptr);
[[nodiscard]] std::vector<Attempt> solve_with_ladder(NewtonSolver& solver, const PowerFlowOptions& options);

/// One sentence on how a ladder ended: what converged from where, or why nothing did and at which bus.
[[nodiscard]] std::string describe_attempts(const model::Network& network,
                                            const std::vector<Attempt>& attempts);

/// Splits the production of each bus among its units: active by dispatch and weight, reactive at
/// the same share of every unit's range (docs/math.md, eq. 11). Unit `lost` (invalid: none) gets 0.
void split_among_units(const NewtonSolver& solver, const std::vector<double>& unit_weights, UnitRow lost,
                       std::vector<double>& p_pu, std::vector<double>& q_pu, const Powers& powers = {});

/// Where the solver's mismatch is largest, as last evaluated: up to five buses, largest first.
[[nodiscard]] std::vector<BusMismatch> worst_buses(const NewtonSolver& solver);

/// Power into both ends of a branch at the solver's last evaluated voltages.
[[nodiscard]] model::BranchFlow flow_of(const NewtonSolver& solver, std::size_t branch) noexcept;

}  // namespace nodalroom::powerflow
