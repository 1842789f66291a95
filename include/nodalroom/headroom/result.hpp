#pragma once

#include <limits>
#include <string>
#include <vector>

#include "nodalroom/contingency/state_solver.hpp"
#include "nodalroom/headroom/options.hpp"

namespace nodalroom::headroom {

enum class HeadroomStatus : std::uint8_t {
    not_run,             ///< the study ended before this bus
    limited,             ///< a limit was found
    already_limited,     ///< something counts as soon as any load is added (0 MW)
    cap_reached,         ///< nothing counts up to max_mw
    generation_limited,  ///< the intact state runs out of spare generation first
    not_settled,         ///< the search used up its steps: no number, but the bracket reached
    unsolved             ///< the intact case has no solution: no number is given
};
[[nodiscard]] const char* to_string(HeadroomStatus status) noexcept;

enum class LimitType : std::uint8_t {
    none,
    thermal,
    low_voltage,
    high_voltage,
    voltage_change,
    collapse,
    generation
};
[[nodiscard]] const char* to_string(LimitType type) noexcept;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// What stops the next MW: a limit type, the state it happens in and the element it happens at.
struct Binding {
    LimitType type = LimitType::none;
    contingency::Outage outage;  ///< none: the intact state
    std::int32_t element = -1;   ///< branch row (thermal) or bus row (voltages, collapse); -1 for generation
    double value = kNaN;         ///< at the limit: MVA (thermal), pu (voltages), MW (generation)
    /// The same in this state without the new load; NaN for collapse and generation. With `value`
    /// beyond `limit`, what is reached is the attribution, not the limit (docs/headroom.md, section 6).
    double value_without_load = kNaN;
    double limit = kNaN;   ///< same unit; NaN for collapse
    double factor = kNaN;  ///< slope of value per MW of new load
};

/// A pair that holds redispatch headroom back, and what more of its limit is worth.
struct BindingPair {
    Binding binding;
    /// Redispatch headroom gained per unit of limit: MW per MVA (thermal) or MW per pu (voltages, collapse).
    /// First order, at the dispatch found.
    double shadow_price = kNaN;
};

/// A unit that makes way or takes over for a new load.
struct UnitMove {
    UnitRow unit;
    double case_mw = kNaN;  ///< as the case has it
    double rule_mw = kNaN;  ///< as the balance rule alone would have it, supplying as much in all
    double p_mw = kNaN;     ///< as found
};

enum class RedispatchStatus : std::uint8_t {
    not_run,             ///< not asked for, or the study ended before this bus
    limited,             ///< bound and certified figure agree: no dispatch gets much further
    already_limited,     ///< something counts as soon as any load is added, whatever the dispatch (0 MW)
    cap_reached,         ///< a dispatch leaves nothing counted up to max_mw
    generation_limited,  ///< units that may move have no more to give, and no pair holds them back
    open,                ///< a dispatch is certified; the bound lies higher, and the gap was not closed
    no_movable_unit,     ///< no in-service unit of the bus's island may move: no number is given
    unsolved             ///< the intact case has no solution: no number is given
};
[[nodiscard]] const char* to_string(RedispatchStatus status) noexcept;

/// Redispatch headroom of one bus (definition, section 9).
struct RedispatchRow {
    RedispatchStatus status = RedispatchStatus::not_run;
    double redispatch_mw = kNaN;       ///< certified by AC solutions of the states at `unit_p_mw`
    double bound_mw = kNaN;            ///< what the linear program still promises there; >= redispatch_mw
    double moved_mw = kNaN;            ///< taken over by some units from others, beside the balance rule
    std::vector<BindingPair> binding;  ///< by falling price
    std::vector<UnitMove> moves;       ///< of units that differ from the rule, by falling difference
    std::vector<double> unit_p_mw;     ///< the dispatch, per unit row; empty where there is no number
    int states_solved = 0;             ///< states AC-solved at that dispatch and load
    int states_total = 0;
    int rounds = 0;  ///< linear programs solved and checked
    [[nodiscard]] bool certified() const noexcept {
        return states_total > 0 && states_solved == states_total;
    }
};

/// Headroom of one bus. MW are those of the new load. Per-type figures are infinite where no such
/// limit appears up to max_mw.
struct HeadroomRow {
    BusRow bus;
    HeadroomStatus status = HeadroomStatus::not_run;
    double headroom_mw = kNaN;
    Binding binding;
    double feasible_mw = kNaN;  ///< highest load checked clean in every state solved
    double violated_mw = kNaN;  ///< lowest load checked violated
    int states_solved = 0;      ///< states AC-solved at feasible_mw
    int states_total = 0;       ///< states of the bus's island (intact included, unsolvable ones not)
    double thermal_mw = kNaN, voltage_mw = kNaN, collapse_mw = kNaN, generation_mw = kNaN;
    BranchRow radial_feed;  ///< the bridge that feeds the bus; invalid: not radial
    RedispatchRow redispatch;
    [[nodiscard]] bool certified() const noexcept {
        return states_total > 0 && states_solved == states_total;
    }
};

struct HeadroomResult {
    HeadroomOptions options;  ///< as in force
    std::string reason;       ///< how the intact case was solved, or why not
    bool intact_solved = false;
    std::vector<HeadroomRow> rows;                ///< one per candidate, in the order asked for
    std::vector<contingency::Outage> unsolvable;  ///< states without a solution before any load
    bool baselines_known = false;  ///< every state was solved without load; else unsolvable says nothing
    std::size_t states_total = 0;  ///< intact state and outages simulated
    std::size_t bridges = 0;       ///< branches whose outage is not simulated
    bool complete = false;         ///< false: cancelled; unfinished rows are not_run
};

}  // namespace nodalroom::headroom
