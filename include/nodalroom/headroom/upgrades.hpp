#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "nodalroom/core/parallel.hpp"
#include "nodalroom/headroom/result.hpp"

namespace nodalroom::headroom {

/// What an upgrade ladder climbs to, and by which steps.
struct LadderOptions {
    double target_mw = 500.0;    ///< > 0 and finite
    bool by_redispatch = false;  ///< climbs redispatch_mw in place of headroom_mw
    /// What a rating is multiplied by at each upgrade, > 1; infinite: the limit is removed. Voltage limits
    /// are lifted at any rate.
    double rating_factor = std::numeric_limits<double>::infinity();
    int max_rungs = 20;  ///< most upgrades made, >= 1
    [[nodiscard]] std::optional<std::string> first_violation() const;
};

/// Why a ladder ends.
enum class LadderStatus : std::uint8_t {
    not_run,
    target_reached,      ///< nothing counts up to the target
    generation_limited,  ///< units have no more to give, or never had as much as the target asks for
    not_upgradable,      ///< what binds is collapse, or nothing that has a limit to raise
    rungs_exhausted,     ///< max_rungs upgrades were made
    no_gain,             ///< the element that binds has lost its limit already
    not_settled,         ///< a rung's search used up its steps: no figure, so none to climb from
    unsolved,            ///< the intact case has no solution
    cancelled            ///< what there is holds; there may be more to climb
};
[[nodiscard]] const char* to_string(LadderStatus status) noexcept;

/// One certified figure of a ladder, and what is raised for the next.
struct LadderRung {
    std::vector<contingency::LimitUpgrade> upgrades;  ///< made before, one entry per element
    HeadroomRow row;                                  ///< of a study with these limits, up to the target
    double certified_mw = kNaN;  ///< row.headroom_mw, or row.redispatch.redispatch_mw; NaN: no figure
    /// What binds: one entry without a price by the fixed rule, all pairs by falling price for redispatch.
    std::vector<BindingPair> binding;
    std::optional<contingency::LimitUpgrade> upgrade;  ///< made next; none on the last rung
};

/// An extreme over states, the first state it occurs in, and the limit there before any rung.
struct StateExtreme {
    double value = kNaN;  ///< NaN: no such state
    contingency::Outage outage;
    double limit = kNaN;  ///< infinite: none
};

/// What an upgraded element has to carry. Limits are those of the options, without the ladder's upgrades.
struct UpgradeNeed {
    contingency::LimitUpgrade upgrade;
    StateExtreme intact_mva, post_mva;   ///< branch: the larger |S| of both ends
    StateExtreme lowest_pu, highest_pu;  ///< bus: voltage
    StateExtreme voltage_change_pu;      ///< bus: |V - V intact|; NaN unless that is limited
};

/// Needs at one load and dispatch, from AC solutions of all states that have one without load.
struct UpgradeNeeds {
    std::vector<UpgradeNeed> needs;  ///< in the order of the upgrades
    int states_solved = 0, states_total = 0;
    bool complete = false;  ///< false: cancelled, or the intact state was not reached: no figures
};

/// MW against upgrades for one bus.
struct UpgradeLadder {
    HeadroomOptions options;  ///< as in force for every rung, without its upgrades
    LadderOptions ladder;
    LadderStatus status = LadderStatus::not_run;
    /// More than units could ever give at this bus without any losses, MW; infinite where the balance rule
    /// sets no end to them.
    double most_generation_mw = kNaN;
    std::vector<LadderRung> rungs;  ///< the first: the case as it is
    UpgradeNeeds needs;             ///< at the last rung
    bool complete = false;          ///< false: cancelled
};

/// Raises the limit that binds a bus, certifies anew, and so on, until the bus gets its target (definition:
/// docs/headroom.md). Every rung is a study of its own by headroom(), with max_mw as the target: none is
/// taken from prices. By the fixed rule the element that binds is raised; for redispatch, of the pairs that
/// bind, the element of that with the largest shadow price times limit: the most MW per percent of limit. For
/// redispatch a target counts as reached where the study says cap_reached, which is within its gap; and a
/// rung that found less than the one before, whose dispatch holds with fewer limits too, takes that over.
/// Where the target is more than units can ever give, the ladder ends at the case as it is.
/// Throws OptionError as headroom() does, and on ladder options out of range.
[[nodiscard]] UpgradeLadder upgrade_ladder(const model::Network& network, const HeadroomOptions& options,
                                           BusRow bus, const LadderOptions& ladder,
                                           RunControl* control = nullptr);

/// The options of a ladder's rungs, without its upgrades, from those of a study.
[[nodiscard]] HeadroomOptions rung_options(const HeadroomOptions& options, BusRow bus,
                                           const LadderOptions& ladder);

/// What these elements carry at a row's headroom (redispatch headroom) in all states but those that have no
/// solution without load. `options`: limits to compare with. Throws OptionError for a row without a figure.
[[nodiscard]] UpgradeNeeds upgrade_needs(const model::Network& network, const HeadroomOptions& options,
                                         const HeadroomRow& row, bool by_redispatch,
                                         const std::vector<contingency::LimitUpgrade>& upgrades,
                                         const std::vector<contingency::Outage>& unsolvable,
                                         RunControl* control = nullptr);

/// What holds buses in a study.
enum class HoldKind : std::uint8_t { branch, bus, collapse, generation };
[[nodiscard]] const char* to_string(HoldKind kind) noexcept;

/// A bus that an element holds, before and after its limit is removed.
struct UnlockedBus {
    BusRow bus;
    double before_mw = kNaN;  ///< in the study
    double after_mw = kNaN;   ///< certified without that limit; NaN where it was not run
    HeadroomStatus status = HeadroomStatus::not_run;                 ///< after, by the fixed rule
    RedispatchStatus redispatch_status = RedispatchStatus::not_run;  ///< after, for redispatch
    [[nodiscard]] double unlocked_mw() const noexcept { return after_mw - before_mw; }
};

/// An element (or collapse, or generation) with the buses it holds.
struct UpgradeEntry {
    HoldKind kind = HoldKind::branch;
    std::int32_t row = -1;           ///< branch or bus row; -1 for collapse and generation
    double weight = 0.0;             ///< buses held; for redispatch: sum of shadow price times |limit|, MW
    std::vector<UnlockedBus> buses;  ///< in the order of the study
    bool was_run = false;            ///< with the limit removed
    double sum_mw = kNaN, median_mw = kNaN;  ///< unlocked, of the buses held; NaN unless run
    std::optional<std::size_t> best;         ///< position of the bus that gains most
};

/// The upgrades a finished study asks for.
struct UpgradeList {
    HeadroomOptions options;
    bool by_redispatch = false;
    std::vector<UpgradeEntry> entries;  ///< elements by falling weight, then collapse, then generation
    std::size_t elements_total = 0;     ///< elements that hold a bus, also those beyond `most`
    bool complete = false;              ///< false: cancelled; elements not reached are not run
};

/// The `most` elements that hold most buses of a study, each with what its limit, removed alone, would unlock
/// at them: headroom() run again for those buses. What holds a bus: what binds it; for redispatch, each pair
/// that does. Collapse and generation are listed without a run, for there is no limit to raise. `options` are
/// those of the study (threads may differ). Throws OptionError on `most` = 0, on a study without the figures
/// asked for, and as headroom() does.
[[nodiscard]] UpgradeList list_upgrades(const model::Network& network, const HeadroomOptions& options,
                                        const HeadroomResult& study, std::size_t most, bool by_redispatch,
                                        RunControl* control = nullptr);

/// Whether a limit of this type can be raised, and which element's it is.
[[nodiscard]] std::optional<contingency::LimitUpgrade> upgrade_of(const Binding& binding) noexcept;
/// MW per hundred percent of a pair's limit, to first order; 0 where there is no price or limit.
[[nodiscard]] double gain_by_limit_mw(const BindingPair& pair) noexcept;

}  // namespace nodalroom::headroom
