// Inputs on which a search was once wrong, with answers by brute force, by other tools or by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "nodalroom/headroom/preparation.hpp"
#include "nodalroom/headroom/state_path.hpp"
#include "nodalroom/headroom/study.hpp"
#include "nodalroom/headroom/upgrades.hpp"
#include "nodalroom/io/matpower_case.hpp"
#include "nodalroom/model/network.hpp"
#include "support/case_files.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::ContingencySet;
using model::Network;

Network fault(const std::string& name) {
    return Network::from_matpower(
        io::read_matpower(std::filesystem::path(NODALROOM_TEST_DIR) / "faults" / (name + ".m")));
}

HeadroomOptions options_for(const Network& network, int bus, double power_factor,
                            ContingencySet contingencies) {
    HeadroomOptions options;
    options.threads = 1;
    options.buses = {testing::row_of(network, bus)};
    options.power_factor = power_factor;
    options.contingencies = contingencies;
    return options;
}

HeadroomRow row_of(const Network& network, const HeadroomOptions& options) {
    return headroom(network, options).rows.front();
}

void expect_bracket(const HeadroomRow& row) {
    EXPECT_LE(row.feasible_mw, row.headroom_mw);
    EXPECT_LE(row.headroom_mw, row.violated_mw);
    EXPECT_LE(row.violated_mw - row.feasible_mw, row.binding.type == LimitType::collapse ? 0.41 : 0.2);
    for (const double of_type : {row.thermal_mw, row.voltage_mw, row.collapse_mw, row.generation_mw})
        EXPECT_LE(row.headroom_mw, of_type);
}

TEST(SearchFaults, EndsWhereAStateIsLostAndFoundAgain) {
    const Network network = testing::load_case("case14");
    const HeadroomRow row = row_of(network, options_for(network, 6, 0.85, ContingencySet::n_minus_1));
    EXPECT_EQ(row.status, HeadroomStatus::limited);
    expect_bracket(row);
}

// Bus 12 is below 0.94 from 38.35 MW to the end at 43.7, and between 39 and 40.3 MW there is no solution.
TEST(SearchFaults, AGapAboveTheAnswerDoesNotHideIt) {
    const Network network = testing::load_case("case14");
    for (const double max_mw : {44.0, 50.0, 100.0, 1000.0, 2000.0, 5000.0}) {
        SCOPED_TRACE(max_mw);
        HeadroomOptions options = options_for(network, 12, 0.9, ContingencySet::none);
        options.balance.rule = powerflow::BalanceRule::reference;
        options.max_mw = max_mw;
        const HeadroomRow row = row_of(network, options);
        EXPECT_EQ(row.binding.type, LimitType::low_voltage);
        EXPECT_NEAR(row.headroom_mw, 38.35, 0.05);
        EXPECT_NEAR(row.binding.value, 0.94, 1e-4);
        expect_bracket(row);
    }
}

TEST(SearchFaults, AnOverloadBelowAGapIsFound) {
    const Network network = fault("f_certified_but_overloaded");
    HeadroomOptions options = options_for(network, 11, 0.85, ContingencySet::none);
    options.max_mw = 5000.0;
    const HeadroomRow row = row_of(network, options);
    EXPECT_EQ(row.binding.type, LimitType::thermal);
    EXPECT_LT(row.headroom_mw, 38.0);
    EXPECT_NEAR(row.binding.value, row.binding.limit, 1e-3);
    expect_bracket(row);
}

TEST(SearchFaults, TheEndOfAPathDoesNotDependOnTheCap) {
    const Network network = testing::load_case("case14");
    for (const int bus : {4, 9}) {
        double first = kNaN;
        for (const double max_mw : {1000.0, 2000.0, 3000.0, 5000.0}) {
            HeadroomOptions options = options_for(network, bus, 0.95, ContingencySet::none);
            options.balance.rule = powerflow::BalanceRule::reference;
            options.limits.band_intact = contingency::VoltageBand{0.0, 2.0};
            options.max_mw = max_mw;
            const HeadroomRow row = row_of(network, options);
            if (std::isnan(first)) first = row.headroom_mw;
            EXPECT_EQ(row.binding.type, LimitType::collapse);
            EXPECT_NEAR(row.headroom_mw, first, 0.4) << bus << " " << max_mw;
            expect_bracket(row);
        }
    }
}

TEST(SearchFaults, ALimitBrokenOnlyBelowTheAnswerIsTheAnswer) {
    const Network after_outage = fault("f_nonmonotone_n1");
    for (const double max_mw : {518.0, 2000.0}) {
        HeadroomOptions options = options_for(after_outage, 29, 0.95, ContingencySet::branches);
        options.enforce_q_limits = false;
        options.attribution_voltage_pu = 0.001;
        options.max_mw = max_mw;
        const HeadroomRow row = row_of(after_outage, options);
        EXPECT_EQ(row.binding.type, LimitType::high_voltage);
        EXPECT_EQ(row.binding.outage, (contingency::Outage{contingency::OutageKind::branch, 5}));
        EXPECT_NEAR(row.headroom_mw, 99.0, 0.1);
        expect_bracket(row);
    }
    const Network intact = fault("f_nonmonotone_intact");
    for (const double max_mw : {500.0, 2000.0, 5000.0}) {
        HeadroomOptions options = options_for(intact, 1, 0.95, ContingencySet::none);
        options.attribution_mva_per_mw = 0.0;
        options.attribution_voltage_pu = 0.001;
        options.max_mw = max_mw;
        EXPECT_NEAR(row_of(intact, options).headroom_mw, 35.4, 0.1) << max_mw;
    }
}

// What the load moves by 1e-12 does not count, also where nothing may be made worse at all.
TEST(SearchFaults, NoiseDoesNotCount) {
    auto records = testing::read_case("case39");
    for (std::size_t l = 0; l < records.branch.rows(); ++l)
        for (const auto column : {io::branch_col::rate_a, io::branch_col::rate_b, io::branch_col::rate_c})
            records.branch.at(l, column) *= 2.0;
    const Network network = Network::from_matpower(std::move(records));
    double first = kNaN;
    for (const double max_mw : {2000.0, 5000.0}) {
        HeadroomOptions options = options_for(network, 2, 1.0, ContingencySet::n_minus_1);
        options.attribution_mva_per_mw = options.attribution_voltage_pu = 0.0;
        options.limits.band_post = contingency::VoltageBand{0.7, 1.06};
        options.max_mw = max_mw;
        const HeadroomRow row = row_of(network, options);
        if (std::isnan(first)) first = row.headroom_mw;
        EXPECT_NEAR(row.headroom_mw, first, 0.1);
        expect_bracket(row);
    }
}

TEST(SearchFaults, RungsNeverGoDown) {
    const Network network = fault("f_ladder_lower");
    HeadroomOptions options = options_for(network, 33, 0.896, ContingencySet::n_minus_1);
    options.limits.rating_intact = model::RatingSet::c;
    LadderOptions ladder;
    ladder.target_mw = 500.0;
    const UpgradeLadder found = upgrade_ladder(network, options, options.buses.front(), ladder);
    ASSERT_GT(found.rungs.size(), 2U);
    for (std::size_t k = 1; k < found.rungs.size(); ++k)
        EXPECT_GE(found.rungs[k].certified_mw, found.rungs[k - 1].certified_mw - 0.1) << k;
}

// In case14 with branch 3 out the path of bus 3 ends at 27.3 MW; other solutions go on from there to 34.3.
TEST(SearchFaults, APathIsNotLeftForOtherSolutions) {
    const Network network = testing::load_case("case14");
    const contingency::BaseCase base(network, power_flow_options(HeadroomOptions{}));
    contingency::StateSolver solver(base);
    const contingency::Outage outage{contingency::OutageKind::branch, 2};
    solver.set_outage(outage);
    ASSERT_TRUE(solver.solve_from_base().converged());
    const powerflow::Voltages unloaded = solver.newton().voltages();
    for (const double asked_mw : {27.6, 28.0}) {
        SCOPED_TRACE(asked_mw);
        StatePath path(outage, {testing::row_of(network, 3), mvar_per_mw_at(0.95)}, unloaded);
        EXPECT_FALSE(path.reach(solver, asked_mw));
        EXPECT_TRUE(path.is_settled());
        EXPECT_NEAR(path.highest_solved_mw(), 27.3, 0.4);
        EXPECT_LE(path.lowest_unsolved_mw() - path.highest_solved_mw(), StatePath::kCollapseWidthMw);
        EXPECT_FALSE(path.reach(solver, path.lowest_unsolved_mw()));
        EXPECT_TRUE(path.reach(solver, path.highest_solved_mw()));
    }
    const HeadroomRow row = row_of(network, options_for(network, 3, 0.95, ContingencySet::branches));
    EXPECT_NEAR(row.collapse_mw, 27.3, 0.4);
}

/// The same grid twice, not connected; numbers of the copy are 100 higher.
io::MatpowerCase twice(io::MatpowerCase mpc) {
    const auto copy = [](io::NumericTable& table, std::initializer_list<std::size_t> numbers) {
        const std::vector<double> values = table.values;
        const std::vector<int> lines = table.lines;
        table.values.insert(table.values.end(), values.begin(), values.end());
        table.lines.insert(table.lines.end(), lines.begin(), lines.end());
        for (std::size_t row = lines.size(); row < table.rows(); ++row)
            for (const std::size_t column : numbers) table.at(row, column) += 100.0;
    };
    copy(mpc.bus, {io::bus_col::number});
    copy(mpc.gen, {io::gen_col::bus});
    copy(mpc.branch, {io::branch_col::from, io::branch_col::to});
    mpc.other_tables.clear();
    mpc.text_tables.clear();
    return mpc;
}

TEST(SearchFaults, StatesOfOtherIslandsAreNotSolved) {
    const Network network = testing::load_case("case9");
    const Network both = Network::from_matpower(twice(testing::read_case("case9")));
    HeadroomOptions options = options_for(network, 5, 0.95, ContingencySet::n_minus_1);
    options.certify = Certify::all;
    const HeadroomRow alone = row_of(network, options);
    for (const int bus : {5, 105}) {
        options.buses = {testing::row_of(both, bus)};
        const HeadroomRow row = row_of(both, options);
        EXPECT_EQ(row.states_total, alone.states_total);
        EXPECT_EQ(row.states_solved, alone.states_solved);
        EXPECT_NEAR(row.headroom_mw, alone.headroom_mw, 1e-3);
        EXPECT_EQ(row.binding.type, alone.binding.type);
    }
}

}  // namespace
}  // namespace nodalroom::headroom
