#include "nodalroom/headroom/redispatch_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nodalroom::headroom {
namespace {

using contingency::Outage;
using contingency::OutageKind;

// Movement that proposals may ask for at first, or this share of what units can give.
constexpr double kFirstMovedShare = 0.03;
// Programs solved and checked at most from a start that only looks whether there is more. A search that has
// ended begins again from the best point, without the rows it had: some may have led astray.
constexpr int kProbeRounds = 12, kMostStarts = 4;
// A price per unit of limit below this is none.
constexpr double kLeastPrice = 1e-5;
// A unit whose output differs by less from the balance rule's has not moved, MW.
constexpr double kLeastMoveMw = 0.01;
double closed_gap(double load_mw) {
    return std::max(RedispatchSearch::kClosedGapMw, RedispatchSearch::kClosedGapShare * load_mw);
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
    find_plants();
}

void RedispatchSearch::find_plants() {
    const auto& network = context_->base->network();
    // Per bus: where its only branch leads; itself where there are more.
    std::vector<std::int32_t> beyond(network.buses().size(), -1);
    const auto connect = [&](BusRow bus, BusRow other) {
        std::int32_t& to = beyond[bus.pos()];
        const auto at = static_cast<std::int32_t>(other.value());
        to = to < 0 || to == at ? at : static_cast<std::int32_t>(bus.value());
    };
    for (const model::Branch& branch : network.branches()) {
        if (!branch.in_service) continue;
        connect(branch.from, branch.to);
        connect(branch.to, branch.from);
    }
    states_of_plant_.resize(beyond.size());
    for (std::size_t u = 0; u < network.units().size(); ++u) {
        const BusRow bus = network.units()[u].bus;
        const std::int32_t plant =
            beyond[bus.pos()] < 0 ? static_cast<std::int32_t>(bus.value()) : beyond[bus.pos()];
        plant_of_unit_.push_back(plant);
        const auto state = state_of_.find({OutageKind::unit, static_cast<std::int32_t>(u)});
        if (state != state_of_.end())
            states_of_plant_[static_cast<std::size_t>(plant)].push_back(state->second);
    }
}

std::size_t RedispatchSearch::state_of(Outage outage) const {
    return state_of_.at({outage.kind, outage.row});
}

RedispatchRow RedispatchSearch::run(const HeadroomRow& fixed) {
    RedispatchRow row;
    row.states_total = states_->solvable_count(*context_, fixed.bus);
    left_out_ = states_->left_out(*context_, fixed.bus);
    candidate_ = {fixed.bus, mvar_per_mw_at(context_->options.power_factor)};
    if (fixed.status == HeadroomStatus::not_run) return row;
    flows_seen_.clear();
    last_shift_.clear();
    took_own_factor_.clear();
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
    reads_best_ = false;
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
            reads_best_ = false;
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

bool RedispatchSearch::certify_best(RedispatchRow& row) {
    if (best_ == certified_) return true;
    Findings found = check(*best_, Depth::certain);
    if (cancelled()) return false;
    if (found.is_clean()) {
        certified_ = best_;
        reads_best_ = true;
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
    check_states(*best_, states, Aim::look, found);
    settle(*best_, found);
    if (!found.is_clean()) give_up_best(found);
}

void RedispatchSearch::give_up_best(Findings& found) {
    drawn_in_ = kDrawnIn;
    calm_.clear();
    const auto given_up = best_;
    add_cuts(*given_up, found.breaches, kCutsPerRound);
    best_ = certified_;
    reads_best_ = false;
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
        if (!(bound.price[c] > kLeastPrice) || !cut.reading) continue;
        const bool is_thermal = cut.pair.type == LimitType::thermal;
        const double unit = is_thermal ? 1.0 : 1.0 / base_mva;
        BindingPair pair;
        pair.binding.type = cut.pair.type;
        pair.binding.outage = cut.pair.outage;
        pair.binding.element = cut.pair.element;
        pair.binding.value = program_->value_of(*best_, cut.pair, *cut.reading) * unit;
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
