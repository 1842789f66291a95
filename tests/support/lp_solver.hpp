#pragma once

#include <gtest/gtest.h>

#include "nodalroom/numerics/linear_program.hpp"

/// Skips the test where the library was built without a solver for linear programs.
#define NODALROOM_NEEDS_LP_SOLVER()                                                                       \
    if (!::nodalroom::numerics::has_lp_solver()) GTEST_SKIP() << "built without a linear-program solver"; \
    static_assert(true)
