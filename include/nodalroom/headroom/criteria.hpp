#pragma once

#include <span>
#include <vector>

#include "nodalroom/contingency/batch_solver.hpp"
#include "nodalroom/headroom/result.hpp"

namespace nodalroom::headroom {

/// Which kinds of limit a search looks at.
struct LimitMask {
    bool thermal = true, voltage = true, collapse = true, generation = true;
    friend bool operator==(const LimitMask&, const LimitMask&) noexcept = default;
};

/// Limits that a dispatch is checked against: collapse shows in a state's having no solution, and generation
/// in the ranges of units.
inline constexpr LimitMask kFlowsAndVoltages{true, true, false, false};

/// A state without the new load: what the attribution rule compares with (definition, section 6).
struct Baseline {
    powerflow::NewtonReport report;
    powerflow::Voltages voltages;
    std::vector<double> s_pu;  ///< per branch row: larger end, |S|; 0 out of service
};

/// A limit that counts, or is being followed, at one solved point of a state.
struct Item {
    LimitType type = LimitType::none;
    std::int32_t element = -1;
    double value_pu = kNaN;
    double limit_pu = kNaN;
    double excess_pu = kNaN;  ///< smaller of "above the limit" and "above the attribution"; counts when > 0
    bool by_attribution = false;  ///< the attribution condition is the smaller one
};

/// Everything the search for one study shares; built once, then only read.
struct StudyContext {
    const contingency::BaseCase* base = nullptr;
    HeadroomOptions options;
    contingency::LimitSet limits;
    std::vector<double> spare_pu;  ///< per island: largest s of the intact state; infinite where not limited
    [[nodiscard]] double base_mva() const noexcept { return base->network().base_mva(); }
};

/// A bus that takes a new load, and the load's MVAr per MW.
struct Candidate {
    BusRow bus;
    double mvar_per_mw = 0.0;
};
/// Puts a candidate's load in place of the solver's present one.
void set_load(contingency::StateSolver& solver, const Candidate& candidate, double load_mw);

/// Limits exceeded in a solved state, whatever exceeded them. `intact_vm` are the intact state's voltages
/// with the same load; they are needed for the voltage-change limit only. `loading_squared` is scratch.
void find_exceeded(const StudyContext& context, const contingency::SolvedState& solved, const LimitMask& mask,
                   const std::vector<double>* intact_vm, std::vector<double>& loading_squared,
                   std::vector<Item>& items);

/// An item's value in the same state without the load; NaN where none is compared with.
[[nodiscard]] double value_without_load(const StudyContext& context, const Baseline& baseline,
                                        const Item& item);

/// Fills in the excess of an item whose value was `before_pu` in the same state without the load: the
/// smaller of the two conditions of definition section 6.
void set_excess(const StudyContext& context, double load_mw, double before_pu, Item& item);

/// Keeps the items that count against the new load: those the load makes worse (definition, section 6).
void keep_counted(const StudyContext& context, double load_mw, const Baseline& baseline,
                  std::vector<Item>& items);

/// The item at the solver's present solution, whether it counts there or not.
[[nodiscard]] Item follow_item(const StudyContext& context, const contingency::StateSolver& solver,
                               double load_mw, const std::vector<double>* intact_vm, const Baseline& baseline,
                               const Item& item);

/// Derivative of an item's value and of its excess with respect to the new load, per unit per MW,
/// from the direction dx/dλ of the state's unknowns (docs/math.md, eq. 15).
struct ItemSlope {
    double value_pu_per_mw = 0.0;
    double excess_pu_per_mw = 0.0;
};
[[nodiscard]] ItemSlope item_slope(const StudyContext& context, const contingency::StateSolver& solver,
                                   const Item& item, std::span<const double> direction);

/// The right-hand side of one more MW at a bus, in the equations' order.
void fill_load_column(const contingency::StateSolver& solver, BusRow bus, double mvar_per_mw,
                      std::span<double> column);

/// The state's response to one more MW at `bus`: solves J w = dr/dλ at the present solution.
/// False when the Jacobian is singular there.
[[nodiscard]] bool load_direction(contingency::StateSolver& solver, BusRow bus, double mvar_per_mw,
                                  std::vector<double>& direction);

/// Change of the reactive power injected into the network at a bus along a direction.
[[nodiscard]] double q_injection_direction(const contingency::StateSolver& solver, std::size_t bus,
                                           std::span<const double> direction);

/// Change of the flows at both ends of a branch along a direction of the state's unknowns.
[[nodiscard]] model::BranchFlow flow_direction(const contingency::StateSolver& solver, std::size_t branch,
                                               std::span<const double> direction);

}  // namespace nodalroom::headroom
