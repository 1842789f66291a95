// What the lanes of a batch are told beside the state: a factor of its own at once, and a coarser tolerance.

#include "nodalroom/contingency/batch_solver.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "support/case_files.hpp"

namespace nodalroom::contingency {
namespace {

using model::Network;

/// One outage of a batch, as it was handed over.
struct Solved {
    powerflow::Voltages voltages;
    powerflow::NewtonReport report;
    bool own_factor = false;
};

/// All outages of a case with its load scaled, those of which `takes_own` holds with factors of their own.
template <class TakesOwn>
std::map<std::size_t, Solved> solve_all(const BaseCase& base, double tolerance_pu, TakesOwn&& takes_own) {
    const auto outages = list_outages(base.network(), ContingencySet::n_minus_1);
    std::map<std::size_t, Solved> found;
    BatchSolver batch(base, true, tolerance_pu);
    std::size_t next = 0;
    batch.run(
        [&](StateTask& task) {
            if (next == outages.size()) return false;
            task = {};
            task.id = next;
            task.outage = outages[next];
            task.own_factor = takes_own(next);
            ++next;
            return true;
        },
        [&](const SolvedState& solved) {
            EXPECT_TRUE(
                found.emplace(solved.id, Solved{*solved.voltages, solved.report, solved.own_factor}).second);
        },
        [](const StateTask&, const powerflow::NewtonReport&) {});
    return found;
}

double largest_difference(const Network& network, const powerflow::Voltages& a,
                          const powerflow::Voltages& b) {
    double largest = 0.0;
    for (std::size_t i = 0; i < network.buses().size(); ++i) {
        if (network.island_of_bus()[i] >= 0) largest = std::max(largest, std::abs(a.vm_pu[i] - b.vm_pu[i]));
    }
    return largest;
}

TEST(BatchSolver, GivesStatesTheirOwnFactorWhereTold) {
    NODALROOM_NEEDS_CASE("case118");
    const Network network = testing::load_case("case118");
    const BaseCase base(network, {});
    const auto shared = solve_all(base, 0.0, [](std::size_t) { return false; });
    const auto mixed = solve_all(base, 0.0, [](std::size_t state) { return state % 3 != 0; });
    ASSERT_GT(shared.size(), 150U);
    std::size_t with_shared = 0;
    for (const auto& [state, solved] : shared) {
        SCOPED_TRACE("outage " + std::to_string(state));
        ASSERT_TRUE(mixed.count(state));
        const Solved& other = mixed.at(state);
        EXPECT_EQ(other.own_factor, state % 3 != 0 || solved.own_factor);
        EXPECT_LT(largest_difference(network, solved.voltages, other.voltages), 1e-7);
        with_shared += solved.own_factor ? 0 : 1;
    }
    EXPECT_GT(with_shared, shared.size() / 2);
}

TEST(BatchSolver, SolvesNoCloserThanAsked) {
    NODALROOM_NEEDS_CASE("case118");
    const Network network = testing::load_case("case118");
    const BaseCase base(network, {});
    const auto own = [](std::size_t state) { return state % 2 == 0; };
    const auto close = solve_all(base, 0.0, own);
    const auto coarse = solve_all(base, 1e-6, own);
    ASSERT_GT(close.size(), 150U);
    int steps_close = 0, steps_coarse = 0;
    bool some_are_coarse = false;
    for (const auto& [state, solved] : close) {
        SCOPED_TRACE("outage " + std::to_string(state));
        ASSERT_TRUE(coarse.count(state));
        const Solved& other = coarse.at(state);
        EXPECT_LT(solved.report.max_mismatch_pu, 1e-8);
        EXPECT_LT(other.report.max_mismatch_pu, 1e-6);
        EXPECT_LT(largest_difference(network, solved.voltages, other.voltages), 1e-4);
        some_are_coarse = some_are_coarse || other.report.max_mismatch_pu > 1e-8;
        steps_close += solved.report.iterations;
        steps_coarse += other.report.iterations;
    }
    EXPECT_TRUE(some_are_coarse);
    EXPECT_LT(steps_coarse, steps_close);
}

}  // namespace
}  // namespace nodalroom::contingency
