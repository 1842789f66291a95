#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "nodalroom/headroom/pair_effect.hpp"
#include "nodalroom/numerics/linear_program.hpp"

namespace nodalroom::headroom {

/// A dispatch and a new load whose intact state is solved.
struct DispatchPoint {
    Candidate candidate;
    double load_mw = 0.0;
    std::unique_ptr<contingency::BaseCase> base;  ///< the load is part of its powers

    [[nodiscard]] std::span<const double> unit_p_mw() const noexcept { return base->powers().unit_p_mw; }
};

/// What a pair is found at in a solved state.
struct PairReading {
    model::Complex quantity;
    double supply_pu = 0.0;  ///< s of the candidate's island in that state
};

/// A dispatch and a load as the program has them; not solved.
struct ProgramPoint {
    double load_mw = 0.0;
    std::vector<double> unit_p_mw;
};

/// A pair's value linearised at a point, in MVA (thermal) or per unit times base (voltages): a row of the
/// program.
struct Tangent {
    std::vector<double> by_unit;  ///< per movable unit, per MW of its change from the case
    double by_others = 0.0;       ///< per MW of supply: what of it the other units give
    double by_load = 0.0;
    double at_zero = 0.0;   ///< at no load and the case's dispatch
    bool is_exact = false;  ///< its slopes are of the point, too; else those of the state without load
    numerics::BasisPlace place = numerics::BasisPlace::basic;  ///< of its row in the last solution

    bool is_turned = false;  ///< see RedispatchProgram::turn
    int idle = 0;            ///< programs in a row that it did not hold back

    // Where it was made: the value, the load, and the changes from the case.
    double value = 0.0, load_mw = 0.0, supply_mw = 0.0;
    std::vector<double> change_mw;  ///< per movable unit
};

/// A pair the program knows. Values are close to convex in load and dispatch, so that exact tangents are kept
/// beside each other; one that asks more than a state really has is dropped.
struct Cut {
    LimitPair pair;
    std::shared_ptr<const PairEffect> effect;  ///< of the state without load
    std::vector<Tangent> tangents;
    double value = kNaN;  ///< where it was last read
    bool was_read = false;
    std::optional<PairReading> reading;  ///< at the point looked at last
    int surprises = 0;  ///< proposals in a row at which it counted although its rows said otherwise
    double caution =
        0.0;  ///< share of its limit by which proposals keep away from it, beside the others' slack
    double limit = kNaN;  ///< collapse: the value at the end of the path; else taken from the limits
    /// -1: the limit is a lower one.
    [[nodiscard]] double sign() const noexcept {
        return pair.type == LimitType::low_voltage || pair.type == LimitType::collapse ? -1.0 : 1.0;
    }
};

/// The linear program of definition section 9 (docs/math.md, eq. 35): the largest load, least movement
/// among the best, over the movement of units beside the balance rule, subject to the pairs found so far.
class RedispatchProgram {
public:
    /// The island is the candidate's. Units that may move there: movable().
    RedispatchProgram(const StudyContext& context, const Candidate& candidate);

    [[nodiscard]] std::span<const std::int32_t> movable() const noexcept { return movable_; }
    /// Linearises the losses at a point.
    void set_losses(const DispatchPoint& point, contingency::StateSolver& intact);
    /// A pair's value at a point, in its rows' unit, from what its state's exact solution has there.
    [[nodiscard]] double value_of(const DispatchPoint& point, const LimitPair& pair,
                                  const PairReading& reading) const;
    /// The pair's value linearised there, with these slopes.
    [[nodiscard]] Tangent linearise(const DispatchPoint& point, const LimitPair& pair,
                                    const PairReading& reading, const PairEffect& effect) const;
    [[nodiscard]] PairReading read(const LimitPair& pair, const contingency::BaseCase& base,
                                   const contingency::SolvedState& solved) const;
    /// Turns a tangent about where it was made, as little as may be, so that it has this value at another
    /// point. False where both are the same.
    [[nodiscard]] bool turn(Tangent& tangent, const DispatchPoint& point, double value) const;
    /// What a tangent has for a point's dispatch and load.
    [[nodiscard]] double predict(const Tangent& tangent, const DispatchPoint& point) const;
    /// Per unit row: what the balance rule alone would make of the case's dispatch, with as much in all.
    [[nodiscard]] std::vector<double> rule_mw(std::span<const double> unit_p_mw) const;
    /// MW that some units give in place of others, beside the balance rule.
    [[nodiscard]] double moved_mw(std::span<const double> unit_p_mw) const;
    /// Puts movable units that are outside their ranges at the ends of these, and lets the others that may
    /// move make up for it. False where none is outside.
    [[nodiscard]] bool put_in_range(std::vector<double>& unit_p_mw) const;
    /// Whether all units of the island are within their ranges, those that follow the rule too.
    [[nodiscard]] bool is_in_range(std::span<const double> unit_p_mw) const;
    /// Value a cut's pair may have at a load, in the unit of its rows; sign as the cut's.
    [[nodiscard]] double limit_of(const Cut& cut, double load_mw) const;

    struct Answer {
        numerics::LpStatus status = numerics::LpStatus::not_run;
        ProgramPoint point;
        std::vector<double> price;  ///< per cut: MW of load per unit of its limit
        double promised_mw = 0.0;   ///< the load there would be without slack, to first order
        double moved_mw = 0.0;      ///< from where movement is counted
        bool is_exact = false;      ///< what holds it back are exact tangents
    };
    struct Ask {
        /// Limits have the form they have at this load, units the range they have at this supply, to begin
        /// with.
        double near_mw = 0.0, near_supply_mw = 0.0;
        double most_mw = 0.0;                                            ///< no more load than this
        double most_moved_mw = std::numeric_limits<double>::infinity();  ///< nor more movement
        double slack = 0.0;  ///< every limit is widened by this share of it (< 0: drawn in)
        bool pure = false;   ///< without least movement and caution, for bounds and prices
        /// Movement is counted from this point's dispatch in place of the balance rule's, and little of it is
        /// wanted; not with a cap on movement.
        const DispatchPoint* beside = nullptr;
        [[nodiscard]] double slack_of(const Cut& cut) const noexcept {
            return pure ? slack : slack - cut.caution;
        }
    };
    [[nodiscard]] Answer solve(std::span<Cut> cuts, const Ask& ask);
    [[nodiscard]] bool has_cap() const noexcept;

    /// s: what the island's units give beyond the case's dispatch.
    [[nodiscard]] double supply_mw(std::span<const double> unit_p_mw) const;

private:
    /// Per movable unit: the change from the case that its movement is counted from.
    [[nodiscard]] std::vector<double> origin_mw(const Ask& ask, double supply_mw) const;
    void add_frame(numerics::LinearProgram& program, const Ask& ask,
                   const std::vector<double>& origin_mw) const;
    void read_answer(const numerics::LpSolution& found, std::span<const Cut> cuts, std::int32_t frame_rows,
                     const std::vector<double>& scale, const Ask& ask, const std::vector<double>& origin_mw,
                     Answer& answer) const;
    /// Adds the rows of the cuts, each limit in the form it has at this load.
    void add_cuts(numerics::LinearProgram& program, std::span<const Cut> cuts, const Ask& ask, double load_mw,
                  const std::vector<double>& origin_mw, std::vector<double>& scale) const;

    [[nodiscard]] std::vector<double> changes(std::span<const double> unit_p_mw) const;
    void read_point(const std::vector<double>& x, const std::vector<double>& origin_mw,
                    ProgramPoint& point) const;

    const StudyContext* context_;
    Candidate candidate_;
    std::size_t island_;
    std::vector<std::int32_t> movable_;                         ///< unit rows
    std::vector<std::int32_t> in_island_;                       ///< unit rows in service
    std::vector<double> share_;                                 ///< per in_island_: α of the case's dispatch
    std::vector<double> in_island_low_mw_, in_island_high_mw_;  ///< per in_island_: its range
    std::vector<double> share_of_movable_;                      ///< per movable_
    /// The supplies at which units that follow the rule are in their ranges.
    double least_supply_mw_ = -std::numeric_limits<double>::infinity();
    double most_supply_mw_ = std::numeric_limits<double>::infinity();
    std::vector<double> low_mw_, high_mw_;  ///< per movable_: range of the movement from the case
    std::vector<double> loss_by_unit_;      ///< the losses' row
    double loss_by_others_ = 0.0, loss_by_load_ = 0.0, loss_constant_ = 0.0;
    numerics::LinearProgram program_;  ///< the last one solved, for its memory
    numerics::LpBasis basis_;          ///< of the last solve: columns, and the rows before those of cuts
};

}  // namespace nodalroom::headroom
