#include "nodalroom/headroom/redispatch_search.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>

#include "nodalroom/headroom/state_path.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::Outage;
using contingency::OutageKind;
using contingency::SolvedState;

// The search goes on until the bound and the certified load differ by no more than the larger of these.
constexpr double kGapMw = 0.05, kGapShare = 0.002;
// What counts by no more than this share of its limit is no reason to keep the next proposal near.
constexpr double kNearlyClean = 3e-3;
// Proposals in a row in which something counts, before the next is to lie halfway from the best point; those
// in which it counts much are two.
constexpr int kMissesBeforeStepBack = 16;
// Movement that proposals may ask for at first; twice as much each time that is not enough.
constexpr double kFirstMovedMw = 200.0, kMovedGrowth = 2.0;
// A row that held nothing back in so many programs is taken out.
constexpr int kMostIdle = 8;
// A tangent that puts a certified point beyond its limit by this share of it is wrong.
constexpr double kDisproof = 1e-6;
// States looked at although no limit puts them under suspicion, by each kind of strain.
constexpr std::size_t kCollapseChecks = 8;
// Programs solved and checked for one bus at most.
constexpr int kMostRounds = 60;
// Rows added in one round, and for one element among them.
constexpr std::size_t kCutsPerRound = 16;
constexpr int kCutsPerElement = 2;
// What a proposal may ask beyond the load known to be feasible: this much, or as much again.
constexpr double kLeastTrustMw = 200.0;
// Limits are drawn in by this share while proposals are made, so that they come out clean; where that costs
// more than the gap allows, by a tenth of it, and so on to the least.
constexpr double kDrawnIn = 1e-4;
constexpr double kLeastDrawnIn = 1e-6;
// An excess of less than this share of a limit is none: power flows are solved no closer.
constexpr double kNothing = 1e-7;
// A price per unit of limit below this is none.
constexpr double kLeastPrice = 1e-5;
// A unit whose output differs by less from the balance rule's has not moved, MW.
constexpr double kLeastMoveMw = 0.01;
// A tangent that is off by no more than a share of what limits are drawn in by will do; where the value is
// further below its limit than this share of it, it does not matter.
constexpr double kNear = 0.05;
constexpr double kGoodShareOfDrawnIn = 0.25;
// Share of a voltage by which a solution may lie beyond what was taken for the end of its state's solutions.
constexpr double kEndMargin = 1e-4;
// The end of a state's solutions between two points is located to this width.
constexpr double kEndWidthMw = 0.2;
// Proposals that could not be solved in a row, before what there is stands.
constexpr int kMostFailures = 12;

double trusted(double load_mw) { return std::max(2.0 * load_mw, load_mw + kLeastTrustMw); }
double gap(double load_mw) { return std::max(kGapMw, kGapShare * load_mw); }

LimitMask flows_and_voltages() {
    LimitMask mask;
    mask.collapse = mask.generation = false;
    return mask;
}

}  // namespace

RedispatchSearch::RedispatchSearch(const Preparation& prepared, PairLibrary& library,
                                   const RunControl* control)
    : prepared_(&prepared),
      context_(&prepared.context()),
      states_(&prepared.states()),
      library_(&library),
      control_(control),
      base_solver_(prepared.base()),
      screened_out_(states_->unsolvable) {
    base_solver_.newton().start_from(context_->base->voltages());
    base_solver_.newton().evaluate_mismatch();
    find_exceeded(*context_, contingency::solved_state(base_solver_), flows_and_voltages(), nullptr,
                  loading_squared_, exceeded_intact_);
    // The screen knows what the loss of a unit does where the others respond as in the case; a new dispatch
    // changes that.
    for (std::size_t state = 0; state < states_->outages.size(); ++state) {
        if (states_->outages[state].kind != OutageKind::unit || states_->unsolvable[state]) continue;
        unit_states_.push_back(state);
        screened_out_[state] = true;
    }
}

std::size_t RedispatchSearch::state_of(Outage outage) const {
    const auto found = std::find(states_->outages.begin(), states_->outages.end(), outage);
    return static_cast<std::size_t>(found - states_->outages.begin());
}

std::shared_ptr<const DispatchPoint> RedispatchSearch::rule_point(double load_mw) {
    StatePath path(Outage{}, candidate_, context_->base->voltages());
    if (!path.reach(base_solver_, load_mw)) return nullptr;
    const powerflow::Voltages start = base_solver_.newton().voltages();
    const auto& network = context_->base->network();
    ProgramPoint as_in_case;
    as_in_case.load_mw = load_mw;
    for (const model::Unit& unit : network.units())
        as_in_case.unit_p_mw.push_back(unit.p_pu * network.base_mva());
    return solve_point(as_in_case, start);
}

std::shared_ptr<const DispatchPoint> RedispatchSearch::solve_point(const ProgramPoint& proposed,
                                                           const powerflow::Voltages& start) const {
    const double p_pu = proposed.load_mw / context_->base_mva();
    powerflow::Powers powers;
    powers.unit_p_mw = proposed.unit_p_mw;
    auto point = std::make_shared<DispatchPoint>();
    point->candidate = candidate_;
    point->load_mw = proposed.load_mw;
    point->base = std::make_unique<contingency::BaseCase>(
        *context_->base, std::move(powers),
        powerflow::AddedLoad{static_cast<std::int32_t>(candidate_.bus.value()), p_pu,
                             p_pu * candidate_.mvar_per_mw},
        start);
    if (!point->base->solved()) return nullptr;
    return point;
}

void RedispatchSearch::examine(const DispatchPoint& point, std::size_t state, const SolvedState& solved,
                               Findings& found) {
    for (std::size_t c = 0; c < cuts_.size(); ++c) {
        Cut& cut = cuts_[c];
        if (!(cut.pair.outage == solved.outage)) continue;
        readings_[c] = program_->read(cut.pair, *point.base, solved);
        if (cut.pair.type != LimitType::thermal || !std::isnan(cut.value)) continue;
        // A new row is for the end that carries more.
        LimitPair other = cut.pair;
        other.at_to = !other.at_to;
        const PairReading at_other = program_->read(other, *point.base, solved);
        if (std::norm(at_other.quantity) > std::norm(readings_[c]->quantity)) {
            cut.pair = other;
            readings_[c] = at_other;
        }
    }
    const std::vector<double>& intact_vm = point.base->voltages().vm_pu;
    find_exceeded(*context_, solved, flows_and_voltages(), &intact_vm, loading_squared_, items_);
    bool clean = true;
    for (Item& item : items_) {
        LimitPair pair{item.type, solved.outage, item.element, false};
        PairReading reading = program_->read(pair, *point.base, solved);
        if (pair.type == LimitType::thermal) {
            LimitPair to = pair;
            to.at_to = true;
            const PairReading at_to = program_->read(to, *point.base, solved);
            if (std::norm(at_to.quantity) > std::norm(reading.quantity)) {
                pair = to;
                reading = at_to;
            }
        }
        double before = kNaN;
        for (const Item& other : solved.outage.is_intact() ? exceeded_intact_ : states_->exceeded[state]) {
            if (other.type == item.type && other.element == item.element) before = other.value_pu;
        }
        if (std::isnan(before)) {
            // At its limit at most without the load: then it counts at any rate, or its own value decides.
            set_excess(*context_, point.load_mw, item.limit_pu, item);
            if (!(item.excess_pu > 0.0)) {
                const auto effect = library_->effect(pair, base_solver_);
                if (!effect) continue;
                before = effect->before_pu;
            }
        }
        if (!std::isnan(before)) set_excess(*context_, point.load_mw, before, item);
        const double share = item.excess_pu / std::max(item.limit_pu, 0.1);
        if (!(share > kNothing)) continue;
        clean = false;
        found.breaches.push_back({pair, reading, share});
    }
    found.clean += clean ? 1 : 0;
}

void RedispatchSearch::check_intact(const DispatchPoint& point, Findings& found) {
    intact_.emplace(*point.base);
    point_solver_.reset();
    intact_->newton().start_from(point.base->voltages());
    intact_->newton().evaluate_mismatch();
    examine(point, 0, contingency::solved_state(*intact_), found);
}

void RedispatchSearch::check_states(const DispatchPoint& point, std::span<const std::size_t> states,
                             Findings& found) {
    contingency::BatchSolver batch(*point.base, false);
    std::vector<std::size_t> left;
    std::size_t next = 0;
    batch.run(
        [&](contingency::StateTask& task) {
            if (cancelled() || next == states.size()) return false;
            task = {};
            task.id = states[next++];
            task.outage = states_->outages[task.id];
            task.shift = states_->shifts.empty() ? nullptr : &states_->shifts[task.id];
            return true;
        },
        [&](const SolvedState& solved) {
            if (solved.voltages->vm_pu[candidate_.bus.pos()] > kSuspectVoltagePu) {
                examine(point, solved.id, solved, found);
            } else {
                left.push_back(solved.id);
            }
        },
        [&](const contingency::StateTask& task, const powerflow::NewtonReport&) {
            left.push_back(task.id);
        });
    if (left.empty()) return;
    std::sort(left.begin(), left.end());
    contingency::StateSolver solver(*point.base);
    for (const std::size_t state : left) {
        if (cancelled()) return;
        solver.set_outage(states_->outages[state]);
        if (solver.solve_from(point.base->voltages()).converged()) {
            examine(point, state, contingency::solved_state(solver), found);
        } else {
            found.unsolved.push_back(state);
        }
    }
}

void RedispatchSearch::look_at(const DispatchPoint& point) {
    intact_point_ = read_intact_point(*intact_, point.load_mw);
    prepared_->screen().look_at(intact_point_, look_);
}

RedispatchSearch::Findings RedispatchSearch::check(const DispatchPoint& point, Depth depth) {
    const Screen& screen = prepared_->screen();
    Findings found;
    readings_.assign(cuts_.size(), std::nullopt);
    check_intact(point, found);
    look_at(point);
    std::vector<bool> listed(states_->outages.size(), false);
    std::vector<std::size_t> states;
    const auto list = [&](std::size_t state) {
        if (listed[state] || states_->unsolvable[state]) return;
        listed[state] = true;
        states.push_back(state);
    };
    const auto list_suspects = [&](Screen::Find find) {
        screen.find_suspects(look_, flows_and_voltages(), find, screened_out_, suspects_);
        for (const Suspect& suspect : suspects_) list(suspect.state);
    };
    for (const Cut& cut : cuts_) {
        if (!cut.pair.outage.is_intact()) list(state_of(cut.pair.outage));
    }
    if (depth == Depth::likely) {
        list_suspects(Screen::Find::expected);
    } else {
        screen.look_at_switching(look_);
        list_suspects(Screen::Find::all);
        screen.order_by_strain(look_, candidate_.bus, kCollapseChecks, listed, suspects_);
        for (const Suspect& suspect : suspects_) states.push_back(suspect.state);
        for (const std::size_t state : unit_states_) list(state);
        if (context_->options.certify == Certify::all) {
            for (std::size_t state = 0; state < listed.size(); ++state) list(state);
        }
    }
    check_states(point, states, found);
    return found;
}

void RedispatchSearch::add_cuts(const DispatchPoint& point, std::vector<Breach>& breaches) {
    std::sort(breaches.begin(), breaches.end(), [](const Breach& a, const Breach& b) {
        return a.share != b.share ? a.share > b.share : a.pair < b.pair;
    });
    std::map<std::pair<LimitType, std::int32_t>, int> of_element;
    std::size_t added = 0;
    for (const Breach& breach : breaches) {
        if (added == kCutsPerRound) break;
        const auto known = std::find_if(cuts_.begin(), cuts_.end(),
                                        [&](const Cut& cut) { return cut.pair == breach.pair; });
        if (known != cuts_.end()) {
            refresh_cut(point, breach.reading, *known);
            continue;
        }
        if (++of_element[{breach.pair.type, breach.pair.element}] > kCutsPerElement) continue;
        Cut cut;
        cut.pair = breach.pair;
        refresh_cut(point, breach.reading, cut);
        if (cut.tangents.empty()) continue;
        cuts_.push_back(std::move(cut));
        ++added;
    }
}

void RedispatchSearch::add_border(const ProgramPoint& proposed, std::optional<std::size_t> state) {
    const Outage outage = state ? states_->outages[*state] : Outage{};
    const std::vector<double> from(best_->unit_p_mw().begin(), best_->unit_p_mw().end());
    const double from_mw = best_->load_mw;
    // The last point at which the state is clean, and the first where it is not: solved, or without a solution.
    std::shared_ptr<const DispatchPoint> inside, outside;
    std::vector<Breach> breaches;
    powerflow::Voltages intact = best_->base->voltages(), at_inside, before;
    const auto look_at_share = [&](double share) {
        ProgramPoint between;
        between.load_mw = from_mw + share * (proposed.load_mw - from_mw);
        for (std::size_t u = 0; u < from.size(); ++u)
            between.unit_p_mw.push_back(from[u] + share * (proposed.unit_p_mw[u] - from[u]));
        auto point = solve_point(between, intact);
        Findings found;
        bool solved = false;
        if (point) {
            point_solver_.emplace(*point->base);
            point_solver_->set_outage(outage);
            solved = point_solver_->solve_from(at_inside.vm_pu.empty() ? point->base->voltages() : at_inside)
                         .converged();
        }
        if (solved) {
            readings_.assign(cuts_.size(), std::nullopt);
            examine(*point, state.value_or(0), contingency::solved_state(*point_solver_), found);
        }
        if (!solved || !found.breaches.empty()) {
            outside.reset();
            if (solved) outside = std::move(point);
            breaches = std::move(found.breaches);
            return false;
        }
        intact = point->base->voltages();
        before = at_inside.vm_pu.empty() ? point_solver_->newton().voltages() : std::move(at_inside);
        at_inside = point_solver_->newton().voltages();
        inside = std::move(point);
        return true;
    };
    if (!look_at_share(0.0)) return;
    double clean_at = 0.0, other_at = 1.0;
    const double width = std::max(kEndWidthMw / std::max(proposed.load_mw - from_mw, kEndWidthMw), 1e-3);
    while (other_at - clean_at > width) {
        const double share = 0.5 * (clean_at + other_at);
        (look_at_share(share) ? clean_at : other_at) = share;
    }
    if (outside) {
        point_solver_.reset();
        add_cuts(*outside, breaches);
        return;
    }
    // Solutions end: the bus whose voltage falls most towards the end shows best where.
    std::size_t weakest = candidate_.bus.pos();
    double most = 0.0;
    for (std::size_t i = 0; i < at_inside.vm_pu.size(); ++i) {
        const double fall = before.vm_pu[i] - at_inside.vm_pu[i];
        if (fall > most) {
            most = fall;
            weakest = i;
        }
    }
    Cut cut;
    cut.pair = {LimitType::collapse, outage, static_cast<std::int32_t>(weakest), false};
    point_solver_.emplace(*inside->base);
    point_solver_->set_outage(outage);
    PairEffect effect;
    if (!point_solver_->solve_from(at_inside).converged() || !find_effect(*point_solver_, cut.pair, effect)) return;
    const PairReading reading =
        program_->read(cut.pair, *inside->base, contingency::solved_state(*point_solver_));
    cut.limit = cut.value = program_->value_of(*inside, cut.pair, reading);
    cut.tangents.push_back(program_->linearise(*inside, cut.pair, reading, effect));
    cut.tangents.back().is_exact = true;
    cuts_.push_back(std::move(cut));
}

void RedispatchSearch::drop_disproved() {
    for (Cut& cut : cuts_) {
        const double limit = program_->limit_of(cut, best_->load_mw);
        const double allowed = limit + cut.sign() * kDisproof * std::abs(limit);
        std::erase_if(cut.tangents, [&](Tangent& tangent) {
            if (tangent.idle > kMostIdle) return true;
            const double predicted = program_->predict(tangent, *best_);
            return cut.sign() * (predicted - allowed) > 0.0 && !program_->turn(tangent, *best_, limit);
        });
    }
    std::erase_if(cuts_, [](const Cut& cut) { return cut.tangents.empty(); });
}

void RedispatchSearch::add_fixed_binding(const HeadroomRow& fixed) {
    const Binding& binding = fixed.binding;
    if (binding.type != LimitType::thermal && binding.type != LimitType::low_voltage &&
        binding.type != LimitType::high_voltage && binding.type != LimitType::voltage_change) {
        return;
    }
    Cut cut;
    cut.pair = {binding.type, binding.outage, binding.element, false};
    cuts_.push_back(std::move(cut));
}

std::shared_ptr<const PairEffect> RedispatchSearch::exact_effect(const DispatchPoint& point,
                                                                 const LimitPair& pair) {
    if (!point_solver_) point_solver_.emplace(*point.base);
    point_solver_->set_outage(pair.outage);
    auto exact = std::make_shared<PairEffect>();
    if (!point_solver_->solve_from(point.base->voltages()).converged()) return nullptr;
    if (!find_effect(*point_solver_, pair, *exact)) return nullptr;
    return exact;
}

void RedispatchSearch::refresh_cut(const DispatchPoint& point, const PairReading& reading, Cut& cut) {
    if (cut.pair.type == LimitType::collapse) {
        // The state has a solution here: what says that it has none is dropped.
        std::erase_if(cut.tangents, [&](const Tangent& tangent) {
            return program_->predict(tangent, point) < cut.limit * (1.0 - kEndMargin);
        });
        return;
    }
    if (!cut.effect) cut.effect = library_->effect(cut.pair, base_solver_);
    if (!cut.effect) return;
    const double sign = cut.sign();
    cut.value = program_->value_of(point, cut.pair, reading);
    const double limit = program_->limit_of(cut, point.load_mw);
    const double tolerance = kGoodShareOfDrawnIn * drawn_in_ * std::abs(limit);
    // Per tangent: what it has too much, and of all of them what they have too little.
    double short_by = std::numeric_limits<double>::infinity();
    bool known = false, exact_known = false;
    std::erase_if(cut.tangents, [&](Tangent& tangent) {
        const double too_much = sign * (program_->predict(tangent, point) - cut.value);
        if (too_much > tolerance) return !(tangent.is_exact && program_->turn(tangent, point, cut.value));
        short_by = std::min(short_by, -too_much);
        known = true;
        exact_known = exact_known || tangent.is_exact;
        return false;
    });
    const bool is_near = sign * cut.value > sign * limit - kNear * std::abs(limit);
    if (known && short_by <= tolerance && (exact_known || !is_near)) return;
    const bool was_wrong = known || cut.was_read;
    cut.was_read = true;
    std::shared_ptr<const PairEffect> exact;
    if (is_near && (was_wrong || cut.pair.type != LimitType::thermal)) exact = exact_effect(point, cut.pair);
    std::erase_if(cut.tangents, [](const Tangent& tangent) { return !tangent.is_exact; });
    cut.tangents.push_back(program_->linearise(point, cut.pair, reading, exact ? *exact : *cut.effect));
    cut.tangents.back().is_exact = exact != nullptr;
}

void RedispatchSearch::refresh_cuts(const DispatchPoint& point) {
    for (std::size_t c = 0; c < readings_.size(); ++c) {
        if (readings_[c]) refresh_cut(point, *readings_[c], cuts_[c]);
    }
    std::erase_if(cuts_, [](const Cut& cut) { return cut.tangents.empty(); });
}

RedispatchRow RedispatchSearch::run(const HeadroomRow& fixed) {
    RedispatchRow row;
    row.states_total = states_->solvable_count();
    candidate_ = {fixed.bus, mvar_per_mw_at(context_->options.power_factor)};
    if (fixed.status == HeadroomStatus::not_run) return row;
    cuts_.clear();
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
    const double max_mw = context_->options.max_mw;
    const bool debug = std::getenv("RD_DEBUG") != nullptr;
    best_ = rule_point(fixed.feasible_mw);
    if (!best_) return row;
    row.states_solved = fixed.states_solved;
    add_fixed_binding(fixed);
    std::vector<std::size_t> first_states;
    for (const Cut& cut : cuts_) {
        if (!cut.pair.outage.is_intact()) first_states.push_back(state_of(cut.pair.outage));
    }
    readings_.assign(cuts_.size(), std::nullopt);
    Findings first;
    check_intact(*best_, first);
    check_states(*best_, first_states, first);
    program_->set_losses(*best_, *intact_);
    refresh_cuts(*best_);

    double trust_mw = trusted(best_->load_mw), trust_moved_mw = kFirstMovedMw;
    drawn_in_ = kDrawnIn;
    certified_ = best_;
    linearised_at_.reset();
    int failures = 0, misses = 0;
    for (row.rounds = 1; row.rounds <= kMostRounds && !cancelled(); ++row.rounds) {
        drop_disproved();
        const double most_mw = std::min(trust_mw, max_mw);
        const auto answer = program_->solve(cuts_, {best_->load_mw, program_->supply_mw(best_->unit_p_mw()), most_mw, trust_moved_mw, -drawn_in_, false});
        if (answer.status != numerics::LpStatus::optimal) {
            if (debug) std::fprintf(stderr, "  round %d: LP %s\n", row.rounds, numerics::to_string(answer.status));
            // The best point stands at a limit from which others are to be kept away.
            if (drawn_in_ <= 0.0) break;
            drawn_in_ = drawn_in_ > kLeastDrawnIn ? std::max(0.1 * drawn_in_, kLeastDrawnIn) : 0.0;
            continue;
        }
        const bool free_to_move = answer.moved_mw < 0.999 * trust_moved_mw;
        const bool held_by_trust = most_mw < max_mw && answer.point.load_mw > 0.999 * most_mw;
        if (debug) std::fprintf(stderr, "  round %d: LP %.3f MW (%.3f), moved %.1f of %.1f, most %.1f, exact %d cuts %zu\n", row.rounds, answer.point.load_mw, answer.promised_mw, answer.moved_mw, trust_moved_mw, most_mw, answer.is_exact, cuts_.size());
        if (answer.promised_mw - best_->load_mw <= gap(answer.promised_mw) && !held_by_trust && answer.is_exact) {
            if (!free_to_move) {
                trust_moved_mw *= kMovedGrowth;
                continue;
            }
            if (best_ != certified_ && !certify(row)) continue;
            if (!linearise_at_best()) break;
            continue;
        }
        auto point = solve_point(answer.point, best_->base->voltages());
        if (!point) {
            if (debug) std::fprintf(stderr, "     no intact solution\n");
            if (++failures == kMostFailures) break;
            add_border(answer.point, std::nullopt);
            trust_mw = 0.5 * (best_->load_mw + answer.point.load_mw);
            continue;
        }
        Findings found = check(*point, Depth::likely);
        if (cancelled()) break;
        program_->set_losses(*point, *intact_);
        refresh_cuts(*point);
        if (debug) {
            double worst = 0.0;
            for (auto& b : found.breaches) worst = std::max(worst, b.share);
            std::fprintf(stderr, "     %zu breaches (worst %.2e), %zu unsolved, %d clean\n",
                         found.breaches.size(), worst, found.unsolved.size(), found.clean);
        }
        if (found.is_clean()) {
            failures = misses = 0;
            const double gained = point->load_mw - best_->load_mw;
            if (gained >= 0.0) best_ = std::move(point);
            if (!free_to_move) trust_moved_mw *= kMovedGrowth;
            if (gained < gap(best_->load_mw)) drawn_in_ = std::max(0.1 * drawn_in_, kLeastDrawnIn);
            trust_mw = std::max(trust_mw, trusted(best_->load_mw));
            continue;
        }
        double worst = 0.0;
        for (const Breach& breach : found.breaches) worst = std::max(worst, breach.share);
        add_cuts(*point, found.breaches);
        const bool nearly_clean = found.unsolved.empty() && worst < kNearlyClean;
        misses += nearly_clean ? 1 : 2;
        if (nearly_clean && !free_to_move) trust_moved_mw *= kMovedGrowth;
        if (misses >= kMissesBeforeStepBack) {
            misses = 0;
            trust_mw = 0.5 * (best_->load_mw + answer.point.load_mw);
            trust_moved_mw = 0.5 * (program_->moved_mw(best_->unit_p_mw()) + answer.moved_mw);
        }
        if (!found.unsolved.empty()) {
            if (++failures == kMostFailures) break;
            add_border(answer.point, found.unsolved.front());
            if (found.breaches.empty()) trust_mw = 0.5 * (best_->load_mw + answer.point.load_mw);
        }
    }
    if (best_ != certified_ && !cancelled()) static_cast<void>(certify(row));
    if (cancelled()) return row;
    finish(fixed, row);
    return row;
}

void RedispatchSearch::describe(const RedispatchProgram::Answer& bound, RedispatchRow& row) {
    // Values at the dispatch that was found.
    std::vector<std::size_t> states;
    for (std::size_t c = 0; c < cuts_.size(); ++c) {
        if (bound.price[c] > kLeastPrice && !cuts_[c].pair.outage.is_intact())
            states.push_back(state_of(cuts_[c].pair.outage));
    }
    std::sort(states.begin(), states.end());
    states.erase(std::unique(states.begin(), states.end()), states.end());
    readings_.assign(cuts_.size(), std::nullopt);
    Findings unused;
    check_intact(*best_, unused);
    check_states(*best_, states, unused);
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
        if (cut.effect) pair.binding.value_without_load = cut.effect->before_pu * (is_thermal ? base_mva : 1.0);
        pair.binding.limit = program_->limit_of(cut, best_->load_mw) * unit;
        pair.binding.factor = cut.tangents.back().by_load * unit;
        pair.shadow_price = bound.price[c] / unit;
        row.binding.push_back(pair);
    }
    std::stable_sort(row.binding.begin(), row.binding.end(),
                     [](const BindingPair& a, const BindingPair& b) { return a.shadow_price > b.shadow_price; });
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

bool RedispatchSearch::certify(RedispatchRow& row) {
    const Findings found = check(*best_, Depth::certain);
    if (std::getenv("RD_DEBUG")) std::fprintf(stderr, "     certify %.3f: %zu breaches, %zu unsolved, %d clean\n", best_->load_mw, found.breaches.size(), found.unsolved.size(), found.clean);
    if (cancelled()) return false;
    if (found.is_clean()) {
        certified_ = best_;
        row.states_solved = found.clean;
        return true;
    }
    std::vector<Breach> breaches = found.breaches;
    refresh_cuts(*best_);
    add_cuts(*best_, breaches);
    const ProgramPoint tried{best_->load_mw, {best_->unit_p_mw().begin(), best_->unit_p_mw().end()}};
    best_ = certified_;
    if (!found.unsolved.empty()) add_border(tried, found.unsolved.front());
    return false;
}

bool RedispatchSearch::linearise_at_best() {
    if (best_ == linearised_at_) return false;
    linearised_at_ = best_;
    Findings unused;
    readings_.assign(cuts_.size(), std::nullopt);
    check_intact(*best_, unused);
    std::vector<std::size_t> states;
    for (const Cut& cut : cuts_) {
        if (!cut.pair.outage.is_intact()) states.push_back(state_of(cut.pair.outage));
    }
    std::sort(states.begin(), states.end());
    states.erase(std::unique(states.begin(), states.end()), states.end());
    check_states(*best_, states, unused);
    program_->set_losses(*best_, *intact_);
    for (std::size_t c = 0; c < cuts_.size(); ++c) {
        Cut& cut = cuts_[c];
        if (cut.pair.type == LimitType::collapse || !readings_[c]) continue;
        std::erase_if(cut.tangents, [](const Tangent& tangent) { return tangent.is_turned || !tangent.is_exact; });
        const double limit = program_->limit_of(cut, best_->load_mw);
        const double value = program_->value_of(*best_, cut.pair, *readings_[c]);
        if (cut.sign() * (value - limit) < -kNear * std::abs(limit)) continue;
        const auto exact = exact_effect(*best_, cut.pair);
        if (!exact) continue;
        cut.value = value;
        cut.tangents.push_back(program_->linearise(*best_, cut.pair, *readings_[c], *exact));
        cut.tangents.back().is_exact = true;
    }
    std::erase_if(cuts_, [](const Cut& cut) { return cut.tangents.empty(); });
    return true;
}

void RedispatchSearch::finish(const HeadroomRow& fixed, RedispatchRow& row) {
    best_ = certified_;
    const double max_mw = context_->options.max_mw;
    row.redispatch_mw = std::max(best_->load_mw, fixed.headroom_mw);
    const auto bound = program_->solve(cuts_, {best_->load_mw, program_->supply_mw(best_->unit_p_mw()), max_mw, std::numeric_limits<double>::infinity(), 0.0, true});
    if (std::getenv("RD_DEBUG")) std::fprintf(stderr, "  final bound: %s %.3f\n", numerics::to_string(bound.status), bound.point.load_mw);
    const bool has_bound = bound.status == numerics::LpStatus::optimal;
    row.bound_mw = has_bound ? std::max(bound.point.load_mw, row.redispatch_mw) : max_mw;
    list_moves(row);
    if (has_bound) describe(bound, row);
    if (row.bound_mw - row.redispatch_mw > std::max(kClosedGapMw, kClosedGapShare * row.bound_mw)) {
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
