#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "nodalroom/model/network.hpp"

namespace nodalroom::contingency {

enum class OutageKind : std::uint8_t { none, branch, unit };

/// What is out of service in a state beyond what the case has out; `none` is the intact state.
struct Outage {
    OutageKind kind = OutageKind::none;
    std::int32_t row = -1;  ///< branch or unit row, 0-based

    [[nodiscard]] bool is_intact() const noexcept { return kind == OutageKind::none; }
    [[nodiscard]] static Outage of(BranchRow branch) noexcept { return {OutageKind::branch, branch.value()}; }
    [[nodiscard]] static Outage of(UnitRow unit) noexcept { return {OutageKind::unit, unit.value()}; }
    friend bool operator==(const Outage&, const Outage&) noexcept = default;
};

/// Which states a study looks at, beside the intact one.
enum class ContingencySet : std::uint8_t {
    none,      ///< the intact state only
    branches,  ///< every in-service branch whose loss does not split the network
    units,     ///< every in-service unit
    n_minus_1  ///< both
};

/// "none", "branches", "units" or "n-1"; throws OptionError on another word.
[[nodiscard]] ContingencySet parse_contingency_set(std::string_view word);
[[nodiscard]] const char* to_string(ContingencySet set) noexcept;

/// The outages of a set: branches first, then units, both in file order.
[[nodiscard]] std::vector<Outage> list_outages(const model::Network& network, ContingencySet set);

}  // namespace nodalroom::contingency
