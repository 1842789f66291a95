#pragma once

#include "nodalroom/core/diagnostics.hpp"
#include "nodalroom/model/network.hpp"

namespace nodalroom::model {

/// Appends what is legal but doubtful in a network: one diagnostic per code, with a count and the
/// first few rows it concerns.
void add_doubts(const Network& network, Diagnostics& diagnostics);

}  // namespace nodalroom::model
