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
    return {v_from * std::conj(y.yff * v_from + y.yft * v_to),
            v_to * std::conj(y.ytf * v_from + y.ytt * v_to)};
}

}  // namespace nodalroom::model
