#include "nodalroom/numerics/linear_program.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/core/parallel.hpp"
#include "support/bits.hpp"

namespace nodalroom::numerics {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kTolerance = 1e-6;  // the solver's own is 1e-7

class SolvedLinearProgram : public ::testing::Test {
protected:
    void SetUp() override {
        if (!has_lp_solver()) GTEST_SKIP() << "a build without a solver";
    }
};

std::int32_t add_row(LinearProgram& lp, double at_least, double at_most, const std::vector<double>& values) {
    std::vector<std::int32_t> columns(values.size());
    std::iota(columns.begin(), columns.end(), 0);
    return lp.add_row(at_least, at_most, columns, values);
}

double activity(const LinearProgram& lp, std::size_t row, const std::vector<double>& x) {
    double sum = 0.0;
    for (auto k = static_cast<std::size_t>(lp.row_start[row]);
         k < static_cast<std::size_t>(lp.row_start[row + 1]); ++k) {
        sum += lp.value[k] * x[static_cast<std::size_t>(lp.column[k])];
    }
    return sum;
}

/// Cost of a column less what its rows' prices make of it.
std::vector<double> reduced_costs(const LinearProgram& lp, const std::vector<double>& row_price) {
    std::vector<double> reduced = lp.cost;
    for (std::size_t row = 0; row < row_price.size(); ++row) {
        for (auto k = static_cast<std::size_t>(lp.row_start[row]);
             k < static_cast<std::size_t>(lp.row_start[row + 1]); ++k) {
            reduced[static_cast<std::size_t>(lp.column[k])] -= lp.value[k] * row_price[row];
        }
    }
    return reduced;
}

/// A price above zero belongs to an upper bound that is reached, one below zero to a lower one.
void expect_place(double price, double lower, double value, double upper, const std::string& what) {
    const double scale = 1.0 + std::abs(value);
    EXPECT_GE(value, lower - kTolerance * scale) << what;
    EXPECT_LE(value, upper + kTolerance * scale) << what;
    if (price > kTolerance) {
        EXPECT_NEAR(value, upper, kTolerance * scale) << what;
    }
    if (price < -kTolerance) {
        EXPECT_NEAR(value, lower, kTolerance * scale) << what;
    }
}

/// What makes a solution optimal, whoever found it: it is feasible, and no price says that it could be
/// better.
void expect_optimal(const LinearProgram& lp, const LpSolution& solution) {
    ASSERT_EQ(solution.status, LpStatus::optimal);
    ASSERT_EQ(solution.x.size(), lp.cost.size());
    ASSERT_EQ(solution.row_price.size(), lp.row_lower.size());
    ASSERT_EQ(solution.basis.column.size(), lp.cost.size());
    ASSERT_EQ(solution.basis.row.size(), lp.row_lower.size());
    const auto basic = [](const std::vector<BasisPlace>& places) {
        return std::count(places.begin(), places.end(), BasisPlace::basic);
    };
    EXPECT_EQ(basic(solution.basis.column) + basic(solution.basis.row), lp.rows());
    const double objective = std::inner_product(lp.cost.begin(), lp.cost.end(), solution.x.begin(), 0.0);
    EXPECT_NEAR(solution.objective, objective, 1e-9 * (1.0 + std::abs(objective)));
    for (std::size_t row = 0; row < lp.row_lower.size(); ++row) {
        expect_place(solution.row_price[row], lp.row_lower[row], activity(lp, row, solution.x),
                     lp.row_upper[row], "row " + std::to_string(row));
    }
    const auto reduced = reduced_costs(lp, solution.row_price);
    for (std::size_t column = 0; column < lp.cost.size(); ++column) {
        expect_place(reduced[column], lp.lower[column], solution.x[column], lp.upper[column],
                     "column " + std::to_string(column));
    }
}

/// Dense rows, sparse ones and bounds on both sides, all kept by a point inside.
LinearProgram random_program(int columns, int rows, int dense_rows, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> value(-1.0, 1.0), room(0.05, 1.0);
    std::uniform_int_distribution<std::int32_t> any_column(0, columns - 1);
    LinearProgram lp;
    std::vector<double> inside;
    for (int c = 0; c < columns; ++c) {
        inside.push_back(value(random));
        lp.add_column(value(random), inside.back() - 2.0 * room(random), inside.back() + 2.0 * room(random));
    }
    for (int r = 0; r < rows; ++r) {
        std::vector<std::int32_t> where;
        if (r < dense_rows) {
            where.resize(static_cast<std::size_t>(columns));
            std::iota(where.begin(), where.end(), 0);
        } else {
            for (int k = 0; k < 4; ++k) where.push_back(any_column(random));
            std::sort(where.begin(), where.end());
            where.erase(std::unique(where.begin(), where.end()), where.end());
        }
        std::vector<double> values;
        double at = 0.0;
        for (const std::int32_t column : where) {
            values.push_back(value(random));
            at += values.back() * inside[static_cast<std::size_t>(column)];
        }
        lp.add_row(at - room(random), at + room(random), where, values);
    }
    return lp;
}

bool same_solution(const LpSolution& a, const LpSolution& b) {
    return a.status == b.status && testing::same_bits(a.objective, b.objective) &&
           testing::same_bits(a.x, b.x) && testing::same_bits(a.row_price, b.row_price) &&
           a.basis.column == b.basis.column && a.basis.row == b.basis.row;
}

TEST(LinearProgramData, RowsAreAddedAndTakenAway) {
    LinearProgram lp;
    EXPECT_EQ(lp.add_column(1.0, 0.0, 2.0), 0);
    EXPECT_EQ(lp.add_column(-3.0, -kInfinity, 4.0), 1);
    EXPECT_EQ(add_row(lp, 0.0, 5.0, {6.0, 7.0}), 0);
    const LinearProgram one_row = lp;
    EXPECT_EQ(lp.add_row(-kInfinity, 8.0, std::vector<std::int32_t>{1}, std::vector<double>{9.0}), 1);
    EXPECT_EQ(lp.columns(), 2);
    EXPECT_EQ(lp.rows(), 2);
    EXPECT_EQ(lp.cost, (std::vector<double>{1.0, -3.0}));
    EXPECT_EQ(lp.lower, (std::vector<double>{0.0, -kInfinity}));
    EXPECT_EQ(lp.upper, (std::vector<double>{2.0, 4.0}));
    EXPECT_EQ(lp.row_start, (std::vector<std::int32_t>{0, 2, 3}));
    EXPECT_EQ(lp.column, (std::vector<std::int32_t>{0, 1, 1}));
    EXPECT_EQ(lp.value, (std::vector<double>{6.0, 7.0, 9.0}));

    lp.drop_rows(1);
    EXPECT_EQ(lp.rows(), 1);
    EXPECT_EQ(lp.row_upper, one_row.row_upper);
    EXPECT_EQ(lp.row_start, one_row.row_start);
    EXPECT_EQ(lp.column, one_row.column);
    EXPECT_EQ(lp.value, one_row.value);
    lp.drop_rows(0);
    EXPECT_EQ(lp.rows(), 0);
    EXPECT_EQ(lp.row_start, (std::vector<std::int32_t>{0}));
    EXPECT_TRUE(lp.column.empty());
    EXPECT_EQ(lp.columns(), 2);
}

TEST(LinearProgramData, StatusesHaveNames) {
    EXPECT_STREQ(to_string(LpStatus::not_run), "not_run");
    EXPECT_STREQ(to_string(LpStatus::optimal), "optimal");
    EXPECT_STREQ(to_string(LpStatus::infeasible), "infeasible");
    EXPECT_STREQ(to_string(LpStatus::unbounded), "unbounded");
    EXPECT_STREQ(to_string(LpStatus::failed), "failed");
    EXPECT_EQ(LpSolution{}.status, LpStatus::not_run);
}

TEST(NoLpSolver, SaysHowToGetOne) {
    if (has_lp_solver()) GTEST_SKIP() << "a build with a solver";
    EXPECT_STREQ(lp_solver_name(), "");
    try {
        (void)maximise(LinearProgram{});
        FAIL() << "solved without a solver";
    } catch (const OptionError& error) {
        const std::string what = error.what();
        EXPECT_EQ(what.rfind("this build of nodalroom has no LP solver (HiGHS); ", 0), 0U) << what;
        EXPECT_NE(what.find("NODALROOM_HIGHS=ON"), std::string::npos) << what;
    }
}

TEST_F(SolvedLinearProgram, SolverHasANameWithItsVersion) {
    const std::string name = lp_solver_name();
    EXPECT_EQ(name.rfind("HiGHS ", 0), 0U) << name;
    EXPECT_EQ(std::count(name.begin(), name.end(), '.'), 2) << name;
}

// max x + 2y, x + y <= 4, x - y >= 1: both rows hold it, at (2.5, 1.5).
TEST_F(SolvedLinearProgram, PricesAreAboveZeroAtUpperBoundsAndBelowAtLowerOnes) {
    LinearProgram lp;
    lp.add_column(1.0, 0.0, kInfinity);
    lp.add_column(2.0, 0.0, kInfinity);
    add_row(lp, -kInfinity, 4.0, {1.0, 1.0});
    add_row(lp, 1.0, kInfinity, {1.0, -1.0});
    add_row(lp, -100.0, 100.0, {1.0, 3.0});
    const LpSolution solution = maximise(lp);
    expect_optimal(lp, solution);
    EXPECT_NEAR(solution.objective, 5.5, 1e-12);
    EXPECT_NEAR(solution.x[0], 2.5, 1e-12);
    EXPECT_NEAR(solution.x[1], 1.5, 1e-12);
    EXPECT_NEAR(solution.row_price[0], 1.5, 1e-12);
    EXPECT_NEAR(solution.row_price[1], -0.5, 1e-12);
    EXPECT_NEAR(solution.row_price[2], 0.0, 1e-12);
    EXPECT_EQ(solution.basis.column, (std::vector{BasisPlace::basic, BasisPlace::basic}));
    EXPECT_EQ(solution.basis.row,
              (std::vector{BasisPlace::at_upper, BasisPlace::at_lower, BasisPlace::basic}));
}

TEST_F(SolvedLinearProgram, ColumnsMayStandAtTheirBounds) {
    LinearProgram lp;
    lp.add_column(3.0, -1.0, 2.0);
    lp.add_column(-1.0, -5.0, 7.0);
    lp.add_column(2.0, 0.5, 0.5);
    const LpSolution without_rows = maximise(lp);
    expect_optimal(lp, without_rows);
    EXPECT_EQ(without_rows.x, (std::vector<double>{2.0, -5.0, 0.5}));
    add_row(lp, -kInfinity, 1000.0, {1.0, 1.0, 1.0});
    const LpSolution solution = maximise(lp);
    expect_optimal(lp, solution);
    EXPECT_EQ(solution.x, without_rows.x);
    EXPECT_DOUBLE_EQ(solution.objective, 12.0);
    EXPECT_EQ(solution.basis.column[0], BasisPlace::at_upper);
    EXPECT_EQ(solution.basis.column[1], BasisPlace::at_lower);
}

TEST_F(SolvedLinearProgram, ColumnsMayBeFree) {
    LinearProgram lp;
    lp.add_column(0.0, -kInfinity, kInfinity);
    lp.add_column(1.0, -kInfinity, kInfinity);
    lp.add_column(0.0, -kInfinity, kInfinity);  // in no row
    add_row(lp, -kInfinity, -6.0, {-1.0, 1.0});
    add_row(lp, -kInfinity, 2.0, {1.0, 1.0});
    const LpSolution solution = maximise(lp);
    expect_optimal(lp, solution);
    EXPECT_NEAR(solution.x[0], 4.0, 1e-12);
    EXPECT_NEAR(solution.x[1], -2.0, 1e-12);
    EXPECT_NEAR(solution.row_price[0], 0.5, 1e-12);
    EXPECT_NEAR(solution.row_price[1], 0.5, 1e-12);
    EXPECT_EQ(solution.basis.column[2], BasisPlace::free_at_zero);
    expect_optimal(lp, maximise(lp, &solution.basis));
}

TEST_F(SolvedLinearProgram, ARowThatMustBeMetHasAPriceOfEitherSign) {
    for (const double cost : {1.0, -1.0}) {
        LinearProgram lp;
        lp.add_column(cost, -kInfinity, kInfinity);
        lp.add_column(0.0, 0.0, 1.0);
        add_row(lp, 3.0, 3.0, {2.0, 0.0});
        const LpSolution solution = maximise(lp);
        expect_optimal(lp, solution);
        EXPECT_NEAR(solution.row_price[0], cost / 2.0, 1e-12);
    }
}

TEST_F(SolvedLinearProgram, MoreRowsThanNeededMayMeetInTheOptimum) {
    LinearProgram lp;
    lp.add_column(1.0, -kInfinity, kInfinity);
    lp.add_column(1.0, -kInfinity, kInfinity);
    add_row(lp, -kInfinity, 1.0, {1.0, 0.0});
    add_row(lp, -kInfinity, 1.0, {0.0, 1.0});
    add_row(lp, -kInfinity, 2.0, {1.0, 1.0});
    add_row(lp, -kInfinity, 3.0, {2.0, 1.0});
    add_row(lp, -kInfinity, 3.0, {1.0, 2.0});
    const LpSolution solution = maximise(lp);
    expect_optimal(lp, solution);
    EXPECT_NEAR(solution.x[0], 1.0, 1e-12);
    EXPECT_NEAR(solution.x[1], 1.0, 1e-12);
    expect_optimal(lp, maximise(lp, &solution.basis));
}

TEST_F(SolvedLinearProgram, WhatCannotBeKeptIsInfeasible) {
    LinearProgram rows;
    rows.add_column(1.0, 0.0, kInfinity);
    rows.add_column(1.0, 0.0, kInfinity);
    add_row(rows, -kInfinity, 1.0, {1.0, 1.0});
    const LpBasis start = maximise(rows).basis;
    add_row(rows, 2.0, kInfinity, {1.0, 1.0});
    EXPECT_EQ(maximise(rows).status, LpStatus::infeasible);
    LpBasis longer = start;
    longer.row.push_back(BasisPlace::basic);
    EXPECT_EQ(maximise(rows, &longer).status, LpStatus::infeasible);

    LinearProgram crossed;
    crossed.add_column(1.0, 2.0, 1.0);
    EXPECT_EQ(maximise(crossed).status, LpStatus::infeasible);
    LinearProgram crossed_row;
    crossed_row.add_column(1.0, 0.0, 9.0);
    add_row(crossed_row, 2.0, 1.0, {1.0});
    EXPECT_EQ(maximise(crossed_row).status, LpStatus::infeasible);
}

TEST_F(SolvedLinearProgram, WhatNothingHoldsIsUnbounded) {
    LinearProgram lp;
    lp.add_column(1.0, 0.0, kInfinity);
    lp.add_column(0.0, 0.0, kInfinity);
    EXPECT_EQ(maximise(lp).status, LpStatus::unbounded);
    add_row(lp, -kInfinity, 1.0, {1.0, -1.0});
    EXPECT_EQ(maximise(lp).status, LpStatus::unbounded);
    add_row(lp, -kInfinity, 5.0, {0.0, 1.0});
    expect_optimal(lp, maximise(lp));
}

TEST_F(SolvedLinearProgram, AProgramWithoutColumnsIsKeptOrNot) {
    LinearProgram lp;
    const LpSolution empty = maximise(lp);
    EXPECT_EQ(empty.status, LpStatus::optimal);
    EXPECT_EQ(empty.objective, 0.0);
    EXPECT_TRUE(empty.x.empty());
    add_row(lp, -1.0, 0.0, {});
    expect_optimal(lp, maximise(lp));
    add_row(lp, 1.0, 2.0, {});
    EXPECT_EQ(maximise(lp).status, LpStatus::infeasible);
}

TEST_F(SolvedLinearProgram, NumbersThatAreNoneFail) {
    const LinearProgram good = random_program(4, 3, 3, 5);
    ASSERT_EQ(maximise(good).status, LpStatus::optimal);
    for (const auto part : {&LinearProgram::cost, &LinearProgram::lower, &LinearProgram::upper,
                            &LinearProgram::row_lower, &LinearProgram::row_upper, &LinearProgram::value}) {
        LinearProgram lp = good;
        (lp.*part)[1] = kNan;
        const LpSolution solution = maximise(lp);
        EXPECT_EQ(solution.status, LpStatus::failed);
        EXPECT_TRUE(solution.x.empty());
    }
    LinearProgram lp = good;
    lp.cost[0] = kInfinity;
    EXPECT_EQ(maximise(lp).status, LpStatus::failed);
}

TEST_F(SolvedLinearProgram, PartsThatDoNotFitTogetherAreRefused) {
    const LinearProgram good = random_program(4, 3, 3, 5);
    const LpBasis basis = maximise(good).basis;
    LinearProgram lp = good;
    lp.lower.pop_back();
    EXPECT_THROW((void)maximise(lp), OptionError);
    lp = good;
    lp.value.pop_back();
    EXPECT_THROW((void)maximise(lp), OptionError);
    lp = good;
    lp.column[2] = 4;
    EXPECT_THROW((void)maximise(lp), OptionError);
    lp = good;
    lp.row_start[1] = 9;
    EXPECT_THROW((void)maximise(lp), OptionError);
    lp = good;
    lp.drop_rows(2);
    EXPECT_THROW((void)maximise(lp, &basis), OptionError);
    EXPECT_NO_THROW((void)maximise(good, &basis));
}

// Every point of x + y = 1 is as good: a solver that heeds the start stays there.
TEST_F(SolvedLinearProgram, StartsFromTheBasisGiven) {
    LinearProgram lp;
    lp.add_column(1.0, 0.0, 1.0);
    lp.add_column(1.0, 0.0, 1.0);
    add_row(lp, -kInfinity, 1.0, {1.0, 1.0});
    for (const std::size_t first : {0U, 1U}) {
        LpBasis start{{BasisPlace::at_lower, BasisPlace::at_lower}, {BasisPlace::at_upper}};
        start.column[first] = BasisPlace::basic;
        const LpSolution solution = maximise(lp, &start);
        expect_optimal(lp, solution);
        EXPECT_EQ(solution.x[first], 1.0);
        EXPECT_EQ(solution.x[1 - first], 0.0);
        EXPECT_EQ(solution.basis.column, start.column);
    }
}

TEST_F(SolvedLinearProgram, RowsTakenAwayAndAddedAgainLeadToTheSameOptimumFromAWarmStart) {
    for (unsigned seed = 0; seed < 5; ++seed) {
        const LinearProgram full = random_program(60, 45, 10, 40 + seed);
        const LpSolution cold = maximise(full);
        expect_optimal(full, cold);
        LinearProgram fewer = full;
        fewer.drop_rows(25);
        const LpSolution relaxed = maximise(fewer);
        expect_optimal(fewer, relaxed);
        ASSERT_GT(relaxed.objective, cold.objective + 1e-3) << "the rows taken away do not matter";

        LinearProgram again = fewer;
        for (std::int32_t row = fewer.rows(); row < full.rows(); ++row) {
            const auto r = static_cast<std::size_t>(row);
            const auto begin = static_cast<std::size_t>(full.row_start[r]);
            const auto count = static_cast<std::size_t>(full.row_start[r + 1]) - begin;
            again.add_row(full.row_lower[r], full.row_upper[r], std::span(full.column).subspan(begin, count),
                          std::span(full.value).subspan(begin, count));
        }
        EXPECT_EQ(again.value, full.value);
        LpBasis start = relaxed.basis;
        start.row.resize(full.row_lower.size(), BasisPlace::basic);
        const LpSolution warm = maximise(again, &start);
        expect_optimal(full, warm);
        EXPECT_NEAR(warm.objective, cold.objective, 1e-9 * (1.0 + std::abs(cold.objective)));
        for (std::size_t c = 0; c < cold.x.size(); ++c) EXPECT_NEAR(warm.x[c], cold.x[c], 1e-7);
    }
}

TEST_F(SolvedLinearProgram, AStartThatIsNoBasisDoesNoHarm) {
    LinearProgram lp = random_program(30, 20, 5, 77);
    lp.lower[3] = -kInfinity;
    lp.upper[4] = kInfinity;
    lp.row_lower[6] = -kInfinity;
    lp.row_upper[7] = kInfinity;
    const LpSolution cold = maximise(lp);
    expect_optimal(lp, cold);
    std::vector<LpBasis> starts;
    for (const auto place :
         {BasisPlace::basic, BasisPlace::at_lower, BasisPlace::at_upper, BasisPlace::free_at_zero}) {
        starts.push_back({std::vector(30, place), std::vector(20, place)});
        // Of the right number, and at bounds that are not there.
        starts.push_back({std::vector(30, place), std::vector(20, BasisPlace::basic)});
    }
    for (const LpBasis& start : starts) {
        const LpSolution solution = maximise(lp, &start);
        expect_optimal(lp, solution);
        EXPECT_NEAR(solution.objective, cold.objective, 1e-9 * (1.0 + std::abs(cold.objective)));
    }
    // A column in no row is in the basis: it has no inverse.
    lp.add_column(1.0, 0.0, 1.0);
    LpBasis singular{std::vector(31, BasisPlace::at_lower), std::vector(20, BasisPlace::at_lower)};
    std::fill_n(singular.column.begin() + 11, 20, BasisPlace::basic);
    const LpSolution solution = maximise(lp, &singular);
    expect_optimal(lp, solution);
    EXPECT_NEAR(solution.objective, cold.objective + 1.0, 1e-9 * (1.0 + std::abs(cold.objective)));
}

TEST_F(SolvedLinearProgram, PricesAreTheSlopesOfTheObjective) {
    const LinearProgram lp = random_program(40, 36, 12, 2024);
    const LpSolution solution = maximise(lp);
    expect_optimal(lp, solution);
    const double step = 1e-5;
    const auto slope = [&](std::vector<double> LinearProgram::*bound, std::size_t row) {
        LinearProgram up = lp, down = lp;
        (up.*bound)[row] += step;
        (down.*bound)[row] -= step;
        return (maximise(up).objective - maximise(down).objective) / (2.0 * step);
    };
    int at_upper = 0, at_lower = 0;
    for (std::size_t row = 0; row < lp.row_lower.size(); ++row) {
        const double price = solution.row_price[row];
        at_upper += price > 1e-3 ? 1 : 0;
        at_lower += price < -1e-3 ? 1 : 0;
        EXPECT_NEAR(slope(&LinearProgram::row_upper, row), std::max(price, 0.0), 1e-5) << "row " << row;
        EXPECT_NEAR(slope(&LinearProgram::row_lower, row), std::min(price, 0.0), 1e-5) << "row " << row;
    }
    EXPECT_GE(at_upper, 5);
    EXPECT_GE(at_lower, 5);
}

/// The best corner of a program whose columns are all bounded; none where it is infeasible.
std::optional<double> best_corner(const LinearProgram& lp) {
    const int n = lp.columns();
    std::vector<Eigen::VectorXd> normal;
    std::vector<double> bound;
    const auto add_plane = [&](const Eigen::VectorXd& of, double at) {
        normal.push_back(of);
        bound.push_back(at);
    };
    for (int c = 0; c < n; ++c) {
        for (const double at :
             {lp.lower[static_cast<std::size_t>(c)], lp.upper[static_cast<std::size_t>(c)]}) {
            add_plane(Eigen::VectorXd::Unit(n, c), at);
        }
    }
    for (std::size_t r = 0; r < lp.row_lower.size(); ++r) {
        Eigen::VectorXd of = Eigen::VectorXd::Zero(n);
        for (auto k = static_cast<std::size_t>(lp.row_start[r]);
             k < static_cast<std::size_t>(lp.row_start[r + 1]); ++k) {
            of[lp.column[k]] = lp.value[k];
        }
        for (const double at : {lp.row_lower[r], lp.row_upper[r]}) {
            if (std::isfinite(at)) add_plane(of, at);
        }
    }

    std::optional<double> best;
    std::vector<bool> chosen(normal.size(), false);
    std::fill_n(chosen.begin(), n, true);
    do {
        Eigen::MatrixXd a(n, n);
        Eigen::VectorXd b(n);
        int line = 0;
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            if (!chosen[i]) continue;
            a.row(line) = normal[i].transpose();
            b[line++] = bound[i];
        }
        const Eigen::FullPivLU<Eigen::MatrixXd> lu(a);
        if (!lu.isInvertible()) continue;
        const Eigen::VectorXd corner = lu.solve(b);
        const std::vector<double> x(corner.data(), corner.data() + n);
        bool kept = true;
        for (std::size_t c = 0; c < x.size(); ++c) {
            kept = kept && x[c] >= lp.lower[c] - 1e-9 && x[c] <= lp.upper[c] + 1e-9;
        }
        for (std::size_t r = 0; r < lp.row_lower.size(); ++r) {
            const double at = activity(lp, r, x);
            kept = kept && at >= lp.row_lower[r] - 1e-9 && at <= lp.row_upper[r] + 1e-9;
        }
        const double objective = std::inner_product(x.begin(), x.end(), lp.cost.begin(), 0.0);
        if (kept && (!best || objective > *best)) best = objective;
    } while (std::prev_permutation(chosen.begin(), chosen.end()));
    return best;
}

TEST_F(SolvedLinearProgram, IsTheBestOfAllCorners) {
    std::mt19937 random(99);
    std::uniform_real_distribution<double> value(-1.0, 1.0), chance(0.0, 1.0);
    int feasible = 0, infeasible = 0;
    for (int trial = 0; trial < 120; ++trial) {
        const int columns = 2 + trial % 2;
        LinearProgram lp;
        for (int c = 0; c < columns; ++c) {
            const double low = value(random) - 1.0;
            lp.add_column(value(random), low, low + 2.0 * chance(random));
        }
        for (int r = 0; r < 4; ++r) {
            std::vector<double> values(lp.cost.size());
            for (double& v : values) v = value(random);
            const double low = value(random) - 1.0;
            const double kind = chance(random);
            add_row(lp, kind < 0.3 ? -kInfinity : low, kind > 0.7 ? kInfinity : low + 2.5 * chance(random),
                    values);
        }
        const auto best = best_corner(lp);
        const LpSolution solution = maximise(lp);
        if (best) {
            ++feasible;
            expect_optimal(lp, solution);
            EXPECT_NEAR(solution.objective, *best, 1e-8) << "trial " << trial;
        } else {
            ++infeasible;
            EXPECT_EQ(solution.status, LpStatus::infeasible) << "trial " << trial;
        }
    }
    EXPECT_GE(feasible, 30);
    EXPECT_GE(infeasible, 10);
}

TEST_F(SolvedLinearProgram, ManyRowsAndColumnsAreSolvedToTheirOptimum) {
    const LinearProgram lp = random_program(870, 450, 40, 7);
    const LpSolution cold = maximise(lp);
    expect_optimal(lp, cold);
    LinearProgram tighter = lp;
    for (std::size_t r = 0; r < tighter.row_upper.size(); r += 9) tighter.row_upper[r] -= 0.02;
    const LpSolution warm = maximise(tighter, &cold.basis);
    expect_optimal(tighter, warm);
    EXPECT_NEAR(warm.objective, maximise(tighter).objective, 1e-7 * (1.0 + std::abs(warm.objective)));
}

TEST_F(SolvedLinearProgram, PartsLeadToTheOptimumOfTheWhole) {
    for (const unsigned seed : {11U, 12U, 13U, 14U, 15U}) {
        SCOPED_TRACE(seed);
        LinearProgram lp = random_program(200 + 40 * static_cast<int>(seed % 3), 150, 12, seed);
        LinearProgram fewer = lp;
        fewer.drop_rows(fewer.rows() - 30);
        const LpSolution before = maximise(fewer);
        expect_optimal(fewer, before);
        // Rows the start does not know, others of another width, and another cost.
        LpBasis start = before.basis;
        start.row.resize(lp.row_lower.size(), BasisPlace::basic);
        for (std::size_t r = 0; r < lp.row_upper.size(); r += 7) lp.row_upper[r] -= 0.03;
        for (std::size_t c = 0; c < lp.cost.size(); c += 5) lp.cost[c] = -lp.cost[c];
        const LpSolution whole = maximise(lp), parts = maximise_by_parts(lp, start);
        expect_optimal(lp, whole);
        expect_optimal(lp, parts);
        EXPECT_NEAR(parts.objective, whole.objective, 1e-6 * (1.0 + std::abs(whole.objective)));
        // From the optimum itself, and from a start that knows nothing.
        expect_optimal(lp, maximise_by_parts(lp, parts.basis));
        LpBasis slack;
        slack.column.assign(lp.cost.size(), BasisPlace::at_lower);
        slack.row.assign(lp.row_lower.size(), BasisPlace::basic);
        const LpSolution from_slack = maximise_by_parts(lp, slack);
        expect_optimal(lp, from_slack);
        EXPECT_NEAR(from_slack.objective, whole.objective, 1e-6 * (1.0 + std::abs(whole.objective)));
    }
}

TEST_F(SolvedLinearProgram, PartsWithoutRoomTakeInWhatMakesSome) {
    int with_room = 0, without = 0;
    for (unsigned seed = 0; seed < 24; ++seed) {
        LinearProgram lp = random_program(240, 150, 12, seed);
        // Columns that the start has at bounds from which its rows, much narrower since, cannot be kept: the
        // part begins with no column, and some of the wholes have no room, either.
        for (std::size_t r = 0; r < lp.row_upper.size(); r += 3) {
            const double shift = 0.25 * static_cast<double>(seed % 8);
            lp.row_lower[r] += shift;
            lp.row_upper[r] += shift;
        }
        LpBasis start;
        start.column.assign(lp.cost.size(), BasisPlace::at_lower);
        start.row.assign(lp.row_lower.size(), BasisPlace::basic);
        for (std::size_t r = 0; r < start.row.size(); r += 2) start.row[r] = BasisPlace::at_upper;
        const LpSolution whole = maximise(lp), parts = maximise_by_parts(lp, start);
        ASSERT_EQ(parts.status, whole.status) << seed;
        (whole.status == LpStatus::optimal ? with_room : without) += 1;
        if (whole.status != LpStatus::optimal) continue;
        expect_optimal(lp, parts);
        EXPECT_NEAR(parts.objective, whole.objective, 1e-6 * (1.0 + std::abs(whole.objective)));
    }
    EXPECT_GT(with_room, 4);
    EXPECT_GT(without, 4);
}

TEST_F(SolvedLinearProgram, PartsHaveTheStatusOfTheWhole) {
    LinearProgram lp;
    lp.add_column(1.0, 0.0, kInfinity);
    lp.add_column(1.0, 0.0, 4.0);
    add_row(lp, 2.0, 3.0, {1.0, 0.0});
    LpBasis slack{{BasisPlace::at_lower, BasisPlace::at_lower}, {BasisPlace::basic}};
    const LpSolution found = maximise_by_parts(lp, slack);
    ASSERT_EQ(found.status, LpStatus::optimal);
    EXPECT_NEAR(found.objective, 7.0, kTolerance);
    LinearProgram unbounded = lp;
    unbounded.row_lower[0] = 0.0;
    unbounded.row_upper[0] = kInfinity;
    EXPECT_EQ(maximise_by_parts(unbounded, slack).status, LpStatus::unbounded);
    LinearProgram infeasible = lp;
    infeasible.upper[0] = 1.0;
    EXPECT_EQ(maximise_by_parts(infeasible, slack).status, LpStatus::infeasible);
    LinearProgram no_number = lp;
    no_number.value[0] = kNan;
    EXPECT_EQ(maximise_by_parts(no_number, slack).status, LpStatus::failed);
    // A start of another size is refused as by the whole.
    slack.row.push_back(BasisPlace::basic);
    EXPECT_THROW((void)maximise_by_parts(lp, slack), OptionError);
}

TEST_F(SolvedLinearProgram, SameBitsAgainAfterOthersAndFromManyThreadsAtOnce) {
    struct Case {
        LinearProgram lp;
        std::optional<LpBasis> start;
    };
    std::vector<Case> cases;
    for (unsigned i = 0; i < 11; ++i) {
        Case c{random_program(30 + 7 * static_cast<int>(i), 20 + 5 * static_cast<int>(i), 6, 300 + i), {}};
        if (i % 2 == 1) {
            LinearProgram fewer = c.lp;
            fewer.drop_rows(fewer.rows() - 5);
            c.start = maximise(fewer).basis;
            c.start->row.resize(c.lp.row_lower.size(), BasisPlace::basic);
        }
        cases.push_back(std::move(c));
    }
    const auto solve = [&](std::size_t i) {
        return maximise(cases[i].lp, cases[i].start ? &*cases[i].start : nullptr);
    };
    std::vector<LpSolution> expected;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        expected.push_back(solve(i));
        expect_optimal(cases[i].lp, expected.back());
    }
    for (std::size_t i = cases.size(); i-- > 0;) EXPECT_TRUE(same_solution(solve(i), expected[i])) << i;
    EXPECT_FALSE(same_solution(expected[0], expected[1]));

    std::vector<LpSolution> in_team(4 * cases.size());
    parallel_for(in_team.size(), 4, nullptr,
                 [&](int, std::size_t item) { in_team[item] = solve(item % cases.size()); });
    for (std::size_t i = 0; i < in_team.size(); ++i) {
        EXPECT_TRUE(same_solution(in_team[i], expected[i % cases.size()])) << i;
    }

    std::vector<std::vector<LpSolution>> in_thread(3);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < in_thread.size(); ++t) {
        threads.emplace_back([&, t] {
            for (std::size_t i = 0; i < cases.size(); ++i) {
                in_thread[t].push_back(solve((i + 4 * t) % cases.size()));
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t t = 0; t < in_thread.size(); ++t) {
        for (std::size_t i = 0; i < cases.size(); ++i) {
            EXPECT_TRUE(same_solution(in_thread[t][i], expected[(i + 4 * t) % cases.size()]))
                << t << ' ' << i;
        }
    }
}

}  // namespace
}  // namespace nodalroom::numerics
