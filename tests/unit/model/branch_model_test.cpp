#include "nodalroom/model/branch_model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace nodalroom::model {
namespace {

void expect_near(Complex value, Complex expected, double tolerance = 1e-14) {
    EXPECT_NEAR(value.real(), expected.real(), tolerance);
    EXPECT_NEAR(value.imag(), expected.imag(), tolerance);
}

Branch line(double r, double x, double b) {
    Branch branch;
    branch.r_pu = r;
    branch.x_pu = x;
    branch.b_pu = b;
    return branch;
}

TEST(BranchAdmittance, OfALine) {
    // z = 3 + 4j: y = 0.12 - 0.16j; half the charging at each end.
    const auto y = branch_admittance(line(3.0, 4.0, 0.5));
    expect_near(y.yff, {0.12, 0.09});
    expect_near(y.yft, {-0.12, 0.16});
    expect_near(y.ytf, {-0.12, 0.16});
    expect_near(y.ytt, {0.12, 0.09});
}

TEST(BranchAdmittance, OfATapChangerAtTheFromEnd) {
    Branch branch = line(3.0, 4.0, 0.5);
    branch.tap = 2.0;
    const auto y = branch_admittance(branch);
    expect_near(y.yff, {0.03, 0.0225});
    expect_near(y.yft, {-0.06, 0.08});
    expect_near(y.ytf, {-0.06, 0.08});
    expect_near(y.ytt, {0.12, 0.09});
}

TEST(BranchAdmittance, OfAPhaseShifter) {
    // yft turns by +90 degrees, ytf by -90: multiplied by j and by -j.
    Branch branch = line(3.0, 4.0, 0.5);
    branch.shift_rad = std::numbers::pi / 2.0;
    const auto y = branch_admittance(branch);
    expect_near(y.yff, {0.12, 0.09});
    expect_near(y.yft, {-0.16, -0.12});
    expect_near(y.ytf, {0.16, 0.12});
    expect_near(y.ytt, {0.12, 0.09});
}

TEST(BranchAdmittance, FollowsFromTheCircuit) {
    // The ideal transformer as a circuit: v_f = tap e^{j shift} v', i_f = i' / conj(tap e^{j shift}).
    Branch branch = line(0.013, 0.17, 0.23);
    branch.tap = 0.965;
    branch.shift_rad = -0.31;
    const Complex v_f = std::polar(1.03, 0.2), v_t = std::polar(0.97, -0.1);
    const Complex ratio = std::polar(branch.tap, branch.shift_rad);
    const Complex inner = v_f / ratio, half_charging(0.0, 0.115), z(0.013, 0.17);
    const Complex i_f = ((inner - v_t) / z + inner * half_charging) / std::conj(ratio);
    const Complex i_t = (v_t - inner) / z + v_t * half_charging;
    const auto y = branch_admittance(branch);
    expect_near(y.yff * v_f + y.yft * v_t, i_f, 1e-13);
    expect_near(y.ytf * v_f + y.ytt * v_t, i_t, 1e-13);
}

TEST(BranchAdmittance, OfAnUnshiftedBranchIsExactlySymmetric) {
    Branch branch = line(0.013, 0.17, 0.23);
    branch.tap = 0.965;
    const auto y = branch_admittance(branch);
    EXPECT_EQ(y.yft, y.ytf);
}

TEST(BranchFlow, IsPowerIntoBothEnds) {
    // No resistance: P = sin(delta)/x arrives whole.
    const auto y = branch_admittance(line(0.0, 0.5, 0.0));
    const auto s = branch_flow(y, std::polar(1.0, 0.3), 1.0);
    expect_near(s.s_from, {2.0 * std::sin(0.3), 2.0 * (1.0 - std::cos(0.3))});
    expect_near(s.s_to, {-2.0 * std::sin(0.3), 2.0 * (1.0 - std::cos(0.3))});
}

TEST(BranchRating, FallsBackToA) {
    Branch branch;
    branch.rate_a_pu = 1.0;
    branch.rate_c_pu = 3.0;
    EXPECT_EQ(branch.rating_pu(RatingSet::a), 1.0);
    EXPECT_EQ(branch.rating_pu(RatingSet::b), 1.0);
    EXPECT_EQ(branch.rating_pu(RatingSet::c), 3.0);
    branch.rate_a_pu = 0.0;
    EXPECT_EQ(branch.rating_pu(RatingSet::b), 0.0);
}

}  // namespace
}  // namespace nodalroom::model
