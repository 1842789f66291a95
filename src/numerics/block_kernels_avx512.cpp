#include "block_loops.hpp"

namespace nodalroom::numerics {

BlockKernels block_kernels_avx512() noexcept { return BlockLoops<WideBlock, 8>::table(); }

}  // namespace nodalroom::numerics
