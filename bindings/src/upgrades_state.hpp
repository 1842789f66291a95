#pragma once

#include "tables.hpp"
#include "upgrade_runs.hpp"

namespace nodalroom::bindings {

/// What a ladder or a list found, as words, numbers and lists of them: all there is but networks and options,
/// and but the dispatches of rungs, which nothing shows.
[[nodiscard]] Columns save_result(const Ladder& ladder);
[[nodiscard]] Columns save_result(const UpgradeList& list);

/// Puts what save_result() gave into what has its network and options; ValueError or OptionError where it
/// does not fit the network or itself.
void restore_result(const Columns& saved, Ladder& ladder);
void restore_result(const Columns& saved, UpgradeList& list);

}  // namespace nodalroom::bindings
