#include "nodalroom/model/branch_model.hpp"

#include <cmath>

namespace nodalroom::model {

BranchAdmittance branch_admittance(const Branch& branch) noexcept {
    const double z_squared = branch.r_pu * branch.r_pu + branch.x_pu * branch.x_pu;
    const Complex y_series(branch.r_pu / z_squared, -branch.x_pu / z_squared);
    const Complex y_end = y_series + Complex(0.0, 0.5 * branch.b_pu);
    // Not std::polar: an unshifted tap must have an imaginary part of exactly 0.
    const Complex turn = branch.shift_rad == 0.0
                             ? Complex(1.0, 0.0)
                             : Complex(std::cos(branch.shift_rad), std::sin(branch.shift_rad));
    return {y_end / (branch.tap * branch.tap), -y_series * turn / branch.tap,
            -y_series * std::conj(turn) / branch.tap, y_end};
}

double Branch::rating_pu(RatingSet set) const noexcept {
    if (set == RatingSet::b && rate_b_pu != 0.0) return rate_b_pu;
    if (set == RatingSet::c && rate_c_pu != 0.0) return rate_c_pu;
    return rate_a_pu;
}

}  // namespace nodalroom::model
