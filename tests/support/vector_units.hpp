#pragma once

#include <gtest/gtest.h>

#include <array>

#include "nodalroom/numerics/vector_unit.hpp"

namespace nodalroom::testing {

inline constexpr std::array kVectorUnits = {numerics::VectorUnit::plain, numerics::VectorUnit::neon,
                                            numerics::VectorUnit::avx2, numerics::VectorUnit::avx512};

inline std::string unit_name(const ::testing::TestParamInfo<numerics::VectorUnit>& info) {
    return numerics::to_string(info.param);
}

}  // namespace nodalroom::testing

/// Skips the test where the processor lacks the unit.
#define NODALROOM_NEEDS_UNIT(unit)                                                          \
    if (!::nodalroom::numerics::is_supported(unit)) {                                       \
        GTEST_SKIP() << "this processor has no " << ::nodalroom::numerics::to_string(unit); \
    }                                                                                       \
    static_assert(true)
