#include "nodalroom/contingency/state_solver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "nodalroom/core/errors.hpp"
#include "support/bits.hpp"
#include "support/random_grid.hpp"

namespace nodalroom::contingency {
namespace {

using model::Network;
using powerflow::Balance;
using powerflow::BalanceRule;
using powerflow::SolveStatus;
using testing::random_grid;
using testing::ring_of_three;
using testing::same_bits;

powerflow::PowerFlowOptions spare_options() {
    powerflow::PowerFlowOptions options;
    options.balance.rule = BalanceRule::spare;
    return options;
}

std::vector<Outage> shuffled_outages(const Network& network, unsigned seed) {
    auto outages = list_outages(network, ContingencySet::n_minus_1);
    std::shuffle(outages.begin(), outages.end(), std::mt19937(seed));
    return outages;
}

TEST(ListOutages, NamesBranchesThatAreNoBridgesAndUnitsInService) {
    auto records = ring_of_three();
    records.bus(4, 1, 5.0)
        .branch(3, 4)
        .branch(1, 2, 0.01, 0.1, 0.0, 0.0, 0.0, 0.0)
        .unit(1, 5.0, 0.0)
        .unit(2, 5.0);
    const Network network = Network::from_matpower(records.mpc());
    EXPECT_EQ(
        list_outages(network, ContingencySet::branches),
        (std::vector<Outage>{Outage::of(BranchRow(0)), Outage::of(BranchRow(1)), Outage::of(BranchRow(2))}));
    EXPECT_EQ(list_outages(network, ContingencySet::units),
              (std::vector<Outage>{Outage::of(UnitRow(0)), Outage::of(UnitRow(2))}));
    EXPECT_EQ(list_outages(network, ContingencySet::n_minus_1).size(), 5U);
    EXPECT_TRUE(list_outages(network, ContingencySet::none).empty());
    for (const auto set :
         {ContingencySet::none, ContingencySet::branches, ContingencySet::units, ContingencySet::n_minus_1}) {
        EXPECT_EQ(parse_contingency_set(to_string(set)), set);
    }
    EXPECT_THROW((void)parse_contingency_set("n-2"), OptionError);
}

TEST(StateSolver, AnUndoneOutageRestoresEveryBit) {
    for (unsigned seed = 40; seed < 46; ++seed) {
        const Network network = Network::from_matpower(
            random_grid(seed, {.buses = 11, .islands = 1 + static_cast<int>(seed % 2)}).mpc());
        const BaseCase base(network, spare_options());
        ASSERT_TRUE(base.solved()) << seed;
        StateSolver solver(base);
        const powerflow::OperatingPoint intact = solver.newton().point();
        for (const Outage outage : shuffled_outages(network, seed)) {
            solver.set_outage(outage);
            EXPECT_FALSE(same_bits(solver.newton().point(), intact)) << "an outage must change something";
            solver.set_load(BusRow(2), 0.37, 0.11);
            (void)solver.solve_from_base();
            if (outage.row % 2 == 0) solver.clear_load();
            solver.set_outage(Outage{});
            solver.clear_load();
            ASSERT_TRUE(same_bits(solver.newton().point(), intact))
                << "seed " << seed << " row " << outage.row;
        }
        for (const Outage outage : shuffled_outages(network, seed + 1)) solver.set_outage(outage);
        solver.set_outage(Outage{});
        EXPECT_TRUE(same_bits(solver.newton().point(), intact)) << "one outage straight after the other";
    }
}

TEST(StateSolver, ReplacesALoadAndPutsTheOldValueBack) {
    const Network network = Network::from_matpower(random_grid(50).mpc());
    const BaseCase base(network, spare_options());
    StateSolver solver(base);
    const auto intact = solver.newton().point();
    solver.set_load(BusRow(4), 0.1, 0.2);
    EXPECT_EQ(solver.newton().point().p_load[4], intact.p_load[4] + 0.1);
    EXPECT_EQ(solver.newton().point().q_load[4], intact.q_load[4] + 0.2);
    solver.set_load(BusRow(4), 0.3, 0.0);
    EXPECT_EQ(solver.newton().point().p_load[4], intact.p_load[4] + 0.3);
    solver.set_load(BusRow(1), 0.7, 0.0);
    EXPECT_TRUE(same_bits(solver.newton().point().p_load[4], intact.p_load[4]));
    solver.clear_load();
    solver.clear_load();
    EXPECT_TRUE(same_bits(solver.newton().point(), intact));
}

/// The same state solved in a network that was read without the element. A value edit of Ybus loses
/// a few bits to cancellation, no more.
TEST(StateSolver, SolvesWhatTheCaseWithoutTheElementSolves) {
    for (unsigned seed = 60; seed < 64; ++seed) {
        auto records = random_grid(seed, {.buses = 12});
        const Network network = Network::from_matpower(records.mpc());
        auto options = spare_options();
        options.mismatch_tolerance_pu = 1e-11;
        const BaseCase base(network, options);
        StateSolver solver(base);
        int solved = 0;
        for (const Outage outage : list_outages(network, ContingencySet::n_minus_1)) {
            solver.set_outage(outage);
            const auto report = solver.solve_from_base();
            io::MatpowerCase edited = records.mpc();
            if (outage.kind == OutageKind::branch) {
                edited.branch.at(static_cast<std::size_t>(outage.row), io::branch_col::status) = 0;
            } else {
                edited.gen.at(static_cast<std::size_t>(outage.row), io::gen_col::status) = 0;
            }
            const Network without = Network::from_matpower(edited);
            const auto expected = powerflow::solve(without, options);
            ASSERT_EQ(report.converged(), expected.converged()) << "seed " << seed << " row " << outage.row;
            if (!report.converged()) continue;
            ++solved;
            for (std::size_t i = 0; i < network.buses().size(); ++i) {
                EXPECT_NEAR(solver.newton().voltages().vm_pu[i], expected.voltages.vm_pu[i], 1e-8);
                EXPECT_NEAR(solver.newton().voltages().va_rad[i], expected.voltages.va_rad[i], 1e-8);
            }
        }
        EXPECT_GT(solved, 10);
    }
}

TEST(StateSolver, AUnitOutageLeavesTheOthersOfItsBusInCharge) {
    auto records = ring_of_three();
    records.set_bus(1, io::bus_col::type, 2).unit(2, 10.0).unit(2, 15.0).unit(2, 20.0);
    const double setpoint[] = {1.0, 1.002, 1.004, 1.006}, q_max[] = {50, 11, 22, 33},
                 spare[] = {120, 30, 50, 0};
    for (std::size_t u = 0; u < 4; ++u) {
        records.set_unit(u, io::gen_col::vg, setpoint[u]).set_unit(u, io::gen_col::qmax, q_max[u]);
        records.set_unit(u, io::gen_col::qmin, -q_max[u]);
        records.set_unit(u, io::gen_col::pmax, records.mpc().gen.at(u, io::gen_col::pg) + spare[u]);
    }
    const Network network = Network::from_matpower(records.mpc());
    const BaseCase base(network, spare_options());
    StateSolver solver(base);
    const auto& point = solver.newton().point();
    EXPECT_EQ(point.v_setpoint[1], 1.002);
    EXPECT_NEAR(point.q_max[1], 0.66, 1e-12);
    EXPECT_NEAR(point.alpha(1, 0), 80.0 / 200.0, 1e-12);

    solver.set_outage(Outage::of(UnitRow(1)));  // the one whose setpoint is in force
    EXPECT_EQ(point.v_setpoint[1], 1.004);
    EXPECT_NEAR(point.q_max[1], 0.55, 1e-12);
    EXPECT_NEAR(point.q_min[1], -0.55, 1e-12);
    EXPECT_NEAR(point.p_gen[1], 0.35, 1e-12);
    EXPECT_NEAR(point.alpha(0, 0), 120.0 / 170.0, 1e-12);
    EXPECT_NEAR(point.alpha(1, 0), 50.0 / 170.0, 1e-12);
    ASSERT_TRUE(solver.solve_from_base().converged());
    EXPECT_NEAR(solver.newton().voltages().vm_pu[1], 1.004, 1e-8);

    solver.set_outage(Outage::of(UnitRow(3)));  // one without spare: nobody's share changes
    EXPECT_EQ(point.v_setpoint[1], 1.002);
    EXPECT_NEAR(point.alpha(1, 0), 80.0 / 200.0, 1e-12);

    solver.set_outage(Outage::of(UnitRow(0)));  // the only unit of the reference bus
    EXPECT_EQ(point.regulates[0], 0);
    EXPECT_NEAR(point.alpha(1, 0), 1.0, 1e-12);
    ASSERT_TRUE(solver.solve_from_base().converged());
    EXPECT_EQ(solver.newton().voltages().va_rad[0], 0.0);  // still the angle reference
    EXPECT_NEAR(solver.newton().p_generation(0), 0.0, 1e-7);
    EXPECT_NEAR(solver.newton().q_generation(0), 0.0, 1e-7);
}

TEST(StateSolver, SharesAlwaysSumToOneInEveryIsland) {
    for (unsigned seed = 70; seed < 74; ++seed) {
        const Network network = Network::from_matpower(random_grid(seed, {.buses = 10, .islands = 2}).mpc());
        const BaseCase base(network, spare_options());
        StateSolver solver(base);
        for (const Outage outage : list_outages(network, ContingencySet::n_minus_1)) {
            solver.set_outage(outage);
            std::vector<double> sum(network.reference_of_island().size(), 0.0);
            for (const auto& supply : base.equations().supply_entries()) {
                sum[static_cast<std::size_t>(supply.island)] += solver.newton().point().alpha(
                    static_cast<std::size_t>(supply.bus), static_cast<std::size_t>(supply.island));
            }
            for (std::size_t island = 0; island < sum.size(); ++island) {
                if (solver.newton().point().weight_sum[island] > 0.0) {
                    EXPECT_NEAR(sum[island], 1.0, 1e-12) << "outage " << outage.row;
                }
            }
        }
    }
}

TEST(StateSolver, SaysSoWhereNobodyIsLeftToBalance) {
    const Network network = Network::from_matpower(ring_of_three().mpc());
    const BaseCase base(network, {});
    ASSERT_TRUE(base.solved());
    StateSolver solver(base);
    solver.set_outage(Outage::of(UnitRow(0)));
    EXPECT_EQ(solver.solve_from_base().status, SolveStatus::no_balance);
    solver.set_outage(Outage::of(BranchRow(0)));
    EXPECT_EQ(solver.solve_from_base().status, SolveStatus::converged);
}

TEST(StateSolver, GivesTheSameBitsWhateverItSolvedBefore) {
    const Network network =
        Network::from_matpower(random_grid(80, {.buses = 15, .extra_branches = 11}).mpc());
    const BaseCase base(network, spare_options());
    const auto outages = list_outages(network, ContingencySet::n_minus_1);
    std::vector<powerflow::Voltages> fresh(outages.size());
    std::vector<int> iterations(outages.size());
    for (std::size_t s = 0; s < outages.size(); ++s) {
        StateSolver solver(base);
        solver.set_outage(outages[s]);
        solver.set_load(BusRow(static_cast<std::int64_t>(s % 15)), 0.01 * static_cast<double>(s), 0.02);
        iterations[s] = solver.solve_from_base().iterations;
        fresh[s] = solver.newton().voltages();
    }
    StateSolver used(base);
    for (unsigned round = 0; round < 3; ++round) {
        std::vector<std::size_t> order(outages.size());
        for (std::size_t s = 0; s < order.size(); ++s) order[s] = s;
        std::shuffle(order.begin(), order.end(), std::mt19937(round));
        for (const std::size_t s : order) {
            used.set_load(BusRow(3), 500.0, 0.0);  // a wreck in between
            EXPECT_FALSE(used.solve_near(base.voltages()).converged());
            used.set_outage(outages[s]);
            used.set_load(BusRow(static_cast<std::int64_t>(s % 15)), 0.01 * static_cast<double>(s), 0.02);
            EXPECT_EQ(used.solve_from_base().iterations, iterations[s]);
            ASSERT_TRUE(same_bits(used.newton().voltages(), fresh[s])) << "state " << s << " round " << round;
        }
    }
}

TEST(BaseCase, RefusesOptionsOutOfRangeAndReportsAnUnsolvableCase) {
    auto records = ring_of_three();
    const Network network = Network::from_matpower(records.mpc());
    powerflow::PowerFlowOptions options;
    options.max_iterations = 0;
    EXPECT_THROW(BaseCase(network, options), OptionError);
    records.set_bus(2, io::bus_col::pd, 2000.0);
    const Network overloaded = Network::from_matpower(records.mpc());
    const BaseCase lost(overloaded, {});
    EXPECT_FALSE(lost.solved());
    EXPECT_GT(lost.attempts().size(), 1U);
}

}  // namespace
}  // namespace nodalroom::contingency
