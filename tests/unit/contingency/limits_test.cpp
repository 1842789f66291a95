#include "nodalroom/contingency/limits.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "nodalroom/core/errors.hpp"
#include "unit/model/case_records.hpp"

namespace nodalroom::contingency {
namespace {

using model::Network;
using model::RatingSet;

constexpr double kNone = std::numeric_limits<double>::infinity();

/// Three buses at 110, 110 and 20 kV; ratings A 100, B 0 or 120, C 0 or 150; one branch without any.
Network network() {
    auto records = testing::ring_of_three();
    records.set_bus(2, io::bus_col::base_kv, 20.0);
    records.set_branch(0, io::branch_col::rate_b, 120.0).set_branch(0, io::branch_col::rate_c, 150.0);
    records.set_branch(2, io::branch_col::rate_a, 0.0);
    records.branch(1, 2, 0.01, 0.1, 0, 0, 0, 0.0);  // out of service
    return Network::from_matpower(records.mpc());
}

TEST(Limits, TakeTheRatingSetAskedForAndAWhereItIsEmpty) {
    LimitOptions options;
    const auto usual = resolve_limits(network(), options);
    EXPECT_EQ(usual.intact.rating_pu, (std::vector<double>{1.0, 1.0, kNone, kNone}));
    EXPECT_EQ(usual.post.rating_pu, (std::vector<double>{1.2, 1.0, kNone, kNone}));
    options.rating_intact = RatingSet::c;
    options.rating_post = RatingSet::a;
    const auto other = resolve_limits(network(), options);
    EXPECT_EQ(other.intact.rating_pu, (std::vector<double>{1.5, 1.0, kNone, kNone}));
    EXPECT_EQ(other.post.rating_pu, (std::vector<double>{1.0, 1.0, kNone, kNone}));
    EXPECT_EQ(&other.of(true), &other.intact);
    EXPECT_EQ(&other.of(false), &other.post);
}

TEST(Limits, TakeTheBandGivenOrTheCasesOwn) {
    LimitOptions options;
    options.band_post = VoltageBand{0.85, 1.15};
    const auto limits = resolve_limits(network(), options);
    EXPECT_EQ(limits.intact.vmin_pu, (std::vector<double>{0.9, 0.9, 0.9}));
    EXPECT_EQ(limits.intact.vmax_pu, (std::vector<double>{1.1, 1.1, 1.1}));
    EXPECT_EQ(limits.post.vmin_pu, (std::vector<double>{0.85, 0.85, 0.85}));
    EXPECT_EQ(limits.post.vmax_pu, (std::vector<double>{1.15, 1.15, 1.15}));
    EXPECT_FALSE(limits.voltage_change_max_pu.has_value());
}

TEST(Limits, WatchOnlyWhatIsHighEnough) {
    LimitOptions options;
    options.monitor_min_kv = 100.0;
    const auto limits = resolve_limits(network(), options);
    EXPECT_EQ(limits.intact.rating_pu,
              (std::vector<double>{1.0, kNone, kNone, kNone}));  // 2 and 3 end at 20 kV
    EXPECT_EQ(limits.intact.vmin_pu, (std::vector<double>{0.9, 0.9, -kNone}));
    EXPECT_EQ(limits.intact.vmax_pu, (std::vector<double>{1.1, 1.1, kNone}));
}

TEST(Limits, RefuseWhatIsNoLimit) {
    const auto problem = [](auto change) {
        LimitOptions options;
        change(options);
        EXPECT_EQ(options.first_violation().has_value(), true);
        EXPECT_THROW((void)resolve_limits(network(), options), OptionError);
        return options.first_violation().value_or("");
    };
    EXPECT_NE(problem([](auto& o) {
                  o.band_intact = VoltageBand{1.0, 0.9};
              }).find("voltage_band"),
              std::string::npos);
    EXPECT_NE(problem([](auto& o) {
                  o.band_post = VoltageBand{-0.1, 1.1};
              }).find("voltage_band_post"),
              std::string::npos);
    EXPECT_NE(problem([](auto& o) { o.voltage_change_max_pu = 0.0; }).find("voltage_change_max"),
              std::string::npos);
    EXPECT_NE(problem([](auto& o) { o.monitor_min_kv = -1.0; }).find("monitor_min_kv"), std::string::npos);
    EXPECT_NE(problem([](auto& o) { o.monitor_min_kv = NAN; }).find("monitor_min_kv"), std::string::npos);
    // Given in kV or percent.
    EXPECT_EQ(problem([](auto& o) {
                  o.band_intact = VoltageBand{95.0, 105.0};
              }),
              "voltage_band = (95, 105); must be two voltages in per unit, 0 <= low < high <= 2");
    EXPECT_EQ(problem([](auto& o) { o.voltage_change_max_pu = 8.0; }),
              "voltage_change_max = 8; must be in (0, 1] per unit");
    EXPECT_FALSE(LimitOptions{}.first_violation().has_value());
}

TEST(Limits, RefuseToWatchNothing) {
    auto records = testing::ring_of_three();
    records.bus(4, 4).set_bus(3, io::bus_col::base_kv, 400.0);  // isolated: nothing there to watch
    const Network network = Network::from_matpower(records.mpc());
    LimitOptions options;
    options.monitor_min_kv = 110.0;
    EXPECT_NO_THROW((void)resolve_limits(network, options));
    options.monitor_min_kv = 110.5;
    try {
        (void)resolve_limits(network, options);
        FAIL();
    } catch (const OptionError& error) {
        EXPECT_STREQ(
            error.what(),
            "monitor_min_kv = 110.5: no bus in service is at or above it, so nothing would be watched");
    }
}

TEST(Limits, AreRaisedByUpgrades) {
    LimitOptions options;
    options.upgrades = {{true, 0, 1.5}, {true, 1, kNone}, {false, 1}, {true, 0, 2.0}, {true, 3, 2.0}};
    const auto limits = resolve_limits(network(), options);
    EXPECT_EQ(limits.intact.rating_pu, (std::vector<double>{3.0, kNone, kNone, kNone}));
    EXPECT_NEAR(limits.post.rating_pu[0], 3.6, 1e-12);
    EXPECT_NEAR(limits.post.per_rating_squared[0], 1.0 / (3.6 * 3.6), 1e-15);
    EXPECT_EQ(limits.post.per_rating_squared[1], 0.0);
    EXPECT_EQ(limits.intact.vmin_pu, (std::vector<double>{0.9, -kNone, 0.9}));
    EXPECT_EQ(limits.post.vmax_pu, (std::vector<double>{1.1, kNone, 1.1}));
    EXPECT_EQ(rating_factor(options, BranchRow(0)), 3.0);
    EXPECT_EQ(rating_factor(options, BranchRow(1)), kNone);
    EXPECT_EQ(rating_factor(options, BranchRow(2)), 1.0);
}

TEST(Limits, RefuseUpgradesOfWhatIsNotThere) {
    const auto problem = [](LimitUpgrade upgrade) -> std::string {
        LimitOptions options;
        options.upgrades = {upgrade};
        try {
            (void)resolve_limits(network(), options);
        } catch (const OptionError& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(problem({true, 4, 2.0}), "upgrade of branch row 4: the case has 4 rows");
    EXPECT_EQ(problem({false, 3, kNone}), "upgrade of bus row 3: the case has 3 rows");
    EXPECT_EQ(problem({true, -1, 2.0}), "upgrade of branch row -1: a row must be >= 0");
    EXPECT_EQ(problem({true, 0, 1.0}), "upgrade of branch row 0: factor = 1; must be > 1");
    EXPECT_NE(problem({true, 0, NAN}), "");
    EXPECT_NE(problem({false, 0, 1.1}).find("must be infinite"), std::string::npos);
    EXPECT_EQ(problem({true, 3, 2.0}), "");
}

TEST(RatingSets, AreNamedByLetters) {
    for (const auto set : {RatingSet::a, RatingSet::b, RatingSet::c}) {
        const char upper = letter(set);
        const char lower = static_cast<char>(upper - 'A' + 'a');
        EXPECT_EQ(parse_rating_set(std::string(1, upper)), set);
        EXPECT_EQ(parse_rating_set(std::string(1, lower)), set);
    }
    EXPECT_THROW((void)parse_rating_set("D"), OptionError);
    EXPECT_THROW((void)parse_rating_set(""), OptionError);
}

}  // namespace
}  // namespace nodalroom::contingency
