#include "lane_kernels.hpp"

namespace nodalroom::powerflow {

LaneKernels lane_kernels_avx2(LaneFactors factors) noexcept { return kernels_of_width<4>(factors); }

}  // namespace nodalroom::powerflow
