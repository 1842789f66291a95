#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "model/case_records.hpp"
#include "nodalroom/headroom/study.hpp"
#include "nodalroom/report/network_tables.hpp"
#include "nodalroom/report/study_tables.hpp"

namespace nodalroom::report {
namespace {

template <class T>
std::vector<T> column(const Table& table, std::string_view name) {
    const Column* found = table.find(name);
    if (found == nullptr) throw std::runtime_error("no column " + std::string(name));
    return std::get<std::vector<T>>(found->values);
}

using MaybeWhole = std::optional<std::int64_t>;

TEST(NetworkTables, FiguresOfTheFileAreNotConverted) {
    // Neither 33.3 nor 0.7 comes back from division and multiplication by 30.
    testing::CaseRecords records = testing::ring_of_three();
    records.mpc().base_mva = 30.0;
    records.set_bus(1, io::bus_col::pd, 33.3).set_bus(1, io::bus_col::va, 0.7);
    records.set_unit(0, io::gen_col::pmax, 0.7).set_unit(0, io::gen_col::pg, 0.7);
    records.set_branch(0, io::branch_col::rate_a, 33.3);
    const auto network = model::Network::from_matpower(records.mpc());
    EXPECT_EQ(column<double>(load_table(network), "p_mw")[0], 33.3);
    EXPECT_EQ(column<double>(bus_table(network), "va_degree")[1], 0.7);
    EXPECT_EQ(column<double>(unit_table(network), "p_max_mw")[0], 0.7);
    EXPECT_EQ(column<double>(branch_table(network), "rate_a_mva")[0], 33.3);
}

TEST(NetworkTables, IsolatedBusesBelongToNoIsland) {
    testing::CaseRecords records = testing::ring_of_three();
    records.bus(9, 4);
    const auto network = model::Network::from_matpower(records.mpc());
    EXPECT_EQ(column<MaybeWhole>(bus_table(network), "island"),
              (std::vector<MaybeWhole>{1, 1, 1, std::nullopt}));
    EXPECT_EQ(column<std::int64_t>(bus_table(network), "bus"), (std::vector<std::int64_t>{1, 2, 3, 9}));
}

TEST(PowerFlowTables, HoldTheFlowInFileUnits) {
    const auto network = model::Network::from_matpower(testing::ring_of_three().mpc());
    const auto result = powerflow::solve(network);
    ASSERT_TRUE(result.converged());
    const Table branches = solved_branch_table(network, result);
    const Table units = solved_unit_table(network, result);
    // What bus 1 sends out is what its unit produces.
    EXPECT_NEAR(column<double>(branches, "p_from_mw")[0] + column<double>(branches, "p_to_mw")[2],
                column<double>(units, "p_mw")[0], 1e-5);
    EXPECT_NEAR(column<double>(branches, "loading_percent")[0], column<double>(branches, "s_mva")[0], 1e-9);
}

TEST(PowerFlowTables, AreNanWithoutASolution) {
    testing::CaseRecords records = testing::ring_of_three();
    records.set_bus(1, io::bus_col::pd, 1e5);
    const auto network = model::Network::from_matpower(records.mpc());
    const auto result = powerflow::solve(network);
    ASSERT_FALSE(result.converged());
    for (const double p : column<double>(solved_branch_table(network, result), "p_from_mw"))
        EXPECT_TRUE(std::isnan(p));
    for (const double v : column<double>(solved_bus_table(network, result), "vm_pu"))
        EXPECT_TRUE(std::isnan(v));
    EXPECT_GT(attempt_table(network, result).rows(), 1U);
    EXPECT_GE(worst_bus_table(network, result).rows(), 1U);
}

TEST(StudyTables, SweepAndItsViolations) {
    testing::CaseRecords records = testing::ring_of_three();
    records.set_branch(0, io::branch_col::rate_b, 61.7);
    const auto network = model::Network::from_matpower(records.mpc());
    contingency::SweepOptions options;
    options.power_flow.balance.rule = powerflow::BalanceRule::spare;
    options.threads = 1;
    const auto result = contingency::sweep(network, options);
    const Table states = state_table(network, result);
    EXPECT_EQ(column<std::string>(states, "contingency")[0], "intact");
    EXPECT_EQ(column<MaybeWhole>(states, "contingency_row")[0], std::nullopt);
    EXPECT_EQ(column<std::string>(states, "contingency")[1], "branch 1: 1-2 ckt 1");
    const Table violations = violation_table(network, options, result);
    bool seen = false;
    const auto word = [&](std::string_view name, std::size_t row) {
        return std::get<Words>(violations.find(name)->values)[row];
    };
    for (std::size_t i = 0; i < violations.rows(); ++i) {
        if (word("element", i) != "branch 1: 1-2 ckt 1") continue;
        seen = true;
        EXPECT_EQ(column<double>(violations, "limit")[i], 61.7);
        EXPECT_GT(column<double>(violations, "value")[i], 61.7);
        EXPECT_EQ(word("unit", i), "MVA");
    }
    EXPECT_TRUE(seen);
}

TEST(StudyTables, HeadroomNamesWhatBinds) {
    const auto network = model::Network::from_matpower(testing::ring_of_three().mpc());
    headroom::HeadroomOptions options;
    options.threads = 1;
    options.contingencies = contingency::ContingencySet::branches;
    auto result = headroom::headroom(network, options);
    ASSERT_EQ(result.rows.size(), 3U);
    result.rows[0].status = headroom::HeadroomStatus::not_run;
    const Table table = headroom_table(network, result);
    EXPECT_EQ(column<std::int64_t>(table, "bus"), (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(column<std::string>(table, "limit_type")[0], "thermal");
    EXPECT_EQ(column<std::string>(table, "element_kind")[0], "branch");
    EXPECT_EQ(column<double>(table, "limit")[0], 100.0);
    EXPECT_NEAR(column<double>(table, "value")[0], 100.0, 1e-3);
    EXPECT_EQ(column<std::string>(table, "contingency_kind")[0], "branch");
    EXPECT_TRUE(column<MaybeWhole>(table, "contingency_row")[0].has_value());

    result.rows[1].binding = {};
    EXPECT_EQ(column<std::string>(headroom_table(network, result), "contingency")[0], "");
    result.unsolvable = {contingency::Outage::of(BranchRow(1))};
    EXPECT_EQ(column<std::string>(unsolvable_table(network, result), "contingency")[0],
              "branch 2: 2-3 ckt 1");
}

TEST(StudyTables, HeadroomShowsTheRatingInForce) {
    const auto network = model::Network::from_matpower(testing::ring_of_three().mpc());
    headroom::HeadroomOptions options;
    options.threads = 1;
    options.contingencies = contingency::ContingencySet::branches;
    options.buses = {BusRow(2)};
    const auto plain = headroom::headroom(network, options);
    ASSERT_EQ(plain.rows.at(0).binding.type, headroom::LimitType::thermal);
    options.limits.upgrades = {{true, 0, 1.05}, {true, 1, 1.05}, {true, 2, 1.05}};
    const auto raised = headroom::headroom(network, options);
    ASSERT_EQ(raised.rows.at(0).binding.type, headroom::LimitType::thermal);
    EXPECT_EQ(column<double>(headroom_table(network, plain), "limit")[0], 100.0);
    const Table table = headroom_table(network, raised);
    EXPECT_EQ(column<double>(table, "limit")[0], 100.0 * 1.05);
    EXPECT_NEAR(column<double>(table, "value")[0], 105.0, 1e-3);
}

TEST(StudyTables, BridgesAreListed) {
    testing::CaseRecords records = testing::ring_of_three();
    records.bus(4, 1, 1.0).branch(3, 4);
    const auto network = model::Network::from_matpower(records.mpc());
    EXPECT_EQ(column<std::int64_t>(bridge_table(network), "row"), (std::vector<std::int64_t>{4}));
    EXPECT_EQ(column<std::string>(bus_table(network), "radial_feed")[3], "branch 4: 3-4 ckt 1");
}

}  // namespace
}  // namespace nodalroom::report
