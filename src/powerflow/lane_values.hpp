// Numbers side by side, as the lane kernels compute with them. In an unnamed namespace, so that no copy
// serves a processor it was not made for.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "vectors.hpp"

namespace nodalroom::powerflow {
namespace {

/// More numbers than a register holds: two halves. Vector types longer than a register are no way out: GCC
/// takes what it computes with them through the stack.
template <class Half>
struct Halves {
    Half low, high;

    template <class Real>
    NODALROOM_INLINE friend Halves operator*(Real a, const Halves& b) requires(std::is_arithmetic_v<Real>) {
        return {a * b.low, a * b.high};
    }
    NODALROOM_INLINE Halves& operator+=(const Halves& b) { return *this = *this + b; }
    NODALROOM_INLINE Halves& operator-=(const Halves& b) { return *this = *this - b; }
    template <class Real>
    NODALROOM_INLINE Halves& operator+=(Real b) {
        low += b;
        high += b;
        return *this;
    }
    NODALROOM_INLINE friend Halves operator+(const Halves& a, const Halves& b) {
        return {a.low + b.low, a.high + b.high};
    }
    NODALROOM_INLINE friend Halves operator-(const Halves& a, const Halves& b) {
        return {a.low - b.low, a.high - b.high};
    }
    NODALROOM_INLINE friend Halves operator*(const Halves& a, const Halves& b) {
        return {a.low * b.low, a.high * b.high};
    }
    NODALROOM_INLINE friend Halves operator-(const Halves& a) { return {-a.low, -a.high}; }
    template <class Real>
    NODALROOM_INLINE friend Halves operator/(Real a, const Halves& b) {
        return {a / b.low, a / b.high};
    }
};

/// `Count` numbers, in registers of so many bytes.
template <class Real, int Count, int RegisterBytes>
struct ValueOf {
    using Type = Halves<typename ValueOf<Real, Count / 2, RegisterBytes>::Type>;
};
template <class Real, int Count, int RegisterBytes>
requires(Count* static_cast<int>(sizeof(Real)) <= RegisterBytes) struct ValueOf<Real, Count, RegisterBytes> {
    using Type = typename VectorOf<Real, Count>::Type;
};

/// `Real`: precision of the factors; `Lanes`: states side by side; `Width`: doubles in a register.
/// Voltages and residuals are doubles, in Lanes / Width registers.
template <class Real, int Lanes, int Width>
struct LaneValues {
    static constexpr int kRegisterBytes = 8 * Width;
    /// A number of the factors in all lanes.
    using F = typename ValueOf<Real, Lanes, kRegisterBytes>::Type;
    using Half = typename VectorOf<Real, Width>::Type;  ///< the factors' values of one register of doubles
    using D = typename VectorOf<double, Width>::Type;
    static constexpr int kParts = Lanes / Width;

    static NODALROOM_INLINE const D& at(const double* values, std::int64_t row, int part) {
        return *reinterpret_cast<const D*>(values + row * Lanes + part * Width);
    }
    static NODALROOM_INLINE D& at(double* values, std::int64_t row, int part) {
        return *reinterpret_cast<D*>(values + row * Lanes + part * Width);
    }
    static NODALROOM_INLINE D all(double value) { return value - D{}; }
    static NODALROOM_INLINE D square_root(D x) {
        for (int lane = 0; lane < Width; ++lane) x[lane] = __builtin_sqrt(x[lane]);
        return x;
    }
    static NODALROOM_INLINE D magnitude(D x) { return x < 0.0 ? -x : x; }
    static NODALROOM_INLINE void put(Real* block, int component, int part, D value) {
        *reinterpret_cast<Half*>(block + component * Lanes + part * Width) =
            __builtin_convertvector(value, Half);
    }
    static NODALROOM_INLINE D widen(const Real* values, int part) {
        return __builtin_convertvector(*reinterpret_cast<const Half*>(values + part * Width), D);
    }

    /// Calls use(part) for every register of doubles, its number known when this is compiled: what is kept
    /// per part then stays in registers.
    template <class Use>
    static NODALROOM_INLINE void for_parts(Use use) {
        [&]<int... Part>(std::integer_sequence<int, Part...>) NODALROOM_INLINE_LAMBDA {
            (use(std::integral_constant<int, Part>()), ...);
        }
        (std::make_integer_sequence<int, kParts>());
    }
};

}  // namespace
}  // namespace nodalroom::powerflow
