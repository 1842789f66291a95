#pragma once

#include <pybind11/pybind11.h>

#include "headroom_study.hpp"
#include "tables.hpp"

namespace nodalroom::bindings {

/// What a study found, as words, numbers and lists of them: all there is but its network and options.
[[nodiscard]] Columns save_result(const Headroom& study);

/// Puts what save_result() gave into a study that has its network and options. Whatever comes from a file is
/// doubted: ValueError where it does not fit the network or itself.
void restore_result(const Columns& saved, Headroom& study);

}  // namespace nodalroom::bindings
