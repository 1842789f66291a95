#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "nodalroom/contingency/state_solver.hpp"
#include "nodalroom/contingency/sweep.hpp"
#include "nodalroom/core/errors.hpp"
#include "nodalroom/io/matpower_case.hpp"
#include "nodalroom/model/network.hpp"
#include "nodalroom/powerflow/power_flow_solver.hpp"
#include "support/case_files.hpp"

namespace nodalroom::contingency {
namespace {

using powerflow::SolveStatus;

model::Network fault(const std::string& name) {
    return model::Network::from_matpower(
        io::read_matpower(std::filesystem::path(NODALROOM_TEST_DIR) / "faults" / (name + ".m")));
}

TEST(WhichSolution, PlainStartsComeBeforeDampedOnes) {
    const auto network = fault("f_low_solution_auto");
    const auto result = powerflow::solve(network);
    ASSERT_TRUE(result.converged());
    EXPECT_FALSE(result.attempts.back().report.low_voltage);
    EXPECT_GT(*std::ranges::min_element(result.voltages.vm_pu), 0.9);
}

TEST(WhichSolution, AStateFarBelowTheIntactOneTriesTheOtherStarts) {
    SweepOptions options;
    options.contingencies = ContingencySet::units;
    options.power_flow.balance.rule = powerflow::BalanceRule::spare;
    const auto result = sweep(fault("f_sweep_low"), options);
    ASSERT_TRUE(result.intact_solved);
    ASSERT_EQ(result.states[1].status, SolveStatus::converged);
    EXPECT_NEAR(result.states[1].vm_min_pu, 1.011, 0.001);
    EXPECT_NEAR(result.states[1].vm_max_pu, 1.090, 0.001);
}

TEST(WhichSolution, NobodyHoldsAVoltageAfterTheLossOfTheLastUnitThatDid) {
    const auto network = fault("r13_no_voltage_left");
    SweepOptions options;
    options.contingencies = ContingencySet::units;
    options.power_flow.balance.rule = powerflow::BalanceRule::spare;
    const auto result = sweep(network, options);
    ASSERT_TRUE(result.intact_solved);
    int seen = 0;
    for (const auto& row : result.states) {
        const bool is_lost = row.outage.kind == OutageKind::unit && row.outage.row == 0;
        seen += is_lost ? 1 : 0;
        EXPECT_EQ(row.status, is_lost ? SolveStatus::no_voltage_control : SolveStatus::converged);
    }
    EXPECT_EQ(seen, 1);
}

TEST(WhichSolution, ACaseWithoutALiveBusHasNone) {
    const auto network = fault("r20_all_isolated");
    const auto result = powerflow::solve(network);
    EXPECT_EQ(result.status, SolveStatus::no_live_bus);
    EXPECT_NE(result.reason.find("energised"), std::string::npos);
    EXPECT_THROW((void)sweep(network, {}), OptionError);  // there is nothing to watch
}

class OutageAndEditedCase : public ::testing::TestWithParam<const char*> {};

/// A branch out in a state of a study, and out in the case itself.
TEST_P(OutageAndEditedCase, GiveTheSameAnswer) {
    const auto mpc = testing::read_case(GetParam());
    const auto network = model::Network::from_matpower(mpc);
    powerflow::PowerFlowOptions options;
    options.balance.rule = powerflow::BalanceRule::spare;
    const BaseCase base(network, options);
    ASSERT_TRUE(base.solved());
    StateSolver state(base);
    for (const Outage outage : list_outages(network, ContingencySet::branches)) {
        state.set_outage(outage);
        const bool solved = state.solve_from_base().converged();
        auto edited = mpc;
        edited.branch.at(static_cast<std::size_t>(outage.row), io::branch_col::status) = 0.0;
        const auto alone = powerflow::solve(model::Network::from_matpower(edited), options);
        ASSERT_EQ(solved, alone.converged()) << outage.row;
        for (std::size_t i = 0; solved && i < network.buses().size(); ++i) {
            if (!base.equations().is_energised(i)) continue;
            ASSERT_NEAR(state.newton().voltages().vm_pu[i], alone.voltages.vm_pu[i], 1e-6)
                << outage.row << ' ' << i;
        }
    }
}
INSTANTIATE_TEST_SUITE_P(Cases, OutageAndEditedCase,
                         ::testing::Values("case9", "case14", "case24_ieee_rts", "case30", "case39",
                                           "case118", "case_RTS_GMLC", "case_ACTIVSg200", "case_ACTIVSg500"));

}  // namespace
}  // namespace nodalroom::contingency
