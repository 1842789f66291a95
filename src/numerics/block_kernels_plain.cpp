#include "block_loops.hpp"

namespace nodalroom::numerics {

BlockKernels block_kernels_plain() noexcept {
    return {&factor_blocks, &solve_blocks, &solve_left, &solve_right};
}

}  // namespace nodalroom::numerics
