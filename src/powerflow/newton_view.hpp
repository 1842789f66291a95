#pragma once

#include <cstdint>

#include "nodalroom/numerics/vector_unit.hpp"
#include "nodalroom/powerflow/entry_pair.hpp"

namespace nodalroom::powerflow {

// What the kernels of one state's equations read and write: plain arrays by bus in the network's order, and
// blocks of the factors. QMode as numbers, for these files know no other type.
inline constexpr std::uint8_t kFixedMode = 0, kRegulatingMode = 1, kAtMinMode = 2, kAtMaxMode = 3,
                              kDeEnergisedMode = 4;

/// Powers that flow into the network at every bus (docs/math.md, eq. 4).
struct InjectionView {
    std::int64_t buses = 0;
    const std::int32_t* row_start = nullptr;  ///< Ybus
    const std::int32_t* column = nullptr;
    const double* g = nullptr;
    const double* b = nullptr;
    const double* e = nullptr;
    const double* f = nullptr;
    double* p = nullptr;
    double* q = nullptr;
};

/// What units produce beyond that and what loads take, or how far a voltage is off its setpoint (eq. 9
/// without the common supply).
struct ResidualView {
    std::int64_t buses = 0;
    const std::uint8_t* mode = nullptr;
    const double *vm = nullptr, *p_injected = nullptr, *q_injected = nullptr;
    const double *p_gen = nullptr, *q_gen = nullptr, *q_min = nullptr, *q_max = nullptr;
    const double* v_setpoint = nullptr;
    const double *p_load = nullptr, *q_load = nullptr;
    const double *p_current = nullptr, *q_current = nullptr;
    const double *p_impedance = nullptr, *q_impedance = nullptr;
    double* p = nullptr;
    double* q = nullptr;
};

/// The Jacobian (eq. 10) among the blocks of its factors, as if every bus had an angle and nothing were
/// supplied in common.
struct JacobianView {
    std::int64_t buses = 0;
    std::int64_t pairs = 0;
    const EntryPair* pair = nullptr;
    const std::int32_t* diagonal = nullptr;        ///< per bus: its entry of Ybus
    const std::int32_t* diagonal_block = nullptr;  ///< and that entry's block
    const double* g = nullptr;
    const double* b = nullptr;
    const double* e = nullptr;
    const double* f = nullptr;
    const std::uint8_t* mode = nullptr;
    const double *vm = nullptr, *p_injected = nullptr, *q_injected = nullptr;
    const double *p_current = nullptr, *q_current = nullptr;
    const double *p_impedance = nullptr, *q_impedance = nullptr;
    double* blocks = nullptr;  ///< zero before
};

/// The kernels of one vector unit.
struct NewtonKernels {
    void (*inject)(const InjectionView& view) = nullptr;
    void (*residual)(const ResidualView& view) = nullptr;
    void (*jacobian)(const JacobianView& view) = nullptr;
};

/// Kernels for this unit, which the processor must have.
[[nodiscard]] NewtonKernels newton_kernels(numerics::VectorUnit unit);

// One per file compiled for its vector unit.
[[nodiscard]] NewtonKernels newton_kernels_plain() noexcept;
#if defined(__x86_64__)
[[nodiscard]] NewtonKernels newton_kernels_avx2() noexcept;
[[nodiscard]] NewtonKernels newton_kernels_avx512() noexcept;
#endif

}  // namespace nodalroom::powerflow
