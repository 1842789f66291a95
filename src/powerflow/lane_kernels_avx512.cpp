#include "lane_kernels.hpp"

namespace nodalroom::powerflow {

LaneKernels lane_kernels_avx512(LaneFactors factors) noexcept { return kernels_of_width<8>(factors); }

}  // namespace nodalroom::powerflow
