#include "newton_view.hpp"

namespace nodalroom::powerflow {

NewtonKernels newton_kernels(numerics::VectorUnit unit) {
    switch (unit) {
#if defined(__x86_64__)
        case numerics::VectorUnit::avx512:
            return newton_kernels_avx512();
        case numerics::VectorUnit::avx2:
            return newton_kernels_avx2();
#endif
        default:  // plain, and NEON, which is in every processor's plain instructions
            return newton_kernels_plain();
    }
}

}  // namespace nodalroom::powerflow
