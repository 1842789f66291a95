// The kernels of one state's equations, written once and compiled for every vector unit, as lane_kernels.hpp.
#pragma once

#include "newton_view.hpp"
#include "vectors.hpp"

namespace nodalroom::powerflow {
namespace {

void evaluate_injections(const InjectionView& v) {
    for (std::int64_t i = 0; i < v.buses; ++i) {
        double i_re = 0.0, i_im = 0.0;
        for (std::int32_t p = v.row_start[i]; p < v.row_start[i + 1]; ++p) {
            const std::int32_t k = v.column[p];
            const double ek = v.e[k], fk = v.f[k];
            i_re += v.g[p] * ek - v.b[p] * fk;
            i_im += v.g[p] * fk + v.b[p] * ek;
        }
        v.p[i] = v.e[i] * i_re + v.f[i] * i_im;
        v.q[i] = v.f[i] * i_re - v.e[i] * i_im;
    }
}

/// A loop of which the compiler makes vectors: everything is read, then chosen from.
void evaluate_residual(const ResidualView& v) {
    double* const __restrict p_out = v.p;
    double* const __restrict q_out = v.q;
    for (std::int64_t i = 0; i < v.buses; ++i) {
        const std::int64_t mode = v.mode[i];
        const double vm = v.vm[i];
        const double p_load = v.p_load[i] + vm * (v.p_current[i] + vm * v.p_impedance[i]);
        const double q_load = v.q_load[i] + vm * (v.q_current[i] + vm * v.q_impedance[i]);
        const double p = v.p_gen[i] - (v.p_injected[i] + p_load);
        const double as_given = v.q_gen[i], least = v.q_min[i], most = v.q_max[i];
        const double held = v.v_setpoint[i] - vm;
        double asked = mode == kAtMinMode ? least : as_given;
        asked = mode == kAtMaxMode ? most : asked;
        double q = asked - (v.q_injected[i] + q_load);
        q = mode == kRegulatingMode ? held : q;
        p_out[i] = mode == kDeEnergisedMode ? 0.0 : p;
        q_out[i] = mode == kDeEnergisedMode ? 0.0 : q;
    }
}

/// The block (d a; -a d) of a bus by another one; without its lower row where the bus regulates.
NODALROOM_INLINE void put_block(const JacobianView& v, std::int32_t block, std::uint8_t mode, double a,
                                double d) {
    using Row = VectorOf<double, 2>::Type;
    double* const to = v.blocks + 4 * static_cast<std::int64_t>(block);
    const double keep = mode == kRegulatingMode ? 0.0 : 1.0;
    *reinterpret_cast<Row*>(to) = Row{d, a};
    *reinterpret_cast<Row*>(to + 2) = Row{-a, d} * (keep - Row{});
}

void evaluate_jacobian(const JacobianView& v) {
    for (std::int64_t n = 0; n < v.pairs; ++n) {
        const EntryPair pair = v.pair[n];
        const double ei = v.e[pair.i], fi = v.f[pair.i], ek = v.e[pair.k], fk = v.f[pair.k];
        const double c = ei * ek + fi * fk, s = fi * ek - ei * fk;
        const double g = v.g[pair.entry_ik], b = v.b[pair.entry_ik];
        put_block(v, pair.block_ik, v.mode[pair.i], c * g + s * b, s * g - c * b);
        const double g_back = v.g[pair.entry_ki], b_back = v.b[pair.entry_ki];
        put_block(v, pair.block_ki, v.mode[pair.k], c * g_back - s * b_back, -s * g_back - c * b_back);
    }
    for (std::int64_t i = 0; i < v.buses; ++i) {
        double* const own = v.blocks + 4 * static_cast<std::int64_t>(v.diagonal_block[i]);
        const double vm = v.vm[i], v2 = vm * vm;
        const double g_v2 = v.g[v.diagonal[i]] * v2, b_v2 = v.b[v.diagonal[i]] * v2;
        const double p = v.p_injected[i], q = v.q_injected[i];
        const double p_slope = vm * (v.p_current[i] + 2.0 * vm * v.p_impedance[i]);
        const double q_slope = vm * (v.q_current[i] + 2.0 * vm * v.q_impedance[i]);
        const bool dead = v.mode[i] == kDeEnergisedMode;
        const bool q_active = !dead && v.mode[i] != kRegulatingMode;
        own[0] = dead ? 1.0 : -q - b_v2;
        own[1] = dead ? 0.0 : p + g_v2 + p_slope;
        own[2] = q_active ? p - g_v2 : 0.0;
        own[3] = q_active ? q - b_v2 + q_slope : vm;
    }
}

NewtonKernels table_of_newton_kernels() {
    return {&evaluate_injections, &evaluate_residual, &evaluate_jacobian};
}

}  // namespace
}  // namespace nodalroom::powerflow
