#include "scan_kernels.hpp"

namespace nodalroom::powerflow {

ScanKernels scan_kernels_avx2() noexcept { return Scan<4>::kernels(); }

}  // namespace nodalroom::powerflow
