#pragma once

#include <optional>
#include <set>
#include <span>
#include <vector>

#include "nodalroom/contingency/batch_solver.hpp"
#include "nodalroom/headroom/preparation.hpp"
#include "nodalroom/headroom/state_path.hpp"

namespace nodalroom::headroom {

/// AC-solves many states at one load in vector lanes, and tells which of them are clean beyond doubt. One
/// per thread; the preparation must outlive it.
class Certificate {
public:
    explicit Certificate(const Preparation& prepared);

    /// Forgets what it learned of the states of another candidate.
    void begin_candidate() { needs_own_factor_.clear(); }

    struct Result {
        int clean = 0;                      ///< states solved, with no limit that could count
        std::vector<std::size_t> doubtful;  ///< the others, in the order given: to be looked at one by one
    };
    /// `intact` holds the intact state solved at this load. A cancelled control ends it early; what was not
    /// looked at is then in neither.
    [[nodiscard]] Result check(contingency::StateSolver& intact, const Candidate& candidate, double load_mw,
                               const LimitMask& mask, std::span<const std::size_t> states,
                               const RunControl* control);

private:
    /// Whether a solved state breaks no limit but such as were broken before and do not count.
    [[nodiscard]] bool is_clean(std::size_t state, const contingency::SolvedState& solved, double load_mw,
                                const LimitMask& mask);

    const StudyContext* context_;
    const StudyStates* states_;
    contingency::BatchSolver batch_;
    std::set<std::size_t> needs_own_factor_;  ///< states that the shared factor did not suit
    std::vector<double> loading_squared_;
    std::optional<powerflow::SharedFactor> factor_;
    std::vector<double> intact_vm_;
    std::vector<Item> items_;
};

}  // namespace nodalroom::headroom
