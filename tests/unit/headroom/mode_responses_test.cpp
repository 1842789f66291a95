#include <gtest/gtest.h>

#include <cmath>

#include "nodalroom/headroom/footprint.hpp"
#include "support/case_files.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::BaseCase;
using contingency::StateSolver;
using model::Network;

/// A row's response to a source; 0 where it was left out.
double response_to(const ModeResponses::Rows& rows, std::size_t row, std::size_t source) {
    for (std::size_t e = rows.first[row]; e < rows.first[row + 1]; ++e) {
        if (static_cast<std::size_t>(rows.source[e]) == source) return static_cast<double>(rows.response[e]);
    }
    return 0.0;
}

class ModeResponsesOf : public ::testing::TestWithParam<const char*> {};

/// Against solutions a little apart: a regulating bus held to a little less reactive power than it gives, one
/// that does not regulate with a little reactive load beside it.
TEST_P(ModeResponsesOf, AreTheSlopesOfSolutions) {
    NODALROOM_NEEDS_CASE(GetParam());
    const Network network = testing::load_case(GetParam());
    HeadroomOptions options;
    powerflow::PowerFlowOptions power_flow;
    power_flow.balance.rule = powerflow::BalanceRule::spare;
    power_flow.mismatch_tolerance_pu = 1e-12;
    const BaseCase base(network, power_flow);
    ASSERT_TRUE(base.solved());
    StudyContext context;
    context.base = &base;
    context.options = options;
    context.limits = contingency::resolve_limits(network, options.limits);
    StateSolver solver(base);
    solver.newton().start_from(base.voltages());
    solver.newton().evaluate_mismatch();
    const ModeResponses responses = make_mode_responses(context, solver);
    const auto& vm = base.voltages().vm_pu;
    const auto flow_change = [&](const StateSolver& now, std::size_t l, const model::BranchFlow& before) {
        const auto flow = powerflow::flow_of(now.newton(), l);
        return std::max(std::abs(flow.s_from - before.s_from), std::abs(flow.s_to - before.s_to));
    };
    std::vector<model::BranchFlow> flow(network.branches().size());
    for (std::size_t l = 0; l < flow.size(); ++l) flow[l] = powerflow::flow_of(solver.newton(), l);

    constexpr double kStep = 1e-4;
    int regulating = 0, not_regulating = 0;
    for (std::size_t j = 0; j < responses.bus.size(); ++j) {
        SCOPED_TRACE(
            "bus " +
            std::to_string(network.buses()[static_cast<std::size_t>(responses.bus[j])].number.value()));
        const auto bus = static_cast<std::size_t>(responses.bus[j]);
        StateSolver moved(base);
        powerflow::Voltages start = base.voltages();
        double unit = kStep;
        if (responses.is_regulating[j] != 0) {
            if (network.reference_of_island()[0].pos() == bus) continue;  // held as the angle's reference
            moved.newton().point().q_max[bus] = solver.newton().q_generation(bus) - kStep;
            moved.newton().point().q_min[bus] = -1e3;
            start.mode[bus] = powerflow::QMode::at_max;
        } else {
            moved.set_load(BusRow(static_cast<std::int64_t>(bus)), 0.0, kStep);
        }
        if (!moved.solve_near(start).converged()) continue;
        // Where another bus switches too, or this one comes back, it is another slope.
        if (moved.newton().voltages().mode != start.mode) continue;
        if (responses.is_regulating[j] == 0) {
            unit = vm[bus] - moved.newton().voltages().vm_pu[bus];
            ASSERT_GT(unit, 0.0);
            EXPECT_NEAR(responses.voltage_loss[j], unit / kStep, 1e-2 * unit / kStep);
            ++not_regulating;
        } else {
            EXPECT_NEAR(responses.voltage_loss[j], (vm[bus] - moved.newton().voltages().vm_pu[bus]) / kStep,
                        1e-2 * responses.voltage_loss[j] + 1e-4);
            ++regulating;
        }
        for (std::size_t i = 0; i < vm.size(); ++i) {
            const double slope = std::abs(moved.newton().voltages().vm_pu[i] - vm[i]) / unit;
            EXPECT_NEAR(response_to(responses.voltage, i, j), slope, 2e-4 + 1e-2 * slope) << "bus row " << i;
        }
        for (std::size_t l = 0; l < flow.size(); ++l) {
            if (!std::isfinite(context.limits.post.rating_pu[l])) continue;
            const double slope = flow_change(moved, l, flow[l]) / unit;
            EXPECT_NEAR(response_to(responses.branch, l, j), slope, 3e-3 + 1e-2 * slope)
                << "branch row " << l;
        }
        for (std::size_t k = 0; k < responses.bus.size(); ++k) {
            const auto other = static_cast<std::size_t>(responses.bus[k]);
            if (k == j || responses.is_regulating[k] == 0) continue;
            const double slope =
                (moved.newton().q_generation(other) - solver.newton().q_generation(other)) / unit;
            EXPECT_NEAR(response_to(responses.q, j, k), slope, 3e-3 + 1e-2 * std::abs(slope))
                << "asked of bus row " << other;
        }
    }
    EXPECT_GT(regulating, 1);
    if (std::string(GetParam()) == "case_ACTIVSg200") {
        EXPECT_GT(not_regulating, 0);
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, ModeResponsesOf,
                         ::testing::Values("case14", "case24_ieee_rts", "case39", "case118",
                                           "case_ACTIVSg200"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace nodalroom::headroom
