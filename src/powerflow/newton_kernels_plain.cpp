#include "newton_kernels.hpp"

namespace nodalroom::powerflow {

NewtonKernels newton_kernels_plain() noexcept { return table_of_newton_kernels(); }

}  // namespace nodalroom::powerflow
