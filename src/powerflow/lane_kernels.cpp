#include "lane_view.hpp"

namespace nodalroom::powerflow {

LaneKernels lane_kernels(numerics::VectorUnit unit, LaneFactors factors) {
    using numerics::VectorUnit;
    switch (unit) {
#if defined(__x86_64__)
        case VectorUnit::avx512:
            return lane_kernels_avx512(factors);
        case VectorUnit::avx2:
            return lane_kernels_avx2(factors);
#elif defined(__aarch64__)
        case VectorUnit::neon:
            return lane_kernels_neon(factors);
#endif
        default:  // plain, and what this architecture does not have
            return lane_kernels_plain(factors);
    }
}

}  // namespace nodalroom::powerflow
