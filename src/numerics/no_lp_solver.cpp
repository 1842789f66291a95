// Takes the place of highs_solver.cpp in a build without HiGHS.
#include "nodalroom/core/errors.hpp"
#include "nodalroom/numerics/linear_program.hpp"

namespace nodalroom::numerics {

bool has_lp_solver() noexcept { return false; }

const char* lp_solver_name() noexcept { return ""; }

LpSolution maximise(const LinearProgram& /*program*/, const LpBasis* /*start*/) {
    throw OptionError(
        "this build of nodalroom has no LP solver (HiGHS); install HiGHS, for instance with 'pip install "
        "highsbox', and build again with -DNODALROOM_HIGHS=ON and, where it is not found, "
        "-DHIGHS_ROOT=FOLDER");
}

}  // namespace nodalroom::numerics
