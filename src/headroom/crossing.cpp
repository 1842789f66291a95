// How a candidate search finds the first load at which something counts in one state.
#include <algorithm>
#include <cmath>

#include "nodalroom/headroom/candidate_search.hpp"

namespace nodalroom::headroom {
namespace {

// A crossing is located when Newton's next step in the load is shorter than this.
constexpr double kCrossingMw = 2e-4;
// A state is first looked at with this share of the load it is searched up to.
constexpr double kFirstStepShare = 1.0 / 16.0;
// A limit expected at some load is first looked for this much beyond it.
constexpr double kBeyondExpected = 1.05;
constexpr int kMaxCrossingSteps = 60;
// A bracket wider than this is no answer (definition, section 7).
constexpr double kWidestCrossingMw = 0.1;
// First load that the intact state is looked at with; each further one is twice the last.
constexpr double kFirstLookMw = 1.0;

/// Where a straight line from the state without load to the present one meets the item's limit.
double straight_line_guess(const StudyContext& context, const Item& item, const Baseline& base,
                           double load_mw) {
    if (item.type == LimitType::voltage_change) return 0.5 * load_mw;
    const double before = item.type == LimitType::generation
                              ? base.voltages.supply_pu[static_cast<std::size_t>(item.element)]
                              : value_without_load(context, base, item);
    if (std::isnan(before)) return 0.5 * load_mw;
    const double share = (item.limit_pu - before) / (item.value_pu - before);
    return share > 0.0 && share < 1.0 ? share * load_mw : 0.0;
}

}  // namespace

Binding CandidateSearch::describe(const StatePath& path, double load_mw, const Item& item) {
    Binding binding;
    binding.type = item.type;
    binding.outage = path.outage();
    binding.element = item.type == LimitType::generation ? -1 : item.element;
    const auto* vm = path.outage().is_intact() ? nullptr : intact_vm(load_mw);
    const Baseline& base = baseline(path.outage());
    const Item now = follow_item(*context_, solver_, load_mw, vm, base, item);
    const bool is_power = item.type == LimitType::thermal || item.type == LimitType::generation;
    const double unit = is_power ? context_->base_mva() : 1.0;
    binding.value = now.value_pu * unit;
    binding.value_without_load = value_without_load(*context_, base, now) * unit;
    binding.limit = now.limit_pu * unit;
    if (load_direction(solver_, candidate_.bus, candidate_.mvar_per_mw, direction_)) {
        binding.factor = item_slope(*context_, solver_, now, direction_).value_pu_per_mw * unit;
    }
    return binding;
}

CandidateSearch::Event CandidateSearch::collapse_event(StatePath& path) {
    Event event;
    event.feasible_mw = path.highest_solved_mw();
    event.violated_mw = path.lowest_unsolved_mw();
    event.load_mw = 0.5 * (event.feasible_mw + event.violated_mw);
    event.settled = path.is_settled();
    event.binding.type = LimitType::collapse;
    event.binding.outage = path.outage();
    event.binding.element = candidate_.bus.value();
    path.put_last(solver_);
    if (load_direction(solver_, candidate_.bus, candidate_.mvar_per_mw, direction_)) {
        // The bus whose voltage falls fastest is where the state gives way.
        const auto& vm = solver_.newton().voltages().vm_pu;
        double steepest = 0.0;
        for (std::size_t i = 0; i < vm.size(); ++i) {
            if (!context_->base->equations().is_energised(i)) continue;
            const double slope =
                vm[i] * direction_[static_cast<std::size_t>(context_->base->equations().v_column(i))];
            if (slope < steepest) {
                steepest = slope;
                event.binding.element = static_cast<std::int32_t>(i);
            }
        }
        event.binding.factor = steepest;
    }
    event.binding.value = solver_.newton().voltages().vm_pu[static_cast<std::size_t>(event.binding.element)];
    return event;
}

double CandidateSearch::next_guess(double load_mw, Item& tracked, const std::vector<Item>& items,
                                   const Baseline& base) {
    if (!load_direction(solver_, candidate_.bus, candidate_.mvar_per_mw, direction_)) return kNaN;
    const auto* vm = solver_.outage().is_intact() ? nullptr : intact_vm(load_mw);
    const auto step = [&](const Item& item) {
        const double slope = item_slope(*context_, solver_, item, direction_).excess_pu_per_mw;
        return slope > 0.0 ? load_mw - item.excess_pu / slope : kNaN;
    };
    tracked = follow_item(*context_, solver_, load_mw, vm, base, tracked);
    double guess = step(tracked);
    for (const Item& item : items) {
        const double other = step(item);
        if (other < guess || (std::isnan(guess) && !std::isnan(other))) {
            guess = other;
            tracked = item;
        }
    }
    return guess;
}

std::optional<CandidateSearch::Event> CandidateSearch::end_of(StatePath& path, const LimitMask& mask) {
    if (!mask.collapse) return std::nullopt;
    return collapse_event(path);
}

/// Newton on the load with the exact total derivative of the limit along the state's solutions (the
/// bordered system of docs/math.md, eq. 15, with its inner block solved to the end), kept in a
/// bracket. Below the crossing it ends at, other limits are looked for until none is left.
///
/// Invariants: clean_mw <= low < high <= violated_mw; both are on the path; nothing counts at low, something
/// at high. Where the path turns out to end between them, high comes down to its end. So an event never lies
/// above the bracket it was looked for in. None: nothing counts before the path ends, and its end is not
/// looked for.
std::optional<CandidateSearch::Event> CandidateSearch::find_crossing(StatePath& path, double clean_mw,
                                                                     double violated_mw,
                                                                     const LimitMask& mask) {
    const Baseline& base = baseline(path.outage());
    Event event;
    double low = clean_mw, high = violated_mw;
    std::vector<Item> items;
    if (!path.reach(solver_, high)) return end_of(path, mask);
    counted_items(high, mask, items);
    if (items.empty()) return std::nullopt;
    Item tracked = items.front();
    double guess = high;
    for (const Item& item : items) {
        const double here = straight_line_guess(*context_, item, base, high);
        if (here < guess) {
            guess = here;
            tracked = item;
        }
    }
    double known_violated = high;
    // The path ends below a load that was looked at. False: nothing counts up to its end.
    const auto come_down = [&] {
        const double top = path.highest_solved_mw();
        if (!(top > clean_mw) || !path.reach(solver_, top)) return false;
        counted_items(top, mask, items);
        if (items.empty()) return false;
        high = known_violated = top;
        low = std::min(low, clean_mw);
        tracked = items.front();
        guess = next_guess(top, tracked, items, base);
        return true;
    };
    // Something of the items counts at a load of so little: as soon as any is added (definition, section 7).
    const auto at_once = [&](double mw) {
        event.load_mw = event.feasible_mw = 0.0;
        event.violated_mw = mw;
        event.binding = describe(path, mw, items.front());
        return event;
    };
    if (high <= kResolutionMw) return at_once(high);
    for (int steps = 0; steps < kMaxCrossingSteps; ++steps) {
        double x = guess;
        if (!(x > low && x < high)) x = 0.5 * (low + high);
        if (low == 0.0) x = std::max(x, std::min(kResolutionMw, high));
        if (!path.reach(solver_, x)) {
            if (!come_down()) return end_of(path, mask);
            continue;
        }
        counted_items(x, mask, items);
        if (items.empty()) {
            low = x;
        } else {
            high = x;
            known_violated = std::min(known_violated, x);
            if (x <= kResolutionMw) return at_once(x);
        }
        guess = next_guess(x, tracked, items, base);
        const bool is_root = std::abs(guess - x) < kCrossingMw;
        if (!is_root && !(high - low < kCrossingMw)) continue;

        event.load_mw = std::isnan(guess) ? x : std::clamp(guess, low, high);
        if (!is_root && items.empty() && path.reach(solver_, high)) {
            // It jumps, as where reactive limits switch: what counts is seen from above.
            counted_items(high, mask, items);
            if (!items.empty()) tracked = items.front();
            event.load_mw = x = high;
        }
        if (event.load_mw < kResolutionMw && path.reach(solver_, kResolutionMw)) {
            counted_items(kResolutionMw, mask, items);
            if (!items.empty()) return at_once(kResolutionMw);
        }
        if (!path.reach(solver_, x)) continue;
        event.binding = describe(path, x, tracked);
        event.feasible_mw = std::max(0.0, event.load_mw - kResolutionMw);
        if (event.feasible_mw > clean_mw) {
            if (!path.reach(solver_, event.feasible_mw)) {
                if (!come_down()) return end_of(path, mask);
                continue;
            }
            counted_items(event.feasible_mw, mask, items);
            if (!items.empty()) {  // something else counts before it
                high = event.feasible_mw;
                known_violated = std::min(known_violated, high);
                low = std::min(low, clean_mw);
                tracked = items.front();
                guess = next_guess(high, tracked, items, base);
                continue;
            }
        }
        event.violated_mw = event.load_mw + kResolutionMw;
        if (!path.reach(solver_, event.violated_mw)) {
            event.violated_mw = std::max(event.load_mw, path.lowest_unsolved_mw());
        } else {
            counted_items(event.violated_mw, mask, items);
            if (items.empty()) event.violated_mw = std::max(event.load_mw, known_violated);
        }
        event.settled = event.violated_mw - event.load_mw <= kWidestCrossingMw;
        return event;
    }
    // The steps ran out inside a bracket: the bracket is the answer.
    if (!path.reach(solver_, high)) return end_of(path, mask);
    event.load_mw = high;
    event.feasible_mw = low;
    event.violated_mw = high;
    event.settled = high - low <= kWidestCrossingMw;
    event.binding = describe(path, high, tracked);
    return event;
}

std::optional<CandidateSearch::Event> CandidateSearch::first_event(StatePath& path, double up_to_mw,
                                                                   const LimitMask& mask,
                                                                   double expected_mw) {
    // In growing steps, so that a limit met early is found without following the path to its end. Those of
    // the intact state do not depend on where the search ends, nor does what they find.
    double clean = 0.0;
    if (mask.thermal || mask.voltage || mask.generation) {
        const double first = expected_mw > 0.0           ? kBeyondExpected * expected_mw
                             : path.outage().is_intact() ? kFirstLookMw
                                                         : kFirstStepShare * up_to_mw;
        for (double mw = first; mw < up_to_mw && path.reach(solver_, mw); mw *= 2.0) {
            counted_items(mw, mask, items_);
            if (!items_.empty()) return find_crossing(path, clean, mw, mask);
            clean = mw;
        }
    }
    double top = up_to_mw;
    const bool reached = path.reach(solver_, up_to_mw);
    if (!reached) {
        top = path.highest_solved_mw();
        if (top > 0.0 && !path.reach(solver_, top)) top = 0.0;
    }
    if (top > 0.0) {
        counted_items(top, mask, items_);
        if (!items_.empty()) return find_crossing(path, std::min(clean, top), top, mask);
    }
    if (!reached) return end_of(path, mask);
    return std::nullopt;
}

}  // namespace nodalroom::headroom
