#include "nodalroom/headroom/redispatch_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nodalroom::headroom {
namespace {

using contingency::Outage;
using contingency::OutageKind;

// The search goes on until the bound and the certified load differ by no more than the larger of these.
constexpr double kGapMw = 0.05, kGapShare = 0.003;
// What counts by no more than this share of its limit is no reason to keep the next proposal near.
constexpr double kNearlyClean = 3e-3;
// Proposals in a row in which something counts, before the next is to lie halfway from the best point; those
// in which it counts much are two.
constexpr int kMissesBeforeStepBack = 16;
// From a proposal that is nearly clean, less of the way may do, for once.
constexpr double kShortStepBack = 0.95;
// A cap on movement is kept to this, MW.
constexpr double kCapWidthMw = 0.05;
// Movement that proposals may ask for at first, or this share of what units can give; twice as much each time
// that is not enough.
constexpr double kFirstMovedMw = 200.0, kFirstMovedShare = 0.03, kMovedGrowth = 2.0;
// Programs solved and checked at most from one start, and from one that only looks whether there is more. A
// search that has ended begins again from the best point, without the rows it had: some may have led astray.
constexpr int kMostRounds = 60, kProbeRounds = 20, kMostStarts = 4;
// One that only looks ends where the program promises less than so many gaps more than there is.
constexpr double kWorthProbing = 2.0;
// What a proposal may ask beyond the load known to be feasible: this much, or as much again.
constexpr double kLeastTrustMw = 200.0;
// Proposals that are only glanced at from one start, and rows they may add each.
constexpr int kMostGlances = 20;
constexpr std::size_t kCutsPerGlance = 32;
// A pair that counts in so many proposals in a row although its rows are fresh jumps, as where a unit's
// reactive limit comes and goes: proposals keep away from it by as much as it went beyond, and by no more
// than this.
constexpr int kSurprises = 3;
constexpr double kMostCaution = 5e-3;
// Limits are drawn in by this share while proposals are made, so that they come out clean; where that costs
// more than the gap allows, by a tenth of it, and so on to the least.
constexpr double kDrawnIn = 1e-4;
constexpr double kLeastDrawnIn = 1e-6;
constexpr double kMostNarrowing = 0.1, kLeastNarrowing = 0.5;
// A price per unit of limit below this is none.
constexpr double kLeastPrice = 1e-5;
// A unit whose output differs by less from the balance rule's has not moved, MW.
constexpr double kLeastMoveMw = 0.01;
// Proposals that could not be solved in a row, before what there is stands.
constexpr int kMostFailures = 12;

double trusted(double load_mw) { return std::max(2.0 * load_mw, load_mw + kLeastTrustMw); }
double closed_gap(double load_mw) {
    return std::max(RedispatchSearch::kClosedGapMw, RedispatchSearch::kClosedGapShare * load_mw);
}
double gap(double load_mw) { return std::max(kGapMw, kGapShare * load_mw); }

}  // namespace

RedispatchSearch::RedispatchSearch(const Preparation& prepared, PairLibrary& library,
                                   const RunControl* control)
    : prepared_(&prepared),
      context_(&prepared.context()),
      states_(&prepared.states()),
      library_(&library),
      control_(control),
      base_solver_(prepared.base()),
      unloaded_(prepared.base()),
      unloaded_intact_(prepared.base()) {
    base_solver_.newton().start_from(context_->base->voltages());
    base_solver_.newton().evaluate_mismatch();
    unloaded_intact_.newton().start_from(context_->base->voltages());
    unloaded_intact_.newton().evaluate_mismatch();
    knows_sharing_ = unloaded_intact_.newton().factorise();
    find_exceeded(*context_, contingency::solved_state(base_solver_), kFlowsAndVoltages, nullptr,
                  loading_squared_, exceeded_intact_);
    const auto& network = context_->base->network();
    double capacity_mw = 0.0;
    for (const model::Unit& unit : network.units()) {
        if (unit.in_service) capacity_mw += std::max(unit.p_max_pu, 0.0) * network.base_mva();
    }
    for (std::size_t state = 0; state < states_->outages.size(); ++state)
        state_of_[{states_->outages[state].kind, states_->outages[state].row}] = state;
    first_moved_mw_ = std::max(kFirstMovedMw, kFirstMovedShare * capacity_mw);
}

std::size_t RedispatchSearch::state_of(Outage outage) const {
    return state_of_.at({outage.kind, outage.row});
}

RedispatchRow RedispatchSearch::run(const HeadroomRow& fixed) {
    RedispatchRow row;
    row.states_total = states_->solvable_count();
    candidate_ = {fixed.bus, mvar_per_mw_at(context_->options.power_factor)};
    if (fixed.status == HeadroomStatus::not_run) return row;
    flows_seen_.clear();
    last_shift_.clear();
    best_.reset();
    program_.emplace(*context_, candidate_);
    if (program_->movable().empty()) {
        row.status = RedispatchStatus::no_movable_unit;
        return row;
    }
    if (fixed.status == HeadroomStatus::unsolved) {
        row.status = RedispatchStatus::unsolved;
        return row;
    }
    best_ = rule_point(fixed.feasible_mw);
    if (!best_) {
        row.status = RedispatchStatus::open;
        row.redispatch_mw = fixed.headroom_mw;
        row.bound_mw = context_->options.max_mw;
        return row;
    }
    certified_ = best_;
    row.states_solved = fixed.states_solved;
    const auto by_rule = best_;
    for (int start = 0; start < kMostStarts; ++start) {
        const bool was_closed = start > 0 && row.status != RedispatchStatus::open;
        const RedispatchRow before = row;
        const double before_mw = best_->load_mw;
        is_wary_ = start > 0 && !was_closed;
        climb(fixed, was_closed ? kProbeRounds : kMostRounds, row);
        (void)certify_best(row);
        // What is not certified is not given; an earlier start's figure is.
        if (cancelled()) return before;
        if (best_->load_mw < fixed.headroom_mw) {
            // Between the load that the rule was checked at and its figure: nothing better.
            best_ = certified_ = by_rule;
            row.states_solved = fixed.states_solved;
            (void)linearise_at_best();
        }
        finish(fixed, row);
        if (was_closed && best_->load_mw - before_mw <= gap(before_mw)) {
            // The earlier start went on until its rows were drawn at its own point.
            const int rounds = row.rounds;
            row = before;
            row.rounds = rounds;
            break;
        }
        if (row.status == RedispatchStatus::cap_reached || row.status == RedispatchStatus::generation_limited)
            break;
        // Flows are close to linear in the dispatch: where they alone hold the load back, nothing led astray.
        const bool is_closed = row.status != RedispatchStatus::open;
        if (is_closed && std::all_of(row.binding.begin(), row.binding.end(), [](const BindingPair& pair) {
                return pair.binding.type == LimitType::thermal;
            })) {
            break;
        }
    }
    return row;
}

void RedispatchSearch::climb(const HeadroomRow& fixed, int most_barren, RedispatchRow& row) {
    const double max_mw = context_->options.max_mw;
    cuts_.clear();
    for (const LimitPair& pair : flows_seen_) {
        Cut cut;
        cut.pair = pair;
        cuts_.push_back(std::move(cut));
    }
    if (cuts_.empty()) add_fixed_binding(fixed);
    read_best(states_of_cuts());
    program_->set_losses(*best_, *intact_);
    refresh_cuts(*best_);

    double trust_mw = trusted(best_->load_mw), trust_moved_mw = first_moved_mw_;
    drawn_in_ = kDrawnIn;
    linearised_at_.reset();
    int failures = 0, misses = 0, glances = 0, steps_back = 0;
    const double from_mw = best_->load_mw;
    for (int round = 0; round < kMostRounds + glances && !cancelled(); ++round, ++row.rounds) {
        if (round >= most_barren + glances && best_->load_mw - from_mw <= gap(from_mw)) break;
        question_best();
        drop_disproved();
        const double most_mw = std::min(trust_mw, max_mw);
        const auto answer = program_->solve(cuts_, {best_->load_mw, program_->supply_mw(best_->unit_p_mw()),
                                                    most_mw, trust_moved_mw, -drawn_in_, false});
        if (answer.status != numerics::LpStatus::optimal) {
            // The best point stands at a limit from which others are to be kept away.
            if (std::any_of(cuts_.begin(), cuts_.end(), [](const Cut& cut) { return cut.caution > 0.0; })) {
                for (Cut& cut : cuts_) cut.caution = 0.0;
                continue;
            }
            if (drawn_in_ <= 0.0) {
                if (!linearise_at_best()) break;
                continue;
            }
            drawn_in_ = drawn_in_ > kLeastDrawnIn ? std::max(kMostNarrowing * drawn_in_, kLeastDrawnIn) : 0.0;
            continue;
        }
        const bool free_to_move = answer.moved_mw < 0.999 * trust_moved_mw;
        const bool is_probe = most_barren < kMostRounds;
        const bool held_by_trust = most_mw < max_mw && answer.point.load_mw > 0.999 * most_mw;
        if (answer.promised_mw - best_->load_mw <= gap(answer.promised_mw) && !held_by_trust &&
            answer.is_exact) {
            if (!free_to_move) {
                trust_moved_mw *= kMovedGrowth;
                continue;
            }
            if (!certify_best(row)) continue;
            if (!linearise_at_best()) break;
            continue;
        }
        if (is_probe && !held_by_trust && free_to_move &&
            answer.promised_mw - from_mw <= kWorthProbing * gap(from_mw) && best_->load_mw <= from_mw) {
            break;
        }
        auto point = solve_point(answer.point, best_->base->voltages());
        if (!point) {
            if (++failures == kMostFailures) break;
            add_border(answer.point, std::nullopt);
            trust_mw = 0.5 * (best_->load_mw + answer.point.load_mw);
            continue;
        }
        if (glances < kMostGlances) {
            auto wild = glance(*point);
            if (!wild.empty()) {
                ++glances;
                add_cuts(*point, wild, kCutsPerGlance);
                continue;
            }
        }
        Findings found = check(*point, Depth::likely);
        if (is_wary_ && found.is_clean()) found = check(*point, Depth::certain);
        if (cancelled()) break;
        program_->set_losses(*point, *intact_);
        refresh_cuts(*point);
        // What losses turn out to be goes by the spare there is at the proposal: it may have moved more.
        const double most_moved = context_->options.redispatch.max_moved_mw + kCapWidthMw;
        if (found.is_clean() && program_->moved_mw(point->unit_p_mw()) > most_moved) {
            if (++failures == kMostFailures) break;
            trust_mw = 0.5 * (best_->load_mw + answer.point.load_mw);
            continue;
        }
        if (found.is_clean()) {
            failures = misses = steps_back = 0;
            const double gained = point->load_mw - best_->load_mw;
            if (gained >= 0.0) {
                best_ = std::move(point);
                looked_at_best_ = std::move(found.looked_at);
                if (is_wary_) {
                    certified_ = best_;
                    row.states_solved = found.solved;
                }
                trust_moved_mw =
                    std::max(trust_moved_mw, program_->moved_mw(best_->unit_p_mw()) + first_moved_mw_);
            }
            if (!free_to_move) trust_moved_mw *= kMovedGrowth;
            // Where only limits hold the proposal, it is what these margins leave.
            if (gained < gap(best_->load_mw) || (free_to_move && !held_by_trust)) narrow_margins(answer);
            trust_mw = std::max(trust_mw, trusted(best_->load_mw));
            continue;
        }
        double worst = 0.0;
        for (const Breach& breach : found.breaches) worst = std::max(worst, breach.share);
        note_surprises(found.breaches);
        add_cuts(*point, found.breaches, kCutsPerRound);
        const bool nearly_clean = found.unsolved.empty() && worst < kNearlyClean;
        misses += nearly_clean ? 1 : 2;
        if (nearly_clean && !free_to_move) trust_moved_mw *= kMovedGrowth;
        if (misses >= kMissesBeforeStepBack) {
            misses = 0;
            const double way = nearly_clean && steps_back++ == 0 ? kShortStepBack : 0.5;
            const double best_moved_mw = program_->moved_mw(best_->unit_p_mw());
            trust_mw = best_->load_mw + way * (answer.point.load_mw - best_->load_mw);
            trust_moved_mw = best_moved_mw + way * (answer.moved_mw - best_moved_mw);
        }
        if (!found.unsolved.empty()) {
            if (++failures == kMostFailures) break;
            add_border(answer.point, found.unsolved.front());
            if (found.breaches.empty()) trust_mw = 0.5 * (best_->load_mw + answer.point.load_mw);
        }
    }
}

void RedispatchSearch::narrow_margins(const RedispatchProgram::Answer& answer) {
    // What they cost is in proportion to them; half of the gap may remain.
    const double cost_mw = answer.promised_mw - answer.point.load_mw;
    const double share = cost_mw > 0.0 ? 0.5 * gap(answer.promised_mw) / cost_mw : 0.0;
    const double narrower = std::clamp(share, kMostNarrowing, kLeastNarrowing);
    drawn_in_ = std::max(narrower * drawn_in_, kLeastDrawnIn);
    for (Cut& cut : cuts_) {
        cut.surprises = 0;
        cut.caution = narrower * cut.caution < kLeastDrawnIn ? 0.0 : narrower * cut.caution;
    }
}

void RedispatchSearch::note_surprises(const std::vector<Breach>& breaches) {
    for (Cut& cut : cuts_) {
        const auto breach = std::find_if(breaches.begin(), breaches.end(),
                                         [&](const Breach& other) { return other.pair == cut.pair; });
        if (breach == breaches.end()) {
            cut.surprises = 0;
        } else if (++cut.surprises >= kSurprises) {
            cut.caution = std::clamp(breach->share + cut.caution, 0.0, kMostCaution);
        }
    }
}

bool RedispatchSearch::certify_best(RedispatchRow& row) {
    if (best_ == certified_) return true;
    Findings found = check(*best_, Depth::certain);
    if (cancelled()) return false;
    if (found.is_clean()) {
        certified_ = best_;
        row.states_solved = found.solved;
        return true;
    }
    give_up_best(found);
    return false;
}

void RedispatchSearch::question_best() {
    if (best_ == certified_) return;
    std::vector<std::size_t> states;
    for (const Cut& cut : cuts_) {
        if (cut.pair.outage.is_intact()) continue;
        const std::size_t state = state_of(cut.pair.outage);
        if (looked_at_best_[state]) continue;
        if (std::none_of(cut.tangents.begin(), cut.tangents.end(),
                         [&](const Tangent& tangent) { return says_beyond(cut, tangent); })) {
            continue;
        }
        looked_at_best_[state] = true;
        states.push_back(state);
    }
    if (states.empty()) return;
    start_reading();
    Findings found;
    check_states(*best_, states, found);
    settle(*best_, found);
    if (!found.is_clean()) give_up_best(found);
}

void RedispatchSearch::give_up_best(Findings& found) {
    drawn_in_ = kDrawnIn;
    const auto given_up = best_;
    add_cuts(*given_up, found.breaches, kCutsPerRound);
    best_ = certified_;
    if (found.unsolved.empty() || !found.breaches.empty()) return;
    add_border({given_up->load_mw, {given_up->unit_p_mw().begin(), given_up->unit_p_mw().end()}},
               found.unsolved.front());
}

void RedispatchSearch::describe(const RedispatchProgram::Answer& bound, RedispatchRow& row) {
    // Values at the dispatch that was found.
    std::vector<std::size_t> states;
    for (std::size_t c = 0; c < cuts_.size(); ++c) {
        if (bound.price[c] > kLeastPrice && !cuts_[c].pair.outage.is_intact())
            states.push_back(state_of(cuts_[c].pair.outage));
    }
    read_best(std::move(states));
    const double base_mva = context_->base_mva();
    for (std::size_t c = 0; c < cuts_.size(); ++c) {
        const Cut& cut = cuts_[c];
        if (!(bound.price[c] > kLeastPrice) || !readings_[c]) continue;
        const bool is_thermal = cut.pair.type == LimitType::thermal;
        const double unit = is_thermal ? 1.0 : 1.0 / base_mva;
        BindingPair pair;
        pair.binding.type = cut.pair.type;
        pair.binding.outage = cut.pair.outage;
        pair.binding.element = cut.pair.element;
        pair.binding.value = program_->value_of(*best_, cut.pair, *readings_[c]) * unit;
        if (cut.effect)
            pair.binding.value_without_load = cut.effect->before_pu * (is_thermal ? base_mva : 1.0);
        pair.binding.limit = program_->limit_of(cut, best_->load_mw) * unit;
        pair.binding.factor = cut.tangents.back().by_load * unit;
        pair.shadow_price = bound.price[c] / unit;
        row.binding.push_back(pair);
    }
    std::stable_sort(row.binding.begin(), row.binding.end(), [](const BindingPair& a, const BindingPair& b) {
        return a.shadow_price > b.shadow_price;
    });
}

void RedispatchSearch::list_moves(RedispatchRow& row) const {
    row.unit_p_mw.assign(best_->unit_p_mw().begin(), best_->unit_p_mw().end());
    const std::vector<double> rule = program_->rule_mw(best_->unit_p_mw());
    const auto& network = context_->base->network();
    row.moved_mw = program_->moved_mw(best_->unit_p_mw());
    for (std::size_t u = 0; u < rule.size(); ++u) {
        const double moved = row.unit_p_mw[u] - rule[u];
        if (!network.units()[u].in_service || std::abs(moved) < kLeastMoveMw) continue;
        row.moves.push_back({UnitRow(static_cast<std::int64_t>(u)),
                             network.units()[u].p_pu * network.base_mva(), rule[u], row.unit_p_mw[u]});
    }
    std::stable_sort(row.moves.begin(), row.moves.end(), [](const UnitMove& a, const UnitMove& b) {
        return std::abs(a.p_mw - a.rule_mw) > std::abs(b.p_mw - b.rule_mw);
    });
}

void RedispatchSearch::finish(const HeadroomRow& fixed, RedispatchRow& row) {
    const double max_mw = context_->options.max_mw;
    row.redispatch_mw = std::max(best_->load_mw, fixed.headroom_mw);
    const auto look_up = [&] {
        return program_->solve(cuts_, {best_->load_mw, program_->supply_mw(best_->unit_p_mw()), max_mw,
                                       std::numeric_limits<double>::infinity(), 0.0, true});
    };
    auto bound = look_up();
    // Rows of other points may leave no room for this one.
    if (bound.status != numerics::LpStatus::optimal && linearise_at_best()) bound = look_up();
    const bool has_bound = bound.status == numerics::LpStatus::optimal;
    row.binding.clear();
    row.moves.clear();
    row.bound_mw = has_bound ? std::max(bound.point.load_mw, row.redispatch_mw) : max_mw;
    list_moves(row);
    if (has_bound) describe(bound, row);
    if (row.bound_mw - row.redispatch_mw > closed_gap(row.bound_mw)) {
        row.status = RedispatchStatus::open;
    } else if (row.redispatch_mw >= max_mw - kClosedGapMw) {
        row.status = RedispatchStatus::cap_reached;
    } else if (row.binding.empty()) {
        row.status = RedispatchStatus::generation_limited;
    } else {
        row.status = row.redispatch_mw > 0.0 ? RedispatchStatus::limited : RedispatchStatus::already_limited;
    }
}

}  // namespace nodalroom::headroom
