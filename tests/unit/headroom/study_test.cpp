#include "nodalroom/headroom/study.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "nodalroom/headroom/witness.hpp"
#include "support/bits.hpp"
#include "support/cancel_after.hpp"
#include "support/random_grid.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::ContingencySet;
using contingency::Outage;
using contingency::OutageKind;
using model::Network;
using powerflow::BalanceRule;
using testing::CaseRecords;
using testing::ring_of_three;

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
}

HeadroomOptions on_one_thread() {
    HeadroomOptions options;
    options.threads = 1;
    options.certify = Certify::all;
    return options;
}

void set_ratings(CaseRecords& records, double a, double b = 0.0, double c = 0.0) {
    for (std::size_t l = 0; l < records.mpc().branch.rows(); ++l) {
        records.set_branch(l, io::branch_col::rate_a, a);
        records.set_branch(l, io::branch_col::rate_b, b).set_branch(l, io::branch_col::rate_c, c);
    }
}

void set_bands(CaseRecords& records, double low, double high) {
    for (std::size_t i = 0; i < records.mpc().bus.rows(); ++i) {
        records.set_bus(i, io::bus_col::vmin, low).set_bus(i, io::bus_col::vmax, high);
    }
}

/// Reference 1 with a strong unit, ring of three, two lines from 3 to 4, and 5 behind a single line.
CaseRecords small_grid() {
    CaseRecords records = ring_of_three();
    records.bus(4, 1, 20.0, 5.0).bus(5, 1, 4.0, 1.0);
    records.branch(3, 4, 0.01, 0.1).branch(3, 4, 0.01, 0.1).branch(4, 5, 0.01, 0.05);
    records.set_unit(0, io::gen_col::pmax, 900.0).set_unit(0, io::gen_col::qmax, 900.0);
    records.set_unit(0, io::gen_col::qmin, -900.0);
    return records;
}

/// MVA at the larger end of a branch in an edited case, by a plain power flow.
double flow_mva(const io::MatpowerCase& mpc, std::size_t branch) {
    const Network network = Network::from_matpower(mpc);
    const auto result = powerflow::solve(network);
    EXPECT_TRUE(result.converged());
    return network.base_mva() * std::max(std::abs(result.branch_flow_pu[branch].s_from),
                                         std::abs(result.branch_flow_pu[branch].s_to));
}

TEST(Study, FindsTheLoadAtWhichALineReachesItsRating) {
    auto records = small_grid();
    set_bands(records, 0.5, 1.5);
    set_ratings(records, 120.0);
    const Network network = Network::from_matpower(records.mpc());
    auto options = on_one_thread();
    options.buses = {BusRow(3)};
    const auto result = headroom(network, options);
    const HeadroomRow& row = result.rows.at(0);
    ASSERT_EQ(row.status, HeadroomStatus::limited);
    ASSERT_EQ(row.binding.type, LimitType::thermal);
    EXPECT_TRUE(row.certified());
    EXPECT_EQ(result.bridges, 1U);
    EXPECT_EQ(result.states_total, 7U);  // intact, five lines, one unit
    EXPECT_EQ(row.states_total, 6);      // without the unit nobody is left to supply
    ASSERT_EQ(result.unsolvable.size(), 1U);
    EXPECT_EQ(result.unsolvable[0], Outage::of(UnitRow(0)));

    // The same by hand: connect the load, take the line out, read the flow.
    const auto loaded = [&](double mw) {
        io::MatpowerCase edited = records.mpc();
        edited.bus.at(3, io::bus_col::pd) += mw;
        edited.bus.at(3, io::bus_col::qd) += mw * std::tan(std::acos(0.95));
        EXPECT_EQ(row.binding.outage.kind, OutageKind::branch);
        edited.branch.at(static_cast<std::size_t>(row.binding.outage.row), io::branch_col::status) = 0.0;
        return flow_mva(edited, static_cast<std::size_t>(row.binding.element));
    };
    EXPECT_NEAR(loaded(row.headroom_mw), 120.0, 0.01);
    EXPECT_NEAR(row.binding.value, 120.0, 1e-3);
    EXPECT_EQ(row.binding.limit, 120.0);
    const double slope = (loaded(row.headroom_mw + 0.5) - loaded(row.headroom_mw - 0.5));
    EXPECT_NEAR(row.binding.factor, slope, 1e-3);
    EXPECT_LT(row.feasible_mw, row.headroom_mw);
    EXPECT_GT(row.violated_mw, row.headroom_mw);
    EXPECT_LT(row.violated_mw - row.feasible_mw, 0.2);
}

TEST(Study, TakesTheRatingSetAskedFor) {
    auto records = small_grid();
    set_bands(records, 0.5, 1.5);
    set_ratings(records, 125.0, 140.0, 155.0);
    const Network network = Network::from_matpower(records.mpc());
    double before = 0.0;
    for (const auto set : {model::RatingSet::a, model::RatingSet::b, model::RatingSet::c}) {
        auto options = on_one_thread();
        options.buses = {BusRow(3)};
        options.limits.rating_post = set;
        const auto row = headroom(network, options).rows.at(0);
        ASSERT_EQ(row.binding.type, LimitType::thermal);
        EXPECT_FALSE(row.binding.outage.is_intact());
        const double rating = set == model::RatingSet::a ? 125.0 : set == model::RatingSet::b ? 140.0 : 155.0;
        EXPECT_NEAR(row.binding.limit, rating, 1e-9);
        EXPECT_GT(row.headroom_mw, before + 3.0);
        before = row.headroom_mw;
    }
    auto options = on_one_thread();
    options.buses = {BusRow(3)};
    options.contingencies = ContingencySet::none;
    double intact[2];
    int k = 0;
    for (const auto set : {model::RatingSet::a, model::RatingSet::c}) {
        options.limits.rating_intact = set;
        const auto row = headroom(network, options).rows.at(0);
        EXPECT_TRUE(row.binding.outage.is_intact());
        intact[k++] = row.headroom_mw;
    }
    EXPECT_GT(intact[1], intact[0] + 5.0);
}

TEST(Study, WithoutLimitsEndsAtTheCapOrTheCollapse) {
    auto records = small_grid();
    set_bands(records, 0.05, 5.0);
    set_ratings(records, 0.0);
    const Network network = Network::from_matpower(records.mpc());
    auto options = on_one_thread();
    options.buses = {BusRow(2)};
    options.balance.rule = BalanceRule::reference;
    options.max_mw = 50.0;
    const auto capped = headroom(network, options).rows.at(0);
    EXPECT_EQ(capped.status, HeadroomStatus::cap_reached);
    EXPECT_EQ(capped.headroom_mw, 50.0);
    EXPECT_EQ(capped.feasible_mw, 50.0);
    EXPECT_TRUE(std::isnan(capped.violated_mw));
    EXPECT_EQ(capped.binding.type, LimitType::none);
    EXPECT_TRUE(capped.certified());
    EXPECT_TRUE(std::isinf(capped.thermal_mw) && std::isinf(capped.voltage_mw) &&
                std::isinf(capped.collapse_mw));
    options.max_mw = 2000.0;
    const auto collapsed = headroom(network, options).rows.at(0);
    EXPECT_EQ(collapsed.status, HeadroomStatus::limited);
    EXPECT_EQ(collapsed.binding.type, LimitType::collapse);
    EXPECT_TRUE(std::isnan(collapsed.binding.limit));
    EXPECT_NEAR(collapsed.headroom_mw, collapsed.collapse_mw, 1e-9);
    EXPECT_LT(collapsed.violated_mw - collapsed.feasible_mw, 1.0);
    EXPECT_GT(collapsed.feasible_mw, 50.0);
}

TEST(Study, StopsWhereTheSpareGenerationDoes) {
    auto records = small_grid();
    set_bands(records, 0.5, 1.5);
    set_ratings(records, 0.0);
    records.set_unit(0, io::gen_col::pg, 100.0).set_unit(0, io::gen_col::pmax, 130.0);
    const Network network = Network::from_matpower(records.mpc());
    auto options = on_one_thread();
    options.buses = {BusRow(1), BusRow(4)};
    for (const HeadroomRow& row : headroom(network, options).rows) {
        EXPECT_EQ(row.status, HeadroomStatus::generation_limited);
        EXPECT_EQ(row.binding.type, LimitType::generation);
        EXPECT_TRUE(row.binding.outage.is_intact());
        EXPECT_EQ(row.binding.element, -1);
        EXPECT_NEAR(row.binding.value, 30.0, 1e-3);
        EXPECT_NEAR(row.binding.limit, 30.0, 1e-9);
        EXPECT_NEAR(row.headroom_mw, row.generation_mw, 1e-9);
        // Production minus load and losses: 130 MW arrive, 104 MW were there.
        EXPECT_LT(row.headroom_mw, 26.0);
        EXPECT_GT(row.headroom_mw, 20.0);
    }
    options.balance.rule = BalanceRule::pmax;  // the limit belongs to 'spare' alone
    for (const HeadroomRow& row : headroom(network, options).rows) EXPECT_TRUE(std::isinf(row.generation_mw));
}

/// A line that is overloaded before any load: definition, section 6.
TEST(Study, CountsOnlyWhatTheLoadMakesWorse) {
    auto records = small_grid();
    set_bands(records, 0.5, 1.5);
    set_ratings(records, 0.0);
    records.set_branch(5, io::branch_col::rate_a, 3.0);  // 4-5 carries 4 MW, from the start
    const Network network = Network::from_matpower(records.mpc());
    auto options = on_one_thread();
    options.max_mw = 60.0;
    options.buses = {BusRow(4), BusRow(1)};
    auto rows = headroom(network, options).rows;
    EXPECT_EQ(rows[0].status, HeadroomStatus::already_limited);  // at 5 every MW goes through that line
    EXPECT_EQ(rows[0].headroom_mw, 0.0);
    EXPECT_EQ(rows[0].feasible_mw, 0.0);
    EXPECT_EQ(rows[0].binding.element, 5);
    EXPECT_GT(rows[0].binding.value, 3.0);
    EXPECT_NEAR(rows[0].binding.value_without_load, 4.0, 0.2);
    EXPECT_EQ(rows[1].status, HeadroomStatus::cap_reached);  // at 2 hardly any: under 3 %

    options.attribution_mva_per_mw = 1.2;  // more than a line can gain
    EXPECT_EQ(headroom(network, options).rows[0].status, HeadroomStatus::cap_reached);
    options.attribution_mva_per_mw = 0.0;  // strict: lower voltages alone raise that line's current
    options.attribution_voltage_pu = 0.0;
    rows = headroom(network, options).rows;
    EXPECT_EQ(rows[0].status, HeadroomStatus::already_limited);
    EXPECT_EQ(rows[1].status, HeadroomStatus::limited);  // once it is more than power flows are solved to
    EXPECT_EQ(rows[1].binding.element, 5);
    EXPECT_LT(rows[1].headroom_mw, 0.2);
}

TEST(Study, CountsALowVoltageOnlyBeyondItsThreshold) {
    auto records = small_grid();
    set_ratings(records, 0.0);
    set_bands(records, 0.5, 1.5);
    records.set_bus(4, io::bus_col::vmin, 1.2);  // far above what bus 5 ever has
    const Network network = Network::from_matpower(records.mpc());
    auto options = on_one_thread();
    options.contingencies = ContingencySet::none;
    options.buses = {BusRow(4)};
    auto row = headroom(network, options).rows.at(0);
    ASSERT_EQ(row.status, HeadroomStatus::limited);
    ASSERT_EQ(row.binding.type, LimitType::low_voltage);
    EXPECT_EQ(row.binding.element, 4);
    const double v_before = powerflow::solve(network).voltages.vm_pu[4];
    EXPECT_NEAR(v_before - row.binding.value, 0.005, 1e-6);  // the threshold is what was reached
    EXPECT_NEAR(row.binding.value_without_load, v_before, 1e-9);
    EXPECT_EQ(row.binding.limit, 1.2);
    const std::string head = joined(make_witness(network, options, row).header);
    EXPECT_NE(head.find("Without the new load it is 0."), std::string::npos) << head;
    EXPECT_NE(head.find("the attribution: the load has moved it by 0.005 pu"), std::string::npos) << head;
    options.attribution_voltage_pu = 0.0;
    EXPECT_EQ(headroom(network, options).rows.at(0).status, HeadroomStatus::already_limited);
}

/// A limit kept without the load can be passed before what the load moves counts: definition, section 6.
TEST(Study, SaysWhereALimitWasPassedOnTheWayToTheAttribution) {
    auto records = small_grid();
    set_ratings(records, 0.0);
    set_bands(records, 0.5, 1.5);
    const double v_before = powerflow::solve(Network::from_matpower(records.mpc())).voltages.vm_pu[4];
    records.set_bus(4, io::bus_col::vmin, v_before - 0.002);
    const Network network = Network::from_matpower(records.mpc());
    auto options = on_one_thread();
    options.contingencies = ContingencySet::none;
    options.buses = {BusRow(4)};
    const auto row = headroom(network, options).rows.at(0);
    ASSERT_EQ(row.binding.type, LimitType::low_voltage);
    EXPECT_GT(row.binding.value_without_load, row.binding.limit);
    EXPECT_NEAR(row.binding.value, v_before - 0.005, 1e-6);
    const auto has = [&](const HeadroomOptions& asked, const char* words) {
        const auto found = headroom(network, asked).rows.at(0);
        return joined(make_witness(network, asked, found).header).find(words) != std::string::npos;
    };
    EXPECT_TRUE(has(options, "Not the limit is reached here but the attribution"));
    options.attribution_voltage_pu = 0.001;  // less than there is to the limit
    EXPECT_TRUE(has(options, "Without the new load it is 0."));
    EXPECT_FALSE(has(options, "attribution"));
}

TEST(Study, FlagsBusesBehindABridge) {
    const Network network = Network::from_matpower(small_grid().mpc());
    const auto result = headroom(network, on_one_thread());
    ASSERT_EQ(result.rows.size(), 5U);
    for (const HeadroomRow& row : result.rows) {
        EXPECT_EQ(row.radial_feed.valid(), row.bus == BusRow(4));
    }
    EXPECT_EQ(result.rows[4].radial_feed, BranchRow(5));
}

TEST(Study, WatchesOnlyWhatIsHighEnough) {
    auto records = small_grid();
    set_bands(records, 0.5, 1.5);
    set_ratings(records, 300.0);
    records.set_branch(5, io::branch_col::rate_a, 10.0);
    records.set_bus(4, io::bus_col::base_kv, 20.0).set_bus(4, io::bus_col::vmin, 0.99);
    const Network network = Network::from_matpower(records.mpc());
    auto options = on_one_thread();
    options.buses = {BusRow(4)};
    const double all = headroom(network, options).rows.at(0).headroom_mw;
    EXPECT_LT(all, 10.0);
    options.limits.monitor_min_kv = 100.0;
    const auto row = headroom(network, options).rows.at(0);
    EXPECT_GT(row.headroom_mw, 50.0);
    EXPECT_FALSE(row.binding.type == LimitType::thermal && row.binding.element == 5);
    EXPECT_FALSE(row.binding.type == LimitType::low_voltage && row.binding.element == 4);
    options.buses.clear();
    options.min_kv = 100.0;
    EXPECT_EQ(headroom(network, options).rows.size(), 4U);
}

TEST(Study, LimitsTheVoltageChangeAfterAnOutage) {
    auto records = small_grid();
    set_bands(records, 0.5, 1.5);
    set_ratings(records, 0.0);
    const Network network = Network::from_matpower(records.mpc());
    auto options = on_one_thread();
    options.buses = {BusRow(3)};
    options.limits.voltage_change_max_pu = 0.08;
    const auto row = headroom(network, options).rows.at(0);
    ASSERT_EQ(row.binding.type, LimitType::voltage_change);
    EXPECT_FALSE(row.binding.outage.is_intact());
    EXPECT_NEAR(row.binding.value, 0.08, 1e-5);
    EXPECT_GT(row.binding.value_without_load, 0.0);
    EXPECT_LT(row.binding.value_without_load, 0.08);
    // By hand: with the load, after the outage, against the intact state with the load.
    io::MatpowerCase edited = records.mpc();
    edited.bus.at(3, io::bus_col::pd) += row.headroom_mw;
    edited.bus.at(3, io::bus_col::qd) += row.headroom_mw * std::tan(std::acos(0.95));
    const auto intact = powerflow::solve(Network::from_matpower(edited));
    edited.branch.at(static_cast<std::size_t>(row.binding.outage.row), io::branch_col::status) = 0.0;
    const auto after = powerflow::solve(Network::from_matpower(edited));
    const auto bus = static_cast<std::size_t>(row.binding.element);
    EXPECT_NEAR(std::abs(after.voltages.vm_pu[bus] - intact.voltages.vm_pu[bus]), 0.08, 1e-5);
}

TEST(Study, WithoutASolutionOfTheIntactCaseGivesNoNumber) {
    auto records = small_grid();
    records.set_bus(2, io::bus_col::pd, 5000.0);
    const auto result = headroom(Network::from_matpower(records.mpc()), on_one_thread());
    EXPECT_FALSE(result.intact_solved);
    EXPECT_TRUE(result.complete);
    EXPECT_NE(result.reason.find("worst at bus"), std::string::npos);
    for (const HeadroomRow& row : result.rows) {
        EXPECT_EQ(row.status, HeadroomStatus::unsolved);
        EXPECT_TRUE(std::isnan(row.headroom_mw));
    }
}

TEST(Study, CancelledKeepsFinishedRowsAndLeavesTheOthersNotRun) {
    auto records = testing::random_grid(400, {.buses = 20, .extra_branches = 16});
    const Network network = Network::from_matpower(records.mpc());
    auto options = on_one_thread();
    const auto whole = headroom(network, options);
    ASSERT_TRUE(whole.complete);
    for (const std::size_t after : {0U, 3U}) {
        RunControl control;
        auto watcher = testing::cancel_after(control, "candidate buses", after);
        const auto part = headroom(network, options, &control);
        watcher.join();
        ASSERT_EQ(part.rows.size(), whole.rows.size());
        EXPECT_FALSE(part.complete);
        std::size_t finished = 0;
        for (std::size_t r = 0; r < part.rows.size(); ++r) {
            EXPECT_EQ(part.rows[r].bus, whole.rows[r].bus);
            if (part.rows[r].status == HeadroomStatus::not_run) {
                EXPECT_TRUE(std::isnan(part.rows[r].headroom_mw));
                continue;
            }
            ++finished;
            EXPECT_TRUE(testing::same_bits(part.rows[r].headroom_mw, whole.rows[r].headroom_mw));
        }
        EXPECT_GE(finished, after);
    }
    RunControl before;
    before.cancel = true;
    const auto none = headroom(network, options, &before);
    EXPECT_FALSE(none.complete);
    EXPECT_TRUE(whole.baselines_known);
    EXPECT_FALSE(none.baselines_known);  // no state left out is not the same as none without a solution
    for (const HeadroomRow& row : none.rows) EXPECT_EQ(row.status, HeadroomStatus::not_run);
}

TEST(Study, AnAreaSuppliesAlone) {
    auto records = small_grid();
    records.set_bus(1, io::bus_col::type, 2).set_bus(1, io::bus_col::area, 2).unit(2, 10.0).unit(2, 5.0);
    set_bands(records, 0.5, 1.5);
    set_ratings(records, 150.0);
    const Network network = Network::from_matpower(records.mpc());
    auto options = on_one_thread();
    options.buses = {BusRow(3)};
    options.balance.area = 2;
    const auto result = headroom(network, options);
    EXPECT_EQ(result.options.balance.name(), "spare in area 2");
    const auto witness = make_witness(network, result.options, result.rows.at(0));
    EXPECT_NEAR(witness.mpc.gen.at(0, io::gen_col::pg), 80.0, 1e-9);  // not of the area: as dispatched
    const double first = witness.mpc.gen.at(1, io::gen_col::pg) - 10.0;
    const double second = witness.mpc.gen.at(2, io::gen_col::pg) - 5.0;
    EXPECT_GT(first, 1.0);
    EXPECT_NEAR(first / 190.0, second / 195.0, 1e-9);  // by spare
    options.balance.area.reset();
    EXPECT_GT(std::abs(headroom(network, options).rows.at(0).headroom_mw - result.rows.at(0).headroom_mw),
              0.2);
}

TEST(Study, ALoadAtUnityPowerFactorDrawsNoReactivePower) {
    auto records = small_grid();
    set_bands(records, 0.5, 1.5);
    set_ratings(records, 120.0);
    const Network network = Network::from_matpower(records.mpc());
    double before = 0.0;
    for (const double power_factor : {0.8, 0.95, 1.0}) {
        auto options = on_one_thread();
        options.buses = {BusRow(3)};
        options.power_factor = power_factor;
        const auto result = headroom(network, options);
        const auto& row = result.rows.at(0);
        const auto witness = make_witness(network, options, row);
        EXPECT_NEAR(witness.mpc.bus.at(3, io::bus_col::qd) - 5.0,
                    row.headroom_mw * std::tan(std::acos(power_factor)), 1e-9 * row.headroom_mw);
        EXPECT_GT(row.headroom_mw, before);  // less MVA per MW
        before = row.headroom_mw;
    }
}

}  // namespace
}  // namespace nodalroom::headroom
