#pragma once

#include <memory>

#include "nodalroom/contingency/sweep.hpp"
#include "tables.hpp"

namespace nodalroom::bindings {

/// A sweep with its network, as Python holds it.
struct Sweep {
    std::shared_ptr<model::Network> network;
    contingency::SweepOptions options;
    contingency::SweepResult result;
    bool interrupted = false;
};

/// What a sweep found, as words, numbers and lists of them: all there is but its network and options.
[[nodiscard]] Columns save_result(const Sweep& sweep);

/// Puts what save_result() gave into a sweep that has its network and options; ValueError or OptionError
/// where it does not fit the network or itself.
void restore_result(const Columns& saved, Sweep& sweep);

}  // namespace nodalroom::bindings
