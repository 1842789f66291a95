#pragma once

#include <cstdint>

namespace nodalroom::powerflow {

/// What the lanes' factors are.
enum class LaneFactors : std::uint8_t {
    own_single,  ///< one per state and step, in single precision; residuals are always double
    own_double,  ///< one per state and step
    shared       ///< one for all states, compensated for what each changes; for states close to it
};

}  // namespace nodalroom::powerflow
