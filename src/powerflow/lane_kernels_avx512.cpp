#include "lane_kernels.hpp"

namespace nodalroom::powerflow {

LaneKernels lane_kernels_avx512(FactorPrecision precision, bool one_lane) noexcept {
    if (one_lane) return Kernels<double, 1, 1>::table();
    return precision == FactorPrecision::single_precision ? Kernels<float, 16, 8>::table()
                                                          : Kernels<double, 8, 8>::table();
}

}  // namespace nodalroom::powerflow
