// What the states are like at a dispatch and a load that the program proposes.
#include <algorithm>
#include <cmath>
#include <limits>

#include "nodalroom/headroom/redispatch_search.hpp"
#include "nodalroom/headroom/state_path.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::Outage;
using contingency::SolvedState;

// States looked at although no limit puts them under suspicion, by each kind of strain.
constexpr std::size_t kCollapseChecks = 8;
// Solutions in which units that a rule takes out of their ranges are put back, at most.
constexpr int kRangeRounds = 8;
// One that was clean is not looked at again where the load has grown by no more than this share.
constexpr double kStillCalm = 0.005;
// A proposal with more states in which something is expected to count is looked at in the most critical ones:
// there is enough in them to learn from.
constexpr std::size_t kLikelyStates = 64;
// States looked at before those found so far decide whether to go on.
constexpr std::size_t kStatesAtOnce = 128;
// Mismatch at which a state counts as solved where its limits are only looked at, per unit: flows come out to
// some 1e-4 MVA, below what proposals keep away from limits.
constexpr double kLookTolerance = 1e-6;
// Where a pair's tangents have it further from its limit than this share, its state is not looked at for it.
constexpr double kFarFlow = 0.03, kFarVoltage = 0.005;
// A predicted overload by more than this share of the rating is one: the states need not be solved for that.
constexpr double kWildOverload = 0.01;

}  // namespace

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

std::shared_ptr<const DispatchPoint> RedispatchSearch::solve_in_range(ProgramPoint proposed) const {
    auto point = solve_point(proposed, best_->base->voltages());
    for (int round = 0; point && round < kRangeRounds; ++round) {
        proposed.unit_p_mw.assign(point->unit_p_mw().begin(), point->unit_p_mw().end());
        if (!program_->put_in_range(proposed.unit_p_mw)) break;
        point = solve_point(proposed, point->base->voltages());
    }
    return point;
}

void RedispatchSearch::start_reading() {
    for (Cut& cut : cuts_) cut.reading.reset();
    reads_best_ = false;
    kept_.clear();
    factorised_.reset();
    point_solver_.reset();
}

void RedispatchSearch::keep_voltages(const SolvedState& solved) {
    powerflow::Voltages& kept = kept_[{solved.outage.kind, solved.outage.row}];
    kept = *solved.voltages;
    if (!std::isnan(kept.va_rad.front())) return;
    // Lanes leave angles out.
    for (std::size_t i = 0; i < kept.va_rad.size(); ++i)
        kept.va_rad[i] = std::atan2(solved.v_imag[i], solved.v_real[i]);
}

void RedispatchSearch::examine(const DispatchPoint& point, std::size_t state, const SolvedState& solved,
                               Findings& found) {
    bool has_pairs = false;
    const std::size_t before_this = found.breaches.size() + found.doubts.size();
    for (Cut& cut : cuts_) {
        if (!(cut.pair.outage == solved.outage)) continue;
        cut.reading = program_->read(cut.pair, *point.base, solved);
        has_pairs = true;
        if (cut.pair.type != LimitType::thermal || !std::isnan(cut.value)) continue;
        // A new row is for the end that carries more.
        LimitPair other = cut.pair;
        other.at_to = !other.at_to;
        const PairReading at_other = program_->read(other, *point.base, solved);
        if (std::norm(at_other.quantity) > std::norm(cut.reading->quantity)) {
            cut.pair = other;
            cut.reading = at_other;
        }
    }
    const std::vector<double>& intact_vm = point.base->voltages().vm_pu;
    find_exceeded(*context_, solved, kFlowsAndVoltages, &intact_vm, loading_squared_, items_);
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
                found.doubts.push_back({pair, reading, item});
                continue;
            }
        } else {
            set_excess(*context_, point.load_mw, before, item);
        }
        add_breach(pair, reading, item, found.breaches);
    }
    ++found.solved;
    if (has_pairs || found.breaches.size() + found.doubts.size() > before_this) keep_voltages(solved);
}

void RedispatchSearch::add_breach(const LimitPair& pair, const PairReading& reading, const Item& item,
                                  std::vector<Breach>& breaches) {
    const double share = item.excess_pu / std::max(item.limit_pu, 0.1);
    if (share > 0.0) breaches.push_back({pair, reading, share});
}

void RedispatchSearch::settle(const DispatchPoint& point, Findings& found) {
    std::sort(found.doubts.begin(), found.doubts.end(),
              [](const Doubt& a, const Doubt& b) { return a.pair < b.pair; });
    for (Doubt& doubt : found.doubts) {
        // They count by less than what is certain to.
        if (found.breaches.size() >= kCutsPerRound) break;
        const auto effect = library_->effect(doubt.pair, unloaded_);
        if (!effect) continue;
        set_excess(*context_, point.load_mw, effect->before_pu, doubt.item);
        add_breach(doubt.pair, doubt.reading, doubt.item, found.breaches);
    }
    found.doubts.clear();
}

void RedispatchSearch::check_intact(const DispatchPoint& point, Findings& found) {
    intact_.emplace(*point.base);
    intact_->newton().start_from(point.base->voltages());
    intact_->newton().evaluate_mismatch();
    examine(point, 0, contingency::solved_state(*intact_), found);
}

void RedispatchSearch::check_states(const DispatchPoint& point, std::span<const std::size_t> states, Aim aim,
                                    Findings& found) {
    if (states.empty()) return;
    contingency::BatchSolver batch(*point.base, false, aim == Aim::look ? kLookTolerance : 0.0);
    std::vector<std::size_t> left;
    std::size_t next = 0;
    std::map<std::size_t, powerflow::LaneShift> fresh;  // lanes still start from the last ones
    batch.run(
        [&](contingency::StateTask& task) {
            if (cancelled() || next == states.size()) return false;
            task = {};
            task.id = states[next++];
            task.outage = states_->outages[task.id];
            task.own_factor = took_own_factor_.count(task.id) > 0;
            const auto last = last_shift_.find(task.id);
            if (last != last_shift_.end()) {
                task.shift = &last->second;
            } else {
                task.shift = states_->shifts.empty() ? nullptr : &states_->shifts[task.id];
            }
            return true;
        },
        [&](const SolvedState& solved) {
            if (solved.own_factor) took_own_factor_.insert(solved.id);
            if (solved.voltages->vm_pu[candidate_.bus.pos()] > kSuspectVoltagePu) {
                if (aim != Aim::certify) {
                    fresh.insert_or_assign(
                        solved.id,
                        powerflow::LaneShift(context_->base->lanes(), *solved.voltages, solved.v_real,
                                             solved.v_imag, point.base->lane_start()));
                }
                examine(point, solved.id, solved, found);
            } else {
                left.push_back(solved.id);
            }
        },
        [&](const contingency::StateTask& task, const powerflow::NewtonReport&) { left.push_back(task.id); });
    for (auto& [state, shift] : fresh) last_shift_.insert_or_assign(state, std::move(shift));
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
            if (aim == Aim::look) return;
        }
    }
}

void RedispatchSearch::look_at(const DispatchPoint& point) {
    intact_point_ = read_intact_point(*intact_, point.load_mw);
    if (knows_sharing_) find_new_sharing(*point.base, unloaded_intact_, intact_point_.sharing);
    prepared_->screen().look_at(intact_point_, look_);
}

RedispatchSearch::Findings RedispatchSearch::begin_check(const DispatchPoint& point) {
    Findings found;
    start_reading();
    check_intact(point, found);
    look_at(point);
    return found;
}

bool RedispatchSearch::glance(const DispatchPoint& point, Findings& found) {
    prepared_->screen().find_overloads(look_, kWildOverload, left_out_, overloads_,
                                       found.flow_suspects.emplace());
    const std::size_t in_intact = found.breaches.size();
    for (const PredictedOverload& overload : overloads_) {
        const LimitPair pair{LimitType::thermal, states_->outages[overload.state], overload.branch,
                             overload.at_to};
        const bool is_known = std::any_of(cuts_.begin(), cuts_.end(), [&](const Cut& cut) {
            return cut.pair.type == pair.type && cut.pair.outage == pair.outage &&
                   cut.pair.element == pair.element;
        });
        if (is_known) continue;
        PairReading reading;
        reading.quantity = overload.flow_pu;
        if (pair.outage.kind == contingency::OutageKind::unit)
            reading.supply_pu =
                point.unit_p_mw()[static_cast<std::size_t>(pair.outage.row)] / context_->base_mva();
        found.breaches.push_back({pair, reading, overload.share});
    }
    return found.breaches.size() > in_intact;
}

bool RedispatchSearch::may_matter(const Cut& cut, const DispatchPoint& point) const {
    const double limit = program_->limit_of(cut, point.load_mw);
    const double near = cut.pair.type == LimitType::thermal ? kFarFlow : kFarVoltage;
    const double from = cut.sign() * limit - near * std::abs(limit);
    return cut.tangents.empty() ||
           std::any_of(cut.tangents.begin(), cut.tangents.end(), [&](const Tangent& tangent) {
               return cut.sign() * program_->predict(tangent, point) > from;
           });
}

bool RedispatchSearch::is_calm(std::size_t state, const DispatchPoint& point) const {
    const auto calm = calm_.find(state);
    return calm != calm_.end() && point.load_mw <= (1.0 + kStillCalm) * calm->second;
}

void RedispatchSearch::note_calm(const DispatchPoint& point, std::span<const std::size_t> strained,
                                 const Findings& found) {
    for (const std::size_t state : strained) calm_[state] = point.load_mw;
    for (const std::size_t state : found.unsolved) calm_.erase(state);
    for (const Breach& breach : found.breaches) {
        if (!breach.pair.outage.is_intact()) calm_.erase(state_of(breach.pair.outage));
    }
}

RedispatchSearch::Findings RedispatchSearch::check(const DispatchPoint& point, Depth depth) {
    Findings found = begin_check(point);
    go_on_checking(point, depth, found);
    return found;
}

void RedispatchSearch::go_on_checking(const DispatchPoint& point, Depth depth, Findings& found) {
    const Screen& screen = prepared_->screen();
    std::vector<bool> listed = left_out_;
    std::vector<std::size_t> states;
    const auto list = [&](std::size_t state) {
        if (listed[state]) return;
        listed[state] = true;
        states.push_back(state);
    };
    const auto list_suspects = [&](Screen::Find find, const std::vector<Suspect>* by_flows,
                                   std::size_t most) {
        const LimitMask mask{by_flows == nullptr, true};
        screen.find_suspects(look_, mask, find, left_out_, suspects_);
        if (by_flows != nullptr) Screen::add_suspects(*by_flows, suspects_);
        for (std::size_t i = 0; i < std::min(most, suspects_.size()); ++i) list(suspects_[i].state);
    };
    for (const Cut& cut : cuts_) {
        if (cut.pair.outage.is_intact() || !(depth == Depth::certain || may_matter(cut, point))) continue;
        list(state_of(cut.pair.outage));
        if (cut.pair.outage.kind != contingency::OutageKind::unit) continue;
        // What counts after the loss of one unit of a plant does so after that of another.
        const std::int32_t plant = plant_of_unit_[static_cast<std::size_t>(cut.pair.outage.row)];
        for (const std::size_t state : states_of_plant_[static_cast<std::size_t>(plant)]) list(state);
    }
    const std::size_t first_strained = states.size();
    suspects_.clear();
    screen.order_by_strain(look_, candidate_.bus, kCollapseChecks, listed, suspects_);
    for (const Suspect& suspect : suspects_) {
        if (depth == Depth::likely && is_calm(suspect.state, point)) {
            listed[suspect.state] = false;
        } else {
            states.push_back(suspect.state);
        }
    }
    const std::size_t strained = states.size() - first_strained;
    if (depth == Depth::likely) {
        list_suspects(Screen::Find::expected, found.flow_suspects ? &*found.flow_suspects : nullptr,
                      kLikelyStates);
    } else {
        screen.look_at_switching(look_);
        list_suspects(Screen::Find::all, nullptr, std::numeric_limits<std::size_t>::max());
        if (context_->options.certify == Certify::all || !knows_sharing_) {
            for (std::size_t state = 0; state < listed.size(); ++state) list(state);
        }
    }
    const Aim aim = depth == Depth::certain ? Aim::certify : Aim::look;
    // What counts in the first states is enough to learn from.
    std::size_t from = 0;
    do {
        const std::size_t count = std::min(kStatesAtOnce, states.size() - from);
        check_states(point, std::span(states).subspan(from, count), aim, found);
        settle(point, found);
        from += count;
    } while (from < states.size() && found.is_clean());
    if (first_strained + strained <= from)
        note_calm(point, std::span(states).subspan(first_strained, strained), found);
    found.looked_at = std::move(listed);
}

}  // namespace nodalroom::headroom
