#include "scan_kernels.hpp"

namespace nodalroom::powerflow {

ScanKernels scan_kernels_avx512() noexcept { return Scan<8>::kernels(); }

}  // namespace nodalroom::powerflow
