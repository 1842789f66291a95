#include "nodalroom/powerflow/state_scan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "nodalroom/contingency/state_solver.hpp"
#include "nodalroom/powerflow/solve.hpp"
#include "support/case_files.hpp"
#include "support/vector_units.hpp"

namespace nodalroom::powerflow {
namespace {

using contingency::BaseCase;
using contingency::StateSolver;
using model::Network;
using numerics::VectorUnit;
using testing::load_case;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

class StateScanOnEveryUnit : public ::testing::TestWithParam<VectorUnit> {};

TEST_P(StateScanOnEveryUnit, LoadingsAreThoseOfTheLargerEnd) {
    NODALROOM_NEEDS_UNIT(GetParam());
    std::mt19937 random(3);
    for (const char* name : {"case14", "case118", "case_RTS_GMLC", "case_ACTIVSg500"}) {
        SCOPED_TRACE(name);
        const Network network = load_case(name);
        const BaseCase base(network, {});
        StateSolver solver(base);
        ASSERT_TRUE(solver.solve_from_base().converged());
        const StateScan scan(base.equations(), GetParam());
        std::vector<double> weight;
        for (std::size_t l = 0; l < scan.branches(); ++l) weight.push_back(static_cast<double>(random() % 4));
        const BranchRow lost(static_cast<std::int64_t>(random() % scan.branches()));
        std::vector<double> found;
        const double largest =
            scan.loadings(solver.newton().v_real(), solver.newton().v_imag(), lost, weight, found);
        ASSERT_EQ(found.size(), scan.branches());
        EXPECT_EQ(largest, *std::max_element(found.begin(), found.end()));
        for (std::size_t l = 0; l < found.size(); ++l) {
            if (!network.branches()[l].in_service || l == lost.pos()) {
                EXPECT_EQ(found[l], 0.0);
                continue;
            }
            const auto flow = flow_of(solver.newton(), l);
            const double expected = std::max(std::norm(flow.s_from), std::norm(flow.s_to)) * weight[l];
            EXPECT_NEAR(found[l], expected, 1e-10 * (1.0 + expected));
        }
    }
}

/// Every length up to some registers, so that what a register does not fill counts too.
TEST_P(StateScanOnEveryUnit, VoltagesAreThoseOfTheWatchedBuses) {
    NODALROOM_NEEDS_UNIT(GetParam());
    const Network network = load_case("case9");
    const Equations equations(network);
    const StateScan scan(equations, GetParam());
    std::mt19937 random(4);
    std::uniform_real_distribution<double> near_one(0.8, 1.2);
    for (std::size_t n = 1; n <= 35; ++n) {
        for (int sample = 0; sample < 20; ++sample) {
            std::vector<double> vm(n), vmin(n), vmax(n);
            StateScan::Voltages expected{kInfinite, -kInfinite, kInfinite, kInfinite};
            for (std::size_t i = 0; i < n; ++i) {
                vm[i] = near_one(random);
                vmin[i] = random() % 3 == 0 ? -kInfinite : 0.9;
                vmax[i] = random() % 3 == 0 ? kInfinite : 1.1;
                expected.margin_to_vmin_pu = std::min(expected.margin_to_vmin_pu, vm[i] - vmin[i]);
                expected.margin_to_vmax_pu = std::min(expected.margin_to_vmax_pu, vmax[i] - vm[i]);
                if (std::isinf(vmin[i]) && std::isinf(vmax[i])) continue;
                expected.lowest_pu = std::min(expected.lowest_pu, vm[i]);
                expected.highest_pu = std::max(expected.highest_pu, vm[i]);
            }
            const auto found = scan.voltages(vm, vmin, vmax);
            EXPECT_EQ(found.lowest_pu, expected.lowest_pu);
            EXPECT_EQ(found.highest_pu, expected.highest_pu);
            EXPECT_EQ(found.margin_to_vmin_pu, expected.margin_to_vmin_pu);
            EXPECT_EQ(found.margin_to_vmax_pu, expected.margin_to_vmax_pu);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Units, StateScanOnEveryUnit, ::testing::ValuesIn(testing::kVectorUnits),
                         testing::unit_name);

/// The phasor kernel, on every unit through the solver that uses it: in all quadrants, near multiples of a
/// quarter turn, and so far out that a quarter turn can no longer be taken off exactly.
TEST(NewtonSolver, PhasorsAreThoseOfTheCLibrary) {
    const Network network = load_case("case118");
    const Equations equations(network);
    NewtonSolver solver(equations, make_operating_point(equations, balance_weights(network, {})));
    Voltages voltages = start_voltages(equations, solver.point(), Start::stored);
    std::mt19937 random(7);
    for (const double reach : {0.1, 3.2, 40.0, 9e5, 1e8}) {
        std::uniform_real_distribution<double> angle(-reach, reach);
        for (std::size_t i = 0; i < voltages.va_rad.size(); ++i) {
            voltages.va_rad[i] = angle(random);
            if (i % 4 == 0) voltages.va_rad[i] = std::round(voltages.va_rad[i] / M_PI_2) * M_PI_2;
        }
        voltages.va_rad[0] = 0.0;
        solver.start_from(voltages);
        solver.evaluate_mismatch();
        for (std::size_t i = 0; i < voltages.va_rad.size(); ++i) {
            const double vm = voltages.vm_pu[i], va = voltages.va_rad[i];
            EXPECT_NEAR(solver.v_real()[i], vm * std::cos(va), 4e-16 * vm) << va;
            EXPECT_NEAR(solver.v_imag()[i], vm * std::sin(va), 4e-16 * vm) << va;
        }
    }
}

}  // namespace
}  // namespace nodalroom::powerflow
