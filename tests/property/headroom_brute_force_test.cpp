// The study against brute force in this program (support/brute_force.hpp), bus by bus.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "nodalroom/headroom/study.hpp"
#include "support/brute_force.hpp"
#include "support/case_files.hpp"
#include "support/csv_table.hpp"
#include "support/random_grid.hpp"
#include "support/ratings.hpp"
#include "support/sanitized.hpp"

namespace nodalroom::headroom {
namespace {

using model::Network;
using testing::BruteForce;

// What begins to count at less than this load is reported as 0 MW (definition, section 7).
constexpr double kAtOnceMw = 0.005;
constexpr double kTolerance[] = {0.1, 0.1, 1.0, 0.1};  // MW per BruteForce::Type (definition, section 7)

/// The smallest load at which one type counts. A limit within 1 MW of the end of its state's path may
/// be taken for that end.
void expect_same_mw(double found, const BruteForce::Answer& answer, std::size_t type, double max_mw,
                    BruteForce& brute, BusRow bus) {
    static constexpr const char* names[] = {"thermal", "voltage", "collapse", "generation"};
    const BruteForce::First& expected = answer.first[type];
    SCOPED_TRACE(names[type]);
    if (!std::isfinite(expected.mw) || expected.mw > max_mw) {
        EXPECT_TRUE(std::isinf(found) || found > max_mw - kTolerance[type]) << "found at " << found;
        return;
    }
    if (type == BruteForce::collapse) {
        EXPECT_GT(found, expected.mw - kTolerance[type]);
        // Where reactive limits turn a path of solutions back, solutions with another pattern of buses at
        // their limits may go on: then there must be one up to what was found.
        for (int step = 1; found > expected.mw + kTolerance[type] && step <= 8; ++step) {
            const double load_mw = expected.mw + step * (found - kTolerance[type] - expected.mw) / 8.0;
            EXPECT_TRUE(brute.has_solution(bus, expected.outage, load_mw)) << "none at " << load_mw;
        }
        return;
    }
    if (!(std::abs(found - expected.mw) <= kTolerance[type])) {
        Binding end;
        end.type = LimitType::collapse;
        end.outage = expected.outage;
        const bool near_the_end = brute.counts(bus, end, expected.mw + 1.0) && found > expected.mw;
        EXPECT_TRUE(near_the_end) << "found at " << found << ", expected " << expected.mw;
    }
}

void compare(const Network& network, const HeadroomOptions& options, bool short_strides = false) {
    const HeadroomResult result = headroom(network, options);
    ASSERT_TRUE(result.intact_solved) << result.reason;
    BruteForce brute(network, options, short_strides);
    EXPECT_EQ(result.unsolvable.size(), brute.unsolvable());
    for (const HeadroomRow& row : result.rows) {
        SCOPED_TRACE("bus " + std::to_string(network.bus(row.bus).number.value()));
        EXPECT_EQ(row.states_total, static_cast<int>(brute.states()));
        const auto answer = brute.headroom(row.bus);
        const double found[] = {row.thermal_mw, row.voltage_mw, row.collapse_mw, row.generation_mw};
        for (std::size_t t = 0; t < BruteForce::type_count; ++t) {
            expect_same_mw(found[t], answer, t, options.max_mw, brute, row.bus);
        }
        const auto type = answer.headline();
        const double expected = answer.first[type].mw;
        if (!(expected <= options.max_mw)) {
            EXPECT_EQ(row.status, HeadroomStatus::cap_reached);
            EXPECT_EQ(row.headroom_mw, options.max_mw);
            EXPECT_EQ(row.binding.type, LimitType::none);
            EXPECT_TRUE(std::isnan(row.violated_mw));
            continue;
        }
        const double tolerance = row.binding.type == LimitType::collapse ? 1.0 : 0.1;
        EXPECT_NEAR(row.headroom_mw, expected, tolerance);
        const bool is_at_border = std::abs(expected - kAtOnceMw) < 0.1 * kAtOnceMw;
        if (is_at_border) continue;  // located no closer
        if (row.binding.type == LimitType::generation) {
            EXPECT_EQ(row.status, HeadroomStatus::generation_limited);  // also where nothing is spare at 0 MW
        } else {
            EXPECT_EQ(row.status,
                      expected < kAtOnceMw ? HeadroomStatus::already_limited : HeadroomStatus::limited);
        }
        if (expected < kAtOnceMw) {
            EXPECT_EQ(row.headroom_mw, 0.0);
        } else {
            EXPECT_FALSE(brute.counts(row.bus, row.binding, row.headroom_mw - tolerance));
        }
        // What the row names is what binds, or is tied with it.
        EXPECT_TRUE(brute.counts(row.bus, row.binding, row.headroom_mw + tolerance));
    }
}

struct Scenario {
    const char* name;
    const char* case_name;
    const char* ratings;  ///< a folder of tests/validation with ratings.csv; "": the case's own
    std::function<void(HeadroomOptions&)> change;
    std::size_t every = 1;  ///< every n-th bus; under a sanitizer every 3n-th
};

std::ostream& operator<<(std::ostream& out, const Scenario& scenario) { return out << scenario.name; }

class AgainstBruteForce : public ::testing::TestWithParam<Scenario> {};

TEST_P(AgainstBruteForce, EveryBusAgrees) {
    NODALROOM_NEEDS_CASE(GetParam().case_name);
    auto mpc = testing::read_case(GetParam().case_name);
    if (*GetParam().ratings != '\0') testing::apply_ratings(mpc, GetParam().ratings);
    HeadroomOptions options;
    options.threads = 1;
    if (GetParam().change) GetParam().change(options);
    const Network network = Network::from_matpower(std::move(mpc));
    const std::size_t every = GetParam().every * (testing::kSanitized ? 3 : 1);
    for (std::size_t i = every / 2; i < network.buses().size(); i += every) {
        options.buses.emplace_back(static_cast<std::int64_t>(i));
    }
    compare(network, options, std::string(GetParam().case_name) == "case14");
}

INSTANTIATE_TEST_SUITE_P(
    Cases, AgainstBruteForce,
    ::testing::Values(Scenario{"case9", "case9", "", {}},
                      Scenario{"case9_reference", "case9", "",
                               [](auto& o) { o.balance.rule = powerflow::BalanceRule::reference; }},
                      Scenario{"case9_change", "case9", "",
                               [](auto& o) { o.limits.voltage_change_max_pu = 0.05; }},
                      Scenario{"case14_rated", "case14", "headroom_case14", {}},
                      Scenario{"case14_strict", "case14", "headroom_case14",
                               [](auto& o) {
                                   o.attribution_mva_per_mw = 0.0;
                                   o.attribution_voltage_pu = 0.0;
                               }},
                      Scenario{"case24", "case24_ieee_rts", "", {}},
                      Scenario{"case24_unity_rate_c", "case24_ieee_rts", "",
                               [](auto& o) {
                                   o.power_factor = 1.0;
                                   o.limits.rating_post = model::RatingSet::c;
                                   o.limits.band_post = contingency::VoltageBand{0.92, 1.06};
                                   o.enforce_q_limits = false;
                               }},
                      Scenario{"case30", "case30", "", {}, 2},
                      Scenario{"case30_rated", "case30", "headroom_case30_ratings", {}},
                      Scenario{"case30_change", "case30", "headroom_case30_ratings",
                               [](auto& o) {
                                   o.limits.voltage_change_max_pu = 0.03;
                                   o.contingencies = contingency::ContingencySet::branches;
                               }}),
    [](const auto& test) { return std::string(test.param.name); });

class RandomGridAgainstBruteForce : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomGridAgainstBruteForce, EveryBusAgrees) {
    const unsigned seed = GetParam();
    auto records = testing::random_grid(seed, {.buses = 7 + static_cast<int>(seed % 4), .extra_branches = 6});
    for (std::size_t l = 0; l < records.mpc().branch.rows(); ++l) {
        records.set_branch(l, io::branch_col::rate_a, 60.0 + static_cast<double>(13 * l % 50));
    }
    HeadroomOptions options;
    options.threads = 1;
    options.max_mw = 300.0;
    options.power_factor = seed % 2 == 0 ? 0.9 : 1.0;
    if (seed % 3 == 0) options.balance.rule = powerflow::BalanceRule::pmax;
    compare(Network::from_matpower(records.mpc()), options);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomGridAgainstBruteForce, ::testing::Range(300U, 308U));

/// The runner-up of a type in a state that ends below the runner-ups of all other states, and so has no
/// solution at the loads they are looked at with.
TEST(RunnerUp, IsFoundWhereItsStateEndsBeforeAnyOtherIsBroken) {
    NODALROOM_NEEDS_CASE("case_ACTIVSg200");
    const Network network = testing::load_case("case_ACTIVSg200");
    HeadroomOptions options;
    const BusRow bus = testing::row_of(network, 79);
    options.buses = {bus};
    const HeadroomResult result = headroom(network, options);
    ASSERT_TRUE(result.intact_solved);
    const HeadroomRow& row = result.rows[0];

    BruteForce brute(network, options);
    Binding overload;
    overload.type = LimitType::thermal;
    overload.outage = {contingency::OutageKind::branch, 217};
    overload.element = 115;
    EXPECT_LT(row.thermal_mw, row.collapse_mw);
    EXPECT_TRUE(brute.counts(bus, overload, row.thermal_mw + 0.01));
    EXPECT_FALSE(brute.counts(bus, overload, row.thermal_mw - 0.05));
    Binding end;
    end.type = LimitType::collapse;
    end.outage = overload.outage;
    EXPECT_TRUE(brute.counts(bus, end, row.thermal_mw + 0.5));
}

}  // namespace
}  // namespace nodalroom::headroom
