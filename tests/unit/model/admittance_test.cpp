#include "nodalroom/model/admittance.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "case_records.hpp"
#include "nodalroom/model/branch_model.hpp"

namespace nodalroom::model {
namespace {

using testing::CaseRecords;

using Dense = std::vector<std::vector<Complex>>;

/// C' Y C, branch by branch, into a full matrix.
Dense dense_admittance(const Network& network) {
    Dense y_bus(network.buses().size(), std::vector<Complex>(network.buses().size()));
    for (const Branch& branch : network.branches()) {
        if (!branch.in_service) continue;
        const std::size_t f = branch.from.pos(), t = branch.to.pos();
        const Complex z(branch.r_pu, branch.x_pu), ratio = std::polar(branch.tap, branch.shift_rad);
        const Complex y_end = 1.0 / z + Complex(0.0, branch.b_pu / 2.0);
        y_bus[f][f] += y_end / std::norm(ratio);
        y_bus[f][t] -= 1.0 / z / std::conj(ratio);
        y_bus[t][f] -= 1.0 / z / ratio;
        y_bus[t][t] += y_end;
    }
    for (const Shunt& shunt : network.shunts()) {
        if (shunt.in_service) y_bus[shunt.bus.pos()][shunt.bus.pos()] += shunt.y_pu;
    }
    return y_bus;
}

void expect_same(const AdmittanceMatrix& y_bus, const Dense& dense) {
    ASSERT_EQ(y_bus.rows(), dense.size());
    for (std::size_t row = 0; row < dense.size(); ++row) {
        for (std::size_t col = 0; col < dense.size(); ++col) {
            const auto position =
                y_bus.find(BusRow(static_cast<std::int64_t>(row)), BusRow(static_cast<std::int64_t>(col)));
            const Complex value = position < 0 ? Complex() : y_bus.entry(position);
            EXPECT_NEAR(std::abs(value - dense[row][col]), 0.0, 1e-10) << row << ", " << col;
        }
    }
}

void expect_well_formed(const AdmittanceMatrix& y_bus) {
    ASSERT_EQ(y_bus.row_start.size(), y_bus.rows() + 1);
    ASSERT_EQ(y_bus.g.size(), y_bus.entries());
    ASSERT_EQ(y_bus.b.size(), y_bus.entries());
    for (std::size_t row = 0; row < y_bus.rows(); ++row) {
        for (auto k = y_bus.row_start[row]; k + 1 < y_bus.row_start[row + 1]; ++k) {
            EXPECT_LT(y_bus.column[static_cast<std::size_t>(k)],
                      y_bus.column[static_cast<std::size_t>(k) + 1]);
        }
        EXPECT_EQ(y_bus.column[static_cast<std::size_t>(y_bus.diagonal[row])], static_cast<int>(row));
    }
}

CaseRecords random_records(unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> unit(0.0, 1.0);
    CaseRecords records;
    const int buses = 3 + static_cast<int>(random() % 8);
    for (int n = 1; n <= buses; ++n) {
        const double gs = unit(random) < 0.3 ? 5.0 * unit(random) : 0.0;
        const double bs = unit(random) < 0.3 ? 40.0 * unit(random) - 20.0 : 0.0;
        records.bus(n, n == 1 ? 3 : 1, 10.0, 5.0, gs, bs);
    }
    records.unit(1);
    const auto add = [&](int from, int to, double status) {
        const double ratio = unit(random) < 0.4 ? 0.9 + 0.2 * unit(random) : 0.0;
        const double angle = unit(random) < 0.3 ? 60.0 * unit(random) - 30.0 : 0.0;
        records.branch(from, to, 0.05 * unit(random), 0.02 + unit(random), unit(random), ratio, angle,
                       status);
    };
    for (int n = 2; n <= buses; ++n)
        add(1 + static_cast<int>(random() % static_cast<unsigned>(n - 1)), n, 1.0);
    for (int extra = 0; extra < 2 * buses; ++extra) {
        const int from = 1 + static_cast<int>(random() % static_cast<unsigned>(buses));
        const int to = 1 + static_cast<int>(random() % static_cast<unsigned>(buses));
        if (from != to) add(from, to, unit(random) < 0.8 ? 1.0 : 0.0);
    }
    return records;
}

TEST(Admittance, OfTwoBusesByHand) {
    CaseRecords records;
    records.bus(1, 3).bus(2, 1, 0.0, 0.0, 10.0, 20.0).unit(1).branch(1, 2, 3.0, 4.0, 0.5, 2.0, 90.0);
    const auto y_bus = make_admittance(Network::from_matpower(records.mpc()));
    EXPECT_EQ(y_bus.row_start, (std::vector<std::int32_t>{0, 2, 4}));
    EXPECT_EQ(y_bus.column, (std::vector<std::int32_t>{0, 1, 0, 1}));
    const std::vector<Complex> expected = {{0.03, 0.0225}, {-0.08, -0.06}, {0.08, 0.06}, {0.22, 0.29}};
    for (std::int32_t k = 0; k < 4; ++k) {
        EXPECT_NEAR(std::abs(y_bus.entry(k) - expected[static_cast<std::size_t>(k)]), 0.0, 1e-15) << k;
    }
}

TEST(Admittance, AgreesWithADenseOneOnRandomGrids) {
    for (unsigned seed = 0; seed < 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        auto records = random_records(seed);
        const auto network = Network::from_matpower(records.mpc());
        const auto y_bus = make_admittance(network);
        expect_well_formed(y_bus);
        expect_same(y_bus, dense_admittance(network));
    }
}

TEST(Admittance, ParallelCircuitsShareTheirPositions) {
    auto records = testing::ring_of_three();
    records.branch(2, 1, 0.02, 0.3, 0.1, 0.97, 12.0);
    const auto network = Network::from_matpower(records.mpc());
    const auto y_bus = make_admittance(network);
    expect_same(y_bus, dense_admittance(network));
    EXPECT_EQ(y_bus.entries(), 9u);
    EXPECT_EQ(y_bus.branch[0].ft, y_bus.branch[3].tf);
    EXPECT_EQ(y_bus.branch[0].ff, y_bus.branch[3].tt);
}

TEST(Admittance, HasNoPositionsForABranchOutOfService) {
    auto records = testing::ring_of_three();
    records.set_branch(1, io::branch_col::status, 0.0);
    const auto network = Network::from_matpower(records.mpc());
    const auto y_bus = make_admittance(network);
    EXPECT_FALSE(y_bus.branch[1].in_service());
    EXPECT_EQ(y_bus.branch[1].tf, -1);
    EXPECT_EQ(y_bus.find(BusRow(1), BusRow(2)), -1);
    expect_same(y_bus, dense_admittance(network));
}

TEST(Admittance, AnOutageIsAnEditOfValues) {
    for (unsigned seed = 100; seed < 120; ++seed) {
        auto records = random_records(seed);
        const auto network = Network::from_matpower(records.mpc());
        for (std::size_t k = 0; k < network.branches().size(); ++k) {
            if (!network.branches()[k].in_service || network.is_bridge()[k]) continue;
            auto edited = make_admittance(network);
            const BranchPositions at = edited.branch[k];
            const BranchAdmittance y = branch_admittance(network.branches()[k]);
            edited.add(at.ff, -y.yff);
            edited.add(at.ft, -y.yft);
            edited.add(at.tf, -y.ytf);
            edited.add(at.tt, -y.ytt);
            auto switched = records;
            switched.set_branch(k, io::branch_col::status, 0.0);
            expect_same(edited, dense_admittance(Network::from_matpower(switched.mpc())));
        }
    }
}

TEST(Admittance, OfAnIsolatedBusIsAnEmptyDiagonal) {
    auto records = testing::ring_of_three();
    records.bus(9, 4, 0.0, 0.0, 3.0, 4.0).branch(9, 1);
    const auto y_bus = make_admittance(Network::from_matpower(records.mpc()));
    EXPECT_EQ(y_bus.row_start[4] - y_bus.row_start[3], 1);
    EXPECT_EQ(y_bus.entry(y_bus.diagonal[3]), Complex());
}

}  // namespace
}  // namespace nodalroom::model
