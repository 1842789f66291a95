#pragma once

#include <vector>

#include "nodalroom/headroom/footprint.hpp"

namespace nodalroom::headroom {

/// A state the screen cannot rule out at a load.
struct Suspect {
    std::size_t state = 0;
    double crossing_mw = 0.0;  ///< load at which a limit is expected to begin to count
};

/// A branch predicted to pass its rating in a state, and to count there.
struct PredictedOverload {
    std::size_t state = 0;
    std::int32_t branch = -1;
    bool at_to = false;      ///< at which end
    model::Complex flow_pu;  ///< there
    double share = 0.0;      ///< of its rating by which it is beyond it
};

/// Where a state's prediction may err (all per unit): the allowance is a constant plus shares of the
/// outage's own effect, of its interplay with the load, and of what buses do that cease or begin to regulate.
struct ScreenAllowance {
    double thermal_share_of_rating = 0.002;
    double voltage_pu = 2e-4;
    double thermal_share_of_interplay = 1.0;
    double voltage_share_of_interplay = 4.0;
    double thermal_share_of_switching = 2.0;
    double voltage_share_of_switching = 5.0;
    double share_of_load_effect = 0.02;
};

/// What a screen is made of; states in the study's order, unsolvable ones with an empty footprint.
struct ScreenData {
    const StudyContext* context = nullptr;
    std::vector<Footprint> footprints;
    ModeResponses modes;
    IntactPoint intact;  ///< without load
    ScreenAllowance allowance;
    /// Per state: the strongest response of any branch, bus and regulating bus, and the most it lowers any
    /// voltage without load.
    std::vector<float> branch_strength, bus_strength, q_strength, bus_lowering;
};

/// Predicts every state at one load from the intact state solved there: exact in the load, exact in
/// the outage, first order in their interplay.
class Screen {
public:
    Screen(const StudyContext& context, std::vector<Footprint> footprints, ModeResponses modes,
           IntactPoint intact_at_zero, ScreenAllowance allowance = {});

    /// What all finds at one load share: what each state has lost there, and, where that was looked at, which
    /// of its buses act otherwise than the intact state's.
    struct Look {
        const IntactPoint* at = nullptr;
        std::vector<float> lost;              ///< per state and source
        std::vector<std::size_t> first;       ///< per state: its first in lost
        std::vector<float> lost_sum;          ///< per state: sum of magnitudes
        std::vector<float> shared_otherwise;  ///< per state: power lost that units share otherwise, per unit
        /// Per state: places in ModeResponses and by how many of their units they act otherwise, all > 0:
        /// what they gave in the intact state, or would have to give beyond their limits.
        std::vector<std::int32_t> switching;
        std::vector<float> switching_amount;
        std::vector<std::size_t> switching_first;
        std::vector<float> voltage_pu;  ///< per state: voltage lost where Q is short, summed over buses
    };
    /// The point must outlive the look.
    void look_at(const IntactPoint& at, Look& look) const;
    /// Adds what switches to a look: the allowance of Find::all, and the voltage that strain lowers.
    void look_at_switching(Look& look) const;

    /// Which suspects to find: those expected to break a limit, or all that may within the allowance.
    enum class Find : std::uint8_t { expected, all };
    /// The states that may break a limit of the mask at this load, most critical first.
    void find_suspects(const Look& look, const LimitMask& mask, Find find, const std::vector<bool>& skip,
                       std::vector<Suspect>& suspects) const;
    /// The branches expected to pass their ratings by more than this share because of an outage, by state;
    /// and the suspects that find_suspects would find by flows alone, by state.
    void find_overloads(const Look& look, double least_share, const std::vector<bool>& skip,
                        std::vector<PredictedOverload>& overloads, std::vector<Suspect>& suspects) const;
    /// Adds suspects found by other limits, each state once, the most critical first.
    static void add_suspects(const std::vector<Suspect>& others, std::vector<Suspect>& suspects);
    /// Appends states that strain a load near the end of its path most, at most so many of each kind: those
    /// that lower the voltage at the loaded bus, that lower the voltage they lower most, and that take what
    /// carried most of what the load draws. Leaves out those listed, and lists those it appends.
    void order_by_strain(const Look& look, BusRow bus, std::size_t most, std::vector<bool>& listed,
                         std::vector<Suspect>& suspects) const;

private:
    struct LostPower {
        double amount = 0.0;            ///< beyond what the case's state has lost
        double shared_otherwise = 0.0;  ///< see Look
    };
    /// The loss of a unit: eq. 21a.
    [[nodiscard]] LostPower lost_unit(const Footprint::Source& source, const IntactPoint& at) const;
    [[nodiscard]] double lost_flow(const Footprint::Source& source, const IntactPoint& at) const;

    ScreenData data_;
};

/// Where an element stands in a footprint, from its places by growing row; -1: nowhere.
[[nodiscard]] std::int32_t place_of(const std::vector<std::int32_t>& elements,
                                    const std::vector<std::int32_t>& by_row, std::int32_t element);

}  // namespace nodalroom::headroom
