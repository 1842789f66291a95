#include "lane_kernels.hpp"

namespace nodalroom::powerflow {

LaneKernels lane_kernels_plain(LaneFactors factors) noexcept { return kernels_of_width<2>(factors); }

}  // namespace nodalroom::powerflow
