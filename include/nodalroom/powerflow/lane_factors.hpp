#pragma once

#include <cstdint>

namespace nodalroom::powerflow {

/// What the lanes' factors are.
enum class LaneFactors : std::uint8_t {
    own_single,     ///< one per state and step, in single precision; residuals are always double
    own_double,     ///< one per state and step
    shared_single,  ///< one for all states, compensated for what each changes; for states close to it
    shared_double
};
[[nodiscard]] constexpr bool is_shared(LaneFactors factors) noexcept {
    return factors == LaneFactors::shared_single || factors == LaneFactors::shared_double;
}

}  // namespace nodalroom::powerflow
