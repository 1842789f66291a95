// A base case at another dispatch and load beside a case file that was edited to be the same.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "nodalroom/contingency/batch_solver.hpp"
#include "support/case_files.hpp"
#include "support/random_grid.hpp"

namespace nodalroom::contingency {
namespace {

using model::Network;
using powerflow::AddedLoad;
using powerflow::BalanceRule;
using powerflow::Powers;
using testing::random_grid;

powerflow::PowerFlowOptions tight(BalanceRule rule = BalanceRule::spare) {
    powerflow::PowerFlowOptions options;
    options.balance.rule = rule;
    options.mismatch_tolerance_pu = 1e-11;
    return options;
}

/// Units in service moved at random within their ranges.
Powers moved_powers(const Network& network, unsigned seed) {
    std::mt19937 random(seed);
    Powers powers;
    for (const auto& unit : network.units()) {
        const double share = 0.6 + 0.8 * static_cast<double>(random()) / 4294967295.0;
        const double p =
            unit.in_service ? std::clamp(share * unit.p_pu, unit.p_min_pu, unit.p_max_pu) : unit.p_pu;
        powers.unit_p_mw.push_back(p * network.base_mva());
    }
    return powers;
}

/// The case file of a base case's dispatch and of the load on top.
io::MatpowerCase edited(io::MatpowerCase mpc, const BaseCase& base, const AddedLoad& load) {
    for (std::size_t u = 0; u < mpc.gen.rows(); ++u)
        mpc.gen.at(u, io::gen_col::pg) = base.powers().unit_p_mw.at(u);
    const auto row = static_cast<std::size_t>(load.bus);
    mpc.bus.at(row, io::bus_col::pd) += load.p_pu * mpc.base_mva;
    mpc.bus.at(row, io::bus_col::qd) += load.q_pu * mpc.base_mva;
    return mpc;
}

void expect_same(const Network& network, const powerflow::Voltages& found,
                 const powerflow::Voltages& expected) {
    for (std::size_t i = 0; i < network.buses().size(); ++i) {
        if (network.island_of_bus()[i] < 0) continue;
        EXPECT_NEAR(found.vm_pu[i], expected.vm_pu[i], 1e-8) << "bus row " << i;
        EXPECT_NEAR(found.va_rad[i], expected.va_rad[i], 1e-8) << "bus row " << i;
    }
    for (std::size_t k = 0; k < found.supply_pu.size(); ++k)
        EXPECT_NEAR(found.supply_pu[k], expected.supply_pu[k], 1e-8) << "island " << k;
}

/// Every outage by the scalar solver, and in lanes: how many were solved.
int expect_same_outages(const BaseCase& dispatched, const BaseCase& fresh) {
    const Network& network = fresh.network();
    const auto outages = list_outages(network, ContingencySet::n_minus_1);
    StateSolver mine(dispatched), theirs(fresh);
    std::map<std::size_t, powerflow::Voltages> expected;
    for (std::size_t o = 0; o < outages.size(); ++o) {
        SCOPED_TRACE("outage " + std::to_string(o));
        mine.set_outage(outages[o]);
        theirs.set_outage(outages[o]);
        const bool solved = theirs.solve_from_base().converged();
        EXPECT_EQ(mine.solve_from_base().converged(), solved);
        if (!solved) continue;
        expect_same(network, mine.newton().voltages(), theirs.newton().voltages());
        expected[o] = theirs.newton().voltages();
    }
    BatchSolver batch(dispatched, true);
    std::size_t next = 0, in_lanes = 0;
    batch.run(
        [&](StateTask& task) {
            if (next == outages.size()) return false;
            task = {};
            task.id = next;
            task.outage = outages[next++];
            return true;
        },
        [&](const SolvedState& solved) {
            SCOPED_TRACE("in lanes, outage " + std::to_string(solved.id));
            ASSERT_TRUE(expected.count(solved.id));
            expect_same(network, *solved.voltages, expected[solved.id]);
            ++in_lanes;
        },
        [](const StateTask&, const powerflow::NewtonReport&) {});
    EXPECT_GT(in_lanes, expected.size() / 2);
    return static_cast<int>(expected.size());
}

TEST(DispatchedBase, IsTheCaseWithThatDispatchAndLoad) {
    int solved = 0;
    for (unsigned seed = 700; seed < 706; ++seed) {
        SCOPED_TRACE(seed);
        auto records = random_grid(
            seed, {.buses = 11 + static_cast<int>(seed % 3), .islands = 1 + static_cast<int>(seed % 2)});
        const auto rule = seed % 3 == 0 ? BalanceRule::pmax : BalanceRule::spare;
        const Network network = Network::from_matpower(records.mpc());
        const BaseCase base(network, tight(rule));
        ASSERT_TRUE(base.solved());
        const AddedLoad load{static_cast<std::int32_t>(seed % 7), 0.21, 0.06};
        const BaseCase dispatched(base, moved_powers(network, seed), load, base.voltages());
        ASSERT_TRUE(dispatched.solved());
        for (const double s : dispatched.voltages().supply_pu) EXPECT_NEAR(s, 0.0, 1e-10);

        const Network as_file = Network::from_matpower(edited(records.mpc(), dispatched, load));
        const BaseCase fresh(as_file, tight(rule));
        ASSERT_TRUE(fresh.solved());
        expect_same(network, dispatched.voltages(), fresh.voltages());
        ASSERT_EQ(dispatched.unit_weights().size(), fresh.unit_weights().size());
        for (std::size_t u = 0; u < fresh.unit_weights().size(); ++u)
            EXPECT_NEAR(dispatched.unit_weights()[u], fresh.unit_weights()[u], 1e-9) << "unit row " << u;
        solved += expect_same_outages(dispatched, fresh);
    }
    EXPECT_GT(solved, 60);
}

TEST(DispatchedBase, IsTheSameOnRealGrids) {
    for (const auto& [name, number] :
         {std::tuple{"case14", 9}, std::tuple{"case24_ieee_rts", 7}, std::tuple{"case39", 16}}) {
        NODALROOM_NEEDS_CASE(name);
        SCOPED_TRACE(name);
        const auto mpc = testing::read_case(name);
        const Network network = Network::from_matpower(mpc);
        const BaseCase base(network, tight());
        const AddedLoad load{static_cast<std::int32_t>(testing::row_of(network, number).value()), 0.1, 0.03};
        const BaseCase dispatched(base, moved_powers(network, 5), load, base.voltages());
        ASSERT_TRUE(dispatched.solved());
        EXPECT_NEAR(dispatched.voltages().supply_pu[0], 0.0, 1e-10);
        const Network as_file = Network::from_matpower(edited(mpc, dispatched, load));
        const BaseCase fresh(as_file, tight());
        ASSERT_TRUE(fresh.solved());
        expect_same(network, dispatched.voltages(), fresh.voltages());
        EXPECT_GT(expect_same_outages(dispatched, fresh), 10);
    }
}

/// What the powers leave open goes into the dispatch by the rule's shares.
TEST(DispatchedBase, ClosesTheBalanceByTheRule) {
    const Network network = Network::from_matpower(random_grid(720).mpc());
    const BaseCase base(network, tight());
    const Powers asked = moved_powers(network, 720);
    const AddedLoad load{3, 0.3, 0.1};
    const BaseCase dispatched(base, asked, load, base.voltages());
    ASSERT_TRUE(dispatched.solved());
    double open = 0.0, spare = 0.0;
    const auto spare_of = [&](std::size_t u) {
        const auto& unit = network.units()[u];
        return unit.in_service ? std::max(unit.p_max_pu * network.base_mva() - asked.unit_p_mw[u], 0.0) : 0.0;
    };
    for (std::size_t u = 0; u < asked.unit_p_mw.size(); ++u) {
        open += dispatched.powers().unit_p_mw[u] - asked.unit_p_mw[u];
        spare += spare_of(u);
    }
    EXPECT_GT(std::abs(open), 1.0);
    for (std::size_t u = 0; u < asked.unit_p_mw.size(); ++u) {
        EXPECT_NEAR(dispatched.powers().unit_p_mw[u] - asked.unit_p_mw[u], open * spare_of(u) / spare, 1e-7)
            << "unit row " << u;
    }
    // Without other powers it is the case with a load, all of which the rule supplies.
    const BaseCase by_rule(base, {}, load, base.voltages());
    StateSolver loaded(base);
    loaded.set_load(BusRow(3), 0.3, 0.1);
    ASSERT_TRUE(loaded.solve_from_base().converged());
    for (std::size_t i = 0; i < network.buses().size(); ++i)
        EXPECT_NEAR(by_rule.voltages().vm_pu[i], loaded.newton().voltages().vm_pu[i], 1e-8);
}

TEST(DispatchedBase, FollowsTheSharesThereWereWhereNothingIsSpare) {
    const Network network = Network::from_matpower(random_grid(731).mpc());
    const BaseCase base(network, tight());
    ASSERT_TRUE(base.solved());
    Powers full;
    double capacity_pu = 0.0, load_pu = 0.0;
    for (const auto& unit : network.units()) {
        full.unit_p_mw.push_back(unit.p_max_pu * network.base_mva());
        capacity_pu += unit.p_max_pu;
    }
    for (const auto& demand : network.loads()) load_pu += demand.s_power_pu.real();
    // All units at their maximum, and a load a little beyond, so that none has any spare in the end either.
    const auto bus = static_cast<std::int32_t>(network.units()[0].bus.value());
    const AddedLoad load{bus, capacity_pu - load_pu + 0.05, 0.0};
    const BaseCase dispatched(base, full, load, base.voltages());
    ASSERT_TRUE(dispatched.solved());
    EXPECT_NEAR(dispatched.voltages().supply_pu[0], 0.0, 1e-10);
    double sum = 0.0, sum_before = 0.0;
    for (std::size_t u = 0; u < full.unit_p_mw.size(); ++u) {
        EXPECT_GE(dispatched.powers().unit_p_mw[u], full.unit_p_mw[u]);
        sum += dispatched.unit_weights()[u];
        sum_before += base.unit_weights()[u];
    }
    ASSERT_GT(sum, 0.0);
    for (std::size_t u = 0; u < full.unit_p_mw.size(); ++u)
        EXPECT_NEAR(dispatched.unit_weights()[u] / sum, base.unit_weights()[u] / sum_before, 1e-12);
    StateSolver solver(dispatched);
    int solved = 0;
    for (const Outage outage : list_outages(network, ContingencySet::units)) {
        solver.set_outage(outage);
        solved += solver.solve_from_base().converged() ? 1 : 0;
    }
    EXPECT_GT(solved, 0);
}

TEST(DispatchedBase, SaysSoWhereThereIsNoSolution) {
    const Network network = Network::from_matpower(random_grid(740).mpc());
    const BaseCase base(network, tight());
    const BaseCase lost(base, {}, AddedLoad{3, 500.0, 100.0}, base.voltages());
    EXPECT_FALSE(lost.solved());
    EXPECT_TRUE(base.solved());
}

}  // namespace
}  // namespace nodalroom::contingency
