#include "nodalroom/headroom/fold.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "nodalroom/headroom/state_path.hpp"
#include "support/case_files.hpp"
#include "support/random_grid.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::BaseCase;
using contingency::Outage;
using contingency::StateSolver;
using model::Network;

constexpr double kWidthMw = 0.1;

powerflow::PowerFlowOptions without_limits() {
    powerflow::PowerFlowOptions options;
    options.enforce_q_limits = false;
    options.balance.rule = powerflow::BalanceRule::reference;
    return options;
}

double mvar_per_mw(double power_factor) {
    return std::sqrt(1.0 - power_factor * power_factor) / power_factor;
}

/// A source of 1 pu behind a reactance of 0.2 pu on 100 MVA.
Network two_buses() {
    testing::CaseRecords records;
    records.bus(1, 3, 0, 0, 0, 0);
    records.bus(2, 1, 0, 0, 0, 0);
    records.unit(1, 0);
    records.set_unit(0, io::gen_col::vg, 1.0);
    records.branch(1, 2, 0.0, 0.2, 0.0, 0.0, 0.0);
    return Network::from_matpower(records.mpc());
}

/// The end of the P-V curve of two buses in closed form: S = E² / (2 X (1 + sin φ)).
TEST(Fold, OfTwoBusesIsWhereTheFormulaHasIt) {
    const Network network = two_buses();
    const BaseCase base(network, without_limits());
    for (const double power_factor : {1.0, 0.95, 0.8}) {
        SCOPED_TRACE(power_factor);
        const double sine = std::sqrt(1.0 - power_factor * power_factor);
        const double end_mw = 100.0 * power_factor / (2.0 * 0.2 * (1.0 + sine));
        StateSolver solver(base);
        const Candidate candidate{BusRow(1), mvar_per_mw(power_factor)};
        const auto met = follow_to_fold(solver, candidate, {0.0, base.voltages()}, 1e4, kWidthMw).points;
        ASSERT_FALSE(met.empty());
        EXPECT_LE(met.back().load_mw, end_mw);
        EXPECT_GT(met.back().load_mw, end_mw - kWidthMw);
        // At the turn the load's impedance has the size of the reactance: V = E / sqrt(2 (1 + sin φ)).
        EXPECT_NEAR(met.back().voltages.vm_pu[1], 1.0 / std::sqrt(2.0 * (1.0 + sine)), 0.02);
    }
}

TEST(Fold, EndsBeyondTheLoadWhereThereIsNoTurnBeforeIt) {
    const Network network = two_buses();
    const BaseCase base(network, without_limits());
    StateSolver solver(base);
    const Candidate candidate{BusRow(1), 0.0};  // turns at 250 MW
    for (const double up_to_mw : {1.0, 100.0, 240.0}) {
        const auto met = follow_to_fold(solver, candidate, {0.0, base.voltages()}, up_to_mw, kWidthMw).points;
        ASSERT_FALSE(met.empty());
        EXPECT_GE(met.back().load_mw, up_to_mw);
        EXPECT_LE(met.back().load_mw, 250.0);
    }
}

/// On random grids, with an outage or without: the end found by going round is the end found by going
/// there in ever shorter steps, and what was met on the way solves the state.
TEST(Fold, OfRandomGridsIsTheEndOfTheirPaths) {
    int compared = 0;
    for (unsigned seed = 1; seed <= 25; ++seed) {
        SCOPED_TRACE(seed);
        const Network network = Network::from_matpower(testing::random_grid(seed).mpc());
        const BaseCase base(network, without_limits());
        if (!base.solved()) continue;
        StateSolver solver(base);
        const auto outages = contingency::list_outages(network, contingency::ContingencySet::branches);
        if (seed % 2 == 0 && !outages.empty()) solver.set_outage(outages[seed % outages.size()]);
        if (!solver.solve_from_base().converged()) continue;
        const Outage outage = solver.outage();
        const LoadedPoint start{0.0, solver.newton().voltages()};
        const Candidate candidate{BusRow(static_cast<std::int64_t>(seed % network.buses().size())),
                                  mvar_per_mw(0.95)};
        const auto met = follow_to_fold(solver, candidate, start, 1e4, kWidthMw).points;
        ASSERT_FALSE(met.empty());
        if (met.back().load_mw >= 1e4) continue;  // a bus that holds its voltage however much it takes
        ++compared;

        double last_mw = -1.0;
        for (const LoadedPoint& point : met) {
            EXPECT_GT(point.load_mw, last_mw);
            last_mw = point.load_mw;
            const double p = point.load_mw / network.base_mva();
            solver.set_load(candidate.bus, p, p * candidate.mvar_per_mw);
            solver.newton().start_from(point.voltages);
            EXPECT_LT(solver.newton().evaluate_mismatch(), 1e-8);
        }
        powerflow::Voltages at = start.voltages;
        double reached_mw = 0.0;
        for (double step = 2.0; step > 0.01 && reached_mw < 1e4;) {
            if (solve_loaded(solver, outage, candidate, reached_mw + step, at)) {
                reached_mw += step;
                at = solver.newton().voltages();
            } else {
                step *= 0.5;
            }
        }
        EXPECT_NEAR(met.back().load_mw, reached_mw, kWidthMw);
    }
    EXPECT_GE(compared, 15);
}

/// The same bits whatever the solver did before.
TEST(Fold, DoesNotDependOnWhatWasSolvedBefore) {
    const Network network = Network::from_matpower(testing::random_grid(3).mpc());
    const BaseCase base(network, without_limits());
    const Candidate candidate{BusRow(2), 0.3};
    StateSolver fresh(base), used(base);
    const auto expected = follow_to_fold(fresh, candidate, {0.0, base.voltages()}, 1e4, kWidthMw).points;
    (void)follow_to_fold(used, {BusRow(5), 0.1}, {0.0, base.voltages()}, 50.0, kWidthMw);
    const auto found = follow_to_fold(used, candidate, {0.0, base.voltages()}, 1e4, kWidthMw).points;
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t k = 0; k < found.size(); ++k) {
        EXPECT_EQ(found[k].load_mw, expected[k].load_mw);
        EXPECT_EQ(found[k].voltages.vm_pu, expected[k].voltages.vm_pu);
    }
}

}  // namespace
}  // namespace nodalroom::headroom
