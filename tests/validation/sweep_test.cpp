// N-1 sweeps against MATPOWER's (n1_*) and against the referee's states (states_*).

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "nodalroom/contingency/sweep.hpp"
#include "support/case_files.hpp"
#include "support/csv_table.hpp"
#include "support/sanitized.hpp"

namespace nodalroom::contingency {
namespace {

using powerflow::BalanceRule;
using powerflow::SolveStatus;
using testing::CsvTable;
using testing::ValidationCase;

const StateRow* find_state(const SweepResult& result, Outage outage) {
    for (const StateRow& row : result.states) {
        if (row.outage == outage) return &row;
    }
    return nullptr;
}

class N1AgainstMatpower : public ::testing::TestWithParam<const char*> {};

TEST_P(N1AgainstMatpower, EveryBranchOutageAgrees) {
    const ValidationCase golden(std::string("n1_") + GetParam());
    NODALROOM_NEEDS_CASE(golden.text("case"));
    const auto network = testing::load_case(golden.text("case"));
    SweepOptions options;
    options.power_flow.enforce_q_limits = false;
    options.power_flow.balance.rule = BalanceRule::reference;
    options.power_flow.mismatch_tolerance_pu = 1e-9;
    options.contingencies = ContingencySet::branches;
    options.limits.rating_post = model::RatingSet::a;
    const auto result = sweep(network, options);
    const CsvTable outages = golden.table("outages.csv");
    ASSERT_EQ(result.states.size(), outages.rows() + 1);
    int overloaded_states = 0, overloaded_pairs = 0;
    for (std::size_t r = 0; r < outages.rows(); ++r) {
        const Outage outage = Outage::of(BranchRow(outages.integer(r, "branch_row") - 1));
        SCOPED_TRACE("branch " + outages.text(r, "branch_row"));
        const StateRow* row = find_state(result, outage);
        ASSERT_NE(row, nullptr);
        ASSERT_EQ(row->status == SolveStatus::converged, outages.integer(r, "converged") == 1);
        if (row->status != SolveStatus::converged) continue;
        EXPECT_NEAR(row->worst_loading, outages.number(r, "worst_loading"),
                    golden.number("tolerance_loading"));
        EXPECT_NEAR(row->vm_min_pu, outages.number(r, "lowest_vm_pu"), golden.number("tolerance_vm_pu"));
        EXPECT_NEAR(row->vm_max_pu, outages.number(r, "highest_vm_pu"), golden.number("tolerance_vm_pu"));
        EXPECT_EQ(row->thermal_violations, outages.integer(r, "overloads"));
        overloaded_states += row->thermal_violations > 0 ? 1 : 0;
        overloaded_pairs += row->thermal_violations;
    }
    EXPECT_EQ(overloaded_states, golden.number("overloaded_states"));
    EXPECT_EQ(overloaded_pairs, golden.number("overloaded_pairs"));
}

INSTANTIATE_TEST_SUITE_P(Cases, N1AgainstMatpower,
                         ::testing::Values("case24_ieee_rts", "case_ACTIVSg200", "case_ACTIVSg500",
                                           "case_RTS_GMLC"),
                         [](const auto& test) { return std::string(test.param); });

/// Branch N-1 with fixed dispatch, one slack, no reactive limits, larger end over rate A, as counted
/// by an earlier program; bridges are not simulated.
struct Counts {
    const char* case_name;
    std::size_t bridges, outages;
    int overloaded_states, pairs;
    double worst;
    int out_of_band;  ///< states with a voltage outside 0.9 to 1.1 pu
    double lowest_vm_pu;
};

class N1Counts : public ::testing::TestWithParam<Counts> {};

TEST_P(N1Counts, AreThoseCountedBefore) {
    const Counts& expected = GetParam();
    NODALROOM_NEEDS_CASE(expected.case_name);
    if (testing::kSanitized && expected.outages > 1000) GTEST_SKIP() << "takes minutes under a sanitizer";
    const auto network = testing::load_case(expected.case_name);
    SweepOptions options;
    options.power_flow.enforce_q_limits = false;
    options.contingencies = ContingencySet::branches;
    options.limits.rating_post = model::RatingSet::a;
    options.limits.band_intact = options.limits.band_post = VoltageBand{0.9, 1.1};
    const auto result = sweep(network, options);
    EXPECT_EQ(result.bridges, expected.bridges);
    ASSERT_EQ(result.states.size(), expected.outages + 1);
    int overloaded = 0, pairs = 0, out_of_band = 0;
    double worst = 0.0, lowest = 9.0;
    for (std::size_t s = 1; s < result.states.size(); ++s) {
        const StateRow& row = result.states[s];
        ASSERT_EQ(row.status, SolveStatus::converged) << s;
        overloaded += row.thermal_violations > 0 ? 1 : 0;
        pairs += row.thermal_violations;
        out_of_band += row.voltage_violations > 0 ? 1 : 0;
        worst = std::max(worst, row.worst_loading);
        lowest = std::min(lowest, row.vm_min_pu);
    }
    EXPECT_EQ(overloaded, expected.overloaded_states);
    EXPECT_EQ(pairs, expected.pairs);
    EXPECT_EQ(out_of_band, expected.out_of_band);
    EXPECT_NEAR(worst, expected.worst, 5e-5);
    EXPECT_NEAR(lowest, expected.lowest_vm_pu, 5e-5);
}

INSTANTIATE_TEST_SUITE_P(Cases, N1Counts,
                         ::testing::Values(Counts{"case24_ieee_rts", 1, 37, 2, 2, 1.3408, 2, 0.6733},
                                           Counts{"case_RTS_GMLC", 2, 118, 32, 33, 1.3326, 3, 0.6895},
                                           Counts{"case_ACTIVSg200", 72, 173, 0, 0, 0.7599, 0, 0.9733},
                                           Counts{"case_ACTIVSg500", 254, 343, 333, 352, 1.8551, 0, 0.9145},
                                           Counts{"case_ACTIVSg2000", 450, 2756, 20, 22, 1.0876, 3, 0.8698}),
                         [](const auto& test) { return std::string(test.param.case_name); });

std::set<int> numbers_in(const std::string& cell) {
    std::set<int> numbers;
    for (const std::string& word : CsvTable::split(cell, ' ')) {
        if (!word.empty()) numbers.insert(std::stoi(word));
    }
    return numbers;
}

class StatesAgainstReferee : public ::testing::TestWithParam<const char*> {};

/// Branches and units, distributed supply, reactive limits both ways.
TEST_P(StatesAgainstReferee, EveryStateAgrees) {
    const ValidationCase golden(std::string("states_") + GetParam());
    NODALROOM_NEEDS_CASE(golden.text("case"));
    const auto network = testing::load_case(golden.text("case"));
    powerflow::PowerFlowOptions options;
    options.balance.rule = BalanceRule::spare;
    const BaseCase base(network, options);
    ASSERT_TRUE(base.solved());
    LimitOptions limit_options;
    limit_options.rating_post = model::RatingSet::a;
    const LimitSet limits = resolve_limits(network, limit_options);
    StateSolver solver(base);
    std::vector<double> loading_squared;
    const CsvTable states = golden.table("states.csv");
    EXPECT_EQ(states.rows(), list_outages(network, ContingencySet::n_minus_1).size() + 1);
    int patterns_compared = 0;
    for (std::size_t r = 0; r < states.rows(); ++r) {
        SCOPED_TRACE(states.text(r, "kind") + " " + states.text(r, "row"));
        StateRow row;
        if (states.text(r, "kind") == "branch")
            row.outage = Outage::of(BranchRow(states.integer(r, "row") - 1));
        if (states.text(r, "kind") == "unit") row.outage = Outage::of(UnitRow(states.integer(r, "row") - 1));
        solver.set_outage(row.outage);
        const auto report = solver.solve_from_base();
        EXPECT_EQ(report.converged(), states.integer(r, "solved") == 1)
            << powerflow::to_string(report.status);
        if (!report.converged() || states.integer(r, "solved") == 0) continue;
        std::vector<Violation> violations;
        examine_state(base, solved_state(solver, report, 0), limits, loading_squared, row, violations);
        EXPECT_NEAR(row.supply_pu * network.base_mva(), states.number(r, "s_mw"),
                    golden.number("tolerance_s_mw"));
        EXPECT_NEAR(row.worst_loading, states.number(r, "worst_loading"), golden.number("tolerance_loading"));
        EXPECT_EQ(row.thermal_violations, states.integer(r, "overloads"));
        EXPECT_NEAR(row.vm_min_pu, states.number(r, "lowest_vm_pu"), golden.number("tolerance_vm_pu"));
        EXPECT_NEAR(row.vm_max_pu, states.number(r, "highest_vm_pu"), golden.number("tolerance_vm_pu"));
        std::set<int> at_max, at_min;
        const auto& modes = solver.newton().voltages().mode;
        for (std::size_t i = 0; i < modes.size(); ++i) {
            if (modes[i] == powerflow::QMode::at_max) at_max.insert(network.buses()[i].number.value());
            if (modes[i] == powerflow::QMode::at_min) at_min.insert(network.buses()[i].number.value());
        }
        EXPECT_EQ(at_max, numbers_in(states.text(r, "at_qmax")));
        EXPECT_EQ(at_min, numbers_in(states.text(r, "at_qmin")));
        patterns_compared += at_max.empty() && at_min.empty() ? 0 : 1;
    }
    RecordProperty("states_with_buses_at_limits", patterns_compared);
}

INSTANTIATE_TEST_SUITE_P(Cases, StatesAgainstReferee,
                         ::testing::Values("case9", "case14", "case24_ieee_rts", "case30", "case39", "case57",
                                           "case118", "case300", "case_ACTIVSg200", "case_ACTIVSg500",
                                           "case_RTS_GMLC"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace nodalroom::contingency
