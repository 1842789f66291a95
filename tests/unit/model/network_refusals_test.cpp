#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "case_records.hpp"
#include "nodalroom/core/errors.hpp"
#include "nodalroom/model/network.hpp"

namespace nodalroom::model {
namespace {

using testing::CaseRecords;
using testing::ring_of_three;
namespace bus_col = io::bus_col;
namespace gen_col = io::gen_col;
namespace branch_col = io::branch_col;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

std::string problem_of(CaseRecords& records) {
    try {
        (void)Network::from_matpower(records.mpc());
    } catch (const InputError& error) {
        return error.what();
    }
    return "no error";
}

std::string with_bus(std::size_t row, std::size_t column, double value) {
    auto records = ring_of_three();
    return problem_of(records.set_bus(row, column, value));
}
std::string with_unit(std::size_t column, double value) {
    auto records = ring_of_three();
    return problem_of(records.set_unit(0, column, value));
}
std::string with_branch(std::size_t column, double value) {
    auto records = ring_of_three();
    return problem_of(records.set_branch(1, column, value));
}
std::string with_base(double base_mva) {
    auto records = ring_of_three();
    records.mpc().base_mva = base_mva;
    return problem_of(records);
}

TEST(Refusal, CarriesFileLineAndProblem) {
    auto records = ring_of_three();
    records.set_bus(2, bus_col::type, 5.0);
    try {
        (void)Network::from_matpower(records.mpc());
        FAIL();
    } catch (const InputError& error) {
        EXPECT_EQ(error.file(), "hand.m");
        EXPECT_EQ(error.line(), 13);
        EXPECT_EQ(error.problem(),
                  "bus row 3: bus_i = 3, type = 5; must be 1 (PQ), 2 (PV), 3 (reference) or 4 (isolated)");
    }
}

TEST(Refusal, OfACaseMadeByAProgramHasNoLine) {
    auto records = ring_of_three();
    records.mpc().source.clear();
    records.mpc().bus.lines.assign(3, 0);
    records.set_bus(2, bus_col::base_kv, -1.0);
    EXPECT_EQ(problem_of(records), "hand: bus row 3: bus_i = 3, baseKV = -1; must be >= 0");
}

TEST(Refusal, OfTheBase) {
    EXPECT_EQ(with_base(0.0), "hand.m:5: baseMVA = 0; must be a finite number > 0");
    EXPECT_EQ(with_base(-100.0), "hand.m:5: baseMVA = -100; must be a finite number > 0");
    EXPECT_EQ(with_base(infinity), "hand.m:5: baseMVA = inf; must be a finite number > 0");
    EXPECT_EQ(with_base(not_a_number), "hand.m:5: baseMVA = nan; must be a finite number > 0");
}

TEST(Refusal, OfAnEmptyBusTable) {
    CaseRecords records;
    EXPECT_EQ(problem_of(records), "hand.m:10: bus table: has no rows; a network needs at least one bus");
}

TEST(Refusal, OfTablesOfTheWrongShape) {
    auto narrow = ring_of_three();
    narrow.mpc().gen.columns = 9;
    narrow.mpc().gen.values.resize(9);
    EXPECT_EQ(problem_of(narrow), "hand.m:100: gen table: has 9 columns; at least 10 are required");
    auto torn = ring_of_three();
    torn.mpc().branch.values.pop_back();
    EXPECT_EQ(problem_of(torn), "hand.m:200: branch table: 38 values do not fill 3 rows of 13 columns");
}

TEST(Refusal, OfBusNumbers) {
    const std::string rule = "a bus number must be a whole number from 1 to 2147483647";
    EXPECT_EQ(with_bus(1, bus_col::number, 0.0), "hand.m:12: bus row 2: bus_i = 0; " + rule);
    EXPECT_EQ(with_bus(1, bus_col::number, -3.0), "hand.m:12: bus row 2: bus_i = -3; " + rule);
    EXPECT_EQ(with_bus(1, bus_col::number, 2.5), "hand.m:12: bus row 2: bus_i = 2.5; " + rule);
    EXPECT_EQ(with_bus(1, bus_col::number, 2147483648.0),
              "hand.m:12: bus row 2: bus_i = 2147483648; " + rule);
    EXPECT_EQ(with_bus(2, bus_col::number, 2.0),
              "hand.m:13: bus row 3: bus_i = 2; bus numbers must differ, and row 2 (line 12) has the same");
}

TEST(Refusal, OfBusFields) {
    EXPECT_EQ(
        with_bus(1, bus_col::type, 1.5),
        "hand.m:12: bus row 2: bus_i = 2, type = 1.5; must be 1 (PQ), 2 (PV), 3 (reference) or 4 (isolated)");
    EXPECT_EQ(with_bus(1, bus_col::base_kv, -110.0),
              "hand.m:12: bus row 2: bus_i = 2, baseKV = -110; must be >= 0");
    EXPECT_EQ(with_bus(1, bus_col::vmax, 0.8),
              "hand.m:12: bus row 2: bus_i = 2, Vmax = 0.8, Vmin = 0.9; Vmax must be >= Vmin");
    EXPECT_EQ(with_bus(1, bus_col::vm, 0.0),
              "hand.m:12: bus row 2: bus_i = 2, Vm = 0; the voltage to start from must be > 0");
    EXPECT_EQ(with_bus(1, bus_col::area, 1.5), "hand.m:12: bus row 2: area = 1.5; must be a whole number");
    EXPECT_EQ(with_bus(1, bus_col::zone, 1e10),
              "hand.m:12: bus row 2: zone = 10000000000; must be a whole number");
}

TEST(Refusal, OfNumbersThatAreNotFinite) {
    for (std::size_t column = 0; column < bus_col::minimum_count; ++column) {
        EXPECT_NE(with_bus(1, column, not_a_number).find("must be a finite number"), std::string::npos)
            << column;
        EXPECT_NE(with_bus(1, column, infinity).find("must be a finite number"), std::string::npos) << column;
    }
    for (std::size_t column = 0; column < 13; ++column) {
        EXPECT_NE(with_branch(column, not_a_number).find("must be a finite number"), std::string::npos)
            << column;
        EXPECT_NE(with_branch(column, -infinity).find("must be a finite number"), std::string::npos)
            << column;
    }
    EXPECT_EQ(with_bus(0, bus_col::pd, not_a_number),
              "hand.m:11: bus row 1: Pd = nan; must be a finite number");
    EXPECT_EQ(with_unit(gen_col::vg, infinity), "hand.m:101: gen row 1: Vg = inf; must be a finite number");
    EXPECT_EQ(with_unit(gen_col::qmax, not_a_number),
              "hand.m:101: gen row 1: Qmax = nan; must be a number or Inf");
    EXPECT_EQ(with_unit(gen_col::qmax, infinity), "no error");
    EXPECT_EQ(with_unit(gen_col::qmin, -infinity), "no error");
    EXPECT_EQ(with_unit(gen_col::pmax, infinity), "no error");
    EXPECT_EQ(with_unit(gen_col::pmin, -infinity), "no error");
}

TEST(Refusal, OfUnknownBuses) {
    EXPECT_EQ(with_unit(gen_col::bus, 9.0),
              "hand.m:101: gen row 1: bus = 9; there is no such bus in the bus table");
    EXPECT_EQ(with_unit(gen_col::bus, 1.5),
              "hand.m:101: gen row 1: bus = 1.5; there is no such bus in the bus table");
    EXPECT_EQ(with_branch(branch_col::from, -2.0),
              "hand.m:202: branch row 2: fbus = -2; there is no such bus in the bus table");
    EXPECT_EQ(with_branch(branch_col::to, 4294967298.0),  // 2 in the lower 32 bits
              "hand.m:202: branch row 2: tbus = 4294967298; there is no such bus in the bus table");
}

TEST(Refusal, OfUnitFields) {
    EXPECT_EQ(with_unit(gen_col::pmin, 201.0),
              "hand.m:101: gen row 1: bus = 1, Pmax = 200, Pmin = 201; Pmax must be >= Pmin");
    EXPECT_EQ(with_unit(gen_col::qmax, -51.0),
              "hand.m:101: gen row 1: bus = 1, Qmax = -51, Qmin = -50; Qmax must be >= Qmin");
    EXPECT_EQ(
        with_unit(gen_col::vg, 0.0),
        "hand.m:101: gen row 1: bus = 1, Vg = 0; the voltage setpoint of a unit in service must be > 0");
    auto records = ring_of_three();
    records.set_unit(0, gen_col::qmin, infinity).set_unit(0, gen_col::qmax, infinity);
    EXPECT_EQ(
        problem_of(records),
        "hand.m:101: gen row 1: bus = 1, Qmax = inf, Qmin = inf; the limits must leave a finite output");
    records = ring_of_three();
    records.set_unit(0, gen_col::pmin, -infinity).set_unit(0, gen_col::pmax, -infinity);
    EXPECT_EQ(
        problem_of(records),
        "hand.m:101: gen row 1: bus = 1, Pmax = -inf, Pmin = -inf; the limits must leave a finite output");
}

TEST(Refusal, DoesNotConcernLimitsOfUnitsOutOfService) {
    auto records = ring_of_three();
    records.unit(2, 0.0, 0.0).set_unit(1, gen_col::vg, 0.0).set_unit(1, gen_col::pmax, -1.0);
    EXPECT_EQ(problem_of(records), "no error");
}

TEST(Refusal, OfBranchFields) {
    EXPECT_EQ(
        with_branch(branch_col::rate_a, -1.0),
        "hand.m:202: branch row 2: fbus = 2, tbus = 3, rateA = -1; a rating must be >= 0 (0: no limit)");
    EXPECT_EQ(
        with_branch(branch_col::rate_b, -1.0),
        "hand.m:202: branch row 2: fbus = 2, tbus = 3, rateB = -1; a rating must be >= 0 (0: no limit)");
    EXPECT_EQ(
        with_branch(branch_col::rate_c, -0.5),
        "hand.m:202: branch row 2: fbus = 2, tbus = 3, rateC = -0.5; a rating must be >= 0 (0: no limit)");
    EXPECT_EQ(with_branch(branch_col::ratio, -0.98),
              "hand.m:202: branch row 2: fbus = 2, tbus = 3, ratio = -0.98; a tap ratio must be >= 0 (0: no "
              "transformer)");
    EXPECT_EQ(with_branch(branch_col::to, 2.0),
              "hand.m:202: branch row 2: fbus = 2, tbus = 2; a branch must join two different buses");
}

TEST(Refusal, OfImpedancesOutOfTheRangeOfNumbers) {
    auto records = ring_of_three();
    records.set_branch(1, branch_col::r, 0.0).set_branch(1, branch_col::x, 1e-200);
    EXPECT_EQ(
        problem_of(records),
        "hand.m:202: branch row 2: fbus = 2, tbus = 3, r = 0, x = 1e-200, b = 0, ratio = 0; these give an "
        "admittance out of the range of numbers");
    EXPECT_NE(with_branch(branch_col::x, 1e200), "no error")
        << "an admittance of 0 would part the grid unseen";
    EXPECT_NE(with_branch(branch_col::ratio, 1e-200), "no error");
}

const std::string kToBeDead =
    "; buses that are to be dead must have type 4 (isolated), which cut_off='isolate' gives them";

TEST(Refusal, OfLoadWithoutASource) {
    auto records = ring_of_three();
    records.bus(14, 1).bus(15, 1, 12.5, 3.0).branch(14, 15);
    EXPECT_EQ(problem_of(records),
              "hand.m:14: bus table: the island of 2 buses (14, 15) has no unit in service for 12.5 MW and 3 "
              "MVAr of load" +
                  kToBeDead);
    records.unit(14, 0.0, 0.0);
    EXPECT_NE(problem_of(records).find("has no unit in service"), std::string::npos);
    records = ring_of_three();
    records.set_unit(0, gen_col::status, 0.0)
        .bus(4, 1)
        .bus(5, 1)
        .bus(6, 1)
        .branch(3, 4)
        .branch(4, 5)
        .branch(5, 6);
    EXPECT_EQ(
        problem_of(records),
        "hand.m:11: bus table: the island of 6 buses (1, 2, 3, 4, 5, …) has no unit in service for 80 MW "
        "and 30 MVAr of load" +
            kToBeDead);
    records = ring_of_three();
    records.bus(14, 1, 5.0).bus(15, 1, -5.0).branch(14, 15);
    EXPECT_NE(problem_of(records).find("(14, 15) has no unit in service for 0 MW"), std::string::npos)
        << "loads that add up to 0 are loads";
}

TEST(Refusal, OfACaseInWhichNothingLives) {
    CaseRecords records;
    records.bus(1, 3).bus(2, 1).branch(1, 2);
    EXPECT_EQ(problem_of(records),
              "hand.m:11: bus table: the island of 2 buses (1, 2) has no unit in service" + kToBeDead);
}

TEST(Refusal, OfAnIslandWithoutAReference) {
    EXPECT_EQ(
        with_bus(0, bus_col::type, 2.0),
        "hand.m:11: bus table: the island of 3 buses (1, 2, 3) has no reference bus; one must have type 3");
}

}  // namespace
}  // namespace nodalroom::model
