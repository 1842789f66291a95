#pragma once

#include <vector>

#include "nodalroom/headroom/criteria.hpp"

namespace nodalroom::headroom {

/// The intact state with a new load, as far as the screen needs it: what every state shares.
struct IntactPoint {
    double load_mw = 0.0;
    std::vector<model::BranchFlow> flow;  ///< per branch row, per unit
    std::vector<double> vm_pu;
    std::vector<double> q_generation;  ///< per bus
    std::vector<double> supply_pu;     ///< per island
};
/// Reads an intact point off a solver that has just solved the intact state.
[[nodiscard]] IntactPoint read_intact_point(const contingency::StateSolver& solver, double load_mw);

/// First-order footprint of an outage, taken at its exact AC solution without load: how each
/// element's flow and each bus's voltage differ from the intact state, and how they respond when the
/// intact state sends more through what is lost (docs/math.md, section 5). Elements the outage
/// hardly touches are left out.
struct Footprint {
    /// A quantity of the intact state that has no place in this one.
    enum class Lost : std::uint8_t { p_from, q_from, p_to, q_to, supply_share, q_of_bus, v_of_bus };
    struct Source {
        Lost lost = Lost::p_from;
        std::int32_t row = -1;  ///< branch row, bus row or island
        double scale = 1.0;
    };
    std::int32_t lost_branch = -1;  ///< branch row out of service in this state; -1: none
    std::vector<Source> sources;
    std::vector<std::int32_t> branch;     ///< branch rows touched, by growing margin
    std::vector<std::uint8_t> at_to_end;  ///< per touched branch: 1 where the to end carries more
    std::vector<float> branch_shift;      ///< per touched branch: re, im of the change at that end
    std::vector<float> branch_response;   ///< per touched branch and source: re, im per unit lost
    std::vector<float> branch_margin;     ///< per touched branch: rating less |S| of the state without load
    std::vector<float> branch_strength;   ///< per touched branch: largest response to any source
    std::vector<std::int32_t> bus;        ///< bus rows touched, by growing margin
    std::vector<float> bus_shift;         ///< per touched bus: change of |V|
    std::vector<float> bus_response;      ///< per touched bus and source
    std::vector<float> bus_margin;    ///< per touched bus: distance of |V| from its nearer limit without load
    std::vector<float> bus_strength;  ///< per touched bus: largest response to any source
    std::vector<std::int32_t> branch_by_row, bus_by_row;  ///< places in branch and bus, by growing row
    std::vector<std::int32_t> source_bus;                 ///< buses that regulate in this state
    std::vector<float> q_to_max, q_to_min;  ///< per such bus: distance of its Q from both limits without load
    std::vector<float> q_response;          ///< per source and such bus
};

/// Voltage a regulating bus loses per unit of reactive power it is short of, once it stops
/// regulating; 0 at other buses. The solver holds the solved intact state.
[[nodiscard]] std::vector<float> voltage_loss_per_q(contingency::StateSolver& solver);

/// The footprint of the state the solver has just solved (without load). `intact` is the intact
/// state without load, `intact_modes` its buses' modes.
[[nodiscard]] Footprint make_footprint(const StudyContext& context, contingency::StateSolver& solver,
                                       const IntactPoint& intact,
                                       const std::vector<powerflow::QMode>& intact_modes);

/// A state the screen cannot rule out at a load.
struct Suspect {
    std::size_t state = 0;
    double crossing_mw = 0.0;  ///< load at which a limit is expected to begin to count
    bool predicted = false;    ///< expected to count at the screened load, not only within the allowance
};

/// Where a state's prediction may err (all per unit): the allowance is a constant plus shares of the
/// outage's own effect and of its interplay with the load.
struct ScreenAllowance {
    double thermal_share_of_rating = 0.002;
    double voltage_pu = 2e-4;
    double thermal_share_of_interplay = 1.0;
    double voltage_share_of_interplay = 4.0;
    double share_of_load_effect = 0.02;
    double share_of_q_deficit = 1.0;  ///< of what regulating buses would have to give beyond their limits
};

/// Predicts every state at one load from the intact state solved there: exact in the load, exact in
/// the outage, first order in their interplay.
class Screen {
public:
    /// footprint: one per outage state, in the study's order; unsolvable states have an empty one.
    /// voltage_loss: as from voltage_loss_per_q.
    Screen(const StudyContext& context, std::vector<Footprint> footprints, IntactPoint intact_at_zero,
           std::vector<float> voltage_loss, ScreenAllowance allowance = {});

    [[nodiscard]] const IntactPoint& intact_at_zero() const noexcept { return intact_; }
    /// What all looks at one load share: what each state has lost there.
    struct Look {
        const IntactPoint* at = nullptr;
        std::vector<float> lost;         ///< per state and source
        std::vector<std::size_t> first;  ///< per state: its first in lost
        std::vector<float> lost_sum;     ///< per state: sum of magnitudes
        std::vector<float>
            q_pu;  ///< per state: reactive power regulating buses would give beyond their limits
        std::vector<float> voltage_pu;  ///< per state: what that costs in voltage, summed over buses
    };
    /// The point must outlive the look.
    void look_at(const IntactPoint& at, Look& look) const;

    /// The states that may break a limit of the mask at this load, most critical first.
    void find_suspects(const Look& look, const LimitMask& mask, const std::vector<bool>& skip,
                       std::vector<Suspect>& suspects) const;
    /// Appends states that strain a load near the end of its path most, at most so many of each kind: those
    /// that lower the voltage at the loaded bus, that lower the voltage they lower most, and that take what
    /// carried most of what the load draws. Leaves out those listed, and lists those it appends.
    void order_by_strain(const Look& look, BusRow bus, std::size_t most, std::vector<bool>& listed,
                         std::vector<Suspect>& suspects) const;

private:
    [[nodiscard]] float lost_amount(const Footprint::Source& source, const IntactPoint& at) const;

    const StudyContext* context_;
    std::vector<Footprint> footprints_;
    IntactPoint intact_;
    std::vector<float> voltage_loss_;
    ScreenAllowance allowance_;
    /// Per state: the strongest response of any branch, bus and regulating bus, and the most it lowers any
    /// voltage without load.
    std::vector<float> branch_strength_, bus_strength_, q_strength_, bus_lowering_;
};

}  // namespace nodalroom::headroom
