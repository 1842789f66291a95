#include "nodalroom/model/network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

#include "case_records.hpp"
#include "nodalroom/core/errors.hpp"

namespace nodalroom::model {
namespace {

using testing::CaseRecords;
using testing::ring_of_three;

std::vector<int> values(std::span<const UnitRow> rows) {
    std::vector<int> out;
    for (const UnitRow row : rows) out.push_back(row.value());
    return out;
}

std::vector<int> values(std::span<const BranchRow> rows) {
    std::vector<int> out;
    for (const BranchRow row : rows) out.push_back(row.value());
    return out;
}

std::vector<int> values(std::span<const int> numbers) { return {numbers.begin(), numbers.end()}; }

TEST(Network, ConvertsTheBusTableToPerUnitAndRadians) {
    CaseRecords records;
    records.bus(1001, 3, 50.0, -20.0, 3.0, -4.0).bus(7, 1).unit(1001).branch(1001, 7);
    records.set_bus(0, io::bus_col::vm, 1.02)
        .set_bus(0, io::bus_col::va, 90.0)
        .set_bus(0, io::bus_col::zone, 5);
    io::TextTable names;
    names.name = "bus_name";
    names.cells = {"North", "South"};
    records.mpc().text_tables.push_back(names);
    const auto network = Network::from_matpower(records.mpc());

    ASSERT_EQ(network.buses().size(), 2u);
    const Bus& bus = network.bus(BusRow(0));
    EXPECT_EQ(bus.number, BusNumber(1001));
    EXPECT_EQ(bus.name, "North");
    EXPECT_EQ(bus.type, BusType::reference);
    EXPECT_EQ(bus.base_kv, 110.0);
    EXPECT_EQ(bus.vm_start_pu, 1.02);
    EXPECT_DOUBLE_EQ(bus.va_start_rad, std::numbers::pi / 2.0);
    EXPECT_EQ(bus.vmin_pu, 0.9);
    EXPECT_EQ(bus.vmax_pu, 1.1);
    EXPECT_EQ(bus.area, 1);
    EXPECT_EQ(bus.zone, 5);

    ASSERT_EQ(network.loads().size(), 1u);
    EXPECT_EQ(network.loads()[0].bus, BusRow(0));
    EXPECT_TRUE(network.loads()[0].in_service);
    EXPECT_EQ(network.loads()[0].s_power_pu, Complex(0.5, -0.2));
    EXPECT_EQ(network.loads()[0].s_current_pu, Complex());
    EXPECT_EQ(network.loads()[0].s_impedance_pu, Complex());
    ASSERT_EQ(network.shunts().size(), 1u);
    EXPECT_EQ(network.shunts()[0].y_pu, Complex(0.03, -0.04));

    EXPECT_EQ(network.find_bus(BusNumber(7)), BusRow(1));
    EXPECT_EQ(network.find_bus(BusNumber(2)), std::nullopt);
    EXPECT_EQ(network.source().bus.at(0, io::bus_col::pd), 50.0);
    EXPECT_EQ(network.name(), "hand");
    EXPECT_EQ(network.base_mva(), 100.0);
}

TEST(Network, KeepsUnitsInFileOrderAndCountsThoseInService) {
    auto records = ring_of_three();
    records.unit(2, 10.0, 0.0).unit(1, 20.0, 2.0).unit(1, 30.0, -1.0);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    records.set_unit(0, io::gen_col::qmax, infinity).set_unit(0, io::gen_col::qmin, -infinity);
    records.set_unit(0, io::gen_col::vg, 1.03)
        .set_unit(0, io::gen_col::qg, -7.0)
        .set_unit(0, io::gen_col::pmin, 20.0);
    const auto network = Network::from_matpower(records.mpc());
    ASSERT_EQ(network.units().size(), 4u);
    const Unit& unit = network.unit(UnitRow(0));
    EXPECT_TRUE(unit.in_service);
    EXPECT_DOUBLE_EQ(unit.p_pu, 0.8);
    EXPECT_DOUBLE_EQ(unit.q_pu, -0.07);
    EXPECT_DOUBLE_EQ(unit.p_min_pu, 0.2);
    EXPECT_DOUBLE_EQ(unit.p_max_pu, 2.0);
    EXPECT_EQ(unit.q_max_pu, infinity);
    EXPECT_EQ(unit.q_min_pu, -infinity);
    EXPECT_EQ(unit.v_setpoint_pu, 1.03);
    EXPECT_FALSE(network.units()[1].in_service);
    EXPECT_TRUE(network.units()[2].in_service) << "any status > 0 is on";
    EXPECT_FALSE(network.units()[3].in_service) << "a status below 0 is off";
    EXPECT_EQ(values(network.units_at(BusRow(0))), (std::vector<int>{0, 2}));
    EXPECT_TRUE(network.units_at(BusRow(1)).empty());
}

TEST(Network, ReadsBranches) {
    auto records = ring_of_three();
    records.branch(1, 2, 0.02, 0.3, 0.4, 0.95, 0.0, 0.0);  // parallel to the first
    records.branch(2, 1, 0.02, 0.3, 0.4, 0.0, -30.0);      // the other way round
    records.set_branch(0, io::branch_col::rate_b, 120.0);
    const auto network = Network::from_matpower(records.mpc());
    const auto branches = network.branches();
    ASSERT_EQ(branches.size(), 5u);
    EXPECT_EQ(branches[0].kind, BranchKind::line);
    EXPECT_EQ(branches[0].tap, 1.0);
    EXPECT_EQ(branches[0].rate_a_pu, 1.0);
    EXPECT_EQ(branches[0].rate_b_pu, 1.2);
    EXPECT_EQ(branches[0].rating_pu(RatingSet::c), 1.0);
    EXPECT_EQ(branches[3].kind, BranchKind::transformer);
    EXPECT_EQ(branches[3].tap, 0.95);
    EXPECT_FALSE(branches[3].in_service);
    EXPECT_EQ(branches[4].kind, BranchKind::transformer);
    EXPECT_EQ(branches[4].tap, 1.0);
    EXPECT_DOUBLE_EQ(branches[4].shift_rad, -std::numbers::pi / 6.0);
    EXPECT_EQ(branches[0].circuit, 1);
    EXPECT_EQ(branches[1].circuit, 1);
    EXPECT_EQ(branches[3].circuit, 2) << "branches out of service are counted";
    EXPECT_EQ(branches[4].circuit, 3) << "in either direction";
}

TEST(Network, ABranchBetweenVoltageLevelsIsATransformer) {
    auto records = ring_of_three();
    records.set_bus(1, io::bus_col::base_kv, 220.0).set_bus(2, io::bus_col::base_kv, 0.0);
    const auto network = Network::from_matpower(records.mpc());
    EXPECT_EQ(network.branches()[0].kind, BranchKind::transformer);
    EXPECT_EQ(network.branches()[1].kind, BranchKind::line) << "a base of 0 kV is unknown";
}

TEST(Network, TakesWhatIsAtAnIsolatedBusOutOfService) {
    auto records = ring_of_three();
    records.bus(4, 4, 10.0, 0.0, 0.0, 5.0).unit(4).branch(4, 1);
    records.set_bus(3, io::bus_col::vm, 0.0);
    const auto network = Network::from_matpower(records.mpc());
    EXPECT_FALSE(network.loads().back().in_service);
    EXPECT_FALSE(network.shunts().back().in_service);
    EXPECT_FALSE(network.units().back().in_service);
    EXPECT_FALSE(network.branches().back().in_service);
    EXPECT_EQ(values(network.island_of_bus()), (std::vector<int>{0, 0, 0, -1}));
    EXPECT_EQ(network.reference_of_island().size(), 1u);
    EXPECT_FALSE(network.feeding_bridge()[3].valid());
    EXPECT_FALSE(network.is_bridge()[3]);
}

TEST(Network, FindsIslandsAndTheirReferences) {
    CaseRecords records;
    records.bus(30, 4).bus(10, 1).bus(20, 3).bus(11, 3).bus(21, 1);
    records.unit(11).unit(20).branch(10, 11).branch(20, 21).branch(10, 20, 0.01, 0.1, 0, 0, 0, 0.0);
    const auto network = Network::from_matpower(records.mpc());
    EXPECT_EQ(values(network.island_of_bus()), (std::vector<int>{-1, 0, 1, 0, 1}));
    ASSERT_EQ(network.reference_of_island().size(), 2u);
    EXPECT_EQ(network.reference_of_island()[0], BusRow(3));
    EXPECT_EQ(network.reference_of_island()[1], BusRow(2));
}

TEST(Network, NamesTheBranchThatFeedsARadialBus) {
    // ring 1 2 3; 3 - 4 - 5; 4 = 6 in parallel, one of the two out of service
    auto records = ring_of_three();
    records.bus(4, 1).bus(5, 1).bus(6, 1);
    records.branch(3, 4).branch(5, 4).branch(4, 6).branch(6, 4, 0.01, 0.1, 0, 0, 0, 0.0);
    const auto network = Network::from_matpower(records.mpc());
    EXPECT_EQ(network.is_bridge(), (std::vector<bool>{false, false, false, true, true, true, false}));
    EXPECT_EQ(values(network.feeding_bridge()), (std::vector<int>{-1, -1, -1, 3, 4, 5}));

    records.set_branch(6, io::branch_col::status, 1.0);
    const auto doubled = Network::from_matpower(records.mpc());
    EXPECT_EQ(doubled.is_bridge(), (std::vector<bool>{false, false, false, true, true, false, false}));
    EXPECT_EQ(values(doubled.feeding_bridge()), (std::vector<int>{-1, -1, -1, 3, 4, 3}));
}

TEST(Network, MayBeASingleBus) {
    CaseRecords records;
    records.bus(1, 3, 5.0).unit(1);
    const auto network = Network::from_matpower(records.mpc());
    EXPECT_TRUE(network.branches().empty());
    EXPECT_EQ(values(network.feeding_bridge()), (std::vector<int>{-1}));
}

TEST(Network, RenumberingAndReorderingBusesChangesNothingElse) {
    auto records = ring_of_three();
    records.bus(4, 1, 1.0).bus(5, 2, 2.0, 0.0, 0.0, 3.0).bus(6, 4, 4.0).unit(5, 10.0);
    records.branch(3, 4).branch(4, 5).branch(2, 1, 0.0, 0.2).branch(6, 1);
    const auto network = Network::from_matpower(records.mpc());
    const auto& mpc = records.mpc();
    const std::size_t buses = mpc.bus.rows();

    std::mt19937 random(7);
    for (int trial = 0; trial < 20; ++trial) {
        std::vector<std::size_t> order(buses);
        for (std::size_t n = 0; n < buses; ++n) order[n] = n;
        std::ranges::shuffle(order, random);
        const auto renumbered = [](double number) { return 900.0 - 13.0 * number; };
        auto other = mpc;
        for (std::size_t n = 0; n < buses; ++n) {
            for (std::size_t c = 0; c < mpc.bus.columns; ++c) other.bus.at(n, c) = mpc.bus.at(order[n], c);
            other.bus.at(n, 0) = renumbered(other.bus.at(n, 0));
        }
        for (std::size_t k = 0; k < mpc.gen.rows(); ++k) other.gen.at(k, 0) = renumbered(mpc.gen.at(k, 0));
        for (std::size_t k = 0; k < mpc.branch.rows(); ++k) {
            for (const std::size_t end : {0u, 1u})
                other.branch.at(k, end) = renumbered(mpc.branch.at(k, end));
        }
        const auto same = Network::from_matpower(other);

        const auto row_in_same = [&](BusRow row) {
            return *same.find_bus(
                BusNumber(static_cast<std::int64_t>(renumbered(network.bus(row).number.value()))));
        };
        EXPECT_EQ(same.is_bridge(), network.is_bridge());
        for (std::size_t k = 0; k < network.branches().size(); ++k) {
            EXPECT_EQ(same.branches()[k].from, row_in_same(network.branches()[k].from));
            EXPECT_EQ(same.branches()[k].to, row_in_same(network.branches()[k].to));
            EXPECT_EQ(same.branches()[k].in_service, network.branches()[k].in_service);
            EXPECT_EQ(same.branches()[k].circuit, network.branches()[k].circuit);
        }
        for (std::size_t k = 0; k < network.units().size(); ++k) {
            EXPECT_EQ(same.units()[k].bus, row_in_same(network.units()[k].bus));
        }
        EXPECT_EQ(same.reference_of_island()[0], row_in_same(network.reference_of_island()[0]));
        for (std::size_t n = 0; n < buses; ++n) {
            const BusRow row(static_cast<std::int64_t>(n)), row_there = row_in_same(row);
            EXPECT_EQ(same.feeding_bridge()[row_there.pos()], network.feeding_bridge()[n]);
            EXPECT_EQ(same.island_of_bus()[row_there.pos()], network.island_of_bus()[n]);
            EXPECT_EQ(values(same.units_at(row_there)), values(network.units_at(row)));
        }
    }
}

TEST(ReadNetwork, NamesTheSupportedFormats) {
    const auto problem_of = [](const char* path) -> std::string {
        try {
            (void)read_network(path);
        } catch (const InputError& error) {
            return error.what();
        }
        return "no error";
    };
    EXPECT_EQ(
        problem_of("grid.xyz"),
        "grid.xyz: extension \".xyz\" is not a supported format; supported: .m (MATPOWER case, version 2)");
    EXPECT_EQ(problem_of("grid"),
              "grid: the file name has no extension; supported: .m (MATPOWER case, version 2)");
}

}  // namespace
}  // namespace nodalroom::model
