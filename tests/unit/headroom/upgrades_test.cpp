#include "nodalroom/headroom/upgrades.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/headroom/study.hpp"
#include "nodalroom/numerics/linear_program.hpp"
#include "support/bits.hpp"
#include "support/case_files.hpp"
#include "unit/model/case_records.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::LimitUpgrade;
using model::Network;
using testing::same_bits;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

HeadroomOptions on_one_thread() {
    HeadroomOptions options;
    options.threads = 1;
    return options;
}

LadderOptions up_to(double target_mw, bool by_redispatch = false, double factor = kInfinity) {
    LadderOptions ladder;
    ladder.target_mw = target_mw;
    ladder.by_redispatch = by_redispatch;
    ladder.rating_factor = factor;
    return ladder;
}

io::MatpowerCase without_voltage_limits(io::MatpowerCase mpc) {
    for (std::size_t i = 0; i < mpc.bus.rows(); ++i) {
        mpc.bus.at(i, io::bus_col::vmin) = 0.3;
        mpc.bus.at(i, io::bus_col::vmax) = 1.8;
    }
    return mpc;
}

/// A case in which nothing but ratings binds, and several of them.
io::MatpowerCase with_low_ratings() {
    io::MatpowerCase mpc = without_voltage_limits(testing::read_case("case24_ieee_rts"));
    for (std::size_t l = 0; l < mpc.branch.rows(); ++l) {
        for (const std::size_t column :
             {io::branch_col::rate_a, io::branch_col::rate_b, io::branch_col::rate_c})
            mpc.branch.at(l, column) *= 0.65;
    }
    return mpc;
}

/// The upgrades made in the records instead of the options.
io::MatpowerCase edited(io::MatpowerCase mpc, const std::vector<LimitUpgrade>& upgrades) {
    for (const LimitUpgrade& upgrade : upgrades) {
        const auto row = static_cast<std::size_t>(upgrade.row);
        if (!upgrade.is_branch) {
            mpc.bus.at(row, io::bus_col::vmin) = 0.0;
            mpc.bus.at(row, io::bus_col::vmax) = 9.0;
            continue;
        }
        for (const std::size_t column :
             {io::branch_col::rate_a, io::branch_col::rate_b, io::branch_col::rate_c}) {
            double& rating = mpc.branch.at(row, column);
            rating = std::isinf(upgrade.factor) ? 0.0 : rating * upgrade.factor;
        }
    }
    return mpc;
}

HeadroomRow study_of(const io::MatpowerCase& mpc, BusRow bus, double max_mw, bool by_redispatch) {
    HeadroomOptions options = on_one_thread();
    options.buses = {bus};
    options.max_mw = max_mw;
    options.redispatch.wanted = by_redispatch;
    return headroom(Network::from_matpower(mpc), options).rows.at(0);
}

TEST(UpgradeLadder, EveryRungIsWhatAStudyOfTheEditedCaseFinds) {
    const io::MatpowerCase mpc = testing::read_case("case24_ieee_rts");
    const Network network = Network::from_matpower(mpc);
    const BusRow bus = testing::row_of(network, 3);
    LadderOptions options = up_to(100.0);
    const UpgradeLadder ladder = upgrade_ladder(network, on_one_thread(), bus, options);
    ASSERT_TRUE(ladder.complete);
    ASSERT_GE(ladder.rungs.size(), 5U);
    bool raised_branch = false, lifted_bus = false;
    for (std::size_t r = 0; r < ladder.rungs.size(); ++r) {
        const LadderRung& rung = ladder.rungs[r];
        EXPECT_EQ(rung.upgrades.size(), r);  // each element once: limits are removed
        const HeadroomRow apart = study_of(edited(mpc, rung.upgrades), bus, 100.0, false);
        EXPECT_EQ(rung.row.status, apart.status) << r;
        EXPECT_NEAR(rung.certified_mw, apart.headroom_mw, 0.01) << r;
        EXPECT_EQ(rung.row.binding.element, apart.binding.element) << r;
        if (r > 0) {
            EXPECT_GE(rung.certified_mw, ladder.rungs[r - 1].certified_mw - 0.01) << r;
            ASSERT_TRUE(ladder.rungs[r - 1].upgrade.has_value());
            EXPECT_EQ(rung.upgrades.back(), *ladder.rungs[r - 1].upgrade);
        }
        for (const LimitUpgrade& upgrade : rung.upgrades)
            (upgrade.is_branch ? raised_branch : lifted_bus) = true;
    }
    EXPECT_TRUE(raised_branch && lifted_bus);
    EXPECT_EQ(ladder.status, LadderStatus::target_reached);
    EXPECT_EQ(ladder.rungs.back().certified_mw, 100.0);
    EXPECT_FALSE(ladder.rungs.back().upgrade.has_value());
}

TEST(UpgradeLadder, IsTheSameOnAnyNumberOfThreads) {
    const Network network = testing::load_case("case24_ieee_rts");
    const BusRow bus = testing::row_of(network, 3);
    HeadroomOptions options = on_one_thread();
    const UpgradeLadder one = upgrade_ladder(network, options, bus, up_to(100.0));
    options.threads = 3;
    const UpgradeLadder three = upgrade_ladder(network, options, bus, up_to(100.0));
    ASSERT_EQ(one.rungs.size(), three.rungs.size());
    for (std::size_t r = 0; r < one.rungs.size(); ++r) {
        EXPECT_TRUE(same_bits(one.rungs[r].certified_mw, three.rungs[r].certified_mw));
        EXPECT_EQ(one.rungs[r].upgrade, three.rungs[r].upgrade);
    }
    ASSERT_EQ(one.needs.needs.size(), three.needs.needs.size());
    for (std::size_t e = 0; e < one.needs.needs.size(); ++e) {
        const UpgradeNeed &a = one.needs.needs[e], &b = three.needs.needs[e];
        EXPECT_TRUE(same_bits(a.post_mva.value, b.post_mva.value));
        EXPECT_TRUE(same_bits(a.lowest_pu.value, b.lowest_pu.value));
        EXPECT_EQ(a.post_mva.outage, b.post_mva.outage);
        EXPECT_EQ(a.lowest_pu.outage, b.lowest_pu.outage);
    }
}

/// A ladder of branches alone, and what it says they have to carry.
TEST(UpgradeLadder, WhatItSaysABranchHasToCarryIsEnoughAndNoLessIs) {
    const io::MatpowerCase mpc = with_low_ratings();
    const Network network = Network::from_matpower(mpc);
    const BusRow bus = testing::row_of(network, 18);
    const double target = 480.0;
    const UpgradeLadder ladder = upgrade_ladder(network, on_one_thread(), bus, up_to(target));
    ASSERT_EQ(ladder.status, LadderStatus::target_reached);
    ASSERT_GE(ladder.needs.needs.size(), 2U);
    ASSERT_TRUE(ladder.needs.complete);
    EXPECT_EQ(ladder.needs.states_solved, ladder.needs.states_total);
    const auto rated = [&](std::size_t reduced, double share) {
        io::MatpowerCase now = mpc;
        for (std::size_t e = 0; e < ladder.needs.needs.size(); ++e) {
            const UpgradeNeed& need = ladder.needs.needs[e];
            EXPECT_TRUE(need.upgrade.is_branch);
            const auto row = static_cast<std::size_t>(need.upgrade.row);
            const double factor = 1.001 * (e == reduced ? share : 1.0);
            now.branch.at(row, io::branch_col::rate_a) = need.intact_mva.value * factor;
            now.branch.at(row, io::branch_col::rate_b) = need.post_mva.value * factor;
        }
        return study_of(now, bus, target, false);
    };
    EXPECT_EQ(rated(ladder.needs.needs.size(), 1.0).status, HeadroomStatus::cap_reached);
    for (std::size_t e = 0; e < ladder.needs.needs.size(); ++e) {
        const UpgradeNeed& need = ladder.needs.needs[e];
        EXPECT_GT(std::max(need.post_mva.value / need.post_mva.limit,
                           need.intact_mva.value / need.intact_mva.limit),
                  1.0);
        const HeadroomRow less = rated(e, 0.979);
        EXPECT_EQ(less.status, HeadroomStatus::limited);
        EXPECT_EQ(less.binding.element, need.upgrade.row);
        EXPECT_LT(less.headroom_mw, target);
    }
}

TEST(UpgradeLadder, AVoltageItSaysABusHasIsFoundAfterThatOutage) {
    const io::MatpowerCase mpc = testing::read_case("case24_ieee_rts");
    const Network network = Network::from_matpower(mpc);
    const BusRow bus = testing::row_of(network, 3);
    const UpgradeLadder ladder = upgrade_ladder(network, on_one_thread(), bus, up_to(40.0));
    ASSERT_EQ(ladder.status, LadderStatus::target_reached);
    ASSERT_FALSE(ladder.needs.needs.empty());
    for (const UpgradeNeed& need : ladder.needs.needs) {
        ASSERT_FALSE(need.upgrade.is_branch);
        EXPECT_LT(need.lowest_pu.value, need.lowest_pu.limit);
        ASSERT_EQ(need.lowest_pu.outage.kind, contingency::OutageKind::branch);
        // By hand: the load connected, the branch out, units by the same rule.
        io::MatpowerCase now = mpc;
        now.bus.at(bus.pos(), io::bus_col::pd) += 40.0;
        now.bus.at(bus.pos(), io::bus_col::qd) += 40.0 * std::tan(std::acos(0.95));
        now.branch.at(static_cast<std::size_t>(need.lowest_pu.outage.row), io::branch_col::status) = 0.0;
        powerflow::PowerFlowOptions options;
        options.enforce_q_limits = true;
        options.balance.rule = powerflow::BalanceRule::spare;
        const auto solved = powerflow::solve(Network::from_matpower(now), options);
        ASSERT_TRUE(solved.converged());
        EXPECT_NEAR(solved.voltages.vm_pu[static_cast<std::size_t>(need.upgrade.row)], need.lowest_pu.value,
                    1e-7);
        EXPECT_TRUE(std::isnan(need.voltage_change_pu.value));
    }
}

TEST(UpgradeLadder, AFactorClimbsInSmallerSteps) {
    const Network network = Network::from_matpower(with_low_ratings());
    const BusRow bus = testing::row_of(network, 18);
    const double target = 480.0;
    const UpgradeLadder whole = upgrade_ladder(network, on_one_thread(), bus, up_to(target));
    const UpgradeLadder steps = upgrade_ladder(network, on_one_thread(), bus, up_to(target, false, 1.1));
    ASSERT_EQ(whole.status, LadderStatus::target_reached);
    ASSERT_EQ(steps.status, LadderStatus::target_reached);
    EXPECT_GT(steps.rungs.size(), whole.rungs.size());
    EXPECT_LT(steps.rungs[1].certified_mw, whole.rungs[1].certified_mw);
    bool raised_again = false;
    for (const LimitUpgrade& upgrade : steps.rungs.back().upgrades) {
        const double times = std::log(upgrade.factor) / std::log(1.1);
        EXPECT_NEAR(times, std::round(times), 1e-9);
        raised_again = raised_again || times > 1.5;
    }
    EXPECT_TRUE(raised_again);

    LadderOptions few = up_to(target, false, 1.1);
    few.max_rungs = 1;
    const UpgradeLadder short_of = upgrade_ladder(network, on_one_thread(), bus, few);
    EXPECT_EQ(short_of.status, LadderStatus::rungs_exhausted);
    EXPECT_EQ(short_of.rungs.size(), 2U);
    EXPECT_TRUE(same_bits(short_of.rungs[1].certified_mw, steps.rungs[1].certified_mw));
}

TEST(UpgradeLadder, EndsWhereUnitsHaveNoMoreToGive) {
    const Network network =
        Network::from_matpower(without_voltage_limits(testing::read_case("case24_ieee_rts")));
    const BusRow bus = testing::row_of(network, 18);
    const double spare = upgrade_ladder(network, on_one_thread(), bus, up_to(1.0)).most_generation_mw;
    EXPECT_NEAR(spare, 3405.0 - 2850.0, 1e-9);  // MW of capacity and of load in the file
    const UpgradeLadder near = upgrade_ladder(network, on_one_thread(), bus, up_to(spare - 1.0));
    ASSERT_EQ(near.status, LadderStatus::generation_limited);
    EXPECT_EQ(near.rungs.back().row.status, HeadroomStatus::generation_limited);
    EXPECT_LT(near.rungs.back().certified_mw, spare);
    EXPECT_GT(near.rungs.size(), 1U);

    const UpgradeLadder beyond = upgrade_ladder(network, on_one_thread(), bus, up_to(spare + 1.0));
    EXPECT_EQ(beyond.status, LadderStatus::generation_limited);
    ASSERT_EQ(beyond.rungs.size(), 1U);  // the case as it is, and nothing raised in vain
    EXPECT_EQ(beyond.rungs[0].row.status, HeadroomStatus::limited);
    EXPECT_NEAR(beyond.rungs[0].certified_mw, near.rungs[0].certified_mw, 0.01);
    EXPECT_FALSE(beyond.rungs[0].upgrade.has_value());

    HeadroomOptions by_pmax = on_one_thread();
    by_pmax.balance.rule = powerflow::BalanceRule::pmax;
    EXPECT_TRUE(std::isinf(upgrade_ladder(network, by_pmax, bus, up_to(1.0)).most_generation_mw));
}

TEST(UpgradeLadder, EndsAtACollapse) {
    const Network network = testing::load_case("case14");  // without ratings
    const UpgradeLadder ladder =
        upgrade_ladder(network, on_one_thread(), testing::row_of(network, 9), up_to(300.0));
    EXPECT_EQ(ladder.status, LadderStatus::not_upgradable);
    ASSERT_EQ(ladder.rungs.back().binding.size(), 1U);
    EXPECT_EQ(ladder.rungs.back().binding[0].binding.type, LimitType::collapse);
    EXPECT_TRUE(ladder.complete);
}

TEST(UpgradeLadder, SaysWhereThereIsNoSolutionAndWhereItWasCancelled) {
    auto records = testing::ring_of_three();
    records.set_bus(1, io::bus_col::pd, 1e5);
    const UpgradeLadder none =
        upgrade_ladder(Network::from_matpower(records.mpc()), on_one_thread(), BusRow(2), up_to(10.0));
    EXPECT_EQ(none.status, LadderStatus::unsolved);
    EXPECT_TRUE(std::isnan(none.rungs.at(0).certified_mw));
    RunControl control;
    control.cancel = true;
    const UpgradeLadder cancelled = upgrade_ladder(testing::load_case("case24_ieee_rts"), on_one_thread(),
                                                   BusRow(2), up_to(10.0), &control);
    EXPECT_EQ(cancelled.status, LadderStatus::cancelled);
    EXPECT_FALSE(cancelled.complete);
    EXPECT_FALSE(cancelled.needs.complete);
}

TEST(Upgrades, SayWhichRungOrElementTheyAreAt) {
    const Network network = testing::load_case("case24_ieee_rts");
    const HeadroomOptions options = on_one_thread();
    RunControl control;
    const auto list = list_upgrades(network, options, headroom(network, options), 2, false, &control);
    EXPECT_TRUE(list.complete);
    EXPECT_STREQ(control.round.load(), "element");
    EXPECT_EQ(control.round_number.load(), 2U);
    EXPECT_EQ(control.rounds.load(), 2U);
    const auto ladder = upgrade_ladder(network, options, testing::row_of(network, 3), up_to(50.0), &control);
    EXPECT_TRUE(ladder.complete);
    EXPECT_STREQ(control.stage.load(), "states at the last rung");
    EXPECT_STREQ(control.round.load(), "");  // which belongs to no rung
}

TEST(UpgradeLadder, ClimbsRedispatchHeadroom) {
    if (!numerics::has_lp_solver()) GTEST_SKIP() << "built without an LP solver";
    const io::MatpowerCase mpc = testing::read_case("case24_ieee_rts");
    const Network network = Network::from_matpower(mpc);
    const BusRow bus = testing::row_of(network, 3);
    const double target = 100.0;
    const UpgradeLadder ladder = upgrade_ladder(network, on_one_thread(), bus, up_to(target, true));
    const UpgradeLadder fixed = upgrade_ladder(network, on_one_thread(), bus, up_to(target));
    ASSERT_EQ(ladder.status, LadderStatus::target_reached);
    EXPECT_EQ(ladder.rungs.back().certified_mw, target);
    EXPECT_GT(ladder.rungs[0].certified_mw, fixed.rungs[0].certified_mw);
    EXPECT_LT(ladder.rungs.size(), fixed.rungs.size());
    for (std::size_t r = 0; r < ladder.rungs.size(); ++r) {
        const LadderRung& rung = ladder.rungs[r];
        const HeadroomRow apart = study_of(edited(mpc, rung.upgrades), bus, target, true);
        EXPECT_NEAR(rung.certified_mw, apart.redispatch.redispatch_mw, 0.2) << r;
        EXPECT_LE(rung.row.redispatch.states_solved, rung.row.redispatch.states_total) << r;
        if (r > 0) {
            EXPECT_GE(rung.certified_mw, ladder.rungs[r - 1].certified_mw) << r;
        }
        if (!rung.upgrade) continue;
        double most = 0.0;
        for (const BindingPair& pair : rung.binding) {
            if (upgrade_of(pair.binding)) most = std::max(most, gain_by_limit_mw(pair));
        }
        EXPECT_TRUE(std::ranges::any_of(rung.binding, [&](const BindingPair& pair) {
            return gain_by_limit_mw(pair) == most && upgrade_of(pair.binding) == rung.upgrade;
        }));
    }
    EXPECT_TRUE(ladder.needs.complete);
    EXPECT_EQ(ladder.needs.needs.size(), ladder.rungs.size() - 1);
    const HeadroomOptions plain = on_one_thread();
    EXPECT_THROW((void)upgrade_needs(network, plain, fixed.rungs[0].row, true, {}, {}), OptionError);
}

TEST(UpgradeLadder, RefusesWhatIsNoLadder) {
    const Network network = testing::load_case("case14");
    const auto refused = [&](auto change) {
        LadderOptions ladder;
        change(ladder);
        EXPECT_THROW((void)upgrade_ladder(network, on_one_thread(), BusRow(3), ladder), OptionError);
        return ladder.first_violation().value_or("");
    };
    EXPECT_EQ(refused([](auto& l) { l.target_mw = 0.0; }), "target_mw = 0; must be > 0 and finite");
    EXPECT_FALSE(refused([](auto& l) { l.target_mw = kInfinity; }).empty());
    EXPECT_EQ(refused([](auto& l) { l.rating_factor = 1.0; }), "rating_factor = 1; must be > 1");
    EXPECT_FALSE(refused([](auto& l) { l.rating_factor = NAN; }).empty());
    EXPECT_EQ(refused([](auto& l) { l.max_rungs = 0; }), "max_rungs = 0; must be >= 1");
    EXPECT_FALSE(LadderOptions{}.first_violation().has_value());
    EXPECT_THROW((void)upgrade_ladder(network, on_one_thread(), BusRow(99), LadderOptions{}), OptionError);
    EXPECT_THROW((void)upgrade_ladder(network, on_one_thread(), BusRow(), LadderOptions{}), OptionError);
}

/// Study, list, and each element's buses studied apart in an edited case.
void expect_list_equals_studies(bool by_redispatch, double tolerance_mw) {
    const io::MatpowerCase mpc = testing::read_case("case24_ieee_rts");
    const Network network = Network::from_matpower(mpc);
    HeadroomOptions options = on_one_thread();
    options.redispatch.wanted = by_redispatch;
    const HeadroomResult study = headroom(network, options);
    const UpgradeList list = list_upgrades(network, options, study, 3, by_redispatch);
    ASSERT_TRUE(list.complete);
    ASSERT_GE(list.entries.size(), 3U);
    EXPECT_GT(list.elements_total, 3U);
    for (std::size_t e = 0; e < 3; ++e) {
        const UpgradeEntry& entry = list.entries[e];
        ASSERT_TRUE(entry.was_run);
        EXPECT_TRUE(e == 0 || entry.weight <= list.entries[e - 1].weight);
        if (!by_redispatch) {
            EXPECT_EQ(entry.weight, static_cast<double>(entry.buses.size()));
        }
        double sum = 0.0, best = -kInfinity;
        const LimitUpgrade removed{entry.kind == HoldKind::branch, entry.row, kInfinity};
        for (const UnlockedBus& held : entry.buses) {
            const HeadroomRow& before = study.rows.at(held.bus.pos());
            const HeadroomRow after =
                study_of(edited(mpc, {removed}), held.bus, options.max_mw, by_redispatch);
            EXPECT_EQ(held.before_mw, by_redispatch ? before.redispatch.redispatch_mw : before.headroom_mw);
            // A dispatch found with the limit holds without it, too.
            const double apart =
                by_redispatch ? std::max(after.redispatch.redispatch_mw, held.before_mw) : after.headroom_mw;
            EXPECT_NEAR(held.after_mw, apart, tolerance_mw);
            EXPECT_GE(held.unlocked_mw(), -0.01);
            sum += held.unlocked_mw();
            best = std::max(best, held.unlocked_mw());
        }
        EXPECT_NEAR(entry.sum_mw, sum, 1e-9);
        ASSERT_TRUE(entry.best.has_value());
        EXPECT_EQ(entry.buses[*entry.best].unlocked_mw(), best);
        EXPECT_LE(entry.median_mw, best);
    }
}

TEST(UpgradeList, UnlocksWhatSeparateStudiesFind) { expect_list_equals_studies(false, 0.01); }

TEST(UpgradeList, UnlocksWhatSeparateStudiesFindWithRedispatch) {
    if (!numerics::has_lp_solver()) GTEST_SKIP() << "built without an LP solver";
    expect_list_equals_studies(true, 0.2);
}

TEST(UpgradeList, CountsEveryBusOnceAndRunsOnlyWhatHasALimit) {
    const Network network = testing::load_case("case14");
    const HeadroomOptions options = on_one_thread();
    const HeadroomResult study = headroom(network, options);
    const UpgradeList list = list_upgrades(network, options, study, 100, false);
    std::size_t held = 0, bound = 0;
    bool collapse = false;
    for (const UpgradeEntry& entry : list.entries) {
        held += entry.buses.size();
        const bool has_limit = entry.kind == HoldKind::branch || entry.kind == HoldKind::bus;
        EXPECT_EQ(entry.was_run, has_limit);
        EXPECT_EQ(std::isnan(entry.sum_mw), !has_limit);
        collapse = collapse || entry.kind == HoldKind::collapse;
    }
    for (const HeadroomRow& row : study.rows) bound += row.binding.type != LimitType::none ? 1 : 0;
    EXPECT_EQ(held, bound);
    EXPECT_TRUE(collapse);
}

TEST(UpgradeList, KeepsToItsStudyAndSaysWhenItWasCancelled) {
    const Network network = testing::load_case("case24_ieee_rts");
    const HeadroomOptions options = on_one_thread();
    const HeadroomResult study = headroom(network, options);
    EXPECT_THROW((void)list_upgrades(network, options, study, 0, false), OptionError);
    EXPECT_THROW((void)list_upgrades(network, options, study, 3, true), OptionError);
    EXPECT_THROW((void)list_upgrades(testing::load_case("case14"), options, study, 3, false), OptionError);
    RunControl control;
    control.cancel = true;
    const UpgradeList list = list_upgrades(network, options, study, 3, false, &control);
    EXPECT_FALSE(list.complete);
    ASSERT_FALSE(list.entries.empty());
    EXPECT_FALSE(list.entries[0].was_run);
    EXPECT_TRUE(std::isnan(list.entries[0].buses.at(0).after_mw));
}

}  // namespace
}  // namespace nodalroom::headroom
