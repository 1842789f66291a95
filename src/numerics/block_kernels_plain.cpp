#include "block_loops.hpp"

namespace nodalroom::numerics {

BlockKernels block_kernels_plain() noexcept { return BlockLoops<RowBlock, 4>::table(); }

}  // namespace nodalroom::numerics
