#include "lane_view.hpp"

namespace nodalroom::powerflow {

LaneKernels lane_kernels(numerics::VectorUnit unit, LaneFactors factors) {
    switch (unit) {
#if defined(__x86_64__)
        case numerics::VectorUnit::avx512:
            return lane_kernels_avx512(factors);
        case numerics::VectorUnit::avx2:
            return lane_kernels_avx2(factors);
#else
        case numerics::VectorUnit::avx512:
        case numerics::VectorUnit::avx2:
#endif
        case numerics::VectorUnit::plain:
            break;
    }
    return lane_kernels_plain(factors);
}

}  // namespace nodalroom::powerflow
