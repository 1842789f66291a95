// The kernels that look over one state, written once and compiled for every vector unit, as lane_kernels.hpp.
#pragma once

#include <cmath>

#include "scan_view.hpp"
#include "vectors.hpp"

namespace nodalroom::powerflow {
namespace {

/// A loop of which the compiler makes vectors. Quarter turns are taken off in three parts (Cody and Waite,
/// 1980), whose products with a count of up to 2^20 are exact; further angles ask the C library.
void evaluate_phasors(const PhasorView& v) {
    constexpr double kPerQuarter = 0.6366197723675813430755;
    constexpr double kQuarter1 = 1.57079632673412561417e+00;  // 33 bits of it each
    constexpr double kQuarter2 = 6.07710050630396597660e-11;
    constexpr double kQuarter3 = 2.02226624879595063154e-21;
    constexpr double kFurthest = 1e6;
    // Added to a number and taken off again, it rounds it; its last bits then hold the integer.
    constexpr double kRounder = 6755399441055744.0;
    const double* const __restrict vm = v.vm;
    const double* const __restrict va = v.va;
    double* const __restrict e = v.e;
    double* const __restrict f = v.f;
    double furthest = 0.0;
    for (std::int64_t i = 0; i < v.buses; ++i) {
        const double size = va[i] < 0.0 ? -va[i] : va[i];
        furthest = size < kFurthest ? furthest : kFurthest;  // NaN counts as far
    }
    if (furthest == kFurthest) {
        for (std::int64_t i = 0; i < v.buses; ++i) {
            e[i] = vm[i] * std::cos(va[i]);
            f[i] = vm[i] * std::sin(va[i]);
        }
        return;
    }
    for (std::int64_t i = 0; i < v.buses; ++i) {
        const double shifted = va[i] * kPerQuarter + kRounder;
        const double quarters = shifted - kRounder;
        const double x = ((va[i] - quarters * kQuarter1) - quarters * kQuarter2) - quarters * kQuarter3;
        double sine, cosine;
        short_sin_cos(x, sine, cosine);
        // Without a branch: which of the two, and its sign bit.
        const auto quadrant = __builtin_bit_cast(std::int64_t, shifted);
        const std::int64_t odd = -(quadrant & 1);
        const auto sine_bits = __builtin_bit_cast(std::int64_t, sine);
        const auto cosine_bits = __builtin_bit_cast(std::int64_t, cosine);
        const std::int64_t other = (sine_bits ^ cosine_bits) & odd;
        const std::int64_t s = sine_bits ^ other ^ ((quadrant & 2) << 62);
        const std::int64_t c = cosine_bits ^ other ^ (((quadrant + 1) & 2) << 62);
        f[i] = vm[i] * __builtin_bit_cast(double, s);
        e[i] = vm[i] * __builtin_bit_cast(double, c);
    }
}

void evaluate_magnitudes(const PhasorView& v) {
    const double* const __restrict e = v.e;
    const double* const __restrict f = v.f;
    double* const __restrict magnitude = v.magnitude;
    for (std::int64_t i = 0; i < v.buses; ++i) magnitude[i] = __builtin_sqrt(e[i] * e[i] + f[i] * f[i]);
}

template <int Width>
struct Scan {
    using D = typename VectorOf<double, Width>::Type;

    static NODALROOM_INLINE D all(double value) { return value - D{}; }
    static NODALROOM_INLINE D load(const double* values) {
        D x;
        __builtin_memcpy(&x, values, sizeof x);
        return x;
    }
    static NODALROOM_INLINE double least(D x) {
        double found = x[0];
        for (int lane = 1; lane < Width; ++lane) found = x[lane] < found ? x[lane] : found;
        return found;
    }

    static double largest(const double* values, std::int64_t count) {
        D most = all(0.0);
        std::int64_t i = 0;
        for (; i + Width <= count; i += Width) {
            const D x = load(values + i);
            most = x > most ? x : most;
        }
        double found = -least(-most);
        for (; i < count; ++i) found = values[i] > found ? values[i] : found;
        return found;
    }

    static void voltages(VoltageView& v) {
        const double infinite = __builtin_inf();
        D lowest = all(infinite), least_above = all(infinite), least_below = all(infinite), highest = -lowest;
        const auto look = [&](D vm, D vmin, D vmax) {
            const D above = vm - vmin, below = vmax - vm;
            least_above = above < least_above ? above : least_above;
            least_below = below < least_below ? below : least_below;
            // Watched is a bus with any finite limit.
            const D low = vmin > -infinite ? vm : vmax < infinite ? vm : all(infinite);
            const D high = vmin > -infinite ? vm : vmax < infinite ? vm : all(-infinite);
            lowest = low < lowest ? low : lowest;
            highest = high > highest ? high : highest;
        };
        std::int64_t i = 0;
        for (; i + Width <= v.buses; i += Width) look(load(v.vm + i), load(v.vmin + i), load(v.vmax + i));
        for (; i < v.buses; ++i) look(all(v.vm[i]), all(v.vmin[i]), all(v.vmax[i]));
        v.lowest = least(lowest);
        v.highest = -least(-highest);
        v.margin_to_vmin = least(least_above);
        v.margin_to_vmax = least(least_below);
    }

    /// Of `count` branches from l on, at most a register of them.
    static NODALROOM_INLINE D loading_squared(const FlowView& v, std::int64_t l, int count) {
        D ef{}, ff{}, et{}, ft{};
        for (int lane = 0; lane < count; ++lane) {
            const std::int32_t from = v.from[l + lane], to = v.to[l + lane];
            ef[lane] = v.e[from];
            ff[lane] = v.f[from];
            et[lane] = v.e[to];
            ft[lane] = v.f[to];
        }
        D y[8];
        for (int part = 0; part < 8; ++part) y[part] = load(v.admittance[part] + l);
        const D from_re = y[0] * ef - y[1] * ff + y[2] * et - y[3] * ft;
        const D from_im = y[0] * ff + y[1] * ef + y[2] * ft + y[3] * et;
        const D to_re = y[4] * ef - y[5] * ff + y[6] * et - y[7] * ft;
        const D to_im = y[4] * ff + y[5] * ef + y[6] * ft + y[7] * et;
        const D p_from = ef * from_re + ff * from_im, q_from = ff * from_re - ef * from_im;
        const D p_to = et * to_re + ft * to_im, q_to = ft * to_re - et * to_im;
        const D s_from = p_from * p_from + q_from * q_from;
        const D s_to = p_to * p_to + q_to * q_to;
        return s_from > s_to ? s_from : s_to;
    }

    static void flows(const FlowView& v) {
        std::int64_t l = 0;
        for (; l + Width <= v.branches; l += Width) {
            const D loading = loading_squared(v, l, Width) * load(v.weight + l);
            __builtin_memcpy(v.loading_squared + l, &loading, sizeof loading);
        }
        const D rest = loading_squared(v, l, static_cast<int>(v.branches - l));
        for (int lane = 0; l < v.branches; ++l, ++lane) v.loading_squared[l] = rest[lane] * v.weight[l];
    }

    static ScanKernels kernels() {
        return {&flows, &largest, &voltages, &evaluate_phasors, &evaluate_magnitudes};
    }
};

}  // namespace
}  // namespace nodalroom::powerflow
