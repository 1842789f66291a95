#include "nodalroom/powerflow/lane_newton.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "nodalroom/contingency/state_solver.hpp"
#include "nodalroom/powerflow/solve.hpp"
#include "support/bits.hpp"
#include "support/case_files.hpp"
#include "support/random_grid.hpp"
#include "support/sanitized.hpp"
#include "support/vector_units.hpp"

namespace nodalroom::powerflow {
namespace {

using contingency::BaseCase;
using contingency::Outage;
using contingency::StateSolver;
using model::Network;
using numerics::VectorUnit;
using testing::load_case;
using testing::random_grid;
using testing::same_bits;
using Factors = LaneFactors;

PowerFlowOptions spare_options() {
    PowerFlowOptions options;
    options.balance.rule = BalanceRule::spare;
    return options;
}

/// States that differ from one another: outages, and at every third of them a load somewhere.
struct Scenario {
    Outage outage;
    PointEdit edit;
    AddedLoad load;
};
std::vector<Scenario> scenarios_of(const BaseCase& base, std::size_t most, double load_pu) {
    std::vector<Scenario> scenarios(1);
    auto outages = contingency::list_outages(base.network(), contingency::ContingencySet::n_minus_1);
    std::mt19937 random(5);
    std::shuffle(outages.begin(), outages.end(), random);
    for (const Outage outage : outages) {
        if (scenarios.size() >= most) break;
        Scenario scenario;
        scenario.outage = outage;
        base.make_edit(outage, scenario.edit);
        if (scenarios.size() % 3 == 1) {
            auto bus = random() % base.network().buses().size();
            while (!base.equations().is_energised(bus)) bus = random() % base.network().buses().size();
            scenario.load = {static_cast<std::int32_t>(bus), load_pu, 0.3 * load_pu};
        }
        scenarios.push_back(scenario);
    }
    return scenarios;
}

struct Outcome {
    NewtonReport report;
    Voltages voltages;
    std::vector<double> v_real, v_imag;
};

/// shifts: one per scenario, put on top of the start; null: none.
std::vector<Outcome> run_lanes(LaneNewton& lanes, const std::vector<Scenario>& scenarios,
                               const std::vector<std::size_t>& order, const LaneStart& start,
                               const std::vector<LaneShift>* shifts = nullptr) {
    std::vector<Outcome> outcomes(scenarios.size());
    std::size_t next = 0;
    lanes.run(
        [&](LaneTask& task) {
            if (next == order.size()) return false;
            const Scenario& scenario = scenarios[order[next]];
            task = {order[next], scenario.outage.is_intact() ? nullptr : &scenario.edit, scenario.load,
                    &start, shifts != nullptr ? &(*shifts)[order[next]] : nullptr};
            ++next;
            return true;
        },
        [&](const LaneResult& result) {
            Outcome& outcome = outcomes[result.id];
            EXPECT_EQ(outcome.report.status, SolveStatus::not_run) << "handed over twice";
            outcome.report = result.report;
            outcome.voltages = *result.voltages;
            outcome.v_real.assign(result.v_real.begin(), result.v_real.end());
            outcome.v_imag.assign(result.v_imag.begin(), result.v_imag.end());
        });
    return outcomes;
}

std::vector<Outcome> solve_in_lanes(const BaseCase& base, const std::vector<Scenario>& scenarios,
                                    VectorUnit unit, Factors factors, const std::vector<std::size_t>& order) {
    LaneOptions options;
    options.newton.mismatch_tolerance_pu = base.options().mismatch_tolerance_pu;
    options.newton.enforce_q_limits = base.options().enforce_q_limits;
    options.unit = unit;
    options.factors = factors;
    options.usual_start = &base.lane_start();
    if (is_shared(factors)) options.shared = &base.shared_factor();
    LaneNewton lanes(base.lanes(), base.point(), options);
    return run_lanes(lanes, scenarios, order, base.lane_start());
}

std::vector<std::size_t> in_order(std::size_t count) {
    std::vector<std::size_t> order(count);
    for (std::size_t i = 0; i < count; ++i) order[i] = i;
    return order;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
    double worst = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
    return worst;
}

/// Lanes against NewtonSolver; returns how many states only NewtonSolver could settle.
std::size_t expect_same_as_scalar(const BaseCase& base, const std::vector<Scenario>& scenarios,
                                  const std::vector<Outcome>& outcomes) {
    StateSolver scalar(base);
    std::size_t handed_back = 0;
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        SCOPED_TRACE("scenario " + std::to_string(i));
        EXPECT_NE(outcomes[i].report.status, SolveStatus::not_run);
        scalar.set_outage(scenarios[i].outage);
        scalar.clear_load();
        if (scenarios[i].load.bus >= 0) {
            scalar.set_load(BusRow(scenarios[i].load.bus), scenarios[i].load.p_pu, scenarios[i].load.q_pu);
        }
        const auto report = scalar.solve_from_base();
        if (!outcomes[i].report.converged()) {
            if (report.converged()) ++handed_back;
            continue;
        }
        EXPECT_TRUE(report.converged()) << to_string(report.status);
        if (!report.converged()) continue;
        const Voltages& expected = scalar.newton().voltages();
        EXPECT_LT(outcomes[i].report.max_mismatch_pu, base.options().mismatch_tolerance_pu);
        EXPECT_LT(largest_difference(outcomes[i].voltages.vm_pu, expected.vm_pu), 1e-7);
        EXPECT_LT(largest_difference(outcomes[i].voltages.va_rad, expected.va_rad), 1e-7);
        EXPECT_LT(largest_difference(outcomes[i].voltages.supply_pu, expected.supply_pu), 1e-6);
        EXPECT_EQ(outcomes[i].voltages.mode, expected.mode);
    }
    return handed_back;
}

class LanesOnEveryUnit : public ::testing::TestWithParam<std::tuple<VectorUnit, Factors>> {
protected:
    [[nodiscard]] static VectorUnit unit() { return std::get<0>(GetParam()); }
    [[nodiscard]] static Factors factors() { return std::get<1>(GetParam()); }
};

TEST_P(LanesOnEveryUnit, AgreeWithTheScalarSolverOnRandomGrids) {
    NODALROOM_NEEDS_UNIT(unit());
    std::size_t solved = 0, handed_back = 0;
    for (unsigned seed = 0; seed < 12; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const Network network =
            Network::from_matpower(random_grid(seed, {.buses = 9 + static_cast<int>(seed),
                                                      .islands = 1 + static_cast<int>(seed % 2),
                                                      .isolated_bus = seed % 3 == 0})
                                       .mpc());
        const BaseCase base(network, spare_options());
        ASSERT_TRUE(base.solved());
        const auto scenarios = scenarios_of(base, 100, 0.3);
        const auto outcomes = solve_in_lanes(base, scenarios, unit(), factors(), in_order(scenarios.size()));
        const auto left = expect_same_as_scalar(base, scenarios, outcomes);
        handed_back += left;
        solved += scenarios.size() - left;
    }
    EXPECT_LT(handed_back, solved / (is_shared(factors()) ? 4 : 20));
}

TEST_P(LanesOnEveryUnit, AgreeWithTheScalarSolverOnEveryStateOfRealGrids) {
    NODALROOM_NEEDS_UNIT(unit());
    for (const char* name : {"case118", "case_RTS_GMLC", "case_ACTIVSg200", "case_ACTIVSg500"}) {
        SCOPED_TRACE(name);
        const Network network = load_case(name);
        for (const bool q_limits : {false, true}) {
            PowerFlowOptions power_flow = spare_options();
            power_flow.enforce_q_limits = q_limits;
            const BaseCase base(network, power_flow);
            ASSERT_TRUE(base.solved());
            const auto scenarios = scenarios_of(base, testing::kSanitized ? 40 : 2000, 0.5);
            const auto outcomes =
                solve_in_lanes(base, scenarios, unit(), factors(), in_order(scenarios.size()));
            const auto handed_back = expect_same_as_scalar(base, scenarios, outcomes);
            EXPECT_LE(handed_back, scenarios.size() / (is_shared(factors()) ? 5 : 20));
        }
    }
}

TEST_P(LanesOnEveryUnit, GiveAStateTheSameBitsWhateverItsCompany) {
    NODALROOM_NEEDS_UNIT(unit());
    const Network network = load_case("case118");
    const BaseCase base(network, spare_options());
    const auto scenarios = scenarios_of(base, 60, 0.8);
    const auto expected = solve_in_lanes(base, scenarios, unit(), factors(), in_order(scenarios.size()));
    std::mt19937 random(2);
    // Ragged ends: fewer states than lanes, one more, and so on.
    for (const std::size_t count : {1U, 7U, 9U, 17U, 60U}) {
        auto order = in_order(scenarios.size());
        std::shuffle(order.begin(), order.end(), random);
        order.resize(count);
        const auto outcomes = solve_in_lanes(base, scenarios, unit(), factors(), order);
        for (const std::size_t i : order) {
            EXPECT_EQ(outcomes[i].report.status, expected[i].report.status);
            EXPECT_EQ(outcomes[i].report.iterations, expected[i].report.iterations);
            if (!expected[i].report.converged()) continue;
            EXPECT_TRUE(same_bits(outcomes[i].voltages, expected[i].voltages)) << i << " of " << count;
            EXPECT_TRUE(same_bits(outcomes[i].v_real, expected[i].v_real));
        }
    }
}

TEST_P(LanesOnEveryUnit, GoOnWhileOneFails) {
    NODALROOM_NEEDS_UNIT(unit());
    const Network network = load_case("case118");
    const BaseCase base(network, spare_options());
    auto scenarios = scenarios_of(base, 30, 0.2);
    const auto expected = solve_in_lanes(base, scenarios, unit(), factors(), in_order(scenarios.size()));
    auto failing = scenarios;
    for (const std::size_t i : {0U, 4U, 5U, 29U}) failing[i].load = {7, 1e4 + static_cast<double>(i), 5e3};
    failing[11].load = {3, std::nan(""), 0.0};
    const auto outcomes = solve_in_lanes(base, failing, unit(), factors(), in_order(failing.size()));
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        const bool fails = i == 0 || i == 4 || i == 5 || i == 11 || i == 29;
        if (fails) {
            EXPECT_FALSE(outcomes[i].report.converged()) << i;
            EXPECT_NE(outcomes[i].report.status, SolveStatus::not_run) << i;
        } else {
            EXPECT_EQ(outcomes[i].report.status, expected[i].report.status) << i;
            if (!expected[i].report.converged()) continue;
            EXPECT_TRUE(same_bits(outcomes[i].voltages, expected[i].voltages)) << i;
        }
    }
}

TEST_P(LanesOnEveryUnit, KnowLoadsThatDependOnTheVoltage) {
    NODALROOM_NEEDS_UNIT(unit());
    const Network network = load_case("case_RTS_GMLC");
    const BaseCase base(network, spare_options());
    OperatingPoint point = base.point();
    for (std::size_t i = 0; i < point.p_load.size(); ++i) {
        for (const auto& [from, current, impedance] :
             {std::tuple{&point.p_load[i], &point.p_current[i], &point.p_impedance[i]},
              std::tuple{&point.q_load[i], &point.q_current[i], &point.q_impedance[i]}}) {
            *current = 0.3 * *from;
            *impedance = 0.2 * *from;
            *from *= 0.5;
        }
    }
    NewtonSolver scalar(base.equations(), point);
    scalar.start_from(base.voltages());
    NewtonOptions newton;
    ASSERT_TRUE(scalar.solve(newton).converged());
    const SharedFactor shared(base.lanes(), scalar);
    LaneOptions options;
    options.newton = newton;
    options.unit = unit();
    options.factors = factors();
    options.shared = is_shared(factors()) ? &shared : nullptr;
    LaneNewton lanes(base.lanes(), point, options);
    int count = 0;
    bool more = true;
    lanes.run(
        [&](LaneTask& task) {
            task.start = &base.lane_start();
            return std::exchange(more, false);
        },
        [&](const LaneResult& result) {
            ++count;
            ASSERT_TRUE(result.report.converged());
            EXPECT_LT(largest_difference(result.voltages->vm_pu, scalar.voltages().vm_pu), 1e-8);
        });
    EXPECT_EQ(count, 1);
}

std::string lanes_name(const ::testing::TestParamInfo<std::tuple<VectorUnit, Factors>>& info) {
    constexpr const char* names[] = {"own_single", "own_double", "shared_single", "shared_double"};
    return std::string(numerics::to_string(std::get<0>(info.param))) + "_" +
           names[static_cast<std::size_t>(std::get<1>(info.param))];
}
INSTANTIATE_TEST_SUITE_P(Units, LanesOnEveryUnit,
                         ::testing::Combine(::testing::ValuesIn(testing::kVectorUnits),
                                            ::testing::Values(Factors::own_single, Factors::own_double,
                                                              Factors::shared_single,
                                                              Factors::shared_double)),
                         lanes_name);

TEST(LaneNewton, VectorUnitsAgree) {
    const Network network = load_case("case_ACTIVSg200");
    const BaseCase base(network, spare_options());
    const auto scenarios = scenarios_of(base, 120, 0.5);
    const auto order = in_order(scenarios.size());
    for (const Factors factors : {Factors::own_double, Factors::shared_single, Factors::shared_double}) {
        const auto plain = solve_in_lanes(base, scenarios, VectorUnit::plain, factors, order);
        for (const VectorUnit unit : testing::kVectorUnits) {
            if (unit == VectorUnit::plain || !numerics::is_supported(unit)) continue;
            const auto wide = solve_in_lanes(base, scenarios, unit, factors, order);
            for (std::size_t i = 0; i < plain.size(); ++i) {
                ASSERT_EQ(wide[i].report.status, plain[i].report.status);
                if (!plain[i].report.converged()) continue;
                EXPECT_LT(largest_difference(wide[i].voltages.vm_pu, plain[i].voltages.vm_pu), 1e-9);
                EXPECT_LT(largest_difference(wide[i].voltages.va_rad, plain[i].voltages.va_rad), 1e-9);
            }
        }
    }
}

TEST(LaneNewton, AStateWithoutBalanceIsHandedBackAtOnce) {
    const Network network = load_case("case14");
    PowerFlowOptions options;
    options.balance.rule = BalanceRule::reference;
    const BaseCase base(network, options);
    ASSERT_TRUE(base.solved());
    std::vector<Scenario> scenarios(1);
    scenarios[0].outage = Outage::of(UnitRow(0));
    base.make_edit(scenarios[0].outage, scenarios[0].edit);
    const auto outcomes = solve_in_lanes(base, scenarios, VectorUnit::plain, Factors::own_single, {0});
    EXPECT_EQ(outcomes[0].report.status, SolveStatus::no_balance);
    EXPECT_EQ(outcomes[0].report.iterations, 0);
}

class SharedFactorStep : public ::testing::TestWithParam<bool> {};

TEST_P(SharedFactorStep, IsAStepOfTheChangedJacobian) {
    // The first step with a compensated factor must be Newton's own first step: after it, both have the same
    // mismatch. Here the change is large: an outage, and buses that no longer hold their voltage.
    // Without limits in the intact case too, the lanes start where the factor was taken: the step is then
    // taken with no evaluation before it.
    const Network network = load_case("case118");
    const bool q_limits = GetParam();
    PowerFlowOptions power_flow = spare_options();
    power_flow.enforce_q_limits = q_limits;
    const BaseCase base(network, power_flow);
    for (const Outage outage : {Outage::of(BranchRow(7)), Outage::of(BranchRow(50)), Outage::of(UnitRow(9)),
                                Outage::of(UnitRow(30))}) {
        std::vector<Scenario> scenarios(1);
        scenarios[0].outage = outage;
        base.make_edit(outage, scenarios[0].edit);
        double mismatch[2] = {};
        for (const bool shared : {false, true}) {
            LaneOptions options;
            options.newton.max_iterations = 1;
            options.newton.enforce_q_limits = false;
            options.factors = shared ? Factors::shared_double : Factors::own_double;
            options.shared = &base.shared_factor();
            options.usual_start = &base.lane_start();
            LaneNewton lanes(base.lanes(), base.point(), options);
            bool more = true;
            lanes.run(
                [&](LaneTask& task) {
                    task = {0, &scenarios[0].edit, {}, &base.lane_start()};
                    return std::exchange(more, false);
                },
                [&](const LaneResult& result) { mismatch[shared ? 1 : 0] = result.report.max_mismatch_pu; });
        }
        EXPECT_GT(mismatch[0], 1e-9);
        if (outage.kind == contingency::OutageKind::branch) {
            EXPECT_NEAR(mismatch[1] / mismatch[0], 1.0, 1e-6) << outage.row;
        } else {
            // The shares of the other units are left as they were: only nearly the same.
            EXPECT_LT(mismatch[1], 3.0 * mismatch[0] + 0.02) << outage.row;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(LimitsOfTheIntactCase, SharedFactorStep, ::testing::Bool());

/// A factor of the grid with every bus regulating, and lanes in which many are at a limit: more than a dense
/// compensation would bear.
TEST(SharedFactor, CarriesManyBusesInAnotherMode) {
    const Network network = load_case("case_ACTIVSg500");
    const BaseCase base(network, spare_options());
    NewtonSolver regulating(base.equations(), base.point());
    NewtonOptions no_limits;
    no_limits.enforce_q_limits = false;
    regulating.start_from(base.voltages());
    ASSERT_TRUE(regulating.solve(no_limits).converged());
    std::size_t differ = 0;
    for (std::size_t i = 0; i < network.buses().size(); ++i) {
        differ += regulating.voltages().mode[i] != base.voltages().mode[i] ? 1 : 0;
    }
    EXPECT_GT(differ, 24U);
    const SharedFactor factor(base.lanes(), regulating);
    ASSERT_TRUE(factor.is_sound());

    const auto scenarios = scenarios_of(base, testing::kSanitized ? 10 : 40, 0.2);
    LaneOptions options;
    options.factors = Factors::shared_single;
    options.shared = &factor;
    LaneNewton lanes(base.lanes(), base.point(), options);
    const auto outcomes = run_lanes(lanes, scenarios, in_order(scenarios.size()), base.lane_start());
    EXPECT_LT(expect_same_as_scalar(base, scenarios, outcomes), scenarios.size() / 4);
}

/// A state with a load, begun from the intact state with that load and from what the outage alone does: the
/// same solution in fewer steps than from the intact state alone.
TEST(LaneShift, BringsAStateWithALoadNearItsSolution) {
    const Network network = load_case("case_ACTIVSg200");
    const BaseCase base(network, spare_options());
    const auto bus = static_cast<std::int32_t>(network.find_bus(BusNumber(100))->value());
    const AddedLoad load{bus, 0.4, 0.13};
    StateSolver solver(base);
    std::vector<Scenario> scenarios;
    std::vector<LaneShift> shifts;
    for (const Outage outage : contingency::list_outages(network, contingency::ContingencySet::n_minus_1)) {
        solver.set_outage(outage);
        if (!solver.solve_from_base().converged()) continue;
        shifts.emplace_back(base.lanes(), solver.newton().voltages(), solver.newton().v_real(),
                            solver.newton().v_imag(), base.lane_start());
        Scenario scenario{outage, {}, load};
        base.make_edit(outage, scenario.edit);
        scenarios.push_back(scenario);
    }
    solver.set_outage({});
    solver.set_load(BusRow(bus), load.p_pu, load.q_pu);
    ASSERT_TRUE(solver.solve_from_base().converged());
    const LaneStart start(base.lanes(), solver.newton().voltages());
    const SharedFactor factor(base.lanes(), solver.newton());
    int steps[2] = {0, 0};
    for (const bool shifted : {false, true}) {
        LaneOptions options;
        options.factors = Factors::shared_single;
        options.shared = &factor;
        LaneNewton lanes(base.lanes(), base.point(), options);
        const auto outcomes =
            run_lanes(lanes, scenarios, in_order(scenarios.size()), start, shifted ? &shifts : nullptr);
        for (const Outcome& outcome : outcomes) steps[shifted ? 1 : 0] += outcome.report.iterations;
        EXPECT_LT(expect_same_as_scalar(base, scenarios, outcomes), scenarios.size() / 20);
    }
    EXPECT_LT(steps[1], 0.9 * steps[0]);
}

}  // namespace
}  // namespace nodalroom::powerflow
