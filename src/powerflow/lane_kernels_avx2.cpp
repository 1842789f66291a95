#include "lane_kernels.hpp"

namespace nodalroom::powerflow {

// Two registers each with a shared factor, whose blocks are then loaded once for eight states, as on AVX-512.
LaneKernels lane_kernels_avx2(LaneFactors factors) noexcept { return kernels_of_width<4, 1, 1>(factors); }

}  // namespace nodalroom::powerflow
