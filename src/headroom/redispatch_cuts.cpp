// The rows of the program: pairs that count somewhere, linearised.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "nodalroom/headroom/redispatch_search.hpp"
#include "nodalroom/headroom/state_path.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::Outage;
using contingency::OutageKind;
using contingency::StateSolver;

// A tangent that puts a certified point beyond its limit by this share of it is wrong.
constexpr double kDisproof = 1e-6;
// A row that held nothing back in so many programs is taken out.
constexpr int kMostIdle = 8;
// Rows added in one round for one element, and for one kind of limit in one state: the rows of a whole area,
// where one of them would do, leave no place for others.
constexpr int kCutsPerElement = 2, kCutsPerState = 4;
// A tangent that is off by no more than a share of what limits are drawn in by will do; where the value is
// further below its limit than this share of it, it does not matter.
constexpr double kNear = 0.05;
constexpr double kGoodShareOfDrawnIn = 0.25;
// Share of a voltage by which a solution may lie beyond what was taken for the end of its state's solutions.
constexpr double kEndMargin = 1e-4;
// The end of a state's solutions between two points is located to this width.
constexpr double kEndWidthMw = 0.2;

}  // namespace

void RedispatchSearch::add_cuts(const DispatchPoint& point, std::vector<Breach>& breaches, std::size_t most) {
    std::sort(breaches.begin(), breaches.end(), [](const Breach& a, const Breach& b) {
        return a.share != b.share ? a.share > b.share : a.pair < b.pair;
    });
    const auto known = [&](const LimitPair& pair) {
        return std::find_if(cuts_.begin(), cuts_.end(), [&](const Cut& cut) { return cut.pair == pair; });
    };
    std::map<std::pair<LimitType, std::int32_t>, int> of_element;
    std::map<std::tuple<LimitType, OutageKind, std::int32_t>, int> of_state;
    std::size_t fresh = 0;
    std::vector<Breach> taken;
    for (const Breach& breach : breaches) {
        if (fresh == most) break;
        if (known(breach.pair) == cuts_.end()) {
            const Outage& outage = breach.pair.outage;
            if (++of_element[{breach.pair.type, breach.pair.element}] > kCutsPerElement) continue;
            if (++of_state[{breach.pair.type, outage.kind, outage.row}] > kCutsPerState) continue;
            ++fresh;
        }
        taken.push_back(breach);
    }
    // Those of one state behind each other, for its factor.
    std::sort(taken.begin(), taken.end(), [](const Breach& a, const Breach& b) { return a.pair < b.pair; });
    for (const Breach& breach : taken) {
        if (const auto cut = known(breach.pair); cut != cuts_.end()) {
            refresh_cut(point, breach.reading, *cut);
            continue;
        }
        Cut cut;
        cut.pair = breach.pair;
        refresh_cut(point, breach.reading, cut);
        if (cut.tangents.empty()) continue;
        if (cut.pair.type == LimitType::thermal) flows_seen_.insert(cut.pair);
        cuts_.push_back(std::move(cut));
    }
}

void RedispatchSearch::add_border(const ProgramPoint& proposed, std::optional<std::size_t> state) {
    const Outage outage = state ? states_->outages[*state] : Outage{};
    const double from_mw = best_->load_mw;
    // The last point at which the state is clean, and the first where it is not: solved, or without a
    // solution.
    std::shared_ptr<const DispatchPoint> inside, outside;
    std::vector<Breach> breaches;
    powerflow::Voltages intact = best_->base->voltages(), at_inside, before;
    enum class At { clean, beyond, unsolved };
    const auto look_at_share = [&](double share, Effort effort) {
        auto point = solve_point(point_between(proposed, share), intact);
        Findings found;
        bool solved = false;
        std::optional<StateSolver> solver;
        if (point) {
            solver.emplace(*point->base);
            solver->set_outage(outage);
            const powerflow::Voltages& start = at_inside.vm_pu.empty() ? point->base->voltages() : at_inside;
            const auto report =
                effort == Effort::near ? solver->solve_near(start) : solver->solve_from(start);
            solved = report.converged();
        }
        if (!solved) {
            if (effort == Effort::thorough) outside.reset();
            return At::unsolved;
        }
        start_reading();
        examine(*point, state.value_or(0), contingency::solved_state(*solver), found);
        settle(*point, found);
        if (!found.breaches.empty()) {
            outside = std::move(point);
            breaches = std::move(found.breaches);
            return At::beyond;
        }
        intact = point->base->voltages();
        before = at_inside.vm_pu.empty() ? solver->newton().voltages() : std::move(at_inside);
        at_inside = solver->newton().voltages();
        inside = std::move(point);
        return At::clean;
    };
    if (look_at_share(0.0, Effort::thorough) != At::clean) return;
    double clean_at = 0.0, other_at = 1.0, proved_at = other_at;
    const double width = std::max(kEndWidthMw / std::max(proposed.load_mw - from_mw, kEndWidthMw), 1e-3);
    while (true) {
        while (other_at - clean_at > width) {
            const double share = 0.5 * (clean_at + other_at);
            const At at = look_at_share(share, Effort::near);
            (at == At::clean ? clean_at : other_at) = share;
            if (at == At::beyond) proved_at = share;
        }
        // Steps are short enough for little effort, as a rule: what it gave up in the end is tried again.
        if (proved_at == other_at || look_at_share(other_at, Effort::thorough) != At::clean) break;
        clean_at = std::exchange(other_at, proved_at);
    }
    if (outside) {
        start_reading();
        add_cuts(*outside, breaches, kCutsPerRound);
        start_reading();  // the point goes
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
    PairEffect effect;
    StateSolver solver(*inside->base);
    solver.set_outage(outage);
    if (!solver.solve_from(at_inside).converged() || !solver.newton().factorise()) return;
    find_effect(solver, cut.pair, effect);
    const PairReading reading = program_->read(cut.pair, *inside->base, contingency::solved_state(solver));
    cut.limit = cut.value = program_->value_of(*inside, cut.pair, reading);
    cut.tangents.push_back(program_->linearise(*inside, cut.pair, reading, effect));
    cut.tangents.back().is_exact = true;
    cuts_.push_back(std::move(cut));
}

bool RedispatchSearch::says_beyond(const Cut& cut, const Tangent& tangent) const {
    const double limit = program_->limit_of(cut, best_->load_mw);
    const double allowed = limit + cut.sign() * kDisproof * std::abs(limit);
    return cut.sign() * (program_->predict(tangent, *best_) - allowed) > 0.0;
}

void RedispatchSearch::drop_disproved() {
    for (Cut& cut : cuts_) {
        const double limit = program_->limit_of(cut, best_->load_mw);
        std::erase_if(cut.tangents, [&](Tangent& tangent) {
            if (tangent.idle > kMostIdle) return true;
            return says_beyond(cut, tangent) && !program_->turn(tangent, *best_, limit);
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
    if (!factorise_state(point, pair.outage)) return nullptr;
    auto exact = std::make_shared<PairEffect>();
    find_effect(*point_solver_, pair, *exact);
    return exact;
}

bool RedispatchSearch::factorise_state(const DispatchPoint& point, Outage outage) {
    if (factorised_ == outage) return true;
    factorised_.reset();
    if (!point_solver_) point_solver_.emplace(*point.base);
    point_solver_->set_outage(outage);
    auto& newton = point_solver_->newton();
    const auto kept = kept_.find({outage.kind, outage.row});
    if (kept != kept_.end()) {
        newton.start_from(kept->second);
        newton.evaluate_mismatch();
    } else if (!point_solver_->solve_from(point.base->voltages()).converged()) {
        return false;
    }
    if (!newton.factorise()) return false;
    factorised_ = outage;
    return true;
}

std::vector<std::size_t> RedispatchSearch::cuts_by_state() const {
    std::vector<std::size_t> order(cuts_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return cuts_[a].pair < cuts_[b].pair; });
    return order;
}

void RedispatchSearch::read_best(std::vector<std::size_t> states) {
    if (!reads_best_) start_reading();
    std::set<std::size_t> unread;
    bool reads_intact = !reads_best_;
    for (const Cut& cut : cuts_) {
        if (cut.reading) continue;
        if (cut.pair.outage.is_intact()) {
            reads_intact = true;
        } else {
            unread.insert(state_of(cut.pair.outage));
        }
    }
    Findings unused;
    if (reads_intact) check_intact(*best_, unused);
    std::sort(states.begin(), states.end());
    states.erase(std::unique(states.begin(), states.end()), states.end());
    std::erase_if(states, [&](std::size_t state) { return unread.count(state) == 0; });
    check_states(*best_, states, Aim::read, unused);
    reads_best_ = true;
}

std::vector<std::size_t> RedispatchSearch::states_of_cuts() const {
    std::vector<std::size_t> states;
    for (const Cut& cut : cuts_) {
        if (!cut.pair.outage.is_intact()) states.push_back(state_of(cut.pair.outage));
    }
    return states;
}

void RedispatchSearch::refresh_cut(const DispatchPoint& point, const PairReading& reading, Cut& cut) {
    if (cut.pair.type == LimitType::collapse) {
        // The state has a solution here: what says that it has none is dropped.
        std::erase_if(cut.tangents, [&](const Tangent& tangent) {
            return program_->predict(tangent, point) < cut.limit * (1.0 - kEndMargin);
        });
        return;
    }
    if (!cut.effect) cut.effect = library_->effect(cut.pair, unloaded_);
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
    for (const std::size_t c : cuts_by_state()) {
        if (cuts_[c].reading) refresh_cut(point, *cuts_[c].reading, cuts_[c]);
    }
    std::erase_if(cuts_, [](const Cut& cut) { return cut.tangents.empty(); });
}

bool RedispatchSearch::linearise_at_best() {
    if (best_ == linearised_at_) return false;
    linearised_at_ = best_;
    read_best(states_of_cuts());
    program_->set_losses(*best_, *intact_);
    for (const std::size_t c : cuts_by_state()) {
        Cut& cut = cuts_[c];
        if (cut.pair.type == LimitType::collapse || !cut.reading) continue;
        std::erase_if(cut.tangents,
                      [](const Tangent& tangent) { return tangent.is_turned || !tangent.is_exact; });
        const double limit = program_->limit_of(cut, best_->load_mw);
        const double value = program_->value_of(*best_, cut.pair, *cut.reading);
        if (cut.sign() * (value - limit) < -kNear * std::abs(limit)) continue;
        const auto exact = exact_effect(*best_, cut.pair);
        if (!exact) continue;
        cut.value = value;
        // What has too much here would price a pair that is not at its limit.
        std::erase_if(cut.tangents, [&](const Tangent& tangent) {
            return cut.sign() * (program_->predict(tangent, *best_) - value) > kDisproof * std::abs(limit);
        });
        cut.tangents.push_back(program_->linearise(*best_, cut.pair, *cut.reading, *exact));
        cut.tangents.back().is_exact = true;
    }
    std::erase_if(cuts_, [](const Cut& cut) { return cut.tangents.empty(); });
    return true;
}

}  // namespace nodalroom::headroom
