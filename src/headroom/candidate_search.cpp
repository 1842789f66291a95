#include "nodalroom/headroom/candidate_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nodalroom::headroom {
namespace {

using contingency::Outage;
using contingency::OutageKind;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Solved states without load are kept for later candidates up to this many.
constexpr std::size_t kMaxBaselines = 256;
// Rounds of one search; the hardest seen take some twenty.
constexpr int kMaxRounds = 200;
// Times the headline is searched again from what a search for one type found below it.
constexpr int kMaxRestarts = 8;
// Shares of the answer at which states are looked at for what counts only in between.
constexpr double kSharesBelow[] = {0.75, 0.5, 0.25};
// Answers up to this are not looked below, MW.
constexpr double kLeastLookedBelowMw = 0.1;
// States checked for collapse by each kind of strain, although no limit puts them under suspicion:
// where collapse is looked for, and beside other limits.
constexpr std::size_t kCollapseChecks = 16;
constexpr std::size_t kCollapseChecksBeside = 4;
// States that are checked together before all others.
constexpr std::size_t kFirstChecks = 64;
// After a drop of the limit by more than this share the states are screened anew at once.
constexpr double kRescreenDrop = 0.05;

std::int64_t key_of(Outage outage) {
    return static_cast<std::int64_t>(outage.kind) * (std::int64_t{1} << 32) + outage.row;
}

LimitMask only(LimitType type) {
    LimitMask mask{false, false, false, false};
    switch (type) {
        case LimitType::thermal:
            mask.thermal = true;
            break;
        case LimitType::low_voltage:
        case LimitType::high_voltage:
        case LimitType::voltage_change:
            mask.voltage = true;
            break;
        case LimitType::collapse:
            mask.collapse = true;
            break;
        case LimitType::generation:
            mask.generation = true;
            break;
        case LimitType::none:
            break;
    }
    return mask;
}

}  // namespace

CandidateSearch::CandidateSearch(const Preparation& prepared, const RunControl* control)
    : context_(&prepared.context()),
      states_(&prepared.states()),
      screen_(&prepared.screen()),
      control_(control),
      solver_(prepared.base()),
      side_solver_(prepared.base()),
      certificate_(prepared) {}

const Baseline& CandidateSearch::baseline(Outage outage) {
    const std::int64_t key = key_of(outage);
    if (const auto it = baselines_.find(key); it != baselines_.end()) return *it->second;
    auto made = std::make_unique<Baseline>();
    side_solver_.clear_load();
    side_solver_.set_outage(outage);
    made->report = side_solver_.solve_from_base();
    made->voltages = side_solver_.newton().voltages();
    const auto branches = context_->base->network().branches();
    made->s_pu.assign(branches.size(), 0.0);
    for (std::size_t l = 0; l < branches.size(); ++l) {
        if (!branches[l].in_service) continue;
        const auto flow = powerflow::flow_of(side_solver_.newton(), l);
        made->s_pu[l] = std::max(std::abs(flow.s_from), std::abs(flow.s_to));
    }
    return *baselines_.emplace(key, std::move(made)).first->second;
}

StatePath& CandidateSearch::path_of(Outage outage) {
    auto& path = paths_[key_of(outage)];
    if (!path) path = std::make_unique<StatePath>(outage, candidate_, baseline(outage).voltages);
    return *path;
}

const std::vector<double>* CandidateSearch::intact_vm(double load_mw) {
    if (!context_->limits.voltage_change_max_pu) return nullptr;
    if (intact_vm_mw_ != load_mw) {
        if (!path_of(Outage{}).reach(side_solver_, load_mw)) return nullptr;
        intact_vm_ = side_solver_.newton().voltages().vm_pu;
        intact_vm_mw_ = load_mw;
    }
    return &intact_vm_;
}

void CandidateSearch::counted_items(double load_mw, const LimitMask& mask, std::vector<Item>& items) {
    const auto* vm = solver_.outage().is_intact() ? nullptr : intact_vm(load_mw);
    find_exceeded(*context_, contingency::solved_state(solver_), mask, vm, loading_squared_, items);
    if (!items.empty()) keep_counted(*context_, load_mw, baseline(solver_.outage()), items);
}

CandidateSearch::Check CandidateSearch::check_state(std::size_t state, double load_mw,
                                                    const powerflow::Voltages& start, const LimitMask& mask) {
    const Outage outage = states_->outages[state];
    if (!solve_loaded(solver_, outage, candidate_, load_mw, start) &&
        !path_of(outage).reach(solver_, load_mw)) {
        return Check::unsolved;
    }
    counted_items(load_mw, mask, items_);
    return items_.empty() ? Check::clean : Check::violated;
}

std::vector<std::size_t> CandidateSearch::find_suspects(const LimitMask& mask, Screen::Find find,
                                                        std::vector<bool>& listed) {
    std::vector<std::size_t> found;
    if (mask.thermal || mask.voltage) {
        screen_->find_suspects(look_, mask, find, listed, suspects_);
        for (const Suspect& suspect : suspects_) {
            listed[suspect.state] = true;
            found.push_back(suspect.state);
        }
    }
    // Of collapse nothing is expected; where it alone is looked for, the most strained stand for that.
    if (mask.collapse && (find == Screen::Find::all || !mask.thermal)) {
        suspects_.clear();
        const std::size_t most = find == Screen::Find::expected ? 1
                                 : mask.thermal                 ? kCollapseChecksBeside
                                                                : kCollapseChecks;
        screen_->order_by_strain(look_, candidate_.bus, most, listed, suspects_);
        for (const Suspect& suspect : suspects_) found.push_back(suspect.state);
    }
    return found;
}

bool CandidateSearch::Outcome::take(const std::optional<Event>& found) {
    if (!found) {
        ++states_solved;
        return false;
    }
    event = found;
    feasible_mw = std::min(found->feasible_mw, std::max(0.0, feasible_mw - kResolutionMw));
    return true;
}

bool CandidateSearch::tighten(std::size_t state, double load_mw, const powerflow::Voltages& start,
                              const LimitMask& mask, Outcome& outcome) {
    std::optional<Event> event;
    if (check_state(state, load_mw, start, mask) != Check::clean) {
        event = first_event(path_of(states_->outages[state]), load_mw, mask);
    }
    return outcome.take(event);
}

bool CandidateSearch::tighten_all(std::span<const std::size_t> states, double load_mw,
                                  const powerflow::Voltages& start, const LimitMask& mask, Outcome& outcome) {
    if (states.empty() || cancelled() || outcome.feasible_mw <= 0.0) return false;
    path_of(Outage{}).reach(solver_, load_mw);
    const double before = outcome.feasible_mw;
    // The likeliest first: once the limit is lowered, the rest wait for the next screening.
    for (std::size_t count = kFirstChecks; !states.empty() && outcome.feasible_mw == before;
         count = states.size()) {
        const auto found = certificate_.check(solver_, candidate_, load_mw, mask,
                                              states.first(std::min(count, states.size())), control_);
        states = states.subspan(std::min(count, states.size()));
        outcome.states_solved += found.clean;
        for (const std::size_t state : found.doubtful) {
            if (cancelled() || outcome.feasible_mw < (1.0 - kRescreenDrop) * before) break;
            (void)tighten(state, std::min(load_mw, outcome.feasible_mw), start, mask, outcome);
        }
        if (cancelled()) break;
        path_of(Outage{}).reach(solver_, load_mw);
    }
    return outcome.feasible_mw < before;
}

void CandidateSearch::lower_to_known_ends(const LimitMask& mask, Outcome& outcome) {
    for (const auto& [key, path] : paths_) {
        if (path->outage().is_intact() || path->lowest_unsolved_mw() > outcome.feasible_mw) continue;
        if (const auto event = first_event(*path, path->highest_solved_mw(), mask);
            event && event->feasible_mw < outcome.feasible_mw) {
            outcome.take(event);
        }
    }
}

std::optional<powerflow::Voltages> CandidateSearch::look_at(double load_mw) {
    if (!path_of(Outage{}).reach(solver_, load_mw)) return std::nullopt;
    powerflow::Voltages solved = solver_.newton().voltages();
    intact_point_ = read_intact_point(solver_, load_mw);
    screen_->look_at(intact_point_, look_);
    return solved;
}

bool CandidateSearch::run_round(const LimitMask& mask, bool headline, Outcome& outcome) {
    const double before = outcome.feasible_mw;
    const auto start = look_at(before);
    if (!start) {  // its path has turned out to end below
        if (!outcome.take(end_of(path_of(Outage{}), mask)))
            outcome.feasible_mw = path_of(Outage{}).highest_solved_mw();
        return true;
    }
    outcome.states_solved = 1;
    std::vector<bool> listed = left_out_;
    // Those expected to count, the first of them alone, for what it takes off the limit may spare the
    // others; then, at a load at which none does, those in doubt; and at last, where that is asked for,
    // all that are left.
    const auto expected = find_suspects(mask, Screen::Find::expected, listed);
    if (!expected.empty()) {
        const double expected_mw = suspects_.front().crossing_mw;
        StatePath& path = path_of(states_->outages[expected.front()]);
        const bool lowered = outcome.take(first_event(path, before, mask, expected_mw));
        if (outcome.feasible_mw < (1.0 - kRescreenDrop) * before) return true;
        const auto others = std::span(expected).subspan(1);
        if (tighten_all(others, outcome.feasible_mw, *start, mask, outcome) || lowered) return true;
    }
    screen_->look_at_switching(look_);
    if (tighten_all(find_suspects(mask, Screen::Find::all, listed), before, *start, mask, outcome))
        return true;
    if (!headline || context_->options.certify != Certify::all) return false;
    std::vector<std::size_t> others;
    for (std::size_t state = 0; state < listed.size(); ++state) {
        if (!listed[state]) others.push_back(state);
    }
    return tighten_all(others, before, *start, mask, outcome);
}

bool CandidateSearch::look_below(const LimitMask& mask, Outcome& outcome) {
    const double before = outcome.feasible_mw;
    if (before < kLeastLookedBelowMw) return false;
    Outcome below = outcome;  // whose count of states is of other loads
    for (const double share : kSharesBelow) {
        const double load_mw = share * before;
        const auto start = look_at(load_mw);
        if (start) counted_items(load_mw, mask, items_);
        if (!start || !items_.empty()) {
            below.take(first_event(path_of(Outage{}), load_mw, mask));
        } else {
            std::vector<bool> listed = left_out_;
            (void)tighten_all(find_suspects(mask, Screen::Find::expected, listed), load_mw, *start, mask,
                              below);
        }
        if (cancelled()) return false;
        if (below.feasible_mw < before) {
            outcome = below;
            return true;
        }
    }
    return false;
}

CandidateSearch::Outcome CandidateSearch::search(const LimitMask& mask, bool headline,
                                                 std::optional<Event> known) {
    Outcome outcome;
    StatePath& intact = path_of(Outage{});
    outcome.event = known ? known : first_event(intact, context_->options.max_mw, mask);
    outcome.feasible_mw = outcome.event ? outcome.event->feasible_mw
                                        : std::min(context_->options.max_mw, intact.highest_solved_mw());
    if (!headline) lower_to_known_ends(mask, outcome);
    const bool any_post_outage = mask.thermal || mask.voltage || mask.collapse;
    bool settled = !any_post_outage && !headline;
    for (int rounds = 0; !settled && !cancelled() && outcome.feasible_mw > 0.0; ++rounds) {
        if (rounds == kMaxRounds) {
            outcome.settled = false;
            return outcome;
        }
        if (run_round(mask, headline, outcome)) continue;
        const int states_solved = outcome.states_solved;
        settled = !headline || !look_below(mask, outcome);
        if (settled) outcome.states_solved = states_solved;
    }
    if (outcome.feasible_mw <= 0.0)
        outcome.states_solved = states_->solvable_count(*context_, candidate_.bus);
    return outcome;
}

HeadroomRow CandidateSearch::run(BusRow bus) {
    HeadroomRow row;
    row.bus = bus;
    row.radial_feed = context_->base->network().feeding_bridge()[bus.pos()];
    row.states_total = states_->solvable_count(*context_, bus);
    candidate_ = {bus, mvar_per_mw_at(context_->options.power_factor)};
    left_out_ = states_->left_out(*context_, bus);
    paths_.clear();
    if (baselines_.size() >= kMaxBaselines) baselines_.clear();
    certificate_.begin_candidate();
    intact_vm_mw_ = -1.0;

    const auto load_of = [](const std::optional<Event>& event) { return event ? event->load_mw : kInfinity; };
    Outcome headline = search(LimitMask{}, true, std::nullopt);
    // Each type on its own, the headline's own type taken from it; collapse first, whose ends the others see.
    std::map<LimitType, std::optional<Event>> first_of;
    for (const LimitType type :
         {LimitType::collapse, LimitType::thermal, LimitType::low_voltage, LimitType::generation}) {
        const bool is_headline = headline.event && only(headline.event->binding.type) == only(type);
        first_of[type] = is_headline ? headline.event : search(only(type), false, std::nullopt).event;
    }
    // Looking for one type alone looks closer; what it finds below the headline becomes the headline.
    for (int restarts = 0; restarts < kMaxRestarts && !cancelled(); ++restarts) {
        std::optional<Event> lowest;
        for (const auto& [type, event] : first_of) {
            if (event && event->load_mw < load_of(lowest)) lowest = event;
        }
        if (!(load_of(lowest) < load_of(headline.event) - kResolutionMw)) break;
        headline = search(LimitMask{}, true, lowest);
        for (auto& [type, event] : first_of) {
            if (headline.event && only(type) == only(headline.event->binding.type)) event = headline.event;
        }
    }
    // The headline is the least of its types' figures, which are told apart no closer than the resolution.
    if (headline.event) {
        const LimitMask bound = only(headline.event->binding.type);
        for (auto& [type, event] : first_of) {
            if (only(type) == bound) event = headline.event;
            if (event) event->load_mw = std::max(event->load_mw, headline.event->load_mw);
        }
    }
    row.thermal_mw = load_of(first_of[LimitType::thermal]);
    row.voltage_mw = load_of(first_of[LimitType::low_voltage]);
    row.collapse_mw = load_of(first_of[LimitType::collapse]);
    row.generation_mw = load_of(first_of[LimitType::generation]);
    if (cancelled()) return row;

    row.states_solved = headline.states_solved;
    row.feasible_mw = headline.feasible_mw;
    if (headline.event) {
        row.violated_mw = headline.event->violated_mw;
        row.binding = headline.event->binding;
    }
    if (!headline.settled || (headline.event && !headline.event->settled)) {
        row.status = HeadroomStatus::not_settled;
        row.states_solved = 0;
        return row;
    }
    if (!headline.event) {
        row.status = HeadroomStatus::cap_reached;
        row.headroom_mw = context_->options.max_mw;
        return row;
    }
    row.headroom_mw = headline.event->load_mw;
    row.status = row.binding.type == LimitType::generation ? HeadroomStatus::generation_limited
                 : row.headroom_mw <= 0.0                  ? HeadroomStatus::already_limited
                                                           : HeadroomStatus::limited;
    return row;
}

}  // namespace nodalroom::headroom
