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
        Binding binding;
    };
    struct Outcome {
        std::optional<Event> event;  ///< none: nothing counts up to feasible_mw
        double feasible_mw = 0.0;
        int states_solved = 0;

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
    [[nodiscard]] Event find_crossing(StatePath& path, double clean_mw, double violated_mw,
                                      const LimitMask& mask);
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
    /// Solves a state just below the limit found so far; lowers it where something counts. True if it did.
    bool tighten(std::size_t state, const powerflow::Voltages& start, const LimitMask& mask,
                 Outcome& outcome);
    /// Solves these states in lanes just below the limit found so far, and closer those that may lower it.
    /// True if it was lowered.
    bool tighten_all(std::span<const std::size_t> states, const powerflow::Voltages& start,
                     const LimitMask& mask, Outcome& outcome);
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
