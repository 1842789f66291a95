#include "block_loops.hpp"

namespace nodalroom::numerics {

BlockKernels block_kernels_avx2() noexcept { return BlockLoops<WideBlock, 4>::table(); }

}  // namespace nodalroom::numerics
