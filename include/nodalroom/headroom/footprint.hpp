#pragma once

#include <vector>

#include "nodalroom/headroom/criteria.hpp"

namespace nodalroom::headroom {

/// What units give at a dispatch other than the case's, and what moves because they share what is lost
/// otherwise than there (docs/math.md, eq. 21a); as an answer per unit of power lost. Empty: as in the case.
struct NewSharing {
    std::vector<double> unit_p_pu;        ///< per unit row: what it gives
    std::vector<double> unit_share;       ///< per unit row: its share of what its island is short of
    std::vector<model::BranchFlow> flow;  ///< per branch row
    std::vector<double> vm_pu;            ///< per bus row
    std::vector<double> q_generation;     ///< per bus row
};

/// The intact state with a new load, as far as the screen needs it: what every state shares.
struct IntactPoint {
    double load_mw = 0.0;
    std::vector<model::BranchFlow> flow;  ///< per branch row, per unit
    std::vector<double> vm_pu;
    std::vector<double> q_generation;  ///< per bus
    std::vector<double> supply_pu;     ///< per island
    NewSharing sharing;
};
/// Reads an intact point off a solver that has just solved the intact state.
[[nodiscard]] IntactPoint read_intact_point(const contingency::StateSolver& solver, double load_mw);

/// What a dispatched base case, solved, shares otherwise. `unloaded` holds the case's intact state, solved
/// and factorised.
void find_new_sharing(const contingency::BaseCase& dispatched, contingency::StateSolver& unloaded,
                      NewSharing& sharing);

/// Elements an outage moves and changes by less than this are left out of its footprint.
inline constexpr float kLeastShiftOfRating = 4e-3F;
inline constexpr float kLeastBranchResponse = 1e-2F;  ///< per unit of flow per unit lost
inline constexpr float kLeastVoltageShiftPu = 5e-4F;
inline constexpr float kLeastVoltageResponse = 1e-3F;  ///< per unit of voltage per unit lost
inline constexpr float kLeastQResponse = 2e-3F;        ///< per unit of reactive power per unit lost

/// First-order footprint of an outage, taken at its exact AC solution without load: how each
/// element's flow and each bus's voltage differ from the intact state, and how they respond when the
/// intact state sends more through what is lost (docs/math.md, section 5).
struct Footprint {
    /// A quantity of the intact state that has no place in this one.
    enum class Lost : std::uint8_t { p_from, q_from, p_to, q_to, supply_share };
    struct Source {
        Lost lost = Lost::p_from;
        std::int32_t row = -1;  ///< branch row or island
        double scale = 1.0;
        std::int32_t unit = -1;  ///< supply_share: the unit's row
    };
    std::int32_t lost_branch = -1;  ///< branch row out of service in this state; -1: none
    std::vector<Source> sources;
    std::vector<std::int32_t> switched;  ///< bus rows that regulate here or in the intact state, not in both
    std::vector<float> switched_drop;  ///< per switched bus: pu by which its voltage is below the intact one;
                                       ///< NaN where no unit is left to hold it
    std::vector<std::int32_t> branch;  ///< branch rows touched, by growing margin
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
    std::vector<float> q_to_max, q_to_min;  ///< per bus with units, in the order of the equations' supply
                                            ///< entries: distance of its Q from both limits without load;
                                            ///< infinite where it does not regulate
    std::vector<std::int32_t> q_place;      ///< places there of buses whose Q answers
    std::vector<float> q_response;          ///< per such bus and source
};

/// The footprint of the state the solver has just solved (without load). `intact` is the intact
/// state without load, `intact_modes` its buses' modes.
[[nodiscard]] Footprint make_footprint(const StudyContext& context, contingency::StateSolver& solver,
                                       const IntactPoint& intact,
                                       const std::vector<powerflow::QMode>& intact_modes);

/// What a bus that ceases or begins to regulate does to everything else, for every bus with units, taken in
/// the intact state without load (docs/math.md, eq. 18a). The unit is 1 pu of Q the bus no longer gives
/// where it regulates there, and 1 pu of voltage it no longer loses where it does not.
struct ModeResponses {
    /// Responses by row; a row is whatever the member says.
    struct Rows {
        std::vector<std::size_t> first;  ///< per row, and the end of the last
        std::vector<std::int32_t> source;
        std::vector<float> response;
    };
    std::vector<std::int32_t> bus;  ///< per bus with units, in the order of the equations' supply entries:
                                    ///< bus row; its place is a source elsewhere
    std::vector<std::int32_t> place_of_bus;   ///< -1 at buses without units
    std::vector<std::uint8_t> is_regulating;  ///< per place: in the intact state
    std::vector<float> voltage_loss;          ///< per place: pu of voltage at the bus per pu of Q not given
    Rows branch;                              ///< per branch row: |dS| by source
    Rows voltage;                             ///< per bus row: |d|V|| by source
    std::vector<float> branch_strongest, voltage_strongest;  ///< per place: largest response to it
    Rows q;  ///< per place: dQ asked of others, signed, the largest first; `source` is the other's place
};
/// The solver holds the solved intact state.
[[nodiscard]] ModeResponses make_mode_responses(const StudyContext& context,
                                                contingency::StateSolver& solver);

}  // namespace nodalroom::headroom
