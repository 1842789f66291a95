#include "nodalroom/headroom/options.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/headroom/study.hpp"
#include "unit/model/case_records.hpp"

namespace nodalroom::headroom {
namespace {

using model::Network;

/// What a study says when an option is out of range; empty if it runs.
std::string refusal(const std::function<void(HeadroomOptions&)>& change) {
    auto records = testing::ring_of_three();
    records.bus(4, 4);
    const Network network = Network::from_matpower(records.mpc());
    HeadroomOptions options;
    options.threads = 1;
    change(options);
    try {
        (void)headroom(network, options);
    } catch (const OptionError& error) {
        return error.what();
    }
    return {};
}

TEST(HeadroomOptions, HaveTheDefaultsOfTheDefinition) {
    const HeadroomOptions options;
    EXPECT_EQ(options.power_factor, 0.95);
    EXPECT_EQ(options.max_mw, 2000.0);
    EXPECT_EQ(options.balance.rule, powerflow::BalanceRule::spare);
    EXPECT_EQ(options.contingencies, contingency::ContingencySet::n_minus_1);
    EXPECT_EQ(options.limits.rating_intact, model::RatingSet::a);
    EXPECT_EQ(options.limits.rating_post, model::RatingSet::b);
    EXPECT_FALSE(options.limits.voltage_change_max_pu.has_value());
    EXPECT_EQ(options.attribution_mva_per_mw, 0.03);
    EXPECT_EQ(options.attribution_voltage_pu, 0.005);
    EXPECT_TRUE(options.enforce_q_limits);
    EXPECT_LE(options.mismatch_tolerance_pu, 1e-8);
    EXPECT_FALSE(options.first_violation().has_value());
    EXPECT_EQ(refusal([](auto&) {}), "");
}

TEST(HeadroomOptions, OutOfRangeAreRefusedByName) {
    const struct {
        const char* name;
        std::function<void(HeadroomOptions&)> change;
    } cases[] = {
        {"power_factor", [](auto& o) { o.power_factor = 0.0; }},
        {"power_factor", [](auto& o) { o.power_factor = 1.01; }},
        {"power_factor", [](auto& o) { o.power_factor = NAN; }},
        {"max_mw", [](auto& o) { o.max_mw = 0.0; }},
        {"max_mw", [](auto& o) { o.max_mw = INFINITY; }},
        {"min_kv", [](auto& o) { o.min_kv = -1.0; }},
        {"attribution", [](auto& o) { o.attribution_mva_per_mw = -0.1; }},
        {"attribution_voltage", [](auto& o) { o.attribution_voltage_pu = NAN; }},
        {"tolerance", [](auto& o) { o.mismatch_tolerance_pu = 1e-3; }},
        {"tolerance = 1e-13; must be in [1e-12, 1e-6]", [](auto& o) { o.mismatch_tolerance_pu = 1e-13; }},
        {"threads", [](auto& o) { o.threads = -2; }},
        {"monitor_min_kv", [](auto& o) { o.limits.monitor_min_kv = -2.0; }},
        {"voltage_band",
         [](auto& o) {
             o.limits.band_intact = contingency::VoltageBand{1.2, 1.1};
         }},
        {"area 99", [](auto& o) { o.balance.area = 99; }},
        {"weights",
         [](auto& o) {
             o.balance.rule = powerflow::BalanceRule::given;
             o.balance.weights = {1.0, 2.0};
         }},
        {"bus row 17", [](auto& o) { o.buses = {BusRow(17)}; }},
        {"bus row -1",
         [](auto& o) {
             o.buses = {BusRow(1), BusRow()};
         }},
        {"bus 4", [](auto& o) { o.buses = {BusRow(3)}; }},  // type 4
        {"min_kv", [](auto& o) { o.min_kv = 500.0; }},
    };
    for (const auto& c : cases) {
        const std::string text = refusal(c.change);
        EXPECT_NE(text.find(c.name), std::string::npos) << "'" << text << "' should name " << c.name;
    }
}

TEST(HeadroomOptions, WordsCanBeReadBack) {
    for (const Certify certify : {Certify::screened, Certify::all}) {
        EXPECT_EQ(parse_certify(to_string(certify)), certify);
    }
    EXPECT_THROW((void)parse_certify("some"), OptionError);
    std::set<std::string> statuses, types;
    for (const auto status :
         {HeadroomStatus::not_run, HeadroomStatus::limited, HeadroomStatus::already_limited,
          HeadroomStatus::cap_reached, HeadroomStatus::generation_limited, HeadroomStatus::unsolved}) {
        statuses.insert(to_string(status));
    }
    for (const auto type :
         {LimitType::none, LimitType::thermal, LimitType::low_voltage, LimitType::high_voltage,
          LimitType::voltage_change, LimitType::collapse, LimitType::generation}) {
        types.insert(to_string(type));
    }
    EXPECT_EQ(statuses.size(), 6U);
    EXPECT_EQ(types.size(), 7U);
}

TEST(HeadroomRow, StartsAsNoAnswer) {
    const HeadroomRow row;
    EXPECT_EQ(row.status, HeadroomStatus::not_run);
    for (const double figure : {row.headroom_mw, row.feasible_mw, row.violated_mw, row.thermal_mw,
                                row.voltage_mw, row.collapse_mw, row.generation_mw, row.binding.value}) {
        EXPECT_TRUE(std::isnan(figure));
    }
    EXPECT_FALSE(row.certified());
}

}  // namespace
}  // namespace nodalroom::headroom
