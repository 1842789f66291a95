// Effects of pairs beside states solved a little apart, and the adjoint they come from.

#include "nodalroom/headroom/pair_effect.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <random>
#include <string>

#include "support/case_files.hpp"
#include "support/random_grid.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::BaseCase;
using contingency::Outage;
using contingency::StateSolver;
using model::Complex;
using model::Network;
using powerflow::QMode;

powerflow::PowerFlowOptions tight() {
    powerflow::PowerFlowOptions options;
    options.balance.rule = powerflow::BalanceRule::spare;
    options.mismatch_tolerance_pu = 1e-12;
    return options;
}

/// The pair's quantity with power injected at a bus on top of the solver's state; nothing where other buses
/// regulate there.
std::optional<Complex> moved_quantity(const BaseCase& base, const LimitPair& pair,
                                      const powerflow::Voltages& start, BusRow bus, double p_pu,
                                      double q_pu) {
    StateSolver solver(base);
    solver.set_outage(pair.outage);
    solver.set_load(bus, -p_pu, -q_pu);
    if (!solver.solve_near(start).converged() || solver.newton().voltages().mode != start.mode)
        return std::nullopt;
    return pair_quantity(base, pair, contingency::solved_state(solver));
}

struct Count {
    int compared = 0, regulating = 0, held = 0, unit_outages = 0, branch_outages = 0;
};

void expect_effect(const BaseCase& base, const LimitPair& pair, Count& count) {
    StateSolver solver(base);
    solver.set_outage(pair.outage);
    ASSERT_TRUE(solver.solve_from_base().converged());
    const powerflow::Voltages at = solver.newton().voltages();
    PairEffect effect;
    ASSERT_TRUE(solver.newton().factorise());
    find_effect(solver, pair, effect);
    const auto& network = base.network();
    ASSERT_EQ(effect.re_by_p.size(), network.buses().size());
    ASSERT_EQ(effect.im_by_p.size(), pair.type == LimitType::thermal ? network.buses().size() : 0U);
    const auto of = [](const std::vector<float>& parts, std::size_t bus) {
        return parts.empty() ? 0.0 : static_cast<double>(parts[bus]);
    };
    constexpr double kStep = 1e-4;
    for (std::size_t i = 0; i < network.buses().size(); ++i) {
        if (!base.equations().is_energised(i)) continue;
        SCOPED_TRACE("power into bus " + std::to_string(network.buses()[i].number.value()));
        const BusRow bus(static_cast<std::int64_t>(i));
        const auto slope = [&](double p, double q) -> std::optional<Complex> {
            const auto more = moved_quantity(base, pair, at, bus, p * kStep, q * kStep);
            const auto less = moved_quantity(base, pair, at, bus, -p * kStep, -q * kStep);
            if (!more || !less) return std::nullopt;
            return (*more - *less) / (2.0 * kStep);
        };
        const auto by_p = slope(1.0, 0.0), by_q = slope(0.0, 1.0);
        if (!by_p || !by_q) continue;
        ++count.compared;
        const bool regulates = at.mode[i] == QMode::regulating;
        (regulates ? count.regulating : count.held) += 1;
        const double allowed = 1e-6 * (1.0 + std::abs(*by_p));
        EXPECT_NEAR(of(effect.re_by_p, i), by_p->real(), allowed);
        EXPECT_NEAR(of(effect.im_by_p, i), by_p->imag(), allowed);
        EXPECT_NEAR(of(effect.re_by_q, i), by_q->real(), allowed);
        EXPECT_NEAR(of(effect.im_by_q, i), by_q->imag(), allowed);
        EXPECT_TRUE(!regulates || of(effect.re_by_q, i) == 0.0);
    }
    count.unit_outages += pair.outage.kind == contingency::OutageKind::unit ? 1 : 0;
    count.branch_outages += pair.outage.kind == contingency::OutageKind::branch ? 1 : 0;
}

/// Pairs drawn at random: both ends of branches, and voltages, intact and after outages.
Count expect_effects(const Network& network, unsigned seed, int pairs) {
    const BaseCase base(network, tight());
    EXPECT_TRUE(base.solved());
    auto outages = contingency::list_outages(network, contingency::ContingencySet::n_minus_1);
    Count count;
    std::mt19937 random(seed);
    StateSolver probe(base);
    for (int k = 0; k < pairs; ++k) {
        LimitPair pair;
        if (k % 4 != 0) pair.outage = outages[random() % outages.size()];
        if (k % 4 == 2) {  // units stand last in the list
            pair.outage = outages[outages.size() - 1 - random() % network.units().size()];
        }
        pair.type = k % 3 == 0 ? LimitType::low_voltage : LimitType::thermal;
        pair.at_to = k % 2 == 0;
        const bool thermal = pair.type == LimitType::thermal;
        pair.element = static_cast<std::int32_t>(
            random() % (thermal ? network.branches().size() : network.buses().size()));
        const auto at = static_cast<std::size_t>(pair.element);
        const bool is_lost =
            pair.outage.kind == contingency::OutageKind::branch && pair.outage.row == pair.element;
        if (thermal ? !network.branches()[at].in_service || is_lost : !base.equations().is_energised(at))
            continue;
        probe.set_outage(pair.outage);
        if (!probe.solve_from_base().converged()) continue;
        SCOPED_TRACE(std::string(to_string(pair.type)) + " at row " + std::to_string(pair.element) +
                     (pair.at_to ? " (to)" : " (from)") + " after row " + std::to_string(pair.outage.row));
        expect_effect(base, pair, count);
    }
    return count;
}

class PairEffects : public ::testing::TestWithParam<const char*> {};

TEST_P(PairEffects, AreTheSlopesOfSolutions) {
    NODALROOM_NEEDS_CASE(GetParam());
    const Count count = expect_effects(testing::load_case(GetParam()), 11, 24);
    EXPECT_GT(count.compared, 150);
    EXPECT_GT(count.regulating, 20);
    EXPECT_GT(count.held, 50);
    EXPECT_GT(count.unit_outages, 1);
    EXPECT_GT(count.branch_outages, 3);
}

INSTANTIATE_TEST_SUITE_P(Cases, PairEffects,
                         ::testing::Values("case9", "case14", "case24_ieee_rts", "case30", "case39"),
                         [](const auto& test) { return std::string(test.param); });

TEST(PairEffect, IsTheSlopeOnGridsOfSeveralIslands) {
    int compared = 0;
    for (unsigned seed = 800; seed < 804; ++seed) {
        SCOPED_TRACE(seed);
        const Network network = Network::from_matpower(
            testing::random_grid(seed, {.buses = 8, .islands = 2, .isolated_bus = true}).mpc());
        compared += expect_effects(network, seed, 12).compared;
    }
    EXPECT_GT(compared, 200);
}

/// y·b = c·x where J x = b and Jᵀ y = c, one right-hand side and several.
TEST(Adjoint, IsTheTransposeOfTheSolve) {
    for (const char* name : {"case14", "case39", "case118", "case_ACTIVSg200"}) {
        NODALROOM_NEEDS_CASE(name);
        SCOPED_TRACE(name);
        const Network network = testing::load_case(name);
        const BaseCase base(network, tight());
        StateSolver solver(base);
        const auto outages = contingency::list_outages(network, contingency::ContingencySet::branches);
        solver.set_outage(outages[outages.size() / 2]);
        ASSERT_TRUE(solver.solve_from_base().converged());
        ASSERT_TRUE(solver.newton().factorise());
        const auto size = static_cast<std::size_t>(base.equations().size());
        std::mt19937 random(3);
        std::normal_distribution<double> normal;
        constexpr std::size_t kCount = 3;
        std::vector<double> b(kCount * size), c(kCount * size);
        for (double& value : b) value = normal(random);
        for (double& value : c) value = normal(random);
        std::vector<double> x = b, y = c;
        solver.newton().solve_linear(x, kCount);
        solver.newton().solve_adjoint(y, kCount);
        for (std::size_t k = 0; k < kCount; ++k) {
            double by_adjoint = 0.0, direct = 0.0, scale = 0.0;
            std::vector<double> alone(c.begin() + static_cast<std::ptrdiff_t>(k * size),
                                      c.begin() + static_cast<std::ptrdiff_t>((k + 1) * size));
            solver.newton().solve_adjoint(alone);
            for (std::size_t i = 0; i < size; ++i) {
                by_adjoint += y[k * size + i] * b[k * size + i];
                direct += c[k * size + i] * x[k * size + i];
                scale += std::abs(c[k * size + i] * x[k * size + i]);
                EXPECT_NEAR(alone[i], y[k * size + i], 1e-9 * (1.0 + std::abs(alone[i])));
            }
            EXPECT_GT(std::abs(direct), 1e-6 * scale);
            EXPECT_NEAR(by_adjoint, direct, 1e-10 * scale);
        }
    }
}

TEST(PairLibrary, GivesWhatDependsOnThePairAlone) {
    NODALROOM_NEEDS_CASE("case24_ieee_rts");
    const Network network = testing::load_case("case24_ieee_rts");
    const BaseCase base(network, tight());
    UnloadedStates states(base), used(base);
    const LimitPair flow{LimitType::thermal, Outage::of(BranchRow(6)), 10, true};
    const LimitPair voltage{LimitType::low_voltage, Outage::of(BranchRow(6)), 2, false};
    const LimitPair change{LimitType::voltage_change, Outage::of(BranchRow(6)), 2, false};

    PairLibrary fresh(base), library(base);
    // Whatever was solved before: another state, and this one for another pair.
    ASSERT_NE(used.at(Outage::of(UnitRow(3))), nullptr);
    (void)library.effect(voltage, used);
    const auto first = fresh.effect(flow, states), second = library.effect(flow, used);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->re_by_p, second->re_by_p);
    EXPECT_EQ(first->im_by_q, second->im_by_q);
    EXPECT_EQ(first->before_pu, second->before_pu);
    EXPECT_EQ(library.effect(flow, states).get(), second.get()) << "found once";

    // Values without load, of the state solved apart.
    StateSolver apart(base);
    apart.set_outage(flow.outage);
    ASSERT_TRUE(apart.solve_from_base().converged());
    EXPECT_NEAR(first->before_pu, std::abs(powerflow::flow_of(apart.newton(), 10).s_to), 1e-9);
    const double vm = apart.newton().voltages().vm_pu[2], vm_intact = base.voltages().vm_pu[2];
    EXPECT_NEAR(library.effect(voltage, used)->before_pu, vm, 1e-9);
    EXPECT_NEAR(library.effect(change, used)->before_pu, std::abs(vm - vm_intact), 1e-9);
}

TEST(PairLibrary, HasNothingForAStateWithoutASolution) {
    const Network network = Network::from_matpower(testing::ring_of_three().mpc());
    const BaseCase base(network, tight());
    UnloadedStates states(base);
    PairLibrary library(base);
    const LimitPair intact{LimitType::thermal, {}, 1, false};
    EXPECT_EQ(library.effect({LimitType::thermal, Outage::of(UnitRow(0)), 1, false}, states), nullptr);
    EXPECT_NE(library.effect(intact, states), nullptr);
    EXPECT_EQ(states.at(Outage::of(UnitRow(0))), nullptr);
    EXPECT_NE(states.at({}), nullptr) << "after one that failed";
}

}  // namespace
}  // namespace nodalroom::headroom
