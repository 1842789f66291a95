#pragma once

namespace nodalroom::powerflow {

/// Derivatives of the powers at bus i by angle and log-magnitude of bus k, for one admittance between
/// them (docs/math.md, eq. 10): P by θ is d, P by log V is a, Q by θ is -a, Q by log V is d.
struct PowerDerivative {
    double a, d;
};
[[nodiscard]] inline PowerDerivative power_derivative(double ei, double fi, double ek, double fk, double g,
                                                      double b) noexcept {
    const double c = ei * ek + fi * fk;
    const double s = fi * ek - ei * fk;
    return {c * g + s * b, s * g - c * b};
}

}  // namespace nodalroom::powerflow
