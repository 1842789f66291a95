#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "nodalroom/headroom/criteria.hpp"

namespace nodalroom::headroom {

/// A limit in a state: the element that may pass it, and at which end. Low, high and changed voltages are
/// pairs of their own.
struct LimitPair {
    LimitType type = LimitType::none;
    contingency::Outage outage;
    std::int32_t element = -1;  ///< branch or bus row
    bool at_to = false;         ///< thermal: which end
    friend bool operator==(const LimitPair&, const LimitPair&) noexcept = default;
    friend auto operator<=>(const LimitPair& a, const LimitPair& b) noexcept {
        const auto key = [](const LimitPair& pair) {
            return std::tuple(pair.outage.kind, pair.outage.row, pair.type, pair.element, pair.at_to);
        };
        return key(a) <=> key(b);
    }
};

/// What is watched of a pair: the power into that end of the branch, or the voltage magnitude (per unit,
/// real).
[[nodiscard]] model::Complex pair_quantity(const contingency::BaseCase& base, const LimitPair& pair,
                                           const contingency::SolvedState& solved);

/// How a pair's quantity answers to power injected anywhere in its state, per unit per unit, with that
/// state's balance (docs/math.md, eq. 29): one solve with the transposed Jacobian gives it for all buses.
struct PairEffect {
    /// Per bus row: change of the real and imaginary part.
    std::vector<float> re_by_p, im_by_p, re_by_q, im_by_q;
    /// The pair's value without the new load (definition, section 6): |S|, |V|, or the change of |V|.
    double before_pu = kNaN;
};

/// Effects at the solver's present solution, whose Jacobian it has factorised. `before_pu` is left open.
void find_effect(contingency::StateSolver& solver, const LimitPair& pair, PairEffect& effect);

/// States without load, solved and factorised; the last is kept for the next pair of its outage.
class UnloadedStates {
public:
    explicit UnloadedStates(const contingency::BaseCase& base) : solver_(base) {}
    /// Null where the state has no solution.
    [[nodiscard]] contingency::StateSolver* at(contingency::Outage outage);

private:
    contingency::StateSolver solver_;
    std::optional<contingency::Outage> at_;
};

/// Effects at the states without load, found when first asked for and shared by all buses and threads. What
/// is returned depends on the pair alone.
class PairLibrary {
public:
    explicit PairLibrary(const contingency::BaseCase& base) : base_(&base) {}

    /// `states`: those of the base case. Null where the pair's has no solution.
    [[nodiscard]] std::shared_ptr<const PairEffect> effect(const LimitPair& pair, UnloadedStates& states);

private:
    const contingency::BaseCase* base_;
    std::mutex mutex_;
    std::map<LimitPair, std::shared_ptr<const PairEffect>> effects_;
    std::size_t bytes_ = 0;
};

}  // namespace nodalroom::headroom
