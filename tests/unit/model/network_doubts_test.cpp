#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "case_records.hpp"
#include "nodalroom/model/network.hpp"

namespace nodalroom::model {
namespace {

using testing::CaseRecords;
using testing::ring_of_three;
namespace bus_col = io::bus_col;
namespace gen_col = io::gen_col;
namespace branch_col = io::branch_col;

/// "warning CODE @LINE: MESSAGE" of each diagnostic.
std::vector<std::string> doubts_of(CaseRecords& records) {
    std::vector<std::string> out;
    const auto network = Network::from_matpower(records.mpc());
    for (const Diagnostic& d : network.diagnostics()) {
        out.push_back((d.severity == Severity::warning ? "warning " : "note ") + d.code + " @" +
                      std::to_string(d.line) + ": " + d.message);
    }
    return out;
}

using Lines = std::vector<std::string>;

TEST(Doubts, AreNoneInACleanCase) {
    auto records = ring_of_three();
    EXPECT_EQ(doubts_of(records), Lines{});
}

TEST(Doubts, FollowThoseOfTheReader) {
    auto records = ring_of_three();
    records.mpc().diagnostics.push_back({Severity::note, "evaluated", 9, "one statement"});
    records.set_branch(0, branch_col::rate_a, 0.0);
    EXPECT_EQ(doubts_of(records),
              (Lines{"note evaluated @9: one statement",
                     "note rating_unlimited @201: 1 branch in service has rateA 0: no thermal limit: "
                     "branch 1: 1-2 ckt 1"}));
}

TEST(Doubts, PgOutsideItsLimits) {
    auto records = ring_of_three();
    records.unit(1, -5.0).unit(1, 200.0).unit(1, 999.0, 0.0).set_unit(0, gen_col::pg, 200.5);
    EXPECT_EQ(doubts_of(records), (Lines{"warning pg_outside_limits @101: 2 units in service have Pg outside "
                                         "[Pmin, Pmax]: unit 1 at 1, Pg = "
                                         "200.5, Pmax = 200; unit 2 at 1, Pg = -5, Pmin = 0"}));
}

TEST(Doubts, LimitsCrossedOutOfService) {
    auto records = ring_of_three();
    records.unit(2, 0.0, 0.0).set_unit(1, gen_col::pmax, -1.0).set_unit(1, gen_col::qmin, 60.0);
    EXPECT_EQ(doubts_of(records), (Lines{"warning limits_crossed_out_of_service @102: 2 pairs of limits of "
                                         "units out of service have their "
                                         "maximum below their minimum: unit 2 at 2, Pmax = -1, Pmin = 0; "
                                         "unit 2 at 2, Qmax = 50, Qmin = 60"}));
}

TEST(Doubts, InfiniteActiveLimits) {
    auto records = ring_of_three();
    records.set_unit(0, gen_col::pmax, std::numeric_limits<double>::infinity());
    EXPECT_EQ(doubts_of(records),
              (Lines{"warning p_limit_infinite @101: 1 active power limit of a unit in service is "
                     "infinite: unit 1 at 1, Pmax = inf"}));
}

TEST(Doubts, DifferentSetpointsAtOneBus) {
    auto records = ring_of_three();
    records.unit(1).unit(1).unit(1, 0.0, 0.0);
    records.set_unit(2, gen_col::vg, 1.02).set_unit(3, gen_col::vg, 1.05);
    EXPECT_EQ(doubts_of(records),
              (Lines{"warning vg_differs_at_bus @103: 1 bus has units in service with different Vg; "
                     "its first one regulates: unit 1 at 1, Vg = 1 and unit 3, Vg = 1.02"}));
}

TEST(Doubts, SetpointsOutsideTheBandOfTheirBus) {
    auto records = ring_of_three();
    records.bus(4, 2).unit(4).branch(3, 4).unit(2);  // 2 is a PQ bus: nothing is regulated there
    records.set_unit(0, gen_col::vg, 1.12).set_unit(1, gen_col::vg, 0.85).set_unit(2, gen_col::vg, 1.2);
    EXPECT_EQ(doubts_of(records).at(0),
              "warning vg_outside_limits @101: 2 units in service regulate to a Vg outside [Vmin, Vmax] of "
              "their buses: unit 1 at 1, Vg = 1.12, Vmax = 1.1; unit 2 at 4, Vg = 0.85, Vmin = 0.9");
}

TEST(Doubts, UnitsAtPqBuses) {
    auto records = ring_of_three();
    records.unit(2).unit(3, 0.0, 0.0);
    EXPECT_EQ(doubts_of(records),
              (Lines{"note unit_at_pq_bus @102: 1 unit in service is at a PQ bus (type 1) and does "
                     "not regulate voltage: unit 2 at 2"}));
}

TEST(Doubts, RegulatedBusesWithoutReactiveRange) {
    auto records = ring_of_three();
    records.set_unit(0, gen_col::qmin, 50.0);
    EXPECT_EQ(doubts_of(records),
              (Lines{"note no_reactive_range @101: 1 unit in service at a regulated bus has no "
                     "reactive range: unit 1 at 1, Qmax = Qmin = 50"}));
}

TEST(Doubts, RegulatedBusesWithoutUnits) {
    auto records = ring_of_three();
    records.set_bus(1, bus_col::type, 2.0).set_bus(2, bus_col::type, 2.0).set_unit(0, gen_col::bus, 3.0);
    EXPECT_EQ(
        doubts_of(records),
        (Lines{
            "note pv_without_unit @12: 1 PV bus (type 2) has no unit in service and acts as PQ: bus 2",
            "warning reference_without_unit @11: 1 reference bus (type 3) has no unit in service: bus 1"}));
}

TEST(Doubts, UnusualStatuses) {
    auto records = ring_of_three();
    records.unit(1, 0.0, -1.0).set_branch(2, branch_col::status, 2.0);
    EXPECT_EQ(doubts_of(records),
              (Lines{"warning unusual_status @102: 2 statuses are neither 0 nor 1: unit 2 at 1, status "
                     "= -1 (off); branch 3: 3-1 ckt 1, status = 2 (on)"}));
}

TEST(Doubts, OddImpedances) {
    auto records = ring_of_three();
    records.set_branch(0, branch_col::r, -0.01).set_branch(1, branch_col::x, -0.2);
    records.set_branch(2, branch_col::r, 0.0).set_branch(2, branch_col::x, 9e-7);
    records.branch(1, 2, -0.01, -0.1, 0.0, 0.0, 0.0, 0.0);
    EXPECT_EQ(
        doubts_of(records),
        (Lines{
            "warning negative_resistance @201: 1 branch in service has r < 0: branch 1: 1-2 ckt 1, r = -0.01",
            "note negative_reactance @202: 1 branch in service has x < 0: branch 2: 2-3 ckt 1, x = -0.2",
            "warning tiny_impedance @203: 1 branch in service has |z| < 1e-6 pu: branch 3: 3-1 ckt 1, r = 0, "
            "x = "
            "9e-07"}));
}

TEST(Doubts, VoltageLevelsJoinedWithoutATap) {
    auto records = ring_of_three();
    records.set_bus(2, bus_col::base_kv, 220.0).set_branch(1, branch_col::ratio, 1.0);
    EXPECT_EQ(doubts_of(records), (Lines{"warning base_kv_differs_without_tap @203: 1 branch in service "
                                         "joins buses of different baseKV with "
                                         "ratio 0, taken as 1: branch 3: 3-1 ckt 1, 220 and 110 kV"}));
}

TEST(Doubts, UnknownBaseVoltage) {
    auto records = ring_of_three();
    records.set_bus(2, bus_col::base_kv, 0.0);
    EXPECT_EQ(doubts_of(records),
              (Lines{"warning base_kv_zero @13: 1 bus has baseKV 0, taken as unknown: bus 3"}));
}

TEST(Doubts, IsolatedBusesAndWhatIsThere) {
    auto records = ring_of_three();
    records.bus(4, 4, 10.0, 0.0, 0.0, 5.0)
        .bus(5, 4)
        .unit(4)
        .unit(4, 0.0, 0.0)
        .branch(4, 1)
        .branch(5, 1, 0.1, 0.1, 0, 0, 0, 0.0);
    EXPECT_EQ(doubts_of(records),
              (Lines{"note isolated_buses @14: 2 buses are isolated (type 4): bus 4; bus 5",
                     "note out_of_service_at_isolated_bus @14: 4 elements at isolated buses are taken as out "
                     "of service: "
                     "load at 4; shunt at 4; unit 2 at 4; branch 4: 4-1 ckt 1"}));
}

TEST(Doubts, LongListsAreCut) {
    auto records = ring_of_three();
    for (int k = 0; k < 9; ++k) records.branch(1, 2);
    for (std::size_t row = 3; row < 12; ++row) records.set_branch(row, branch_col::rate_a, 0.0);
    EXPECT_EQ(doubts_of(records), (Lines{"note rating_unlimited @204: 9 branches in service have rateA 0: no "
                                         "thermal limit: branch 4: 1-2 ckt 2; "
                                         "branch 5: 1-2 ckt 3; branch 6: 1-2 ckt 4; branch 7: 1-2 ckt 5; "
                                         "branch 8: 1-2 ckt 6; and 4 more"}));
}

TEST(Doubts, RatingsThatFall) {
    auto records = ring_of_three();
    records.set_branch(0, branch_col::rate_a, 100.0).set_branch(0, branch_col::rate_b, 90.0);
    records.set_branch(1, branch_col::rate_b, 120.0).set_branch(1, branch_col::rate_c, 110.0);
    records.set_branch(2, branch_col::rate_b, 0.0).set_branch(2, branch_col::rate_c, 150.0);
    records.set_branch(0, branch_col::rate_c, 0.0);
    EXPECT_EQ(
        doubts_of(records),
        (Lines{"warning ratings_fall @201: 2 branches in service have rateB below rateA, or rateC below "
               "rateB: branch 1: 1-2 ckt 1, rateA = 100, rateB = 90, rateC = 0; branch 2: 2-3 ckt 1, "
               "rateA = 100, rateB = 120, rateC = 110"}));
}

TEST(Doubts, AngleDifferenceLimits) {
    auto records = ring_of_three();
    records.set_branch(0, branch_col::angmin, 0.0).set_branch(0, branch_col::angmax, 0.0);
    records.set_branch(1, branch_col::angmin, -30.0).set_branch(1, branch_col::angmax, 30.0);
    EXPECT_EQ(
        doubts_of(records),
        (Lines{
            "note angle_limits_ignored @202: 1 branch in service has an angle difference limit, which is not "
            "watched: branch 2: 2-3 ckt 1, angmin = -30, angmax = 30"}));
}

TEST(Doubts, BranchTablesMayLackAngleLimits) {
    auto records = ring_of_three();
    auto& branch = records.mpc().branch;
    std::vector<double> values;
    for (std::size_t row = 0; row < branch.rows(); ++row) {
        const auto whole = branch.row(row);
        values.insert(values.end(), whole.begin(), whole.begin() + branch_col::minimum_count);
    }
    branch.columns = branch_col::minimum_count;
    branch.values = values;
    EXPECT_EQ(doubts_of(records), Lines{});
}

TEST(Doubts, DcLinesAreLeftOut) {
    auto records = ring_of_three();
    io::NumericTable links;
    links.name = "dcline";
    links.columns = 3;
    links.values = {1, 2, 1, 2, 3, 0, 1, 3, 1};
    links.lines = {301, 302, 303};
    records.mpc().other_tables.push_back(links);
    EXPECT_EQ(doubts_of(records),
              (Lines{"warning dcline_not_modelled @301: 2 dc lines in service are left out of the model: "
                     "dcline 1: 1-2; dcline 3: 1-3"}));
}

TEST(Doubts, BusNamesOfTheWrongNumber) {
    auto records = ring_of_three();
    io::TextTable names;
    names.name = "bus_name";
    names.cells = {"A", "B"};
    names.line = 400;
    records.mpc().text_tables.push_back(names);
    EXPECT_EQ(doubts_of(records),
              (Lines{"warning bus_names_ignored @400: bus_name has 2 entries for 3 buses and is ignored"}));
}

}  // namespace
}  // namespace nodalroom::model
