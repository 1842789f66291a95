#include "lane_kernels.hpp"

namespace nodalroom::powerflow {

LaneKernels lane_kernels_plain(FactorPrecision precision, bool one_lane) noexcept {
    if (one_lane) return Kernels<double, 1, 1>::table();
    return precision == FactorPrecision::single_precision ? Kernels<float, 4, 2>::table()
                                                          : Kernels<double, 2, 2>::table();
}

}  // namespace nodalroom::powerflow
