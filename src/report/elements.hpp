#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "nodalroom/headroom/result.hpp"

namespace nodalroom::report {

using MaybeWhole = std::optional<std::int64_t>;

/// The file's row of what is out; none for the intact state.
[[nodiscard]] MaybeWhole outage_row(const contingency::Outage& outage);
[[nodiscard]] MaybeWhole bus_number(const model::Network& network, BusRow bus);

/// What a limit is broken at.
struct Element {
    const char* kind = "";
    std::string name;
    MaybeWhole row;
};
/// Row 0-based; negative: none.
[[nodiscard]] Element element_of(const model::Network& network, bool is_branch, std::int32_t row);
[[nodiscard]] Element element_of(const model::Network& network, const headroom::Binding& binding);

/// The rating in force in a state, MVA: the file's own figure (B and C fall back to A where it has 0), times
/// the branch's upgrades.
[[nodiscard]] double rating_in_force_mva(const model::Network& network,
                                         const contingency::LimitOptions& limits,
                                         const contingency::Outage& outage, BranchRow branch);

}  // namespace nodalroom::report
