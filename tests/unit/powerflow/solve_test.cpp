#include "nodalroom/powerflow/solve.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "nodalroom/core/errors.hpp"
#include "support/bits.hpp"
#include "support/random_grid.hpp"

namespace nodalroom::powerflow {
namespace {

using model::Network;
using testing::CaseRecords;
using testing::random_grid;
using testing::ring_of_three;

/// Definition, section 3: a regulated bus keeps its setpoint with Q inside its limits, or sits at
/// Qmax with the voltage not above, or at Qmin with the voltage not below.
void expect_complementary(const NewtonSolver& solver) {
    const auto& point = solver.point();
    for (std::size_t i = 0; i < point.regulates.size(); ++i) {
        if (point.regulates[i] == 0) continue;
        const double q = solver.q_generation(i), v = solver.voltages().vm_pu[i];
        const bool regulating = std::abs(v - point.v_setpoint[i]) < 1e-7 && q < point.q_max[i] + 1e-6 &&
                                q > point.q_min[i] - 1e-6;
        const bool at_max = std::abs(q - point.q_max[i]) < 1e-6 && v < point.v_setpoint[i] + 1e-7;
        const bool at_min = std::abs(q - point.q_min[i]) < 1e-6 && v > point.v_setpoint[i] - 1e-7;
        EXPECT_TRUE(regulating || at_max || at_min) << "bus row " << i << " q " << q << " v " << v;
    }
}

/// A random grid whose units reach their reactive limits.
Network short_of_reactive_power(unsigned seed) {
    auto records = random_grid(seed, {.buses = 14, .extra_branches = 10});
    for (std::size_t u = 0; u < records.mpc().gen.rows(); ++u) {
        records.set_unit(u, io::gen_col::qmax, 12.0 + static_cast<double>(seed % 5));
        records.set_unit(u, io::gen_col::qmin, -6.0);
    }
    return Network::from_matpower(records.mpc());
}

TEST(PowerFlow, KeepsReactiveLimitsBothWaysOnRandomGrids) {
    int held = 0;
    for (unsigned seed = 100; seed < 180; ++seed) {
        const Network network = short_of_reactive_power(seed);
        const Equations equations(network);
        NewtonSolver solver(equations,
                            make_operating_point(
                                equations, balance_weights(network, {BalanceRule::spare, {}, std::nullopt})));
        if (!solve_with_ladder(solver, {}).back().report.converged()) continue;
        expect_complementary(solver);
        for (const QMode mode : solver.voltages().mode)
            held += mode == QMode::at_max || mode == QMode::at_min ? 1 : 0;
    }
    EXPECT_GT(held, 40);  // the limits did bite
}

/// Of all 3^n patterns of regulating and held buses, is there one that solves the equations, keeps
/// the limits and has every voltage between 0.9 and 1.1 pu?
bool has_ordinary_solution(const Equations& equations, const OperatingPoint& point) {
    std::vector<std::size_t> regulated;
    int patterns = 1;
    for (std::size_t i = 0; i < equations.bus_count(); ++i) {
        if (point.regulates[i] == 0) continue;
        regulated.push_back(i);
        patterns *= 3;
    }
    const auto flat = start_voltages(equations, point, Start::flat);
    for (int pattern = 0; pattern < patterns; ++pattern) {
        OperatingPoint fixed = point;
        std::vector<int> choice;
        for (int rest = pattern; choice.size() < regulated.size(); rest /= 3) {
            const std::size_t i = regulated[choice.size()];
            choice.push_back(rest % 3);
            if (choice.back() == 0) continue;
            fixed.regulates[i] = 0;
            fixed.q_gen[i] = choice.back() == 1 ? point.q_min[i] : point.q_max[i];
        }
        NewtonSolver solver(equations, fixed);
        solver.start_from(flat);
        NewtonOptions options;
        options.enforce_q_limits = false;
        if (!solver.solve(options).converged()) continue;
        bool good = true;
        for (const double v : solver.voltages().vm_pu) good = good && v > 0.9 && v < 1.1;
        for (std::size_t k = 0; k < regulated.size(); ++k) {
            const std::size_t i = regulated[k];
            const double q = solver.q_generation(i), v = solver.voltages().vm_pu[i];
            good = good && (choice[k] == 0   ? q < point.q_max[i] && q > point.q_min[i]
                            : choice[k] == 1 ? v > point.v_setpoint[i]
                                             : v < point.v_setpoint[i]);
        }
        if (good) return true;
    }
    return false;
}

TEST(PowerFlow, FindsAPatternOfReactiveLimitsWhereThereIsOne) {
    int solvable = 0;
    std::vector<unsigned> missed;
    for (unsigned seed = 100; seed < 160; ++seed) {
        const Network network = short_of_reactive_power(seed);
        if (network.units().size() > 9) continue;
        PowerFlowOptions options;
        options.balance.rule = BalanceRule::spare;
        const Equations equations(network);
        const auto point = make_operating_point(equations, balance_weights(network, options.balance));
        if (!has_ordinary_solution(equations, point)) continue;
        ++solvable;
        const auto result = solve(network, options);
        if (!result.converged()) missed.push_back(seed);
    }
    EXPECT_GT(solvable, 20);
    // Two of the grids (seeds 108 and 111) have a pattern that no path of shrinking limits leads to: the path
    // folds back before it (a limit-induced bifurcation), and the pattern is met by trying all of them only.
    EXPECT_LE(missed.size(), 2U) << ::testing::PrintToString(missed);
}

TEST(PowerFlow, ReturnsABusToRegulationWhenItsVoltagePassesTheSetpoint) {
    // Whatever the start says of bus 2, in the solution it holds its setpoint.
    auto records = ring_of_three();
    records.set_bus(1, io::bus_col::type, 2).unit(2, 40.0);
    records.set_unit(1, io::gen_col::vg, 1.0).set_unit(1, io::gen_col::qmax, 60.0);
    const Network network = Network::from_matpower(records.mpc());
    const Equations equations(network);
    NewtonSolver solver(equations, make_operating_point(equations, balance_weights(network, {})));
    Voltages start = start_voltages(equations, solver.point(), Start::flat);
    for (const QMode wrong : {QMode::at_max, QMode::at_min, QMode::regulating}) {
        start.mode[1] = wrong;
        solver.start_from(start);
        ASSERT_TRUE(solver.solve({}).converged());
        EXPECT_EQ(solver.voltages().mode[1], QMode::regulating);
        EXPECT_NEAR(solver.voltages().vm_pu[1], 1.0, 1e-9);
        expect_complementary(solver);
    }
}

TEST(PowerFlow, WithoutLimitsEveryUnitBusKeepsItsSetpoint) {
    for (unsigned seed = 1; seed < 5; ++seed) {
        const Network network = Network::from_matpower(random_grid(seed).mpc());
        PowerFlowOptions options;
        options.enforce_q_limits = false;
        const auto result = solve(network, options);
        ASSERT_TRUE(result.converged());
        for (const auto& unit : network.units()) {
            EXPECT_NEAR(result.voltages.vm_pu[unit.bus.pos()], unit.v_setpoint_pu, 1e-8);
        }
    }
}

TEST(PowerFlow, ConservesPowerInEveryIslandAndMeetsItsTolerance) {
    for (unsigned seed = 1; seed < 7; ++seed) {
        const Network network =
            Network::from_matpower(random_grid(seed, {.buses = 8, .islands = 2, .isolated_bus = true}).mpc());
        PowerFlowOptions options;
        options.balance.rule = BalanceRule::spare;
        options.mismatch_tolerance_pu = 1e-10;
        const auto result = solve(network, options);
        ASSERT_TRUE(result.converged()) << result.reason;
        EXPECT_LT(result.max_mismatch_pu, 1e-10);
        // Sum over each bus: units - load - shunt = flows into its branches.
        std::vector<model::Complex> balance(network.buses().size());
        for (std::size_t u = 0; u < network.units().size(); ++u) {
            balance[network.units()[u].bus.pos()] += model::Complex(result.unit_p_pu[u], result.unit_q_pu[u]);
        }
        for (const auto& load : network.loads()) {
            if (load.in_service) balance[load.bus.pos()] -= load.s_power_pu;
        }
        for (const auto& shunt : network.shunts()) {
            if (!shunt.in_service) continue;
            const double v = result.voltages.vm_pu[shunt.bus.pos()];
            balance[shunt.bus.pos()] -= std::conj(shunt.y_pu) * v * v;
        }
        for (std::size_t l = 0; l < network.branches().size(); ++l) {
            balance[network.branches()[l].from.pos()] -= result.branch_flow_pu[l].s_from;
            balance[network.branches()[l].to.pos()] -= result.branch_flow_pu[l].s_to;
        }
        for (std::size_t i = 0; i < balance.size(); ++i) {
            if (network.island_of_bus()[i] < 0) continue;
            EXPECT_LT(std::abs(balance[i]), 1e-8) << "bus row " << i;
        }
    }
}

TEST(PowerFlow, LeavesDeEnergisedBusesWithoutVoltage) {
    auto records = ring_of_three();
    records.bus(4, 4, 10.0).branch(3, 4);
    const Network network = Network::from_matpower(records.mpc());
    const auto result = solve(network);
    ASSERT_TRUE(result.converged());
    ASSERT_EQ(result.de_energised.size(), 1U);
    EXPECT_EQ(result.de_energised[0], BusRow(3));
    EXPECT_TRUE(std::isnan(result.voltages.vm_pu[3]));
    EXPECT_TRUE(std::isnan(result.voltages.va_rad[3]));
    EXPECT_EQ(result.voltages.mode[3], QMode::de_energised);
    EXPECT_EQ(result.branch_flow_pu[3].s_from, model::Complex());
    const auto without = solve(Network::from_matpower(ring_of_three().mpc()));
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_NEAR(result.voltages.vm_pu[i], without.voltages.vm_pu[i], 1e-12);
}

TEST(PowerFlow, SolvesIslandsAsIfTheyWereApart) {
    auto records = random_grid(31, {.buses = 7, .islands = 2});
    const Network both = Network::from_matpower(records.mpc());
    ASSERT_EQ(both.reference_of_island().size(), 2U);
    PowerFlowOptions options;
    options.balance.rule = BalanceRule::pmax;
    options.mismatch_tolerance_pu = 1e-11;
    const auto together = solve(both, options);
    ASSERT_TRUE(together.converged());
    for (int island = 0; island < 2; ++island) {
        io::MatpowerCase part = records.mpc();
        for (std::size_t i = 0; i < part.bus.rows(); ++i) {
            if (both.island_of_bus()[i] != island) part.bus.at(i, io::bus_col::type) = 4;
        }
        for (std::size_t u = 0; u < part.gen.rows(); ++u) {
            if (both.island_of_bus()[both.units()[u].bus.pos()] != island)
                part.gen.at(u, io::gen_col::status) = 0;
        }
        const auto alone = solve(Network::from_matpower(part), options);
        ASSERT_TRUE(alone.converged());
        for (std::size_t i = 0; i < part.bus.rows(); ++i) {
            if (both.island_of_bus()[i] != island) continue;
            EXPECT_NEAR(alone.voltages.vm_pu[i], together.voltages.vm_pu[i], 1e-10);
            EXPECT_NEAR(alone.voltages.va_rad[i], together.voltages.va_rad[i], 1e-10);
        }
    }
}

TEST(PowerFlow, KeepsTheAngleReferenceAlsoAtAReactiveLimit) {
    auto records = ring_of_three();
    records.set_bus(0, io::bus_col::va, 12.5)
        .set_unit(0, io::gen_col::qmax, 5.0)
        .set_unit(0, io::gen_col::vg, 1.03);
    records.set_bus(1, io::bus_col::type, 2).unit(2, 10.0).set_unit(1, io::gen_col::qmax, 60.0);
    const auto result = solve(Network::from_matpower(records.mpc()));
    ASSERT_TRUE(result.converged());
    EXPECT_EQ(result.voltages.mode[0], QMode::at_max);
    EXPECT_LT(result.voltages.vm_pu[0], 1.03);
    EXPECT_NEAR(result.voltages.va_rad[0] * 180.0 / M_PI, 12.5, 1e-12);
}

TEST(LadderOfStarts, ClimbsOnWhereTheStoredVoltagesAreHopeless) {
    auto records = random_grid(8, {.buses = 10, .extra_branches = 6});
    const auto good = solve(Network::from_matpower(records.mpc()));
    ASSERT_TRUE(good.converged());
    ASSERT_EQ(good.attempts.size(), 1U);
    for (std::size_t i = 0; i < records.mpc().bus.rows(); ++i) {
        records.set_bus(i, io::bus_col::vm, i % 2 == 0 ? 0.25 : 1.7);
        records.set_bus(i, io::bus_col::va, i % 3 == 0 ? 170.0 : -95.0);
    }
    const Network network = Network::from_matpower(records.mpc());
    const auto climbed = solve(network);
    ASSERT_TRUE(climbed.converged()) << climbed.reason;
    EXPECT_GT(climbed.attempts.size(), 1U);
    EXPECT_FALSE(climbed.attempts.front().report.converged());
    EXPECT_NE(climbed.reason.find("failed attempt"), std::string::npos);
    // One solution, whichever rung it was reached from: only the angle of the reference moved.
    for (std::size_t i = 0; i < network.buses().size(); ++i) {
        EXPECT_NEAR(climbed.voltages.vm_pu[i], good.voltages.vm_pu[i], 1e-7);
    }
    PowerFlowOptions stored;
    stored.start = Start::stored;
    const auto refused = solve(network, stored);
    EXPECT_FALSE(refused.converged() && refused.attempts.size() == 1U);
}

TEST(LadderOfStarts, EveryStartFindsTheSameSolution) {
    const Network network = Network::from_matpower(random_grid(9).mpc());
    const auto automatic = solve(network);
    ASSERT_TRUE(automatic.converged());
    for (const Start start : {Start::stored, Start::dc, Start::flat}) {
        PowerFlowOptions options;
        options.start = start;
        const auto result = solve(network, options);
        ASSERT_TRUE(result.converged()) << to_string(start);
        EXPECT_EQ(result.attempts.back().start, start);
        for (std::size_t i = 0; i < network.buses().size(); ++i) {
            EXPECT_NEAR(result.voltages.vm_pu[i], automatic.voltages.vm_pu[i], 1e-7);
            EXPECT_NEAR(result.voltages.va_rad[i], automatic.voltages.va_rad[i], 1e-7);
        }
        EXPECT_EQ(parse_start(to_string(start)), start);
    }
    EXPECT_THROW((void)parse_start("warm"), OptionError);
}

TEST(PowerFlow, SolvesAStarWithTheReferenceAtItsHub) {
    // Without the reference no bus has a neighbour, so there is nothing to order.
    CaseRecords records;
    records.bus(1, 3).bus(2, 1, 50.0, 20.0).bus(3, 1, 30.0, 10.0).bus(4, 1, 10.0, 3.0).unit(1, 90.0);
    records.branch(1, 2).branch(1, 3).branch(1, 4);
    const auto result = solve(Network::from_matpower(records.mpc()));
    ASSERT_TRUE(result.converged()) << result.reason;
    EXPECT_LT(result.voltages.vm_pu[1], result.voltages.vm_pu[2]);
    EXPECT_LT(result.voltages.vm_pu[2], result.voltages.vm_pu[3]);
}

TEST(LadderOfStarts, DcAnglesAreThoseOfTheLinearProblem) {
    // No losses, small angles, no shift: the DC start of a lossless chain is its exact sum of x P.
    CaseRecords records;
    records.bus(1, 3).bus(2, 1, 10.0).bus(3, 1, 20.0).unit(1, 30.0);
    records.branch(1, 2, 0.0, 0.1).branch(2, 3, 0.0, 0.2, 0.0, 1.05, 3.0);
    const Network network = Network::from_matpower(records.mpc());
    const Equations equations(network);
    const auto point = make_operating_point(equations, balance_weights(network, {}));
    const auto v = start_voltages(equations, point, Start::dc);
    EXPECT_NEAR(v.va_rad[0], 0.0, 1e-12);
    EXPECT_NEAR(v.va_rad[1], -0.03, 1e-12);
    EXPECT_NEAR(v.va_rad[2], -0.03 - 0.2 * 1.05 * 0.2 - 3.0 * M_PI / 180.0, 1e-12);
}

TEST(PowerFlow, SaysWhyThereIsNoSolutionAndWhereItIsWorst) {
    auto records = ring_of_three();
    records.set_bus(2, io::bus_col::pd, 3000.0);
    const auto result = solve(Network::from_matpower(records.mpc()));
    EXPECT_FALSE(result.converged());
    EXPECT_NE(result.status, SolveStatus::not_run);
    EXPECT_EQ(result.attempts.size(), 7U);  // three starts, plain and damped; limits drawn in step by step
    EXPECT_TRUE(result.attempts.back().eased);
    EXPECT_NE(result.reason.find("attempts"), std::string::npos);
    EXPECT_NE(result.reason.find("worst at bus"), std::string::npos);
    ASSERT_EQ(result.worst_buses.size(), 3U);
    EXPECT_TRUE(std::isnan(result.voltages.vm_pu[0]));
    EXPECT_TRUE(std::isnan(result.unit_p_pu[0]));
    EXPECT_TRUE(std::isnan(result.branch_flow_pu[0].s_from.real()));
}

/// With limits drawn out there is a solution, with those of the case none: what the last attempt
/// reports is the case's own mismatch, which is the one listed by bus.
TEST(PowerFlow, ReportsTheMismatchItLists) {
    auto records = ring_of_three();
    records.set_bus(2, io::bus_col::type, 2.0).set_bus(2, io::bus_col::pd, 750.0).unit(3);
    records.set_unit(0, io::gen_col::qmax, 9000.0).set_unit(0, io::gen_col::qmin, -9000.0);
    PowerFlowOptions without;
    without.enforce_q_limits = false;
    const Network network = Network::from_matpower(records.mpc());
    ASSERT_TRUE(solve(network, without).converged());
    const auto result = solve(network);
    ASSERT_FALSE(result.converged());
    const Attempt& last = result.attempts.back();
    ASSERT_TRUE(last.eased);
    const BusMismatch& worst = result.worst_buses.at(0);
    EXPECT_EQ(last.report.worst_bus, worst.bus);
    EXPECT_EQ(result.max_mismatch_pu, std::max(std::abs(worst.p_pu), std::abs(worst.q_pu)));
    EXPECT_GT(result.max_mismatch_pu, 1e-3);
}

TEST(PowerFlow, CountsHowItsAttemptsEnded) {
    const Network network = Network::from_matpower(ring_of_three().mpc());
    const auto ended = [](SolveStatus status) {
        Attempt attempt;
        attempt.report.status = status;
        return attempt;
    };
    using enum SolveStatus;
    EXPECT_EQ(describe_attempts(network, {ended(diverged)}), "no solution in 1 attempt (1 diverged)");
    auto last = ended(diverged);
    last.report.worst_bus = BusRow(2);
    last.report.max_mismatch_pu = 0.5;
    EXPECT_EQ(
        describe_attempts(network, {ended(diverged), ended(iteration_limit), ended(singular),
                                    ended(q_limits_cycling), last}),
        "no solution in 5 attempts (2 diverged, 1 reached the iteration limit, 1 met a singular Jacobian, 1 "
        "kept switching reactive limits); the last was worst at bus 3, mismatch 50 MVA");
    EXPECT_EQ(describe_attempts(network, {ended(diverged), ended(converged)}),
              "converged from the stored start in 0 iterations, after 1 failed attempt");
}

TEST(PowerFlow, RefusesOptionsOutOfRange) {
    const Network network = Network::from_matpower(ring_of_three().mpc());
    PowerFlowOptions options;
    options.max_iterations = 0;
    EXPECT_THROW((void)solve(network, options), OptionError);
    options = {};
    for (const double tolerance : {0.0, 9e-13, 1.1e-6, -1e-8}) {
        options.mismatch_tolerance_pu = tolerance;
        EXPECT_THROW((void)solve(network, options), OptionError) << tolerance;
    }
    EXPECT_EQ(options.first_violation(), "tolerance = -1e-08; must be in [1e-12, 1e-6] per unit");
}

TEST(Newton, StopsAtItsIterationLimit) {
    const Network network = Network::from_matpower(random_grid(3).mpc());
    PowerFlowOptions options;
    options.max_iterations = 1;
    options.start = Start::flat;
    options.mismatch_tolerance_pu = 1e-12;
    const auto result = solve(network, options);
    EXPECT_FALSE(result.converged());
    for (const auto& attempt : result.attempts) EXPECT_LE(attempt.report.iterations, 1);
}

/// docs: results depend on the operating point, the start and the options only.
TEST(Newton, GivesTheSameBitsWhateverItSolvedBefore) {
    const Network network =
        Network::from_matpower(random_grid(14, {.buses = 16, .extra_branches = 12}).mpc());
    const Equations equations(network);
    const auto weights = balance_weights(network, {});
    const auto make = [&] { return NewtonSolver(equations, make_operating_point(equations, weights)); };
    NewtonSolver used = make();
    const auto flat = start_voltages(equations, used.point(), Start::flat);
    const auto solve_with_load = [&](NewtonSolver& solver, std::size_t bus, double p) {
        const double before = solver.point().p_load[bus];
        solver.point().p_load[bus] += p;
        solver.start_from(flat);
        const auto report = solver.solve({});
        solver.point().p_load[bus] = before;
        return report;
    };
    ASSERT_TRUE(solve_with_load(used, 3, 0.4).converged());
    const Voltages first = used.voltages();
    EXPECT_TRUE(solve_with_load(used, 7, 0.9).converged());
    EXPECT_FALSE(solve_with_load(used, 5, 90.0).converged());  // a wreck must leave no trace
    ASSERT_TRUE(solve_with_load(used, 3, 0.4).converged());
    EXPECT_TRUE(testing::same_bits(used.voltages(), first));
    NewtonSolver fresh = make();
    ASSERT_TRUE(solve_with_load(fresh, 3, 0.4).converged());
    EXPECT_TRUE(testing::same_bits(fresh.voltages(), first));
}

TEST(Newton, ReportsAnIslandWithoutBalance) {
    const Network network = Network::from_matpower(ring_of_three().mpc());
    const Equations equations(network);
    NewtonSolver solver(equations, make_operating_point(equations, {0.0}));
    const auto attempts = solve_with_ladder(solver, {});
    ASSERT_EQ(attempts.size(), 1U);  // no start would help
    EXPECT_EQ(attempts.back().report.status, SolveStatus::no_balance);
    EXPECT_NE(describe_attempts(network, attempts).find("balance"), std::string::npos);
}

/// With one limit for both sides there is nothing to go back to; with two there is.
TEST(ReactiveLimits, WithoutARangeABusStaysAtItsLimit) {
    for (const QMode mode : {QMode::at_min, QMode::at_max}) {
        const double towards = mode == QMode::at_min ? -1e-3 : 1e-3;  // where the setpoint was passed
        double excess = 0.0;
        EXPECT_EQ(wanted_mode({mode, 0.2, 1.0 + towards, 0.2, 0.2, 1.0}, excess), mode);
        EXPECT_EQ(wanted_mode({mode, 0.2, 1.0 + towards, 0.2, 0.3, 1.0}, excess), QMode::regulating);
        EXPECT_EQ(wanted_mode({mode, 0.2, 1.0 - towards, 0.2, 0.3, 1.0}, excess), mode);
    }
}

TEST(Newton, NamesEveryStatus) {
    std::set<std::string> names;
    for (const auto status :
         {SolveStatus::not_run, SolveStatus::converged, SolveStatus::iteration_limit, SolveStatus::stalled,
          SolveStatus::diverged, SolveStatus::singular, SolveStatus::no_balance,
          SolveStatus::q_limits_cycling, SolveStatus::no_voltage_control, SolveStatus::no_live_bus}) {
        names.insert(to_string(status));
    }
    EXPECT_EQ(names.size(), 10U);
}

}  // namespace
}  // namespace nodalroom::powerflow
