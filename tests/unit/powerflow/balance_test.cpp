#include "nodalroom/powerflow/balance.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/powerflow/solve.hpp"
#include "support/random_grid.hpp"

namespace nodalroom::powerflow {
namespace {

using model::Network;
using testing::CaseRecords;

constexpr Balance of(BalanceRule rule) { return {rule, {}, std::nullopt}; }

/// Reference 1 (units rows 0 and 1), bus 2 (row 2, 3 out of service), bus 3 (row 4); area 7 is bus 3.
CaseRecords five_units() {
    CaseRecords r;
    r.bus(1, 3).bus(2, 2, 50.0).bus(3, 2, 60.0);
    r.set_bus(2, io::bus_col::area, 7);
    r.unit(1, 20).unit(1, 30).unit(2, 40).unit(2, 10, 0.0).unit(3, 25);
    const double p_max[] = {60, 20, 40, 100, 125};
    for (std::size_t u = 0; u < 5; ++u) r.set_unit(u, io::gen_col::pmax, p_max[u]);
    r.branch(1, 2).branch(2, 3).branch(3, 1);
    return r;
}

std::string problem(const Network& network, const Balance& balance) {
    try {
        (void)balance_weights(network, balance);
    } catch (const OptionError& error) {
        return error.what();
    }
    return {};
}

void expect_shares(const Network& network, const Balance& balance, std::vector<double> expected) {
    auto weights = balance_weights(network, balance);
    ASSERT_EQ(weights.size(), expected.size());
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    const double expected_sum = std::accumulate(expected.begin(), expected.end(), 0.0);
    for (std::size_t u = 0; u < weights.size(); ++u) {
        EXPECT_NEAR(weights[u] / sum, expected[u] / expected_sum, 1e-12) << balance.name() << " unit " << u;
    }
}

TEST(Balance, RulesWeighUnitsAsDefined) {
    const Network network = Network::from_matpower(five_units().mpc());
    expect_shares(network, of(BalanceRule::spare), {40, 0, 0, 0, 100});  // a unit above Pmax has none
    expect_shares(network, of(BalanceRule::pmax), {60, 20, 40, 0, 125});
    expect_shares(network, of(BalanceRule::reference), {60, 20, 0, 0, 0});
    expect_shares(network, {BalanceRule::given, {1, 2, 3, 9, 4}, std::nullopt}, {1, 2, 3, 0, 4});
}

TEST(Balance, AnAreaRestrictsAnyRule) {
    const Network network = Network::from_matpower(five_units().mpc());
    expect_shares(network, {BalanceRule::spare, {}, 7}, {0, 0, 0, 0, 1});
    expect_shares(network, {BalanceRule::pmax, {}, 1}, {60, 20, 40, 0, 0});
    expect_shares(network, {BalanceRule::given, {1, 2, 3, 9, 4}, 1}, {1, 2, 3, 0, 0});
    expect_shares(network, {BalanceRule::reference, {}, 1}, {60, 20, 0, 0, 0});
    EXPECT_NE(problem(network, {BalanceRule::reference, {}, 7}).find("reference in area 7"),
              std::string::npos);
    EXPECT_NE(problem(network, {BalanceRule::spare, {}, 99}).find("spare in area 99"), std::string::npos);
}

TEST(Balance, ReferenceUnitsWithoutPmaxShareEqually) {
    auto records = five_units();
    records.set_unit(0, io::gen_col::pmax, 0).set_unit(1, io::gen_col::pmax, 0);
    expect_shares(Network::from_matpower(records.mpc()), of(BalanceRule::reference), {1, 1, 0, 0, 0});
}

TEST(Balance, AnIslandWithoutWeightFallsBackToItsReference) {
    auto records = five_units();
    records.bus(4, 3, 10.0).bus(5, 1, 5.0).unit(4, 15).branch(4, 5);
    records.set_unit(5, io::gen_col::pmax, 15);  // no spare there
    const Network network = Network::from_matpower(records.mpc());
    const auto weights = balance_weights(network, of(BalanceRule::spare));
    EXPECT_GT(weights[5], 0.0);
    EXPECT_NEAR(weights[0] / weights[4], 0.4, 1e-12);
}

TEST(Balance, RefusesWhatCannotBalance) {
    const Network network = Network::from_matpower(five_units().mpc());
    EXPECT_NE(problem(network, {BalanceRule::given, {1, 2, 3}, std::nullopt}).find("3 given"),
              std::string::npos);
    EXPECT_NE(problem(network, {BalanceRule::given, {1, -2, 3, 9, 4}, std::nullopt}).find("unit 2"),
              std::string::npos);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_NE(problem(network, {BalanceRule::given, {1, 2, 3, 9, nan}, std::nullopt}).find("unit 5"),
              std::string::npos);
    EXPECT_NE(problem(network, {BalanceRule::given, {0, 0, 0, 9, 0}, std::nullopt}),
              "");  // only one out of service
    auto unlimited = five_units();
    unlimited.set_unit(4, io::gen_col::pmax, std::numeric_limits<double>::infinity());
    const Network infinite = Network::from_matpower(unlimited.mpc());
    EXPECT_NE(problem(infinite, of(BalanceRule::spare)).find("unit 5"), std::string::npos);
    EXPECT_EQ(problem(infinite, of(BalanceRule::reference)), "");
}

TEST(Balance, HasNamesThatCanBeReadBack) {
    EXPECT_EQ(of(BalanceRule::given).name(), "weights");
    EXPECT_EQ((Balance{BalanceRule::pmax, {}, 3}.name()), "pmax in area 3");
    for (const auto rule : {BalanceRule::spare, BalanceRule::pmax, BalanceRule::reference}) {
        EXPECT_EQ(parse_balance_rule(of(rule).name()), rule);
    }
    EXPECT_THROW((void)parse_balance_rule("weights"), OptionError);
}

/// What a solved state's units produce adds up to what their bus does, whatever the rule.
TEST(SplitAmongUnits, AddsUpToTheBus) {
    for (unsigned seed = 0; seed < 8; ++seed) {
        auto records = testing::random_grid(seed, {.buses = 9, .islands = 1 + static_cast<int>(seed % 2)});
        const Network network = Network::from_matpower(records.mpc());
        const Equations equations(network);
        const auto weights =
            balance_weights(network, of(seed % 3 == 0 ? BalanceRule::spare : BalanceRule::pmax));
        NewtonSolver solver(equations, make_operating_point(equations, weights));
        PowerFlowOptions options;
        ASSERT_EQ(solve_with_ladder(solver, options).back().report.status, SolveStatus::converged) << seed;
        std::vector<double> p, q;
        split_among_units(solver, weights, UnitRow(), p, q);
        for (std::size_t i = 0; i < equations.bus_count(); ++i) {
            double p_sum = 0.0, q_sum = 0.0;
            const BusRow bus(static_cast<std::int64_t>(i));
            for (const UnitRow u : network.units_at(bus)) {
                p_sum += p[u.pos()];
                q_sum += q[u.pos()];
                const auto& unit = network.unit(u);
                const int island = network.island_of_bus()[i];
                EXPECT_NEAR(p[u.pos()] - unit.p_pu,
                            weights[u.pos()] / solver.point().weight_sum[static_cast<std::size_t>(island)] *
                                solver.voltages().supply_pu[static_cast<std::size_t>(island)],
                            1e-12);
                EXPECT_LT(q[u.pos()], unit.q_max_pu + 1e-6);
                EXPECT_GT(q[u.pos()], unit.q_min_pu - 1e-6);
            }
            EXPECT_NEAR(p_sum, network.units_at(bus).empty() ? 0.0 : solver.p_generation(i), 1e-7);
            EXPECT_NEAR(q_sum, network.units_at(bus).empty() ? 0.0 : solver.q_generation(i), 1e-7);
        }
    }
}

TEST(SplitAmongUnits, GivesEqualPartsWithoutARangeAndNothingToALostUnit) {
    auto records = five_units();
    for (const std::size_t u : {0U, 1U})
        records.set_unit(u, io::gen_col::qmax, std::numeric_limits<double>::infinity());
    const Network network = Network::from_matpower(records.mpc());
    const Equations equations(network);
    const auto weights = balance_weights(network, of(BalanceRule::pmax));
    NewtonSolver solver(equations, make_operating_point(equations, weights));
    ASSERT_TRUE(solve_with_ladder(solver, PowerFlowOptions{}).back().report.converged());
    std::vector<double> p, q;
    split_among_units(solver, weights, UnitRow(), p, q);
    EXPECT_NEAR(q[0], q[1], 1e-12);
    EXPECT_NEAR(q[0] + q[1], solver.q_generation(0), 1e-9);
    EXPECT_EQ(p[3], 0.0);
    EXPECT_EQ(q[3], 0.0);
    split_among_units(solver, weights, UnitRow(1), p, q);
    EXPECT_EQ(p[1], 0.0);
    EXPECT_EQ(q[1], 0.0);
    EXPECT_NEAR(q[0], solver.q_generation(0), 1e-9);
}

}  // namespace
}  // namespace nodalroom::powerflow
