// Every state of the N-1 of every case of the project: in lanes and by the scalar solver.

#include "support/full_sweep.hpp"

#include <gtest/gtest.h>

#include "nodalroom/report/names.hpp"
#include "support/case_files.hpp"
#include "support/sanitized.hpp"

namespace nodalroom {
namespace {

class FullSweep : public ::testing::TestWithParam<std::tuple<const char*, bool>> {};

TEST_P(FullSweep, LanesAgreeWithTheScalarSolver) {
    const auto [name, q_limits] = GetParam();
    NODALROOM_NEEDS_CASE(name);
    const auto network = testing::load_case(name);
    powerflow::PowerFlowOptions options;
    options.enforce_q_limits = q_limits;
    options.mismatch_tolerance_pu = 1e-8;
    const contingency::BaseCase base(network, options);
    ASSERT_TRUE(base.solved());
    const bool takes_minutes = testing::kSanitized && network.buses().size() > 300;
    const auto states = testing::compare_full_sweep(base, 0, takes_minutes ? 101 : 1);
    double worst = 0.0;
    for (const auto& state : states) {
        SCOPED_TRACE(report::outage_name(network, state.outage));
        EXPECT_NE(state.scalar.status, powerflow::SolveStatus::not_run);
        EXPECT_TRUE(state.same_status()) << powerflow::to_string(state.scalar.status);
        EXPECT_LE(state.difference_pu, 1e-7);
        EXPECT_TRUE(state.same_modes);
        worst = std::max(worst, state.difference_pu);
    }
    RecordProperty("states", static_cast<int>(states.size()));
    RecordProperty("largest_difference_pu", std::to_string(worst));
}

INSTANTIATE_TEST_SUITE_P(Cases, FullSweep,
                         ::testing::Combine(::testing::Values("case9", "case14", "case24_ieee_rts", "case30",
                                                              "case39", "case118", "case_RTS_GMLC",
                                                              "case_ACTIVSg200", "case_ACTIVSg500",
                                                              "case_ACTIVSg2000"),
                                            ::testing::Bool()),
                         [](const auto& test) {
                             return std::string(std::get<0>(test.param)) +
                                    (std::get<1>(test.param) ? "_with_limits" : "_without_limits");
                         });

}  // namespace
}  // namespace nodalroom
