#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nodalroom/contingency/batch_solver.hpp"
#include "nodalroom/contingency/limits.hpp"
#include "nodalroom/core/parallel.hpp"

namespace nodalroom::contingency {

struct SweepOptions {
    powerflow::PowerFlowOptions power_flow;  ///< reactive limits, balance, tolerance
    ContingencySet contingencies = ContingencySet::n_minus_1;
    LimitOptions limits;
    /// Violations kept of a state, those furthest beyond their limits; absent: all. Counts are of all at any
    /// rate.
    std::optional<int> worst_violations = 100;
    int threads = 0;  ///< 0: all processors
};

enum class LimitKind : std::uint8_t { thermal, low_voltage, high_voltage, voltage_change };
[[nodiscard]] const char* to_string(LimitKind kind) noexcept;

/// A limit broken in a state. Values and limits in per unit (MVA over base for thermal).
struct Violation {
    std::int32_t state = 0;  ///< position in SweepResult::states
    LimitKind kind = LimitKind::thermal;
    std::int32_t element = 0;  ///< branch or bus row
    double value_pu = 0.0;
    double limit_pu = 0.0;
};

/// One state of a sweep. Numbers are NaN and rows invalid unless the state was solved.
struct StateRow {
    Outage outage;
    powerflow::SolveStatus status = powerflow::SolveStatus::not_run;
    int iterations = 0;
    double max_mismatch_pu = std::numeric_limits<double>::quiet_NaN();
    double worst_loading = std::numeric_limits<double>::quiet_NaN();  ///< |S| over rating, larger end
    BranchRow worst_branch;
    double vm_min_pu = std::numeric_limits<double>::quiet_NaN();  ///< over watched buses
    BusRow vm_min_bus;
    double vm_max_pu = std::numeric_limits<double>::quiet_NaN();
    BusRow vm_max_bus;
    double supply_pu = std::numeric_limits<double>::quiet_NaN();  ///< s, summed over islands
    int thermal_violations = 0;                                   ///< all there are, kept or not
    int voltage_violations = 0;
};

struct SweepResult {
    std::string reason;  ///< how the intact case was solved, or why not
    bool intact_solved = false;
    std::vector<StateRow> states;       ///< the intact state first, then the outages in order
    std::vector<Violation> violations;  ///< kept ones, by state, then kind, then element
    std::size_t bridges = 0;            ///< in-service branches whose loss would split the network
    bool complete = false;              ///< false: cancelled; unfinished states are not_run
};

/// Solves every state and keeps one row per state and its worst violations: memory does not grow with
/// states times buses. Throws OptionError on options out of range.
[[nodiscard]] SweepResult sweep(const model::Network& network, const SweepOptions& options,
                                RunControl* control = nullptr);

/// Leaves the `most` violations that are furthest beyond their limits, as a share of them, in the order they
/// had.
void keep_worst(std::vector<Violation>& violations, std::size_t most);

/// Compares a solved state with its limits; fills the row, appends violations. `loading_squared` is scratch.
void examine_state(const BaseCase& base, const SolvedState& solved, const LimitSet& limit_set,
                   std::vector<double>& loading_squared, StateRow& row, std::vector<Violation>& violations);

}  // namespace nodalroom::contingency
