#include "nodalroom/headroom/upgrades.hpp"

#include <algorithm>
#include <cmath>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/core/number_text.hpp"
#include "nodalroom/headroom/study.hpp"

namespace nodalroom::headroom {
namespace {

// Figures of two rungs that differ by less than this are the same: they are located no closer.
constexpr double kFigureNoiseMw = 0.1;
// Studies made for each rung that may be climbed, where rungs are put down and climbed again.
constexpr int kStudiesPerRung = 4;

using contingency::LimitUpgrade;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Load is served by what units produce, less losses: with none, this is what is left for a new load.
double most_generation(const model::Network& network, const HeadroomOptions& options, BusRow bus,
                       bool by_redispatch) {
    const int island = network.island_of_bus()[bus.pos()];
    const bool is_by_spare = options.balance.rule == powerflow::BalanceRule::spare;
    if (!is_by_spare && !(by_redispatch && options.redispatch.movable.empty())) return kInfinity;
    const auto is_here = [&](BusRow at) { return network.island_of_bus()[at.pos()] == island; };
    double spare_pu = 0.0, left_pu = 0.0;
    for (const model::Unit& unit : network.units()) {
        if (!unit.in_service || !is_here(unit.bus)) continue;
        left_pu += unit.p_pu;
        const bool takes_part =
            by_redispatch || !options.balance.area || network.bus(unit.bus).area == *options.balance.area;
        // Load that is written as a unit may be shed where it is named.
        const bool may_shed = by_redispatch && !options.redispatch.movable.empty();
        if (takes_part)
            spare_pu += may_shed ? std::max(unit.p_max_pu - unit.p_pu, 0.0) : unit.spare_pu(unit.p_pu);
    }
    for (const model::Load& load : network.loads()) {
        if (!load.in_service || !is_here(load.bus)) continue;
        if (load.s_current_pu.real() < 0.0 || load.s_impedance_pu.real() < 0.0) return kInfinity;
        left_pu -= load.s_power_pu.real();
    }
    // What gives power without being a unit has no end that could be told beforehand.
    const auto gives = [](const model::Shunt& shunt) { return shunt.in_service && shunt.y_pu.real() < 0.0; };
    if (std::ranges::any_of(network.shunts(), gives)) return kInfinity;
    const auto gains = [](const model::Branch& branch) { return branch.in_service && branch.r_pu < 0.0; };
    if (std::ranges::any_of(network.branches(), gains)) return kInfinity;
    return (left_pu + spare_pu) * network.base_mva();
}

LadderRung make_rung(const HeadroomRow& row, const std::vector<LimitUpgrade>& upgrades, bool by_redispatch) {
    LadderRung rung;
    rung.upgrades = upgrades;
    rung.row = row;
    rung.certified_mw = by_redispatch ? row.redispatch.redispatch_mw : row.headroom_mw;
    if (by_redispatch) {
        rung.binding = row.redispatch.binding;
    } else if (row.binding.type != LimitType::none) {
        rung.binding.push_back({row.binding, kNaN});
    }
    return rung;
}

/// A dispatch that keeps all limits keeps them when there are fewer.
void take_over(const LadderRung& before, LadderRung& rung) {
    RedispatchRow& now = rung.row.redispatch;
    const RedispatchRow& found = before.row.redispatch;
    if (!(found.redispatch_mw > now.redispatch_mw)) return;
    rung.certified_mw = now.redispatch_mw = found.redispatch_mw;
    now.bound_mw = std::max(now.bound_mw, found.redispatch_mw);
    now.moved_mw = found.moved_mw;
    now.moves = found.moves;
    now.unit_p_mw = found.unit_p_mw;
    now.states_solved = found.states_solved;
}

/// With fewer limits nothing counts that did not count before. So what a rung finds below the figure of an
/// earlier one counts there too, and that one's search had missed it: it stands in its place, and the
/// upgrades made from there on are taken back. Finite: each time the first rung put down is an earlier one,
/// or lower.
void put_down(std::vector<LadderRung>& rungs, std::vector<LimitUpgrade>& made) {
    const LadderRung& found = rungs.back();
    const auto above = std::ranges::find_if(rungs, [&](const LadderRung& earlier) {
        return earlier.certified_mw > found.certified_mw + kFigureNoiseMw;
    });
    if (above == rungs.end()) return;
    LadderRung rung = found;
    rung.upgrades = above->upgrades;
    made = rung.upgrades;
    rungs.erase(above, rungs.end());
    rungs.push_back(std::move(rung));
}

/// What a rung's status alone says of the ladder; not_run: there may be something to raise.
LadderStatus end_at(const HeadroomRow& row, bool by_redispatch) {
    if (row.status == HeadroomStatus::unsolved) return LadderStatus::unsolved;
    if (by_redispatch) {
        switch (row.redispatch.status) {
            case RedispatchStatus::cap_reached:
                return LadderStatus::target_reached;
            case RedispatchStatus::generation_limited:
                return LadderStatus::generation_limited;
            case RedispatchStatus::no_movable_unit:
                return LadderStatus::not_upgradable;
            case RedispatchStatus::unsolved:
                return LadderStatus::unsolved;
            default:
                return LadderStatus::not_run;
        }
    }
    if (row.status == HeadroomStatus::not_settled) return LadderStatus::not_settled;
    if (row.status == HeadroomStatus::cap_reached) return LadderStatus::target_reached;
    if (row.status == HeadroomStatus::generation_limited) return LadderStatus::generation_limited;
    return LadderStatus::not_run;
}

/// The element to raise next: that which binds, or of several pairs, that of the pair worth most.
std::optional<LimitUpgrade> choose(const LadderRung& rung) {
    std::optional<LimitUpgrade> chosen;
    double most = -1.0;
    for (const BindingPair& pair : rung.binding) {
        const auto upgrade = upgrade_of(pair.binding);
        const double gain = gain_by_limit_mw(pair);
        if (!upgrade || !(gain > most)) continue;
        most = gain;
        chosen = upgrade;
    }
    return chosen;
}

bool has_no_limit(const contingency::LimitOptions& limits, const LimitUpgrade& element) {
    if (element.is_branch) return std::isinf(contingency::rating_factor(limits, BranchRow(element.row)));
    return std::ranges::find(limits.upgrades, element) != limits.upgrades.end();
}

void add_upgrade(const LimitUpgrade& upgrade, std::vector<LimitUpgrade>& made) {
    const auto same = std::ranges::find_if(made, [&](const LimitUpgrade& other) {
        return other.is_branch == upgrade.is_branch && other.row == upgrade.row;
    });
    if (same == made.end()) {
        made.push_back(upgrade);
    } else {
        same->factor *= upgrade.factor;
    }
}

HeadroomOptions with_upgrades(const HeadroomOptions& options, const std::vector<LimitUpgrade>& made) {
    HeadroomOptions raised = options;
    raised.limits.upgrades.insert(raised.limits.upgrades.end(), made.begin(), made.end());
    return raised;
}

}  // namespace

const char* to_string(LadderStatus status) noexcept {
    switch (status) {
        case LadderStatus::not_run:
            return "not_run";
        case LadderStatus::target_reached:
            return "target_reached";
        case LadderStatus::generation_limited:
            return "generation_limited";
        case LadderStatus::not_upgradable:
            return "not_upgradable";
        case LadderStatus::rungs_exhausted:
            return "rungs_exhausted";
        case LadderStatus::no_gain:
            return "no_gain";
        case LadderStatus::not_settled:
            return "not_settled";
        case LadderStatus::unsolved:
            return "unsolved";
        case LadderStatus::cancelled:
            return "cancelled";
    }
    return "not_run";
}

std::optional<std::string> LadderOptions::first_violation() const {
    if (!(target_mw > 0.0) || !std::isfinite(target_mw))
        return "target_mw = " + number_text(target_mw) + "; must be > 0 and finite";
    if (!(rating_factor > 1.0)) return "rating_factor = " + number_text(rating_factor) + "; must be > 1";
    if (max_rungs < 1) return "max_rungs = " + std::to_string(max_rungs) + "; must be >= 1";
    return std::nullopt;
}

std::optional<LimitUpgrade> upgrade_of(const Binding& binding) noexcept {
    switch (binding.type) {
        case LimitType::thermal:
            return LimitUpgrade{true, binding.element, kInfinity};
        case LimitType::low_voltage:
        case LimitType::high_voltage:
        case LimitType::voltage_change:
            return LimitUpgrade{false, binding.element, kInfinity};
        case LimitType::collapse:
        case LimitType::generation:
        case LimitType::none:
            break;
    }
    return std::nullopt;
}

double gain_by_limit_mw(const BindingPair& pair) noexcept {
    const double gain = pair.shadow_price * std::abs(pair.binding.limit);
    return std::isfinite(gain) ? gain : 0.0;
}

HeadroomOptions rung_options(const HeadroomOptions& options, BusRow bus, const LadderOptions& ladder) {
    HeadroomOptions of_rungs = options;
    of_rungs.buses = {bus};
    of_rungs.max_mw = ladder.target_mw;
    of_rungs.redispatch.wanted = ladder.by_redispatch;
    return of_rungs;
}

UpgradeLadder upgrade_ladder(const model::Network& network, const HeadroomOptions& options, BusRow bus,
                             const LadderOptions& ladder, RunControl* control) {
    if (const auto problem = ladder.first_violation()) throw OptionError(*problem);
    UpgradeLadder result;
    result.ladder = ladder;
    result.options = rung_options(options, bus, ladder);

    std::vector<LimitUpgrade> made;
    std::vector<contingency::Outage> unsolvable;
    for (int studies = 0; result.status == LadderStatus::not_run; ++studies) {
        if (studies > kStudiesPerRung * (ladder.max_rungs + 1)) {
            result.status = LadderStatus::not_settled;
            break;
        }
        if (control != nullptr) control->begin_round("rung", result.rungs.size());
        const HeadroomOptions now = with_upgrades(result.options, made);
        const HeadroomResult study = headroom(network, now, control);
        if (!study.complete) {
            if (!result.rungs.empty()) result.rungs.back().upgrade.reset();
            result.status = LadderStatus::cancelled;
            return result;
        }
        unsolvable = study.unsolvable;
        LadderRung rung = make_rung(study.rows.front(), made, ladder.by_redispatch);
        if (result.rungs.empty()) {
            result.most_generation_mw = most_generation(network, options, bus, ladder.by_redispatch);
        } else if (ladder.by_redispatch) {
            take_over(result.rungs.back(), rung);
        }
        result.rungs.push_back(std::move(rung));
        if (!ladder.by_redispatch) put_down(result.rungs, made);
        LadderRung& last = result.rungs.back();
        result.status = end_at(last.row, ladder.by_redispatch);
        if (result.status != LadderStatus::not_run) break;
        auto next = choose(last);
        if (ladder.target_mw > result.most_generation_mw) {
            result.status = LadderStatus::generation_limited;
        } else if (!next) {
            result.status = LadderStatus::not_upgradable;
        } else if (has_no_limit(with_upgrades(result.options, made).limits, *next)) {
            result.status = LadderStatus::no_gain;
        } else if (result.rungs.size() > static_cast<std::size_t>(ladder.max_rungs)) {
            result.status = LadderStatus::rungs_exhausted;
        } else {
            if (next->is_branch) next->factor = ladder.rating_factor;
            last.upgrade = next;
            add_upgrade(*next, made);
        }
    }
    if (control != nullptr) control->begin_round("");
    if (made.empty()) {
        result.needs.complete = true;
    } else {
        result.needs = upgrade_needs(network, result.options, result.rungs.back().row, ladder.by_redispatch,
                                     made, unsolvable, control);
    }
    // Asked to end when all had been done: nothing is missing.
    result.complete = result.needs.complete || control == nullptr || !control->cancelled();
    return result;
}

}  // namespace nodalroom::headroom
