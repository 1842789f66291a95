#include "scan_kernels.hpp"

namespace nodalroom::powerflow {

ScanKernels scan_kernels_plain() noexcept { return Scan<2>::kernels(); }

}  // namespace nodalroom::powerflow
