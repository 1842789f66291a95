#include "lane_kernels.hpp"

namespace nodalroom::powerflow {

// Two registers each with a shared factor, whose blocks are then loaded once for eight states.
LaneKernels lane_kernels_plain(LaneFactors factors) noexcept { return kernels_of_width<2, 1, 2>(factors); }

}  // namespace nodalroom::powerflow
