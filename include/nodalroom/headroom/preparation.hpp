#pragma once

#include <optional>
#include <vector>

#include "nodalroom/core/parallel.hpp"
#include "nodalroom/headroom/screen.hpp"

namespace nodalroom::headroom {

/// The states of a study: the outages in order, and which of them had no solution before any load.
struct StudyStates {
    std::vector<contingency::Outage> outages;
    std::vector<std::int32_t> island;  ///< per state: that of what is lost
    std::vector<bool> unsolvable;
    std::vector<std::vector<Item>> exceeded;   ///< per state: limits broken without any load
    std::vector<powerflow::LaneShift> shifts;  ///< per state: its solution beside the intact one; empty
                                               ///< where all would take too much memory
    /// States with a solution that a load at this bus may change: those of its island, the intact one
    /// included.
    [[nodiscard]] int solvable_count(const StudyContext& context, BusRow bus) const;
    /// The other states: those without a solution before any load, and those of other islands.
    [[nodiscard]] std::vector<bool> left_out(const StudyContext& context, BusRow bus) const;
    [[nodiscard]] static std::int32_t island_of(const StudyContext& context, BusRow bus) noexcept {
        return context.base->network().island_of_bus()[bus.pos()];
    }
};

/// How a study solves its power flows.
[[nodiscard]] powerflow::PowerFlowOptions power_flow_options(const HeadroomOptions& options);

/// MVAr per MW of a lagging load: tan(arccos(power factor)).
[[nodiscard]] double mvar_per_mw_at(double power_factor) noexcept;

/// What a study solves once for all its candidates: the intact case, every state without load, and
/// the screen made from them. Refers to itself; neither copied nor moved.
class Preparation {
public:
    /// Options must have been checked. A cancelled control leaves the screen unusable.
    Preparation(const model::Network& network, const HeadroomOptions& options, RunControl* control = nullptr);
    Preparation(const Preparation&) = delete;
    Preparation& operator=(const Preparation&) = delete;

    [[nodiscard]] const contingency::BaseCase& base() const noexcept { return base_; }
    [[nodiscard]] const StudyContext& context() const noexcept { return context_; }
    [[nodiscard]] const StudyStates& states() const noexcept { return states_; }
    [[nodiscard]] const Screen& screen() const noexcept { return *screen_; }  ///< only if base().solved()

private:
    contingency::BaseCase base_;
    StudyContext context_;
    StudyStates states_;
    std::optional<Screen> screen_;
};

}  // namespace nodalroom::headroom
