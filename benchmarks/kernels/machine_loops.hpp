// What the processor can do at best with one vector unit, for the kernels to be set beside. Written once;
// each file compiled for a unit makes its own copy (see lane_kernels.hpp in src/powerflow).
#pragma once

#include <cstddef>
#include <cstdint>

#include "nodalroom/numerics/vector_unit.hpp"

namespace nodalroom::bench {

struct MachineLoops {
    /// Multiply-adds on registers alone, in sums that do not wait for each other.
    double (*multiply_add)(std::int64_t rounds) = nullptr;
    double (*multiply_add_single)(std::int64_t rounds) = nullptr;
    int flops_per_round = 0, flops_per_round_single = 0;
    /// a = b + scale × c, as STREAM's triad; counts are multiples of 8 and arrays aligned to 64 bytes.
    void (*triad)(double* a, const double* b, const double* c, double scale, std::size_t count) = nullptr;
};

[[nodiscard]] MachineLoops machine_loops(numerics::VectorUnit unit);
[[nodiscard]] MachineLoops machine_loops_plain() noexcept;
[[nodiscard]] MachineLoops machine_loops_neon() noexcept;
[[nodiscard]] MachineLoops machine_loops_avx2() noexcept;
[[nodiscard]] MachineLoops machine_loops_avx512() noexcept;

#ifdef NODALROOM_MACHINE_LOOPS
namespace {

/// `Sums`: enough that latency times multiply-adds per cycle is covered, few enough for the registers.
template <class Real, int Width, int Sums>
double multiply_add(std::int64_t rounds) {
    typedef Real Vector __attribute__((vector_size(Width * sizeof(Real))));
    volatile Real a_value = Real(0.999999), b_value = Real(1e-6);  // so that nothing is known in advance
    const Vector a = Vector{} + Real(a_value), b = Vector{} + Real(b_value);
    Vector sum[Sums];
#pragma GCC unroll 32
    for (int k = 0; k < Sums; ++k) sum[k] = a * Real(k);
    for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 32
        for (int k = 0; k < Sums; ++k) sum[k] = sum[k] * a + b;
    }
    Vector all{};
#pragma GCC unroll 32
    for (int k = 0; k < Sums; ++k) all += sum[k];
    double result = 0.0;
    for (int lane = 0; lane < Width; ++lane) result += static_cast<double>(all[lane]);
    return result;
}

template <int Width>
void triad(double* a, const double* b, const double* c, double scale, std::size_t count) {
    typedef double Vector __attribute__((vector_size(Width * sizeof(double))));
    Vector* const to = reinterpret_cast<Vector*>(a);
    const Vector* const first = reinterpret_cast<const Vector*>(b);
    const Vector* const second = reinterpret_cast<const Vector*>(c);
#pragma GCC unroll 4
    for (std::size_t k = 0; k < count / Width; ++k) to[k] = first[k] + scale * second[k];
}

template <int Width, int Sums>
MachineLoops loops_of_width() noexcept {
    MachineLoops loops;
    loops.multiply_add = &multiply_add<double, Width, Sums>;
    loops.multiply_add_single = &multiply_add<float, 2 * Width, Sums>;
    loops.flops_per_round = 2 * Width * Sums;
    loops.flops_per_round_single = 4 * Width * Sums;
    loops.triad = &triad<Width>;
    return loops;
}

}  // namespace
#endif

}  // namespace nodalroom::bench
