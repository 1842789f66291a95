#include "block_loops.hpp"

namespace nodalroom::numerics {

BlockKernels block_kernels_plain() noexcept { return BlockLoops<RowBlock>::table(); }

}  // namespace nodalroom::numerics
