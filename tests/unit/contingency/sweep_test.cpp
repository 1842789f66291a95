#include "nodalroom/contingency/sweep.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "nodalroom/core/errors.hpp"
#include "support/bits.hpp"
#include "support/case_files.hpp"
#include "support/random_grid.hpp"

namespace nodalroom::contingency {
namespace {

using model::Network;
using powerflow::BalanceRule;
using powerflow::SolveStatus;
using testing::random_grid;
using testing::ring_of_three;
using testing::same_bits;

SweepOptions options_of(BalanceRule rule, int threads) {
    SweepOptions options;
    options.power_flow.balance.rule = rule;
    options.threads = threads;
    return options;
}

bool same_row(const StateRow& a, const StateRow& b) {
    return a.outage == b.outage && a.status == b.status && a.iterations == b.iterations &&
           same_bits(a.max_mismatch_pu, b.max_mismatch_pu) && same_bits(a.worst_loading, b.worst_loading) &&
           a.worst_branch == b.worst_branch && same_bits(a.vm_min_pu, b.vm_min_pu) &&
           a.vm_min_bus == b.vm_min_bus && same_bits(a.vm_max_pu, b.vm_max_pu) &&
           a.vm_max_bus == b.vm_max_bus && same_bits(a.supply_pu, b.supply_pu) &&
           a.thermal_violations == b.thermal_violations && a.voltage_violations == b.voltage_violations;
}

TEST(Sweep, GivesTheSameBitsOnAnyNumberOfThreads) {
    for (unsigned seed = 200; seed < 204; ++seed) {
        const Network network =
            Network::from_matpower(random_grid(seed, {.buses = 17, .extra_branches = 14}).mpc());
        const auto one = sweep(network, options_of(BalanceRule::spare, 1));
        ASSERT_TRUE(one.intact_solved);
        ASSERT_TRUE(one.complete);
        for (const int threads : {2, 3, 8}) {
            const auto many = sweep(network, options_of(BalanceRule::spare, threads));
            ASSERT_EQ(many.states.size(), one.states.size());
            for (std::size_t s = 0; s < one.states.size(); ++s) {
                ASSERT_TRUE(same_row(one.states[s], many.states[s])) << "state " << s << " on " << threads;
            }
            ASSERT_EQ(many.violations.size(), one.violations.size());
            for (std::size_t v = 0; v < one.violations.size(); ++v) {
                EXPECT_EQ(many.violations[v].state, one.violations[v].state);
                EXPECT_EQ(many.violations[v].element, one.violations[v].element);
                EXPECT_EQ(many.violations[v].kind, one.violations[v].kind);
                EXPECT_TRUE(same_bits(many.violations[v].value_pu, one.violations[v].value_pu));
            }
        }
    }
}

/// Every row against quantities computed here from a solve of the case without the element.
TEST(Sweep, RowsSayWhatTheSolvedStateShows) {
    auto records = random_grid(210, {.buses = 13, .extra_branches = 9});
    for (std::size_t l = 0; l < records.mpc().branch.rows(); ++l) {
        records.set_branch(l, io::branch_col::rate_a, 25.0 + static_cast<double>(7 * l % 30));
        if (l % 3 == 0) records.set_branch(l, io::branch_col::rate_b, 30.0 + static_cast<double>(l));
        if (l % 5 == 0) records.set_branch(l, io::branch_col::rate_a, 0.0);
    }
    for (std::size_t i = 0; i < records.mpc().bus.rows(); ++i) {
        records.set_bus(i, io::bus_col::vmin, 0.97).set_bus(i, io::bus_col::vmax, 1.04);
    }
    const Network network = Network::from_matpower(records.mpc());
    auto options = options_of(BalanceRule::pmax, 2);
    options.limits.voltage_change_max_pu = 0.01;
    const auto result = sweep(network, options);
    ASSERT_TRUE(result.complete);
    ASSERT_EQ(result.states.size(), list_outages(network, ContingencySet::n_minus_1).size() + 1);
    std::size_t bridges = 0;
    for (const bool bridge : network.is_bridge()) bridges += bridge ? 1 : 0;
    EXPECT_EQ(result.bridges, bridges);

    const auto intact = powerflow::solve(network, options.power_flow);
    std::size_t compared = 0, thermal_seen = 0, voltage_seen = 0;
    for (std::size_t s = 0; s < result.states.size(); ++s) {
        const StateRow& row = result.states[s];
        io::MatpowerCase edited = records.mpc();
        if (row.outage.kind == OutageKind::branch) {
            edited.branch.at(static_cast<std::size_t>(row.outage.row), io::branch_col::status) = 0;
        } else if (row.outage.kind == OutageKind::unit) {
            edited.gen.at(static_cast<std::size_t>(row.outage.row), io::gen_col::status) = 0;
        }
        const auto expected = powerflow::solve(Network::from_matpower(edited), options.power_flow);
        ASSERT_EQ(row.status == SolveStatus::converged, expected.converged()) << s;
        if (!expected.converged()) {
            EXPECT_TRUE(std::isnan(row.worst_loading));
            continue;
        }
        ++compared;
        double worst = 0.0;
        int thermal = 0, voltage = 0;
        for (std::size_t l = 0; l < network.branches().size(); ++l) {
            const auto& branch = network.branches()[l];
            const double a = branch.rate_a_pu, b = branch.rate_b_pu;
            const double rating = row.outage.is_intact() || b == 0.0 ? a : b;
            if (rating == 0.0) continue;
            const auto& flow = expected.branch_flow_pu[l];
            const double loading = std::max(std::abs(flow.s_from), std::abs(flow.s_to)) / rating;
            worst = std::max(worst, loading);
            thermal += loading > 1.0 ? 1 : 0;
        }
        double lowest = 9.0, highest = 0.0;
        for (std::size_t i = 0; i < network.buses().size(); ++i) {
            const double v = expected.voltages.vm_pu[i];
            lowest = std::min(lowest, v);
            highest = std::max(highest, v);
            voltage += (v < 0.97 ? 1 : 0) + (v > 1.04 ? 1 : 0);
            voltage += !row.outage.is_intact() && std::abs(v - intact.voltages.vm_pu[i]) > 0.01 ? 1 : 0;
        }
        EXPECT_NEAR(row.worst_loading, worst, 1e-6) << s;
        EXPECT_NEAR(row.vm_min_pu, lowest, 1e-7);
        EXPECT_NEAR(row.vm_max_pu, highest, 1e-7);
        EXPECT_NEAR(row.supply_pu, expected.voltages.supply_pu[0], 1e-6);
        EXPECT_EQ(row.thermal_violations, thermal) << s;
        EXPECT_EQ(row.voltage_violations, voltage) << s;
        thermal_seen += static_cast<std::size_t>(thermal);
        voltage_seen += static_cast<std::size_t>(voltage);
    }
    EXPECT_GT(compared, 15U);
    EXPECT_GT(thermal_seen, 0U);
    EXPECT_GT(voltage_seen, 0U);
    EXPECT_EQ(result.violations.size(), thermal_seen + voltage_seen);
    for (std::size_t v = 1; v < result.violations.size(); ++v) {
        EXPECT_LE(result.violations[v - 1].state, result.violations[v].state);
    }
    for (const Violation& violation : result.violations) {
        if (violation.kind == LimitKind::low_voltage) {
            EXPECT_LT(violation.value_pu, violation.limit_pu);
        } else {
            EXPECT_GT(violation.value_pu, violation.limit_pu);
        }
    }
}

TEST(Sweep, AVoltageHeldAtItsLimitBreaksNone) {
    // Units of case24_ieee_rts hold 1.05 where the band ends at 1.05.
    NODALROOM_NEEDS_CASE("case24_ieee_rts");
    const Network network = testing::load_case("case24_ieee_rts");
    const auto result = sweep(network, {});
    std::size_t at_limit = 0;
    for (const StateRow& row : result.states) at_limit += std::abs(row.vm_max_pu - 1.05) < 1e-9 ? 1 : 0;
    EXPECT_GT(at_limit, 0U);
    for (const Violation& violation : result.violations) {
        EXPECT_GT(std::abs(violation.value_pu - violation.limit_pu), 0.9e-7 * violation.limit_pu)
            << violation.state << ' ' << violation.element;
    }
    // One that is passed by a little more than that is broken.
    SweepOptions options;
    options.limits.band_post = VoltageBand{0.5, 1.05 - 3e-7};
    EXPECT_GT(sweep(network, options).violations.size(), result.violations.size());
}

TEST(Sweep, KeepsTheWorstViolationsOfAStateAndCountsAll) {
    const Network network =
        Network::from_matpower(random_grid(203, {.buses = 17, .extra_branches = 14}).mpc());
    SweepOptions options;
    options.limits.band_intact = options.limits.band_post = VoltageBand{0.999, 1.001};
    options.worst_violations.reset();
    const auto all = sweep(network, options);
    options.worst_violations = 3;
    const auto some = sweep(network, options);
    ASSERT_TRUE(all.intact_solved);
    const auto share = [](const Violation& v) { return std::abs(v.value_pu - v.limit_pu) / v.limit_pu; };
    std::size_t left_out = 0;
    for (std::size_t s = 0; s < all.states.size(); ++s) {
        EXPECT_TRUE(same_row(all.states[s], some.states[s]));
        std::vector<Violation> of_all, of_some;
        const auto is_of = [&](const Violation& v) { return v.state == static_cast<std::int32_t>(s); };
        std::copy_if(all.violations.begin(), all.violations.end(), std::back_inserter(of_all), is_of);
        std::copy_if(some.violations.begin(), some.violations.end(), std::back_inserter(of_some), is_of);
        const auto counted = all.states[s].thermal_violations + all.states[s].voltage_violations;
        ASSERT_EQ(of_all.size(), static_cast<std::size_t>(counted));
        ASSERT_EQ(of_some.size(), std::min<std::size_t>(3, of_all.size()));
        left_out += of_all.size() - of_some.size();
        if (of_some.empty()) continue;
        double least = share(of_some.front());
        for (const Violation& v : of_some) least = std::min(least, share(v));
        const auto worse =
            std::count_if(of_all.begin(), of_all.end(), [&](const Violation& v) { return share(v) > least; });
        EXPECT_LT(static_cast<std::size_t>(worse), of_some.size());
        for (std::size_t v = 1; v < of_some.size(); ++v)
            EXPECT_TRUE(of_some[v - 1].kind < of_some[v].kind || of_some[v - 1].element < of_some[v].element);
    }
    EXPECT_GT(left_out, 100U);
    options.worst_violations = 0;
    EXPECT_TRUE(sweep(network, options).violations.empty());
    options.worst_violations = -1;
    EXPECT_THROW(static_cast<void>(sweep(network, options)), OptionError);
}

TEST(Sweep, StopsWithAStatusWhereTheIntactCaseHasNoSolution) {
    auto records = ring_of_three();
    records.set_bus(2, io::bus_col::pd, 2000.0);
    const auto result = sweep(Network::from_matpower(records.mpc()), options_of(BalanceRule::reference, 1));
    EXPECT_FALSE(result.intact_solved);
    EXPECT_TRUE(result.complete);
    ASSERT_EQ(result.states.size(), 5U);
    EXPECT_NE(result.states[0].status, SolveStatus::converged);
    EXPECT_NE(result.states[0].status, SolveStatus::not_run);
    EXPECT_EQ(result.states[1].status, SolveStatus::not_run);
    EXPECT_NE(result.reason.find("worst at bus"), std::string::npos);
}

TEST(Sweep, LeavesUnfinishedStatesNotRunWhenCancelled) {
    const Network network = Network::from_matpower(random_grid(220).mpc());
    RunControl control;
    control.cancel = true;
    const auto result = sweep(network, options_of(BalanceRule::spare, 2), &control);
    EXPECT_FALSE(result.complete);
    for (const StateRow& row : result.states) {
        EXPECT_EQ(row.status, SolveStatus::not_run);
        EXPECT_TRUE(std::isnan(row.worst_loading));
    }
}

TEST(Sweep, CountsItsStatesAsItGoes) {
    const Network network = Network::from_matpower(random_grid(221).mpc());
    RunControl control;
    const auto result = sweep(network, options_of(BalanceRule::spare, 2), &control);
    EXPECT_EQ(control.done.load(), result.states.size());
    EXPECT_EQ(control.total.load(), result.states.size());
    EXPECT_STREQ(control.stage.load(), "contingencies");
}

TEST(Sweep, RefusesOptionsOutOfRange) {
    const Network network = Network::from_matpower(ring_of_three().mpc());
    EXPECT_THROW((void)sweep(network, options_of(BalanceRule::reference, -1)), OptionError);
    auto options = options_of(BalanceRule::reference, 1);
    options.limits.monitor_min_kv = -5.0;
    EXPECT_THROW((void)sweep(network, options), OptionError);
    options = options_of(BalanceRule::reference, 1);
    options.power_flow.mismatch_tolerance_pu = -1.0;
    EXPECT_THROW((void)sweep(network, options), OptionError);
}

TEST(Sweep, ASetOfNothingIsTheIntactStateAlone) {
    auto options = options_of(BalanceRule::reference, 1);
    options.contingencies = ContingencySet::none;
    const auto result = sweep(Network::from_matpower(ring_of_three().mpc()), options);
    ASSERT_EQ(result.states.size(), 1U);
    EXPECT_EQ(result.states[0].status, SolveStatus::converged);
    EXPECT_TRUE(result.states[0].outage.is_intact());
}

}  // namespace
}  // namespace nodalroom::contingency
