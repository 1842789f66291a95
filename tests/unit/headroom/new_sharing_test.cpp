// What the screen knows of a unit's outage at a dispatch other than the case's, beside states solved there.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "nodalroom/headroom/preparation.hpp"
#include "support/case_files.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::BaseCase;
using contingency::OutageKind;
using contingency::StateSolver;
using model::Complex;
using model::Network;

/// Every unit somewhere else in its range, with as much in all.
std::vector<double> moved_dispatch(const Network& network, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> share(0.0, 0.4);
    std::vector<double> p_mw;
    double missing = 0.0, room = 0.0;
    for (const model::Unit& unit : network.units()) {
        const double mva = network.base_mva();
        const double down = unit.in_service ? share(random) * std::max(unit.p_pu - unit.p_min_pu, 0.0) : 0.0;
        p_mw.push_back((unit.p_pu - down) * mva);
        missing += down * mva;
        if (unit.in_service)
            room += std::max(unit.p_max_pu * mva - p_mw.back(), 0.0) * static_cast<double>(p_mw.size() % 3);
    }
    for (std::size_t u = 0; u < p_mw.size(); ++u) {
        const model::Unit& unit = network.units()[u];
        if (!unit.in_service) continue;
        const double up = std::max(unit.p_max_pu * network.base_mva() - p_mw[u], 0.0);
        p_mw[u] += missing * up * static_cast<double>((u + 1) % 3) / room;
    }
    return p_mw;
}

struct Scenario {
    const char* name;
    int overloads;  ///< at least, at the moved dispatch
};

class NewSharing : public ::testing::TestWithParam<Scenario> {};

TEST_P(NewSharing, PredictsFlowsAfterUnitOutages) {
    const Network network = testing::load_case(GetParam().name);
    HeadroomOptions options;
    options.enforce_q_limits = false;  // buses that switch are not predicted but allowed for
    const Preparation prepared(network, options, nullptr);
    const BaseCase& base = prepared.base();
    ASSERT_TRUE(base.solved());
    powerflow::Powers powers;
    powers.unit_p_mw = moved_dispatch(network, 7);
    const BaseCase dispatched(base, powers, {}, base.voltages());
    ASSERT_TRUE(dispatched.solved());

    StateSolver unloaded(base), there(dispatched);
    for (auto* solver : {&unloaded, &there}) {
        solver->newton().start_from(solver->base().voltages());
        solver->newton().evaluate_mismatch();
    }
    const IntactPoint intact = read_intact_point(unloaded, 0.0);
    IntactPoint point = read_intact_point(there, 0.0);
    ASSERT_TRUE(unloaded.newton().factorise());
    find_new_sharing(dispatched, unloaded, point.sharing);
    Screen::Look look;
    prepared.screen().look_at(point, look);

    StateSolver state(base), state_there(dispatched);
    double squares = 0.0, squares_without = 0.0;
    int compared = 0;
    for (std::size_t s = 0; s < prepared.states().outages.size(); ++s) {
        const contingency::Outage outage = prepared.states().outages[s];
        if (prepared.states().unsolvable[s]) continue;
        if (outage.kind != OutageKind::unit) {
            EXPECT_EQ(look.shared_otherwise[s], 0.0F);
            continue;
        }
        state.set_outage(outage);
        state_there.set_outage(outage);
        if (!state.solve_from_base().converged() || !state_there.solve_from_base().converged()) continue;
        const Footprint footprint = make_footprint(prepared.context(), state, intact, base.voltages().mode);
        ASSERT_EQ(footprint.sources.size(), 1U);
        ASSERT_EQ(look.first[s + 1] - look.first[s], 1U);
        const auto lost = static_cast<double>(look.lost[look.first[s]]);
        for (std::size_t e = 0; e < footprint.branch.size(); ++e) {
            const auto l = static_cast<std::size_t>(footprint.branch[e]);
            const auto end = [&](const model::BranchFlow& flow) {
                return footprint.at_to_end[e] != 0 ? flow.s_to : flow.s_from;
            };
            const auto part = [&](const std::vector<float>& values) {
                return Complex(values[2 * e], values[2 * e + 1]);
            };
            const Complex without =
                end(point.flow[l]) + part(footprint.branch_shift) + lost * part(footprint.branch_response);
            const Complex predicted =
                without + static_cast<double>(look.shared_otherwise[s]) * end(point.sharing.flow[l]);
            const Complex solved = end(powerflow::flow_of(state_there.newton(), l));
            squares += std::norm(predicted - solved);
            squares_without += std::norm(without - solved);
            ++compared;
        }
    }
    EXPECT_GT(compared, 20);
    EXPECT_LT(squares, 0.1 * squares_without);

    std::vector<PredictedOverload> overloads;
    std::vector<Suspect> by_flows, suspects;
    const std::vector<bool>& unsolvable = prepared.states().unsolvable;
    prepared.screen().find_overloads(look, 0.05, unsolvable, overloads, by_flows);
    // Flows first and voltages then find what both together do.
    const auto expected = Screen::Find::expected;
    prepared.screen().find_suspects(look, {false, true}, expected, unsolvable, suspects);
    Screen::add_suspects(by_flows, suspects);
    std::vector<Suspect> at_once;
    prepared.screen().find_suspects(look, {true, true}, expected, unsolvable, at_once);
    ASSERT_EQ(suspects.size(), at_once.size());
    EXPECT_GE(suspects.size(), by_flows.size());
    for (std::size_t s = 0; s < suspects.size(); ++s) {
        EXPECT_EQ(suspects[s].state, at_once[s].state);
        EXPECT_EQ(suspects[s].crossing_mw, at_once[s].crossing_mw);
    }
    int checked = 0;
    for (const PredictedOverload& overload : overloads) {
        SCOPED_TRACE("state " + std::to_string(overload.state) + ", branch " +
                     std::to_string(overload.branch));
        state_there.set_outage(prepared.states().outages[overload.state]);
        if (!state_there.solve_from_base().converged()) continue;
        const auto l = static_cast<std::size_t>(overload.branch);
        const auto flow = powerflow::flow_of(state_there.newton(), l);
        const double rating = prepared.context().limits.post.rating_pu[l];
        EXPECT_NEAR(std::abs(overload.flow_pu) / rating, 1.0 + overload.share, 1e-6);
        EXPECT_NEAR(std::abs(overload.at_to ? flow.s_to : flow.s_from) / rating, 1.0 + overload.share, 0.1);
        ++checked;
    }
    EXPECT_GE(checked, GetParam().overloads);
}

std::string scenario_name(const ::testing::TestParamInfo<Scenario>& scenario) { return scenario.param.name; }

INSTANTIATE_TEST_SUITE_P(Cases, NewSharing,
                         ::testing::Values(Scenario{"case24_ieee_rts", 1}, Scenario{"case39", 20},
                                           Scenario{"case_ACTIVSg200", 0}),
                         scenario_name);

}  // namespace
}  // namespace nodalroom::headroom
