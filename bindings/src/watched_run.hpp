#pragma once

#include <pybind11/pybind11.h>

#include <functional>

#include "nodalroom/core/parallel.hpp"

namespace nodalroom::bindings {

/// Called with (stage, done, total) about ten times a second.
using Progress = pybind11::typing::Optional<
    pybind11::typing::Callable<void(pybind11::str, pybind11::int_, pybind11::int_)>>;

/// Runs `work` on a thread of its own, with the GIL released, while this thread looks after signals
/// and reports progress. The first Ctrl-C asks for a clean end: true is returned, and the work keeps
/// what it had finished. A second one, or any other exception of a signal handler or of `progress`,
/// is raised once the work has ended. Exceptions of the work are rethrown here.
[[nodiscard]] bool run_watched(const pybind11::object& progress,
                               const std::function<void(RunControl&)>& work);

}  // namespace nodalroom::bindings
