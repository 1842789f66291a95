#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "nodalroom/core/parallel.hpp"
#include "nodalroom/headroom/certificate.hpp"
#include "nodalroom/headroom/preparation.hpp"
#include "nodalroom/headroom/state_path.hpp"

namespace nodalroom::headroom {

/// Finds the headroom of one bus after another: screen all states, refine the nearest to their
/// limit, certify below it. Results do not depend on what was searched before. One per thread.
///
/// Invariants of a search: feasible_mw starts at the cap, or below what the intact state has first, and each
/// round that goes on lowers it, by kResolutionMw at least where it does not end at 0; the event is the one
/// that lowered it last. Rounds are bounded; a search that uses them up is not settled.
class CandidateSearch {
public:
    CandidateSearch(const Preparation& prepared, const RunControl* control);

    /// Distance of the two checked loads from the limit between them (definition, section 7).
    static constexpr double kResolutionMw = 0.005;

    /// The row of a bus; not_run when the study was cancelled meanwhile.
    [[nodiscard]] HeadroomRow run(BusRow bus);

private:
    /// The first load at which something counts in one state.
    struct Event {
        double load_mw = 0.0;
        double feasible_mw = 0.0;  ///< solved and clean in that state
        double violated_mw = 0.0;  ///< checked violated in that state
        bool settled = true;       ///< false: the steps ran out; the bracket is wider than promised
        Binding binding;
    };
    struct Outcome {
        std::optional<Event> event;  ///< none: nothing counts up to feasible_mw
        double feasible_mw = 0.0;
        int states_solved = 0;
        bool settled = true;  ///< false: rounds ran out, and something may still count at feasible_mw

        /// What a state that was looked at has below the limit, and whether it has: without an event it is
        /// clean.
        bool take(const std::optional<Event>& found);
    };
    enum class Check : std::uint8_t { clean, violated, unsolved };

    /// known: an event already found, to begin from; none: begin with the intact state.
    Outcome search(const LimitMask& mask, bool headline, std::optional<Event> known);
    /// expected_mw: where to look first; 0 or less: in growing steps from a small part of up_to_mw.
    [[nodiscard]] std::optional<Event> first_event(StatePath& path, double up_to_mw, const LimitMask& mask,
                                                   double expected_mw = 0.0);
    [[nodiscard]] std::optional<Event> find_crossing(StatePath& path, double clean_mw, double violated_mw,
                                                     const LimitMask& mask);
    /// The end of a path, if a search looks for that.
    [[nodiscard]] std::optional<Event> end_of(StatePath& path, const LimitMask& mask);
    [[nodiscard]] Event collapse_event(StatePath& path);
    [[nodiscard]] Check check_state(std::size_t state, double load_mw, const powerflow::Voltages& start,
                                    const LimitMask& mask);
    /// Items that count in the solver's present solution.
    void counted_items(double load_mw, const LimitMask& mask, std::vector<Item>& items);
    [[nodiscard]] double next_guess(double load_mw, Item& tracked, const std::vector<Item>& items,
                                    const Baseline& base);
    [[nodiscard]] Binding describe(const StatePath& path, double load_mw, const Item& item);
    /// States not listed that may break a limit at the load looked at, most critical first; lists them.
    [[nodiscard]] std::vector<std::size_t> find_suspects(const LimitMask& mask, Screen::Find find,
                                                         std::vector<bool>& listed);
    /// Lowers the limit where something counts in a state that is known to end below it: such a state has no
    /// solution at the loads that are looked at.
    void lower_to_known_ends(const LimitMask& mask, Outcome& outcome);
    /// Solves a state at a load up to the limit found so far; lowers that where something counts. True if it
    /// did.
    bool tighten(std::size_t state, double load_mw, const powerflow::Voltages& start, const LimitMask& mask,
                 Outcome& outcome);
    /// Solves these states in lanes at such a load, with which the intact state is in `solver_`, and closer
    /// those that may lower the limit. True if it was lowered.
    bool tighten_all(std::span<const std::size_t> states, double load_mw, const powerflow::Voltages& start,
                     const LimitMask& mask, Outcome& outcome);
    /// Looks for what counts further below and no longer at the limit found: in the intact state and in those
    /// the screen expects to break a limit, at a few loads. True if the limit was lowered.
    bool look_below(const LimitMask& mask, Outcome& outcome);
    /// One round of a search at outcome.feasible_mw. True if it lowered it.
    bool run_round(const LimitMask& mask, bool headline, Outcome& outcome);
    /// Screens the states at the intact state's solution with this load, which is put into `solver_`. None
    /// if it has none.
    [[nodiscard]] std::optional<powerflow::Voltages> look_at(double load_mw);
    [[nodiscard]] const Baseline& baseline(contingency::Outage outage);
    [[nodiscard]] const std::vector<double>* intact_vm(double load_mw);
    [[nodiscard]] StatePath& path_of(contingency::Outage outage);
    [[nodiscard]] bool cancelled() const noexcept { return control_ != nullptr && control_->cancelled(); }

    const StudyContext* context_;
    const StudyStates* states_;
    const Screen* screen_;
    const RunControl* control_;
    contingency::StateSolver solver_;
    contingency::StateSolver side_solver_;  ///< for baselines and intact voltages beside the state in hand
    Candidate candidate_;
    std::vector<bool> left_out_;  ///< states that no load at this candidate changes, or without a solution
    std::vector<double> loading_squared_;  ///< scratch, as the look
    IntactPoint intact_point_;             ///< what the look is of
    Screen::Look look_;
    std::vector<Suspect> suspects_;
    Certificate certificate_;
    std::map<std::int64_t, std::unique_ptr<StatePath>> paths_;  ///< of this candidate
    std::map<std::int64_t, std::unique_ptr<Baseline>> baselines_;
    std::vector<Item> items_;
    std::vector<double> direction_;
    std::vector<double> intact_vm_;
    double intact_vm_mw_ = -1.0;
};

}  // namespace nodalroom::headroom
