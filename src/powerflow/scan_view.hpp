#pragma once

#include <cstdint>

#include "nodalroom/numerics/vector_unit.hpp"

namespace nodalroom::powerflow {

// What the kernels that look over one state read and write: plain arrays in the network's order.

/// What the flow kernel reads and writes, one entry per branch.
struct FlowView {
    std::int64_t branches = 0;
    const std::int32_t* from = nullptr;
    const std::int32_t* to = nullptr;
    const double* admittance[8] = {};  ///< with a register's length behind the last
    const double* weight = nullptr;    ///< 1 / rating²
    const double* e = nullptr;         ///< by bus
    const double* f = nullptr;
    double* loading_squared = nullptr;
};

/// What the voltage kernel reads, one entry per bus, and finds.
struct VoltageView {
    std::int64_t buses = 0;
    const double* vm = nullptr;
    const double* vmin = nullptr;  ///< infinite, as vmax, at buses that are not watched
    const double* vmax = nullptr;
    double lowest = 0.0, highest = 0.0;                 ///< of the watched buses
    double margin_to_vmin = 0.0, margin_to_vmax = 0.0;  ///< the least there is
};

/// What the kernels between phasors and magnitudes read and write, one entry per bus.
struct PhasorView {
    std::int64_t buses = 0;
    const double* vm = nullptr;
    const double* va = nullptr;
    double* e = nullptr;
    double* f = nullptr;
    double* magnitude = nullptr;
};

/// The kernels of one vector unit.
struct ScanKernels {
    /// Flows of all branches at both ends (docs/math.md, eq. 2), as shares of what they may be.
    void (*flows)(const FlowView& view) = nullptr;
    /// The largest of some numbers, at least 0.
    double (*largest)(const double* values, std::int64_t count) = nullptr;
    void (*voltages)(VoltageView& view) = nullptr;
    /// Real and imaginary parts of the voltages.
    void (*phasors)(const PhasorView& view) = nullptr;
    /// Magnitudes of voltages given by their parts.
    void (*magnitudes)(const PhasorView& view) = nullptr;
};

/// Kernels for this unit, which the processor must have.
[[nodiscard]] ScanKernels scan_kernels(numerics::VectorUnit unit);

// One per file compiled for its vector unit.
[[nodiscard]] ScanKernels scan_kernels_plain() noexcept;
#if defined(__x86_64__)
[[nodiscard]] ScanKernels scan_kernels_avx2() noexcept;
[[nodiscard]] ScanKernels scan_kernels_avx512() noexcept;
#endif

}  // namespace nodalroom::powerflow
