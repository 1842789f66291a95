#include "nodalroom/numerics/vector_unit.hpp"

#include <cstdlib>
#include <string>

#include "nodalroom/core/errors.hpp"

namespace nodalroom::numerics {

const char* to_string(VectorUnit unit) noexcept {
    switch (unit) {
        case VectorUnit::plain:
            return "plain";
        case VectorUnit::neon:
            return "neon";
        case VectorUnit::avx2:
            return "avx2";
        case VectorUnit::avx512:
            return "avx512";
    }
    return "plain";
}

VectorUnit parse_vector_unit(std::string_view word) {
    for (const auto unit : {VectorUnit::plain, VectorUnit::neon, VectorUnit::avx2, VectorUnit::avx512}) {
        if (word == to_string(unit)) return unit;
    }
    throw OptionError("vector unit '" + std::string(word) + "'; must be 'plain', 'neon', 'avx2' or 'avx512'");
}

bool is_supported(VectorUnit unit) noexcept {
    switch (unit) {
        case VectorUnit::plain:
            return true;
#if defined(__x86_64__)
        case VectorUnit::avx2:
            return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
        case VectorUnit::avx512:
            return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
                   __builtin_cpu_supports("avx512vl") != 0 && is_supported(VectorUnit::avx2);
#elif defined(__aarch64__)
        case VectorUnit::neon:
            return true;  // every 64-bit ARM processor has it
#endif
        default:
            return false;
    }
}

VectorUnit choose_vector_unit() {
    if (const char* word = std::getenv("NODALROOM_VECTOR_UNIT"); word != nullptr && *word != '\0') {
        const VectorUnit unit = parse_vector_unit(word);
        if (!is_supported(unit)) {
            throw OptionError(std::string("vector unit '") + word +
                              "' of NODALROOM_VECTOR_UNIT: this processor does not have it");
        }
        return unit;
    }
    for (const auto unit : {VectorUnit::avx512, VectorUnit::avx2, VectorUnit::neon}) {
        if (is_supported(unit)) return unit;
    }
    return VectorUnit::plain;
}

}  // namespace nodalroom::numerics
