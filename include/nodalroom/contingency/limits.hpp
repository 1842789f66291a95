#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nodalroom/model/network.hpp"

namespace nodalroom::contingency {

/// Above a limit, or below one, by no more than this is at the limit, and a change by no more is none: power
/// flows are solved no closer. Per unit, as the limit.
[[nodiscard]] inline double dead_band(double limit_pu) noexcept {
    return 1e-7 * std::max(std::abs(limit_pu), 0.1);
}
[[nodiscard]] inline bool is_above(double value_pu, double limit_pu) noexcept {
    return value_pu > limit_pu + dead_band(limit_pu);
}
[[nodiscard]] inline bool is_below(double value_pu, double limit_pu) noexcept {
    return value_pu < limit_pu - dead_band(limit_pu);
}

/// Lower and upper voltage limit, per unit.
struct VoltageBand {
    double min_pu = 0.9;
    double max_pu = 1.1;
};

/// A limit that is raised or lifted: what a study would find if this element were stronger.
struct LimitUpgrade {
    bool is_branch = true;
    std::int32_t row = -1;  ///< branch or bus row, 0-based
    /// Branch: all its ratings times this, > 1; infinite: no rating. Bus: infinite, both its voltage limits
    /// and that of its voltage change are lifted.
    double factor = std::numeric_limits<double>::infinity();
    friend bool operator==(const LimitUpgrade&, const LimitUpgrade&) noexcept = default;
};

/// What is watched and against which limits (headroom definition, section 5).
struct LimitOptions {
    model::RatingSet rating_intact = model::RatingSet::a;
    model::RatingSet rating_post = model::RatingSet::b;  ///< A where the file has 0
    std::optional<VoltageBand> band_intact;              ///< none: the case's Vmin..Vmax
    std::optional<VoltageBand> band_post;                ///< none: the case's Vmin..Vmax
    std::optional<double> voltage_change_max_pu;         ///< post-outage |V - V intact|; none: off
    double monitor_min_kv = 0.0;         ///< watch buses at or above, and branches with both ends at or above
    std::vector<LimitUpgrade> upgrades;  ///< factors for the same branch multiply
    /// Whatever can be said without a network; resolve_limits() refuses rows that do not exist.
    [[nodiscard]] std::optional<std::string> first_violation() const;
};

/// "A", "B" or "C" (either case); throws OptionError on another word.
[[nodiscard]] model::RatingSet parse_rating_set(std::string_view word);
[[nodiscard]] char letter(model::RatingSet set) noexcept;

/// The limits of one network under some options, ready to compare with: one entry per branch or
/// bus row. An element that is not watched has an infinite limit.
struct Limits {
    std::vector<double> rating_pu;           ///< MVA limit of either end
    std::vector<double> per_rating_squared;  ///< 1 / rating²; 0 where there is none
    std::vector<double> vmin_pu, vmax_pu;
};

struct LimitSet {
    Limits intact, post;
    std::optional<double> voltage_change_max_pu;
    [[nodiscard]] const Limits& of(bool is_intact) const noexcept { return is_intact ? intact : post; }
};

/// Throws OptionError on options out of range, or on an upgrade of a row the network does not have.
[[nodiscard]] LimitSet resolve_limits(const model::Network& network, const LimitOptions& options);
/// Product of the factors by which a branch's ratings are raised; 1 where they are not.
[[nodiscard]] double rating_factor(const LimitOptions& options, BranchRow branch) noexcept;

}  // namespace nodalroom::contingency
