// What redispatch may move, and what becomes of it where there is nothing to find.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/headroom/study.hpp"
#include "nodalroom/headroom/witness.hpp"
#include "support/bits.hpp"
#include "support/cancel_after.hpp"
#include "support/case_files.hpp"
#include "support/lp_solver.hpp"
#include "support/random_grid.hpp"
#include "support/ratings.hpp"

namespace nodalroom::headroom {
namespace {

using model::Network;
using testing::same_bits;

HeadroomOptions wanted() {
    HeadroomOptions options;
    options.threads = 1;
    options.redispatch.wanted = true;
    return options;
}

/// What two searches of one bus may differ by: each ends within its own gap.
double gap(double mw) { return std::max(0.03, 0.004 * mw); }

void expect_no_figure(const HeadroomRow& row, RedispatchStatus status) {
    const RedispatchRow& found = row.redispatch;
    EXPECT_EQ(found.status, status) << to_string(found.status);
    EXPECT_TRUE(std::isnan(found.redispatch_mw));
    EXPECT_TRUE(std::isnan(found.bound_mw));
    EXPECT_TRUE(std::isnan(found.moved_mw));
    EXPECT_TRUE(found.unit_p_mw.empty());
    EXPECT_TRUE(found.binding.empty());
    EXPECT_TRUE(found.moves.empty());
}

void without_ratings(io::MatpowerCase& mpc) {
    for (std::size_t l = 0; l < mpc.branch.rows(); ++l) {
        for (const auto column : {io::branch_col::rate_a, io::branch_col::rate_b, io::branch_col::rate_c})
            mpc.branch.at(l, column) = 0.0;
    }
}

TEST(RedispatchOptions, NothingIsLookedForUnlessAsked) {
    const Network network = Network::from_matpower(testing::ring_of_three().mpc());
    HeadroomOptions options;
    options.threads = 1;
    for (const HeadroomRow& row : headroom(network, options).rows)
        expect_no_figure(row, RedispatchStatus::not_run);
}

TEST(RedispatchOptions, LeaveTheFixedFiguresAsTheyAre) {
    NODALROOM_NEEDS_LP_SOLVER();
    NODALROOM_NEEDS_CASE("case24_ieee_rts");
    const Network network = testing::load_case("case24_ieee_rts");
    HeadroomOptions options = wanted();
    const auto with = headroom(network, options).rows;
    options.redispatch.wanted = false;
    const auto without = headroom(network, options).rows;
    for (std::size_t r = 0; r < with.size(); ++r) {
        EXPECT_EQ(with[r].status, without[r].status);
        EXPECT_TRUE(same_bits(with[r].headroom_mw, without[r].headroom_mw));
        EXPECT_TRUE(same_bits(with[r].thermal_mw, without[r].thermal_mw));
        EXPECT_EQ(with[r].binding.element, without[r].binding.element);
    }
}

TEST(RedispatchOptions, BadOnesAreRefused) {
    NODALROOM_NEEDS_LP_SOLVER();
    const Network network = Network::from_matpower(testing::ring_of_three().mpc());
    const auto refused = [&](auto&& change, const char* words) {
        HeadroomOptions options = wanted();
        change(options);
        try {
            (void)headroom(network, options);
            ADD_FAILURE() << words << " was taken";
        } catch (const OptionError& error) {
            EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
        }
    };
    refused([](auto& o) { o.redispatch.max_moved_mw = -1.0; }, "max_moved_mw = -1");
    refused([](auto& o) { o.redispatch.max_moved_mw = kNaN; }, "max_moved_mw");
    refused([](auto& o) { o.redispatch.movable = {UnitRow(1)}; }, "movable unit row 1");
    refused([](auto& o) { o.redispatch.movable = {UnitRow()}; }, "movable unit row");
}

class RedispatchOptionsOn : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        NODALROOM_NEEDS_LP_SOLVER();
        NODALROOM_NEEDS_CASE(GetParam());
        auto mpc = testing::read_case(GetParam());
        if (std::string(GetParam()) == "case30") testing::apply_ratings(mpc, "headroom_case30_ratings");
        network_.emplace(Network::from_matpower(std::move(mpc)));
        options_ = wanted();
        const std::size_t every = network_->buses().size() / 5;
        for (std::size_t i = 1; i < network_->buses().size(); i += every)
            options_.buses.emplace_back(static_cast<std::int64_t>(i));
    }
    std::optional<Network> network_;
    HeadroomOptions options_;
};

TEST_P(RedispatchOptionsOn, MoreMovementNeverMakesLessRoom) {
    const auto free = headroom(*network_, options_).rows;
    std::vector<double> before(free.size(), 0.0);
    double gained = 0.0;
    for (const double cap : {0.0, 2.0, 10.0, 50.0, 300.0, 1e5}) {
        SCOPED_TRACE("at most " + std::to_string(cap) + " MW");
        options_.redispatch.max_moved_mw = cap;
        const auto rows = headroom(*network_, options_).rows;
        for (std::size_t r = 0; r < rows.size(); ++r) {
            SCOPED_TRACE("bus row " + std::to_string(rows[r].bus.value()));
            const RedispatchRow& found = rows[r].redispatch;
            EXPECT_LE(found.moved_mw, cap + 0.05);
            EXPECT_GE(found.redispatch_mw, rows[r].headroom_mw);
            EXPECT_GE(found.redispatch_mw, before[r] - gap(before[r]));
            EXPECT_LE(found.redispatch_mw,
                      free[r].redispatch.redispatch_mw + gap(free[r].redispatch.redispatch_mw));
            if (cap == 0.0) {
                EXPECT_NEAR(found.redispatch_mw, rows[r].headroom_mw, 0.05);
            }
            if (cap == 1e5) {
                EXPECT_NEAR(found.redispatch_mw, free[r].redispatch.redispatch_mw,
                            gap(free[r].redispatch.redispatch_mw));
            }
            before[r] = found.redispatch_mw;
            if (cap == 10.0) gained += found.redispatch_mw - rows[r].headroom_mw;
        }
    }
    EXPECT_GT(gained, 0.1);
}

/// A cap does not keep the search from its end: what the program promises under it is reached. But where the
/// rule takes units out of their ranges and the cap cannot bring them back, there is no dispatch to be found,
/// and the rule's own stands. Case24 has four units below Pmin, and the rule takes them lower still.
TEST(RedispatchOptions, ACapOnMovementIsUsedUp) {
    NODALROOM_NEEDS_LP_SOLVER();
    NODALROOM_NEEDS_CASE("case24_ieee_rts");
    const Network network = testing::load_case("case24_ieee_rts");
    HeadroomOptions options = wanted();
    int used_up = 0, without_dispatch = 0;
    for (const double cap : {0.0, 20.0, 100.0}) {
        options.redispatch.max_moved_mw = cap;
        for (const HeadroomRow& row : headroom(network, options).rows) {
            SCOPED_TRACE("bus row " + std::to_string(row.bus.value()) + ", at most " + std::to_string(cap));
            const RedispatchRow& found = row.redispatch;
            EXPECT_LE(found.moved_mw, cap + 0.05);
            used_up += found.moved_mw > cap - 0.05 && cap > 0.0 ? 1 : 0;
            if (found.status != RedispatchStatus::open) continue;
            EXPECT_EQ(cap, 0.0);
            EXPECT_EQ(found.redispatch_mw, row.headroom_mw);
            EXPECT_EQ(found.bound_mw, options.max_mw);
            double lowest = 0.0;
            for (std::size_t u = 0; u < found.unit_p_mw.size(); ++u) {
                const auto& unit = network.units()[u];
                const double least = network.base_mva() * std::min(unit.p_min_pu, unit.p_pu);
                lowest = std::min(lowest, found.unit_p_mw[u] - least);
            }
            EXPECT_LT(lowest, -1e-3);
            ++without_dispatch;
        }
    }
    EXPECT_GT(used_up, 20);
    EXPECT_GT(without_dispatch, 0);
}

TEST_P(RedispatchOptionsOn, MoreMovableUnitsNeverMakeLessRoom) {
    const auto free = headroom(*network_, options_).rows;
    std::vector<double> before(free.size(), 0.0);
    std::vector<UnitRow> in_service;
    for (std::size_t u = 0; u < network_->units().size(); ++u) {
        if (network_->units()[u].in_service) in_service.emplace_back(static_cast<std::int64_t>(u));
    }
    std::shuffle(in_service.begin(), in_service.end(), std::mt19937(4));
    double gained = 0.0;
    const std::size_t all = in_service.size();
    for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::max<std::size_t>(all / 2, 2), all}) {
        SCOPED_TRACE(std::to_string(count) + " units");
        options_.redispatch.movable.assign(in_service.begin(),
                                           in_service.begin() + static_cast<std::ptrdiff_t>(count));
        const auto rows = headroom(*network_, options_).rows;
        for (std::size_t r = 0; r < rows.size(); ++r) {
            SCOPED_TRACE("bus row " + std::to_string(rows[r].bus.value()));
            const RedispatchRow& found = rows[r].redispatch;
            const double most = free[r].redispatch.redispatch_mw;
            EXPECT_GE(found.redispatch_mw, rows[r].headroom_mw);
            EXPECT_GE(found.redispatch_mw, before[r] - gap(before[r]));
            EXPECT_LE(found.redispatch_mw, most + gap(most));
            EXPECT_GE(found.redispatch_mw, count == all ? most - gap(most) : 0.0);
            for (const UnitMove& move : found.moves) {
                const auto& movable = options_.redispatch.movable;
                EXPECT_TRUE(std::find(movable.begin(), movable.end(), move.unit) != movable.end())
                    << "unit row " << move.unit.value() << " moved " << move.p_mw - move.rule_mw
                    << " MW and may not";
            }
            gained += count < all ? found.redispatch_mw - rows[r].headroom_mw : 0.0;
            before[r] = found.redispatch_mw;
        }
    }
    EXPECT_GT(gained, 0.1);
}

INSTANTIATE_TEST_SUITE_P(Cases, RedispatchOptionsOn, ::testing::Values("case9", "case24_ieee_rts", "case30"),
                         [](const auto& test) { return std::string(test.param); });

/// Two islands: units of the other one do not help, nor does one that is out of service.
TEST(RedispatchOptions, WithoutAMovableUnitInTheIslandThereIsNoNumber) {
    NODALROOM_NEEDS_LP_SOLVER();
    auto records = testing::random_grid(812, {.buses = 7, .islands = 2});
    const std::size_t idle = records.mpc().gen.rows();
    records.unit(1, 10.0, 0.0);
    const Network network = Network::from_matpower(records.mpc());
    std::size_t other = 0;
    while (network.island_of_bus()[network.units()[other].bus.pos()] == network.island_of_bus()[0]) ++other;
    HeadroomOptions options = wanted();
    options.contingencies = contingency::ContingencySet::none;
    options.max_mw = 100.0;
    for (const std::size_t unit : {other, idle}) {
        options.redispatch.movable = {UnitRow(static_cast<std::int64_t>(unit))};
        const auto result = headroom(network, options);
        ASSERT_TRUE(result.intact_solved);
        int without = 0;
        for (const HeadroomRow& row : result.rows) {
            const bool helps = unit == other && network.island_of_bus()[row.bus.pos()] ==
                                                    network.island_of_bus()[network.units()[other].bus.pos()];
            EXPECT_FALSE(std::isnan(row.headroom_mw));
            if (helps) {
                EXPECT_GE(row.redispatch.redispatch_mw, row.headroom_mw);
                continue;
            }
            expect_no_figure(row, RedispatchStatus::no_movable_unit);
            EXPECT_THROW((void)make_redispatch_witness(network, options, row), OptionError);
            ++without;
        }
        EXPECT_GT(without, 3);
    }
}

TEST(RedispatchStatus, SaysWhatEndsTheSearch) {
    NODALROOM_NEEDS_LP_SOLVER();
    NODALROOM_NEEDS_CASE("case24_ieee_rts");
    auto mpc = testing::read_case("case24_ieee_rts");
    HeadroomOptions options = wanted();
    {
        const Network network = Network::from_matpower(mpc);
        options.buses = {testing::row_of(network, 3), testing::row_of(network, 13)};
        options.max_mw = 9.0;  // between headroom and redispatch headroom at bus 3, below both at bus 13
        const auto rows = headroom(network, options).rows;
        EXPECT_EQ(rows[0].status, HeadroomStatus::limited);
        EXPECT_EQ(rows[1].status, HeadroomStatus::cap_reached);
        for (const HeadroomRow& row : rows) {
            EXPECT_EQ(row.redispatch.status, RedispatchStatus::cap_reached)
                << to_string(row.redispatch.status);
            EXPECT_NEAR(row.redispatch.redispatch_mw, 9.0, 0.02);
            EXPECT_LE(row.redispatch.redispatch_mw, 9.0);
            EXPECT_LE(row.redispatch.bound_mw, 9.0 + 1e-9);
        }
    }
    without_ratings(mpc);
    const Network network = Network::from_matpower(mpc);
    options.max_mw = 2000.0;
    options.contingencies = contingency::ContingencySet::none;
    options.limits.band_intact = options.limits.band_post = contingency::VoltageBand{0.2, 2.0};
    double capacity_mw = 0.0;
    for (const auto& unit : network.units())
        capacity_mw += unit.in_service ? unit.p_max_pu * network.base_mva() : 0.0;
    options.buses.clear();
    for (const int number : {13, 15, 18, 21, 22, 23})
        options.buses.push_back(testing::row_of(network, number));
    for (const HeadroomRow& row : headroom(network, options).rows) {
        ASSERT_EQ(row.status, HeadroomStatus::generation_limited);
        EXPECT_EQ(row.redispatch.status, RedispatchStatus::generation_limited)
            << to_string(row.redispatch.status);
        double supplied = 0.0;
        for (const double p : row.redispatch.unit_p_mw) supplied += p;
        EXPECT_NEAR(supplied, capacity_mw, 0.5);
        EXPECT_LE(supplied, capacity_mw + 1e-3);
        EXPECT_NEAR(row.redispatch.redispatch_mw, row.headroom_mw, 0.5);
        EXPECT_TRUE(row.redispatch.binding.empty());
    }
}

TEST(RedispatchStatus, WithoutASolutionOfTheIntactCaseThereIsNoNumber) {
    NODALROOM_NEEDS_LP_SOLVER();
    auto records = testing::ring_of_three();
    records.set_bus(2, io::bus_col::pd, 5000.0);
    const auto result = headroom(Network::from_matpower(records.mpc()), wanted());
    EXPECT_FALSE(result.intact_solved);
    for (const HeadroomRow& row : result.rows) expect_no_figure(row, RedispatchStatus::unsolved);
}

/// A line that is overloaded before any load and feeds the bus alone: no dispatch helps.
TEST(RedispatchStatus, IsAlreadyLimitedWhereNoDispatchHelps) {
    NODALROOM_NEEDS_LP_SOLVER();
    auto records = testing::ring_of_three();
    records.set_bus(1, io::bus_col::type, 2).unit(2, 20.0).bus(4, 1, 6.0, 2.0).branch(3, 4, 0.01, 0.05);
    records.set_branch(3, io::branch_col::rate_a, 4.0);
    const Network network = Network::from_matpower(records.mpc());
    HeadroomOptions options = wanted();
    options.buses = {BusRow(3)};
    const HeadroomRow row = headroom(network, options).rows.at(0);
    EXPECT_EQ(row.status, HeadroomStatus::already_limited);
    EXPECT_EQ(row.redispatch.status, RedispatchStatus::already_limited) << to_string(row.redispatch.status);
    EXPECT_EQ(row.redispatch.redispatch_mw, 0.0);
    EXPECT_LT(row.redispatch.bound_mw, 1.0);
}

TEST(RedispatchStatus, ACancelledStudyKeepsTheFixedFigures) {
    NODALROOM_NEEDS_LP_SOLVER();
    NODALROOM_NEEDS_CASE("case39");
    const Network network = testing::load_case("case39");
    HeadroomOptions options = wanted();
    const auto whole = headroom(network, options);
    ASSERT_TRUE(whole.complete);
    for (const std::size_t after : {0U, 4U}) {
        RunControl control;
        auto watcher = testing::cancel_after(control, "redispatch", after);
        const auto part = headroom(network, options, &control);
        watcher.join();
        ASSERT_EQ(part.rows.size(), whole.rows.size());
        EXPECT_FALSE(part.complete);
        std::size_t finished = 0;
        for (std::size_t r = 0; r < part.rows.size(); ++r) {
            EXPECT_EQ(part.rows[r].status, whole.rows[r].status);
            EXPECT_TRUE(same_bits(part.rows[r].headroom_mw, whole.rows[r].headroom_mw));
            if (part.rows[r].redispatch.status == RedispatchStatus::not_run) {
                expect_no_figure(part.rows[r], RedispatchStatus::not_run);
                continue;
            }
            ++finished;
            EXPECT_TRUE(
                same_bits(part.rows[r].redispatch.redispatch_mw, whole.rows[r].redispatch.redispatch_mw));
        }
        EXPECT_GE(finished, after);
        EXPECT_LT(finished, part.rows.size());
    }
}

}  // namespace
}  // namespace nodalroom::headroom
