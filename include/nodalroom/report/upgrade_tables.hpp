#pragma once

#include "nodalroom/headroom/upgrades.hpp"
#include "nodalroom/report/table.hpp"

namespace nodalroom::report {

/// An upgrade in words: "remove the rating of branch 17: 1004-1012 ckt 1", "rating of ... x 1.1",
/// "lift the voltage limits of bus 1016 NAME".
[[nodiscard]] std::string upgrade_text(const model::Network& network,
                                       const contingency::LimitUpgrade& upgrade);

/// One row per rung: its figure, what binds there, and `upgrade`, made after it. Of several pairs that bind,
/// that whose element is upgraded; on the last rung the first. `limit` is that in force at the rung; where
/// the attribution is what binds, its figure.
[[nodiscard]] Table ladder_rung_table(const model::Network& network, const headroom::UpgradeLadder& ladder);
/// One row per rung and limit that binds there: by the fixed rule one per rung, for redispatch one per pair
/// (one where there is none). Columns as of the rungs.
[[nodiscard]] Table ladder_table(const model::Network& network, const headroom::UpgradeLadder& ladder);
/// What the upgraded elements carry at the last rung: one row per element and quantity, with the state it
/// occurs in and the limit there before any rung (NaN: none). No rows unless all of it was solved.
[[nodiscard]] Table ladder_needs_table(const model::Network& network, const headroom::UpgradeLadder& ladder);
/// One row per element of an upgrade list, and for collapse and generation.
[[nodiscard]] Table upgrade_table(const model::Network& network, const headroom::UpgradeList& list);
/// One row per element and bus it holds.
[[nodiscard]] Table upgrade_bus_table(const model::Network& network, const headroom::UpgradeList& list);

}  // namespace nodalroom::report
