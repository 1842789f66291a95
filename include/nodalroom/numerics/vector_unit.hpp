#pragma once

#include <cstdint>
#include <string_view>

namespace nodalroom::numerics {

/// Which vector instructions the kernels use. Every library holds all those of its architecture and
/// takes the widest one the processor has.
enum class VectorUnit : std::uint8_t {
    plain,  ///< two doubles: what every processor of the architecture has
    neon,   ///< two doubles, several registers of them side by side: every 64-bit ARM processor
    avx2,   ///< four doubles, with fused multiply-add
    avx512  ///< eight doubles
};
[[nodiscard]] const char* to_string(VectorUnit unit) noexcept;
/// "plain", "neon", "avx2" or "avx512"; throws OptionError on another word.
[[nodiscard]] VectorUnit parse_vector_unit(std::string_view word);
[[nodiscard]] bool is_supported(VectorUnit unit) noexcept;

/// The widest supported unit, or the one the environment variable NODALROOM_VECTOR_UNIT names. Throws
/// OptionError where that is no unit or none of this processor's.
[[nodiscard]] VectorUnit choose_vector_unit();

}  // namespace nodalroom::numerics
