#pragma once

#include <complex>

#include "nodalroom/model/network.hpp"

namespace nodalroom::model {

/// The 2x2 admittance of a branch, per unit: [i_f; i_t] = [yff yft; ytf ytt] [v_f; v_t]
/// (docs/math.md, eq. 1).
struct BranchAdmittance {
    Complex yff, yft, ytf, ytt;
};

[[nodiscard]] BranchAdmittance branch_admittance(const Branch& branch) noexcept;

/// Complex power into the branch at both ends, per unit (docs/math.md, eq. 2).
struct BranchFlow {
    Complex s_from, s_to;
};
[[nodiscard]] inline BranchFlow branch_flow(const BranchAdmittance& y, Complex v_from,
                                            Complex v_to) noexcept {
    // In real numbers: products of std::complex look for infinities first.
    const double ef = v_from.real(), ff = v_from.imag(), et = v_to.real(), ft = v_to.imag();
    const auto current = [&](Complex by_from, Complex by_to) {
        return Complex(by_from.real() * ef - by_from.imag() * ff + by_to.real() * et - by_to.imag() * ft,
                       by_from.real() * ff + by_from.imag() * ef + by_to.real() * ft + by_to.imag() * et);
    };
    const auto power = [](double e, double f, Complex i) {
        return Complex(e * i.real() + f * i.imag(), f * i.real() - e * i.imag());
    };
    return {power(ef, ff, current(y.yff, y.yft)), power(et, ft, current(y.ytf, y.ytt))};
}

}  // namespace nodalroom::model
