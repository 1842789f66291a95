#include "lane_kernels.hpp"

namespace nodalroom::powerflow {

LaneKernels lane_kernels_avx2(FactorPrecision precision, bool one_lane) noexcept {
    if (one_lane) return Kernels<double, 1, 1>::table();
    return precision == FactorPrecision::single_precision ? Kernels<float, 8, 4>::table()
                                                          : Kernels<double, 4, 4>::table();
}

}  // namespace nodalroom::powerflow
