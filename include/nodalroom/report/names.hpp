#pragma once

#include <string>

#include "nodalroom/contingency/outage.hpp"
#include "nodalroom/model/network.hpp"

namespace nodalroom::report {

/// Names of things as the case file has them: its 1-based rows and its bus numbers.

/// "bus 1016 NAME", or "bus 1016" where the file has no name.
[[nodiscard]] std::string bus_name(const model::Network& network, BusRow bus);
/// "branch 17: 1004-1012 ckt 1", from end first.
[[nodiscard]] std::string branch_name(const model::Network& network, BranchRow branch);
/// "unit 3 at 1016".
[[nodiscard]] std::string unit_name(const model::Network& network, UnitRow unit);
/// The branch or unit that is out, or "intact".
[[nodiscard]] std::string outage_name(const model::Network& network, const contingency::Outage& outage);
/// "intact", "branch" or "unit".
[[nodiscard]] const char* outage_kind(const contingency::Outage& outage) noexcept;

}  // namespace nodalroom::report
