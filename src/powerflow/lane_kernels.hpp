// The lane kernels, written once. Each file compiled for a vector unit includes this and makes its own
// copy: everything here is in an unnamed namespace, so that no copy serves a processor it was not made for.
#pragma once

#include "lane_values.hpp"
#include "lane_view.hpp"
#include "nodalroom/powerflow/q_limits.hpp"
#include "vectors.hpp"

namespace nodalroom::powerflow {
namespace {

/// As LaneValues.
template <class Real, int Lanes, int Width>
struct Kernels : LaneValues<Real, Lanes, Width> {
    using Values = LaneValues<Real, Lanes, Width>;
    using typename Values::D;
    using typename Values::F;
    using Values::all;
    using Values::at;
    using Values::for_parts;
    using Values::kParts;
    using Values::magnitude;
    using Values::put;
    using Values::square_root;
    using Values::widen;

    /// Calls use(k, g, b) for every entry of a row of Ybus.
    template <bool LanesDiffer, class Use>
    static NODALROOM_INLINE void for_entries(const LaneView& v, std::int32_t row, int part, Use use) {
        for (std::int32_t p = v.y_start[row]; p < v.y_start[row + 1]; ++p) {
            if constexpr (LanesDiffer) {
                const std::int32_t slot = v.y_slot[p];
                if (slot >= 0) {
                    use(p, at(v.slot_g, slot, part), at(v.slot_b, slot, part));
                    continue;
                }
            }
            use(p, all(v.y_g[p]), all(v.y_b[p]));
        }
    }

    /// Current into the network at a row, in all lanes: what they have in common is loaded once for them.
    template <bool LanesDiffer>
    static NODALROOM_INLINE void sum_currents(const LaneView& v, std::int32_t row, D* i_re, D* i_im) {
        for_parts([&](auto part) NODALROOM_INLINE_LAMBDA { i_re[part] = i_im[part] = all(0.0); });
        for (std::int32_t p = v.y_start[row]; p < v.y_start[row + 1]; ++p) {
            const std::int32_t k = v.y_column[p];
            const std::int32_t slot = LanesDiffer ? v.y_slot[p] : -1;
            for_parts([&](auto part) NODALROOM_INLINE_LAMBDA {
                const D g = LanesDiffer && slot >= 0 ? at(v.slot_g, slot, part) : all(v.y_g[p]);
                const D b = LanesDiffer && slot >= 0 ? at(v.slot_b, slot, part) : all(v.y_b[p]);
                const D ek = at(v.e, k, part), fk = at(v.f, k, part);
                i_re[part] += g * ek - b * fk;
                i_im[part] += g * fk + b * ek;
            });
        }
    }

    template <bool CommonUnits, bool Limits>
    static NODALROOM_INLINE void evaluate_row(const LaneView& v, std::int32_t i, int part, D i_re, D i_im,
                                              D& worst, D& sound, D& off_limits) {
        const D e = at(v.e, i, part), f = at(v.f, i, part);
        const D q = f * i_re - e * i_im;
        D p_taken = e * i_re + f * i_im + v.p_load[i];
        D q_taken = q + v.q_load[i];
        if (v.has_voltage_loads) {
            const D vm = square_root(e * e + f * f);
            p_taken += vm * (v.p_current[i] + vm * v.p_impedance[i]);
            q_taken += vm * (v.q_current[i] + vm * v.q_impedance[i]);
        }
        if ((v.row_marks[i] & kAddedLoad) != 0) {
            p_taken += at(v.added_p, v.load_slot[i], part);
            q_taken += at(v.added_q, v.load_slot[i], part);
        }
        D active = -p_taken, reactive = -q_taken;
        const std::int32_t unit = v.unit_of[i];
        if (unit >= 0) {
            const auto value = [&](const double* common, const double* per_lane) NODALROOM_INLINE_LAMBDA {
                return CommonUnits ? all(common[unit]) : at(per_lane, unit, part);
            };
            const auto mode_value = [&](const double* common,
                                        const double* per_lane) NODALROOM_INLINE_LAMBDA {
                return CommonUnits && !Limits ? all(common[unit]) : at(per_lane, unit, part);
            };
            active += value(v.common_p_gen, v.p_gen) +
                      value(v.common_alpha, v.alpha) * at(v.supply, v.unit_island[unit], part);
            const D vm = square_root(e * e + f * f);
            const D regulates = mode_value(v.common_regulates, v.regulates);
            const D v_short = value(v.common_v_setpoint, v.v_setpoint) - vm;
            reactive = regulates > 0.5 ? v_short : reactive + mode_value(v.common_q_fixed, v.q_fixed);
            if constexpr (Limits) {
                at(v.q_unit, unit, part) = q_taken;
                at(v.vm_unit, unit, part) = vm;
                // As wanted_mode: beyond a limit, or on the wrong side of the setpoint.
                const D above = q_taken - value(v.common_q_max, v.q_max);
                const D below = value(v.common_q_min, v.q_min) - q_taken;
                const D beyond = (above > below ? above : below) - kQTolerance;
                const D passed = -at(v.limit_side, unit, part) * v_short - kVTolerance;
                const D off = regulates > 0.5 ? beyond : passed;
                off_limits = off > off_limits ? off : off_limits;
            }
        }
        Real* const residual = static_cast<Real*>(v.residual) + 2 * static_cast<std::int64_t>(i) * Lanes;
        put(residual, 0, part, active);
        put(residual, 1, part, reactive);
        for (const D r : {magnitude(active), magnitude(reactive)}) {
            worst = r > worst ? r : worst;
            sound = r < 1e300 ? sound : all(0.0);  // a NaN never compares, and must not be lost
        }
    }

    template <bool CommonUnits, bool Limits>
    static NODALROOM_INLINE void evaluate_lanes(const LaneView& v) {
        D worst[kParts], sound[kParts], off_limits[kParts];
        for_parts([&](auto part) NODALROOM_INLINE_LAMBDA {
            worst[part] = off_limits[part] = all(0.0);
            sound[part] = all(1.0);
        });
        for (std::int32_t i = 0; i < v.buses; ++i) {
            if (v.energised[i] == 0) continue;
            D i_re[kParts], i_im[kParts];
            if ((v.row_marks[i] & kLanesDiffer) != 0) {
                sum_currents<true>(v, i, i_re, i_im);
            } else {
                sum_currents<false>(v, i, i_re, i_im);
            }
            for_parts([&](auto part) NODALROOM_INLINE_LAMBDA {
                evaluate_row<CommonUnits, Limits>(v, i, part, i_re[part], i_im[part], worst[part],
                                                  sound[part], off_limits[part]);
            });
        }
        for_parts([&](auto part) NODALROOM_INLINE_LAMBDA {
            at(v.worst, 0, part) = sound[part] > 0.5 ? worst[part] : all(__builtin_inf());
            at(v.off_limits, 0, part) = off_limits[part];
        });
    }

    static void evaluate(const LaneView& v) {
        if (!v.units_are_common) {
            evaluate_lanes<false, true>(v);
        } else if (v.enforce_q_limits) {
            evaluate_lanes<true, true>(v);
        } else {
            evaluate_lanes<true, false>(v);
        }
    }

    static NODALROOM_INLINE void put_block(Real* block, int part, D a00, D a01, D a10, D a11) {
        put(block, 0, part, a00);
        put(block, 1, part, a01);
        put(block, 2, part, a10);
        put(block, 3, part, a11);
    }

    /// The Jacobian's row i at the present voltages, into the work row.
    template <bool LanesDiffer>
    static NODALROOM_INLINE void assemble_row(const LaneView& v, std::int32_t i, int part, Real* work) {
        const D e = at(v.e, i, part), f = at(v.f, i, part);
        const std::int32_t unit = v.unit_of[i];
        // 1 where the second row is the reactive balance, 0 where it holds the voltage.
        const D balance = unit >= 0 ? 1.0 - at(v.regulates, unit, part) : all(1.0);
        const std::int32_t diagonal = v.y_diagonal[i];
        D g_own = all(0.0), b_own = all(0.0), p_over = all(0.0), q_over = all(0.0);
        for_entries<LanesDiffer>(v, i, part, [&](std::int32_t p, D g, D b) {
            if (p == diagonal) {
                g_own = g;
                b_own = b;
                return;
            }
            const std::int32_t k = v.y_column[p];
            const D ek = at(v.e, k, part), fk = at(v.f, k, part);
            const D c = e * ek + f * fk;
            const D s = f * ek - e * fk;
            const D a = c * g + s * b;
            const D d = s * g - c * b;
            p_over += a;
            q_over += d;
            Real* block = work + 4 * Lanes * v.y_place[p];
            if (k >= v.first_reference) {
                put(block, 1, part, a);
                put(block, 3, part, balance * d);
            } else {
                put_block(block, part, d, a, -balance * a, balance * d);
            }
        });
        // What the bus sends over its branches, and into its own admittance.
        const D v2 = e * e + f * f;
        const D g_v2 = g_own * v2, b_v2 = b_own * v2;
        D p_by_v = p_over + 2.0 * g_v2, q_by_v = q_over - 2.0 * b_v2;
        const D vm = unit >= 0 || v.has_voltage_loads ? square_root(v2) : v2;
        if (v.has_voltage_loads) {
            p_by_v += vm * (v.p_current[i] + 2.0 * vm * v.p_impedance[i]);
            q_by_v += vm * (v.q_current[i] + 2.0 * vm * v.q_impedance[i]);
        }
        Real* own = work + 4 * Lanes * v.lu_diagonal[i];
        put(own, 1, part, p_by_v);
        put(own, 3, part, balance > 0.5 ? q_by_v : vm);
        if (i < v.first_reference) {
            put(own, 0, part, -q_over);
            put(own, 2, part, balance * p_over);
        }
        if (unit >= 0) {
            Real* block = work + 4 * Lanes * v.supply_place[unit];
            put(block, 0, part, -at(v.alpha, unit, part));
        }
    }

    static NODALROOM_INLINE void assemble(const LaneView& v, std::int32_t i, Real* work, F& rhs0, F& rhs1) {
        const std::int32_t length = v.lu_start[i + 1] - v.lu_start[i];
        F* blocks = reinterpret_cast<F*>(work);
        for (std::int32_t c = 0; c < 4 * length; ++c) blocks[c] = F{};
        if (v.energised[i] == 0) {
            blocks[4 * v.lu_diagonal[i]] += Real(1);
            blocks[4 * v.lu_diagonal[i] + 3] += Real(1);
            rhs0 = F{};
            rhs1 = F{};
            return;
        }
        for (int part = 0; part < kParts; ++part) {
            if ((v.row_marks[i] & kLanesDiffer) != 0) {
                assemble_row<true>(v, i, part, work);
            } else {
                assemble_row<false>(v, i, part, work);
            }
        }
        const F* const residual = static_cast<const F*>(v.residual);
        rhs0 = residual[2 * i];
        rhs1 = residual[2 * i + 1];
    }

    /// Row by row: assemble, subtract what the rows above eliminate, keep diagonal⁻¹ × (U | rhs). The
    /// right-hand side rides along, so that L is needed only while its row is in hand.
    static void solve(const LaneView& v) {
        Real* work = static_cast<Real*>(v.work_row);
        F* const row = reinterpret_cast<F*>(work);
        F* const u = static_cast<F*>(v.u);
        F* const x = static_cast<F*>(v.step);
        const std::uint16_t* destination = v.destination;
        for (std::int32_t i = 0; i < v.buses; ++i) {
            F rhs0, rhs1;
            assemble(v, i, work, rhs0, rhs1);
            const std::int32_t* column = v.lu_column + v.lu_start[i];
            const std::int32_t diagonal = v.lu_diagonal[i];
            for (std::int32_t l = 0; l < diagonal; ++l) {
                const F l00 = row[4 * l], l01 = row[4 * l + 1], l10 = row[4 * l + 2], l11 = row[4 * l + 3];
                const std::int32_t k = column[l];
                rhs0 -= l00 * x[2 * k] + l01 * x[2 * k + 1];
                rhs1 -= l10 * x[2 * k] + l11 * x[2 * k + 1];
                const F* uk = u + 4 * static_cast<std::int64_t>(v.u_start[k]);
                const F* const end = u + 4 * static_cast<std::int64_t>(v.u_start[k + 1]);
                for (; uk != end; uk += 4, ++destination) {
                    F* target = row + 4 * static_cast<std::int32_t>(*destination);
                    const F u00 = uk[0], u01 = uk[1], u10 = uk[2], u11 = uk[3];
                    target[0] -= l00 * u00 + l01 * u10;
                    target[1] -= l00 * u01 + l01 * u11;
                    target[2] -= l10 * u00 + l11 * u10;
                    target[3] -= l10 * u01 + l11 * u11;
                }
            }
            const F* own = row + 4 * diagonal;
            const F scale = Real(1) / (own[0] * own[3] - own[1] * own[2]);
            const F d00 = own[3] * scale, d01 = -own[1] * scale, d10 = -own[2] * scale, d11 = own[0] * scale;
            F* to = u + 4 * static_cast<std::int64_t>(v.u_start[i]);
            const std::int32_t length = v.lu_start[i + 1] - v.lu_start[i];
            for (std::int32_t j = diagonal + 1; j < length; ++j, to += 4) {
                const F w00 = row[4 * j], w01 = row[4 * j + 1], w10 = row[4 * j + 2], w11 = row[4 * j + 3];
                to[0] = d00 * w00 + d01 * w10;
                to[1] = d00 * w01 + d01 * w11;
                to[2] = d10 * w00 + d11 * w10;
                to[3] = d10 * w01 + d11 * w11;
            }
            x[2 * i] = d00 * rhs0 + d01 * rhs1;
            x[2 * i + 1] = d10 * rhs0 + d11 * rhs1;
        }
        for (std::int32_t i = v.buses - 1; i >= 0; --i) {
            const std::int32_t* column = v.lu_column + v.lu_start[i] + v.lu_diagonal[i] + 1;
            F x0 = x[2 * i], x1 = x[2 * i + 1];
            const F* uk = u + 4 * static_cast<std::int64_t>(v.u_start[i]);
            const std::int32_t count = v.u_start[i + 1] - v.u_start[i];
            for (std::int32_t j = 0; j < count; ++j, uk += 4) {
                const F xj0 = x[2 * column[j]], xj1 = x[2 * column[j] + 1];
                x0 -= uk[0] * xj0 + uk[1] * xj1;
                x1 -= uk[2] * xj0 + uk[3] * xj1;
            }
            x[2 * i] = x0;
            x[2 * i + 1] = x1;
        }
    }

    /// Adds a step's two entries to the voltage of a bus in the active lanes, in fresh ones to the start's.
    template <bool AnyFresh>
    static NODALROOM_INLINE void apply_to_bus(const LaneView& v, std::int32_t i, int part, D first, D second,
                                              D& usable) {
        const D active = at(v.active, 0, part);
        first = active > 0.5 ? first : all(0.0);
        second = active > 0.5 ? second : all(0.0);
        const D factor = 1.0 + second;
        usable = factor > 0.1 ? usable : all(0.0);
        usable = factor < 10.0 ? usable : all(0.0);
        D& e = at(v.e, i, part);
        D& f = at(v.f, i, part);
        if constexpr (AnyFresh) {
            const D fresh = at(v.fresh, 0, part);
            e = fresh > 0.5 ? all(v.start_e[i]) : e;
            f = fresh > 0.5 ? all(v.start_f[i]) : f;
            if (v.va != nullptr) at(v.va, i, part) = fresh > 0.5 ? all(v.start_va[i]) : at(v.va, i, part);
        }
        if (i >= v.first_reference) {
            at(v.supply, i - v.first_reference, part) += first;
            e *= factor;
            f *= factor;
            return;
        }
        // A longer turn is no step of a state near its start.
        usable = magnitude(first) < kLongestTurn ? usable : all(0.0);
        D sine, cosine;
        if (v.va != nullptr) {
            at(v.va, i, part) += first;
            short_sin_cos(first, sine, cosine);
        } else {
            // Where no angle is kept beside the phasor, the turn need not be exactly the step's: what it
            // lacks is of fourth order, and the next residual sees the phasor as it is.
            const D z = first * first;
            sine = first - first * z * (1.0 / 6.0);
            cosine = 1.0 + z * (z * (1.0 / 24.0) - 0.5);
        }
        const D turned = factor * (e * cosine - f * sine);
        f = factor * (e * sine + f * cosine);
        e = turned;
    }

    static void apply(const LaneView& v) {
        const Real* step = static_cast<const Real*>(v.step);
        for (int part = 0; part < kParts; ++part) {
            D usable = all(1.0);
            for (std::int32_t i = 0; i < v.buses; ++i) {
                if (v.energised[i] == 0) continue;
                apply_to_bus<false>(v, i, part, widen(step + 2 * i * Lanes, part),
                                    widen(step + (2 * i + 1) * Lanes, part), usable);
            }
            at(v.usable, 0, part) = usable;
        }
    }

    /// In the fresh lanes what the start leaves of the equations, the same for all.
    template <class V>
    static NODALROOM_INLINE V fresh_or(const V& fresh, Real start, const V& present) {
        if constexpr (std::is_same_v<V, typename VectorOf<Real, sizeof(V) / sizeof(Real)>::Type>) {
            return fresh > Real(0.5) ? start - V{} : present;
        } else {
            return {fresh_or(fresh.low, start, present.low), fresh_or(fresh.high, start, present.high)};
        }
    }

    template <bool AnyFresh>
    static NODALROOM_INLINE void forward_lanes(const LaneView& v) {
        F* const y = static_cast<F*>(v.residual);
        const Real* const start = static_cast<const Real*>(v.start_residual);
        alignas(64) Real fresh_values[Lanes];
        for (int lane = 0; lane < Lanes; ++lane) fresh_values[lane] = static_cast<Real>(v.fresh[lane]);
        const F fresh = *reinterpret_cast<const F*>(fresh_values);
        for (std::int32_t i = 0; i < v.buses; ++i) {
            const std::int32_t* column = v.lu_column + v.lu_start[i];
            const std::int32_t diagonal = v.lu_diagonal[i];
            const Real* w = static_cast<const Real*>(v.shared) + 4 * static_cast<std::int64_t>(v.lu_start[i]);
            F r0 = y[2 * i], r1 = y[2 * i + 1];
            if constexpr (AnyFresh) {
                r0 = fresh_or(fresh, start[2 * i], r0);
                r1 = fresh_or(fresh, start[2 * i + 1], r1);
            }
            for (std::int32_t l = 0; l < diagonal; ++l, w += 4) {
                const F y0 = y[2 * column[l]], y1 = y[2 * column[l] + 1];
                r0 -= w[0] * y0 + w[1] * y1;
                r1 -= w[2] * y0 + w[3] * y1;
            }
            y[2 * i] = w[0] * r0 + w[1] * r1;
            y[2 * i + 1] = w[2] * r0 + w[3] * r1;
        }
    }

    /// y = (L D)⁻¹ residual in place, for all lanes with the same blocks.
    static void forward(const LaneView& v) {
        if (v.any_fresh) {
            forward_lanes<true>(v);
        } else {
            forward_lanes<false>(v);
        }
    }

    template <bool AnyFresh>
    static NODALROOM_INLINE void backward_lanes(const LaneView& v) {
        F* const x = static_cast<F*>(v.residual);
        D usable[kParts];
        for (int part = 0; part < kParts; ++part) usable[part] = all(1.0);
        for (std::int32_t i = v.buses - 1; i >= 0; --i) {
            const std::int32_t length = v.lu_start[i + 1] - v.lu_start[i];
            const std::int32_t first = v.lu_diagonal[i] + 1;
            const std::int32_t* column = v.lu_column + v.lu_start[i];
            const Real* u =
                static_cast<const Real*>(v.shared) + 4 * static_cast<std::int64_t>(v.lu_start[i] + first);
            F x0 = x[2 * i], x1 = x[2 * i + 1];
            for (std::int32_t j = first; j < length; ++j, u += 4) {
                const F xj0 = x[2 * column[j]], xj1 = x[2 * column[j] + 1];
                x0 -= u[0] * xj0 + u[1] * xj1;
                x1 -= u[2] * xj0 + u[3] * xj1;
            }
            x[2 * i] = x0;
            x[2 * i + 1] = x1;
            if (v.energised[i] == 0) continue;
            const Real* const step = reinterpret_cast<const Real*>(x + 2 * i);
            for_parts([&](auto part) NODALROOM_INLINE_LAMBDA {
                apply_to_bus<AnyFresh>(v, i, part, widen(step, part), widen(step + Lanes, part),
                                       usable[part]);
            });
        }
        for (int part = 0; part < kParts; ++part) at(v.usable, 0, part) = usable[part];
    }

    /// x = U⁻¹ y in place, added to the voltages on the way.
    static void backward_and_apply(const LaneView& v) {
        if (v.any_fresh) {
            backward_lanes<true>(v);
        } else {
            backward_lanes<false>(v);
        }
    }

    static LaneKernels own() {
        LaneKernels table;
        table.lanes = Lanes;
        table.bytes_per_factor = static_cast<int>(sizeof(Real));
        table.evaluate = &evaluate;
        table.solve = &solve;
        table.apply = &apply;
        return table;
    }
    static LaneKernels shared() {
        LaneKernels table;
        table.lanes = Lanes;
        table.bytes_per_factor = static_cast<int>(sizeof(Real));
        table.evaluate = &evaluate;
        table.forward = &forward;
        table.backward_and_apply = &backward_and_apply;
        return table;
    }
};

/// `Own`, `Shared`: registers of a factor's numbers that states side by side take, with factors of their own
/// and with a shared one. Narrow registers want several: what all lanes have in common is then loaded once
/// for them.
template <int Width, int Own = 1, int Shared = 1>
LaneKernels kernels_of_width(LaneFactors factors) noexcept {
    switch (factors) {
        case LaneFactors::own_single:
            return Kernels<float, 2 * Width * Own, Width>::own();
        case LaneFactors::own_double:
            return Kernels<double, Width * Own, Width>::own();
        case LaneFactors::shared_single:
            return Kernels<float, 2 * Width * Shared, Width>::shared();
        case LaneFactors::shared_double:
            break;
    }
    return Kernels<double, Width * Shared, Width>::shared();
}

}  // namespace
}  // namespace nodalroom::powerflow
