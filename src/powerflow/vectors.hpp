// What the kernels for every vector unit share. In an unnamed namespace, so that no copy serves a
// processor it was not made for.
#pragma once

namespace nodalroom::powerflow {
namespace {

template <class Real, int N>
struct VectorOf {
    typedef Real Type __attribute__((vector_size(N * sizeof(Real))));
};

#define NODALROOM_INLINE inline __attribute__((always_inline))
#define NODALROOM_INLINE_LAMBDA __attribute__((always_inline))

/// Angles up to which the series below are exact to the last bits.
constexpr double kLongestTurn = 0.8;

/// Sine and cosine of a short angle, a double or a vector of them.
template <class D>
NODALROOM_INLINE void short_sin_cos(D x, D& sine, D& cosine) {
    const D z = x * x;
    sine = D{} + 1.0 / 355687428096000.0;
    sine = sine * z - 1.0 / 1307674368000.0;
    sine = sine * z + 1.0 / 6227020800.0;
    sine = sine * z - 1.0 / 39916800.0;
    sine = sine * z + 1.0 / 362880.0;
    sine = sine * z - 1.0 / 5040.0;
    sine = sine * z + 1.0 / 120.0;
    sine = sine * z - 1.0 / 6.0;
    sine = x + x * z * sine;
    cosine = D{} + 1.0 / 20922789888000.0;
    cosine = cosine * z - 1.0 / 87178291200.0;
    cosine = cosine * z + 1.0 / 479001600.0;
    cosine = cosine * z - 1.0 / 3628800.0;
    cosine = cosine * z + 1.0 / 40320.0;
    cosine = cosine * z - 1.0 / 720.0;
    cosine = cosine * z + 1.0 / 24.0;
    cosine = cosine * z - 0.5;
    cosine = 1.0 + z * cosine;
}

}  // namespace
}  // namespace nodalroom::powerflow
