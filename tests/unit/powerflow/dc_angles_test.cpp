#include "nodalroom/powerflow/dc_angles.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "nodalroom/powerflow/solve.hpp"
#include "support/random_grid.hpp"

namespace nodalroom::powerflow {
namespace {

using model::Network;
using testing::random_grid;

/// Largest imbalance of docs/math.md, eq. 12 at buses that have one.
double imbalance(const Equations& equations, const OperatingPoint& point, const std::vector<double>& va_rad) {
    const auto& network = equations.network();
    std::vector<double> left(network.buses().size());
    for (std::size_t i = 0; i < left.size(); ++i) left[i] = point.p_gen[i] - point.p_load[i];
    for (const model::Branch& branch : network.branches()) {
        if (!branch.in_service) continue;
        const double flow = (va_rad[branch.from.pos()] - va_rad[branch.to.pos()] - branch.shift_rad) /
                            (branch.x_pu * branch.tap);
        left[branch.from.pos()] -= flow;
        left[branch.to.pos()] += flow;
    }
    double largest = 0.0;
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (!equations.is_reference(i) && equations.is_energised(i))
            largest = std::max(largest, std::abs(left[i]));
    }
    return largest;
}

TEST(DcAngles, BalanceEveryBusButTheReferences) {
    for (const unsigned seed : {1U, 2U, 3U, 4U}) {
        const Network network = Network::from_matpower(
            random_grid(seed, {.buses = 15, .extra_branches = 9, .islands = 2, .isolated_bus = true}).mpc());
        const Equations equations(network);
        const OperatingPoint point = make_operating_point(equations, balance_weights(network, {}));
        std::vector<double> va_rad(network.buses().size(), 0.0);
        for (const BusRow reference : network.reference_of_island()) va_rad[reference.pos()] = 0.3;
        va_rad.back() = 7.0;  // isolated
        equations.dc().solve(point, va_rad);
        EXPECT_LT(imbalance(equations, point, va_rad), 1e-11);
        for (const BusRow reference : network.reference_of_island()) EXPECT_EQ(va_rad[reference.pos()], 0.3);
        EXPECT_EQ(va_rad.back(), 7.0);
    }
}

/// Negative reactances that cancel on a diagonal leave no pivot there in this order; others find one.
TEST(DcAngles, FindOtherPivotsWhereTheDiagonalHasNone) {
    testing::CaseRecords records;
    records.bus(1, 3).bus(2, 1, 20.0, 5.0).bus(3, 1, 30.0, 5.0).bus(4, 1, 10.0, 5.0);
    records.unit(1, 60.0);
    records.branch(1, 2, 0.0, 0.1).branch(2, 3, 0.0, -0.1).branch(1, 3, 0.0, 0.2).branch(3, 4, 0.0, 0.05);
    records.branch(1, 4, 0.0, 0.05);
    const Network network = Network::from_matpower(records.mpc());
    const Equations equations(network);
    const OperatingPoint point = make_operating_point(equations, balance_weights(network, {}));
    std::vector<double> va_rad(4, 0.0);
    equations.dc().solve(point, va_rad);
    EXPECT_LT(imbalance(equations, point, va_rad), 1e-11);
    EXPECT_NE(va_rad[1], 0.0);
}

/// A singular matrix leaves the angles as they came.
TEST(DcAngles, StayWhereThereAreNone) {
    testing::CaseRecords records;
    records.bus(1, 3).bus(2, 1, 20.0, 5.0);
    records.unit(1, 20.0);
    records.branch(1, 2, 0.01, 0.1).branch(1, 2, 0.01, -0.1);
    const Network network = Network::from_matpower(records.mpc());
    const Equations equations(network);
    const OperatingPoint point = make_operating_point(equations, balance_weights(network, {}));
    std::vector<double> va_rad{0.0, 0.25};
    equations.dc().solve(point, va_rad);
    EXPECT_EQ(va_rad[1], 0.25);
}

}  // namespace
}  // namespace nodalroom::powerflow
