// The way up from a point: program by program, each proposal looked at, until they promise no more.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "nodalroom/headroom/redispatch_search.hpp"

namespace nodalroom::headroom {
namespace {

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
// Movement that proposals may ask for is doubled each time that is not enough.
constexpr double kMovedGrowth = 2.0;
// A start that only looks whether there is more ends where the program promises less than so many gaps more
// than there is; or, where the figure is small, less than this share of it and than may be left open.
constexpr double kWorthProbing = 3.0, kWorthShare = 0.03;
// Such a start looks nearby: it begins with this share of the movement that a first one begins with.
constexpr double kProbeMovedShare = 0.1;
// Proposals looked at since the last check for certain, before the next that is clean is checked for certain
// at once: what only that finds is better known early, and what it confirms is not lost again.
constexpr int kMostUnsure = 12;
// Movement saved, and share of what there is, for which the proposal that ends a search is looked at too.
constexpr double kLeastSavedMw = 10.0, kLeastSavedShare = 0.05;
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
// Where what limits are drawn in by costs more than the gap allows, they are by a tenth of it, and so on to
// the least.
constexpr double kLeastDrawnIn = 1e-6;
constexpr double kMostNarrowing = 0.1, kLeastNarrowing = 0.5;
// Proposals that could not be solved in a row, before what there is stands.
constexpr int kMostFailures = 12;

double trusted(double load_mw) { return std::max(2.0 * load_mw, load_mw + kLeastTrustMw); }

}  // namespace

double RedispatchSearch::gap(double load_mw) { return std::max(kGapMw, kGapShare * load_mw); }

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

    const bool is_probe = most_barren < kMostRounds;
    // Movement that is allowed at first, and beyond the best point's.
    const double room_to_move_mw =
        is_probe ? std::max(kProbeMovedShare * first_moved_mw_, kFirstMovedMw) : first_moved_mw_;
    double trust_mw = trusted(best_->load_mw), trust_moved_mw = room_to_move_mw;
    drawn_in_ = kDrawnIn;
    linearised_at_.reset();
    calm_.clear();
    int failures = 0, misses = 0, glances = 0, steps_back = 0, unsure = 0, last_gain = 0;
    const double from_mw = best_->load_mw;
    const double worth_mw =
        std::max(kWorthProbing * gap(from_mw), std::min(kClosedGapMw, kWorthShare * from_mw));
    std::shared_ptr<const DispatchPoint> near_miss, last_asked_at;
    for (int round = 0; round < kMostRounds + glances && !cancelled(); ++round, ++row.rounds) {
        // What was gained and did not hold may be had again by what is known since.
        if (round - glances - last_gain >= most_barren && best_->load_mw - from_mw <= gap(from_mw)) break;
        question_best();
        drop_disproved();
        const double most_mw = std::min(trust_mw, max_mw);
        const RedispatchProgram::Ask ask{best_->load_mw, program_->supply_mw(best_->unit_p_mw()),
                                         most_mw,        trust_moved_mw,
                                         -drawn_in_,     false};
        const double least_mw = is_probe ? from_mw + worth_mw : 0.0;
        const auto answer = propose(ask, std::exchange(near_miss, nullptr).get(), least_mw);
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
        const bool held_by_trust = most_mw < max_mw && answer.point.load_mw > 0.999 * most_mw;
        if (answer.promised_mw - best_->load_mw <= gap(answer.promised_mw) && !held_by_trust &&
            answer.is_exact) {
            if (!free_to_move) {
                trust_moved_mw *= kMovedGrowth;
                continue;
            }
            // The best point may have been found beside others, and move more than need be.
            if (best_ == last_asked_at || !moves_less(answer)) {
                unsure = 0;
                if (!certify_best(row)) continue;
                if (!linearise_at_best()) break;
                continue;
            }
            last_asked_at = best_;
        }
        if (is_probe && !held_by_trust && answer.promised_mw - from_mw <= worth_mw &&
            best_->load_mw <= from_mw) {
            if (free_to_move) break;
            // Rows that deny the best point are wrong, and more movement does not mend them: a look does.
            if (answer.promised_mw >= from_mw) {
                trust_moved_mw *= kMovedGrowth;
                continue;
            }
        }
        auto point = solve_in_range(answer.point);
        if (!point) {
            if (++failures == kMostFailures) break;
            add_border(answer.point, std::nullopt);
            trust_mw = 0.5 * (best_->load_mw + answer.point.load_mw);
            continue;
        }
        Findings found = begin_check(*point);
        if (glances < kMostGlances && glance(*point, found)) {
            ++glances;
            add_cuts(*point, found.breaches, kCutsPerGlance);
            continue;
        }
        go_on_checking(*point, Depth::likely, found);
        const bool for_certain = (is_wary_ || ++unsure > kMostUnsure) && found.is_clean();
        if (for_certain) {
            found = check(*point, Depth::certain);
            unsure = 0;
        }
        if (cancelled()) break;
        program_->set_losses(*point, *intact_);
        refresh_cuts(*point);
        // What losses turn out to be goes by the spare there is at the proposal: it may have moved more.
        if (found.is_clean() && !keeps_cap(*point)) {
            if (++failures == kMostFailures) break;
            trust_mw = 0.5 * (best_->load_mw + answer.point.load_mw);
            continue;
        }
        if (found.is_clean()) {
            failures = misses = steps_back = 0;
            const double gained = point->load_mw - best_->load_mw;
            if (gained >= 0.0) {
                last_gain = round - glances;
                take_best(std::move(point), found);
                if (for_certain) {
                    certified_ = best_;
                    reads_best_ = true;
                    row.states_solved = found.solved;
                }
                trust_moved_mw =
                    std::max(trust_moved_mw, program_->moved_mw(best_->unit_p_mw()) + room_to_move_mw);
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
        if (!nearly_clean) calm_.clear();
        if (nearly_clean) near_miss = point;
        if (nearly_clean && !free_to_move) trust_moved_mw *= kMovedGrowth;
        if (misses >= kMissesBeforeStepBack) {
            misses = 0;
            const double way = nearly_clean && steps_back++ == 0 ? kShortStepBack : 0.5;
            const double best_moved_mw = program_->moved_mw(best_->unit_p_mw());
            trust_mw = best_->load_mw + way * (answer.point.load_mw - best_->load_mw);
            trust_moved_mw = best_moved_mw + way * (program_->moved_mw(point->unit_p_mw()) - best_moved_mw);
        }
        if (!found.unsolved.empty()) {
            if (++failures == kMostFailures) break;
            add_border(answer.point, found.unsolved.front());
            if (found.breaches.empty()) trust_mw = 0.5 * (best_->load_mw + answer.point.load_mw);
        }
    }
}

RedispatchProgram::Answer RedispatchSearch::propose(const RedispatchProgram::Ask& ask,
                                                    const DispatchPoint* near_miss, double least_mw) {
    if (near_miss != nullptr && !program_->has_cap()) {
        RedispatchProgram::Ask beside = ask;
        beside.beside = near_miss;
        auto answer = program_->solve(cuts_, beside);
        if (answer.status == numerics::LpStatus::optimal && answer.promised_mw > least_mw &&
            answer.promised_mw - best_->load_mw > gap(answer.promised_mw)) {
            return answer;
        }
    }
    return program_->solve(cuts_, ask);
}

bool RedispatchSearch::moves_less(const RedispatchProgram::Answer& answer) const {
    const double moved_mw = program_->moved_mw(best_->unit_p_mw());
    return answer.point.load_mw >= best_->load_mw &&
           answer.moved_mw < moved_mw - std::max(kLeastSavedMw, kLeastSavedShare * moved_mw);
}

void RedispatchSearch::take_best(std::shared_ptr<const DispatchPoint> point, Findings& found) {
    best_ = std::move(point);
    looked_at_best_ = std::move(found.looked_at);
    reads_best_ = false;  // closely enough for what settles a search
}

bool RedispatchSearch::keeps_cap(const DispatchPoint& point) const {
    return program_->moved_mw(point.unit_p_mw()) <= context_->options.redispatch.max_moved_mw + kCapWidthMw;
}

ProgramPoint RedispatchSearch::point_between(const ProgramPoint& proposed, double share) const {
    ProgramPoint between;
    between.load_mw = best_->load_mw + share * (proposed.load_mw - best_->load_mw);
    for (std::size_t u = 0; u < proposed.unit_p_mw.size(); ++u) {
        const double from = best_->unit_p_mw()[u];
        between.unit_p_mw.push_back(from + share * (proposed.unit_p_mw[u] - from));
    }
    return between;
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

}  // namespace nodalroom::headroom
