#include "lane_kernels.hpp"

namespace nodalroom::powerflow {

// 32 registers of two doubles. A shared factor's blocks are loaded once for eight states, whose sums take
// four registers: enough that none waits for its last multiply-add. An update with own factors works on
// twelve numbers per state and lane group: two registers each is what fits.
LaneKernels lane_kernels_neon(LaneFactors factors) noexcept { return kernels_of_width<2, 2, 2>(factors); }

}  // namespace nodalroom::powerflow
