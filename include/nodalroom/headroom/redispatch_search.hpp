#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "nodalroom/core/parallel.hpp"
#include "nodalroom/headroom/preparation.hpp"
#include "nodalroom/headroom/redispatch_program.hpp"

namespace nodalroom::headroom {

/// Finds the redispatch headroom of one bus after another (definition, section 9): a linear program over
/// the dispatch and the load, AC solutions of the states at what it proposes, pairs that count there as new
/// rows, until a proposal is clean in every state and the program promises no more. Results do not
/// depend on what was searched before. One per thread.
class RedispatchSearch {
public:
    RedispatchSearch(const Preparation& prepared, PairLibrary& library, const RunControl* control);

    /// The bound and the certified figure agree where they differ by no more than the larger of these.
    static constexpr double kClosedGapMw = 1.0, kClosedGapShare = 0.005;

    /// `fixed`: the bus's headroom by the fixed rule; a not_run row gives one.
    [[nodiscard]] RedispatchRow run(const HeadroomRow& fixed);

private:
    /// Rows added in one round.
    static constexpr std::size_t kCutsPerRound = 16;
    /// Programs solved and checked at most from one start.
    static constexpr int kMostRounds = 60;
    /// Movement that proposals may ask for at first, MW; in large grids more.
    static constexpr double kFirstMovedMw = 200.0;
    /// Limits are drawn in by this share at first while proposals are made, so that they come out clean.
    static constexpr double kDrawnIn = 1e-4;
    using StateKey = std::pair<contingency::OutageKind, std::int32_t>;

    /// A limit that counts at a point.
    struct Breach {
        LimitPair pair;
        PairReading reading;
        double share = 0.0;  ///< excess over the limit, as a share of it
    };
    /// A pair past its limit by so little that its value without load decides whether it counts.
    struct Doubt {
        LimitPair pair;
        PairReading reading;
        Item item;
    };
    struct Findings {
        std::vector<Breach> breaches;
        std::vector<Doubt> doubts;          ///< see settle
        std::vector<std::size_t> unsolved;  ///< states without a solution, as far as was tried
        int solved = 0;                     ///< states
        std::vector<bool> looked_at;        ///< per state
        std::optional<std::vector<Suspect>> flow_suspects;  ///< where a glance has found them
        [[nodiscard]] bool is_clean() const noexcept { return breaches.empty() && unsolved.empty(); }
    };

    void find_plants();
    /// The search goes on until the bound and the certified load differ by no more than this.
    [[nodiscard]] static double gap(double load_mw);
    /// Goes up from the best point, program by program; gives up after so many that gained nothing.
    void climb(const HeadroomRow& fixed, int most_barren, RedispatchRow& row);
    /// The next proposal. After one that missed by little, the nearest that is nearly as good: corners of two
    /// programs that differ by a row may lie far apart. Where that promises too little, or no more than this,
    /// the best.
    [[nodiscard]] RedispatchProgram::Answer propose(const RedispatchProgram::Ask& ask,
                                                    const DispatchPoint* near_miss, double least_mw);
    /// Whether as much load is promised with clearly less movement than the best point has.
    [[nodiscard]] bool moves_less(const RedispatchProgram::Answer& answer) const;
    [[nodiscard]] std::shared_ptr<const DispatchPoint> rule_point(double load_mw);
    [[nodiscard]] std::shared_ptr<const DispatchPoint> solve_point(const ProgramPoint& proposed,
                                                                   const powerflow::Voltages& start) const;
    /// The same for what the program proposes: its losses are off by a little, and the rule shares that among
    /// units at the ends of their ranges, too.
    [[nodiscard]] std::shared_ptr<const DispatchPoint> solve_in_range(ProgramPoint proposed) const;
    /// What states are solved for. look: to learn what may count, closely enough for that, up to one that has
    /// no solution. read: values and slopes. certify: the same for thousands, of which nothing is kept.
    enum class Aim : std::uint8_t { look, read, certify };
    /// Solves these states at the point; reads the cuts in them, and what counts.
    void check_states(const DispatchPoint& point, std::span<const std::size_t> states, Aim aim,
                      Findings& found);
    void check_intact(const DispatchPoint& point, Findings& found);
    void examine(const DispatchPoint& point, std::size_t state, const contingency::SolvedState& solved,
                 Findings& found);
    static void add_breach(const LimitPair& pair, const PairReading& reading, const Item& item,
                           std::vector<Breach>& breaches);
    /// Decides the doubts, as far as they may matter.
    void settle(const DispatchPoint& point, Findings& found);
    /// likely: the states of known pairs near their limits, the most strained, and those in which something
    /// is expected to count. certain: all but those the screen rules out with its allowance; or all there
    /// are.
    enum class Depth : std::uint8_t { likely, certain };
    [[nodiscard]] Findings check(const DispatchPoint& point, Depth depth);
    /// Whether a cut's tangents have it anywhere near its limit at the point.
    [[nodiscard]] bool may_matter(const Cut& cut, const DispatchPoint& point) const;
    /// Whether a strained state was clean already, at about this load.
    [[nodiscard]] bool is_calm(std::size_t state, const DispatchPoint& point) const;
    /// Keeps which strained states were clean in a check that looked at them.
    void note_calm(const DispatchPoint& point, std::span<const std::size_t> strained, const Findings& found);
    /// The intact state at the point, and the screen's look at the others: what a check begins with.
    [[nodiscard]] Findings begin_check(const DispatchPoint& point);
    void go_on_checking(const DispatchPoint& point, Depth depth, Findings& found);
    /// Takes what the screen alone predicts to be overloaded, and no cut knows of, for a breach; nothing is
    /// solved but the intact state. False where it predicts nothing new.
    [[nodiscard]] bool glance(const DispatchPoint& point, Findings& found);
    /// Checks the best point for certain; where it does not hold, the one known to hold takes its place.
    [[nodiscard]] bool certify_best(RedispatchRow& row);
    /// Takes a point that was checked last in the best one's place.
    void take_best(std::shared_ptr<const DispatchPoint> point, Findings& found);
    [[nodiscard]] bool keeps_cap(const DispatchPoint& point) const;
    /// This share of the way from the best point to a proposal.
    [[nodiscard]] ProgramPoint point_between(const ProgramPoint& proposed, double share) const;
    /// Draws limits in by less, so far as what that costs is more than may be left open.
    void narrow_margins(const RedispatchProgram::Answer& answer);
    /// Keeps proposals away from pairs that count again and again although their rows are fresh.
    void note_surprises(const std::vector<Breach>& breaches);
    /// Looks at the best point in the states of tangents that say it is beyond a limit, where it was not
    /// looked at there: the point may be what is wrong.
    void question_best();
    /// What counts at the best point becomes rows, and the one known to hold takes its place.
    void give_up_best(Findings& found);
    void look_at(const DispatchPoint& point);
    /// Takes what counts as rows: no more than so many that are new.
    void add_cuts(const DispatchPoint& point, std::vector<Breach>& breaches, std::size_t most);
    /// Finds where on the way from the best point to a proposal a state (none: the intact one) ceases to be
    /// clean, and keeps the tangents there: of what counts, or of the end of its solutions (collapse).
    void add_border(const ProgramPoint& proposed, std::optional<std::size_t> state);
    /// Tangents that say the best point is beyond a limit, in a state in which it is not, are wrong.
    void drop_disproved();
    [[nodiscard]] bool says_beyond(const Cut& cut, const Tangent& tangent) const;
    void add_fixed_binding(const HeadroomRow& fixed);
    [[nodiscard]] std::shared_ptr<const PairEffect> exact_effect(const DispatchPoint& point,
                                                                 const LimitPair& pair);
    /// Makes this state, solved, the one of point_solver_, and factorises it.
    [[nodiscard]] bool factorise_state(const DispatchPoint& point, contingency::Outage outage);
    /// Forgets what was read at another point.
    void start_reading();
    void keep_voltages(const contingency::SolvedState& solved);
    /// Reads the cuts in the intact state and in these at the best point, where they are not read there yet.
    void read_best(std::vector<std::size_t> states);
    [[nodiscard]] std::vector<std::size_t> states_of_cuts() const;
    /// Positions of the cuts, those of one state behind each other.
    [[nodiscard]] std::vector<std::size_t> cuts_by_state() const;
    /// Takes in what a cut's pair was read at: drops tangents that ask too much, adds one where all ask too
    /// little.
    void refresh_cut(const DispatchPoint& point, const PairReading& reading, Cut& cut);
    void refresh_cuts(const DispatchPoint& point);
    /// Takes all rows at the best point itself, without those that had to be turned. False where they are.
    [[nodiscard]] bool linearise_at_best();
    void describe(const RedispatchProgram::Answer& bound, RedispatchRow& row);
    void list_moves(RedispatchRow& row) const;
    void finish(const HeadroomRow& fixed, RedispatchRow& row);
    [[nodiscard]] std::size_t state_of(contingency::Outage outage) const;
    [[nodiscard]] bool cancelled() const noexcept { return control_ != nullptr && control_->cancelled(); }

    const Preparation* prepared_;
    const StudyContext* context_;
    const StudyStates* states_;
    std::vector<bool> left_out_;  ///< states that no load at this candidate changes, or without a solution
    PairLibrary* library_;
    const RunControl* control_;
    contingency::StateSolver base_solver_;      ///< for paths
    UnloadedStates unloaded_;                   ///< for effects
    contingency::StateSolver unloaded_intact_;  ///< for the screen
    std::vector<Item> exceeded_intact_;         ///< limits the intact state breaks without load
    bool knows_sharing_ = false;  ///< unloaded_intact_ has a factor: else the screen rules out nothing
    std::map<StateKey, std::size_t> state_of_;
    std::vector<std::int32_t> plant_of_unit_;  ///< the bus at which it meets others: beyond its own branch
    std::vector<std::vector<std::size_t>> states_of_plant_;  ///< per bus: losses of the plant's units
    double first_moved_mw_ = 0.0;                            ///< movement that proposals may ask for at first
    Candidate candidate_;
    std::optional<RedispatchProgram> program_;
    std::vector<Cut> cuts_;
    std::set<LimitPair> flows_seen_;  ///< what was a row in any start; a further one begins with them
    bool reads_best_ = false;         ///< cuts that have a reading have it at the best point
    double drawn_in_ = 0.0;           ///< share of a limit that proposals keep away from it
    std::shared_ptr<const DispatchPoint> best_;       ///< clean in the states that are likely not to be
    std::vector<bool> looked_at_best_;                ///< per state: best_ was seen to be clean there
    std::shared_ptr<const DispatchPoint> certified_;  ///< clean for certain
    bool is_wary_ = false;  ///< an earlier start ended open: each best point is checked for certain at once
    std::shared_ptr<const DispatchPoint> linearised_at_;    ///< see linearise_at_best
    std::optional<contingency::StateSolver> intact_;        ///< at the point being checked
    std::optional<contingency::StateSolver> point_solver_;  ///< the same, for exact effects
    std::optional<contingency::Outage> factorised_;         ///< what it has factorised
    std::map<StateKey, powerflow::Voltages> kept_;          ///< solutions of states with pairs, at that point
    /// Per state: its last solution beside the intact one's, for this bus, to start from.
    std::map<std::size_t, powerflow::LaneShift> last_shift_;
    /// States that the factor lanes share did not suit at a point looked at for this bus.
    std::set<std::size_t> took_own_factor_;
    /// Strained states in which nothing counted since proposals came near, and at what load: they are not
    /// looked at again there.
    std::map<std::size_t, double> calm_;
    IntactPoint intact_point_;
    Screen::Look look_;
    std::vector<Suspect> suspects_;
    std::vector<PredictedOverload> overloads_;
    std::vector<double> loading_squared_;
    std::vector<Item> items_;
};

}  // namespace nodalroom::headroom
