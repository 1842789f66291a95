#include "nodalroom/numerics/klu_solver.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <limits>
#include <random>
#include <vector>

namespace nodalroom::numerics {
namespace {

struct SparseMatrix {
    CscPattern pattern;
    std::vector<double> values;

    [[nodiscard]] Eigen::MatrixXd dense() const {
        Eigen::MatrixXd m = Eigen::MatrixXd::Zero(pattern.size, pattern.size);
        for (std::int32_t c = 0; c < pattern.size; ++c) {
            for (auto p = pattern.column_start[static_cast<std::size_t>(c)];
                 p < pattern.column_start[static_cast<std::size_t>(c) + 1]; ++p) {
                m(pattern.row[static_cast<std::size_t>(p)], c) = values[static_cast<std::size_t>(p)];
            }
        }
        return m;
    }
};

/// A random pattern that holds the given permutation (so that it is structurally regular whatever is
/// on the diagonal), with random values.
SparseMatrix random_matrix(int n, double density, bool zero_diagonal, std::mt19937& random) {
    std::uniform_real_distribution<double> chance(0.0, 1.0), value(-1.0, 1.0);
    SparseMatrix m;
    m.pattern.size = n;
    m.pattern.column_start.push_back(0);
    for (int c = 0; c < n; ++c) {
        for (int r = 0; r < n; ++r) {
            const bool strong = r == (zero_diagonal ? (c + 1) % n : c);
            if (!strong && (chance(random) > density || (zero_diagonal && r == c && n > 1))) continue;
            m.pattern.row.push_back(r);
            m.values.push_back(strong ? 2.0 + value(random) : value(random));
        }
        m.pattern.column_start.push_back(static_cast<std::int32_t>(m.pattern.row.size()));
    }
    return m;
}

std::vector<double> random_vector(std::size_t n, std::mt19937& random) {
    std::uniform_real_distribution<double> value(-1.0, 1.0);
    std::vector<double> v(n);
    for (double& x : v) x = value(random);
    return v;
}

Eigen::Map<const Eigen::MatrixXd> as_matrix(const std::vector<double>& v, int n, int count) {
    return {v.data(), n, count};
}

class RandomMatrices : public ::testing::TestWithParam<int> {};

TEST_P(RandomMatrices, AreSolvedAsByDenseLu) {
    const int n = GetParam();
    std::mt19937 random(1000 + static_cast<unsigned>(n));
    for (const bool zero_diagonal : {false, true}) {
        for (const int count : {1, 3, 7}) {
            const SparseMatrix m = random_matrix(n, 3.0 / n, zero_diagonal, random);
            const Eigen::MatrixXd dense = m.dense();
            const Eigen::FullPivLU<Eigen::MatrixXd> lu(dense);
            ASSERT_TRUE(lu.isInvertible());
            KluSolver solver(m.pattern);
            EXPECT_FALSE(solver.has_pivots());
            ASSERT_TRUE(solver.factor(m.values));
            EXPECT_TRUE(solver.has_pivots());
            EXPECT_GE(solver.factor_nonzeros(), static_cast<std::size_t>(n));

            const auto rhs =
                random_vector(static_cast<std::size_t>(n) * static_cast<std::size_t>(count), random);
            auto x = rhs;
            solver.solve(x, count);
            const Eigen::MatrixXd expected = lu.solve(as_matrix(rhs, n, count));
            EXPECT_LT((as_matrix(x, n, count) - expected).norm(), 1e-9 * (1.0 + expected.norm()));

            auto xt = rhs;
            solver.solve_transposed(xt, count);
            const Eigen::MatrixXd expected_t = dense.transpose().fullPivLu().solve(as_matrix(rhs, n, count));
            EXPECT_LT((as_matrix(xt, n, count) - expected_t).norm(), 1e-9 * (1.0 + expected_t.norm()));
        }
    }
}

TEST_P(RandomMatrices, AreRefactoredToTheSameSolution) {
    const int n = GetParam();
    std::mt19937 random(2000 + static_cast<unsigned>(n));
    SparseMatrix m = random_matrix(n, 3.0 / n, true, random);
    KluSolver kept(m.pattern);
    ASSERT_TRUE(kept.factor(m.values));
    std::uniform_real_distribution<double> change(0.9, 1.1);
    for (int round = 0; round < 4; ++round) {  // distinct values each round
        for (double& v : m.values) v *= change(random);
        ASSERT_TRUE(kept.refactor(m.values));
        KluSolver fresh(m.pattern);
        ASSERT_TRUE(fresh.factor(m.values));
        const auto rhs = random_vector(static_cast<std::size_t>(n), random);
        auto x = rhs, y = rhs;
        kept.solve(x);
        fresh.solve(y);
        EXPECT_LT((as_matrix(x, n, 1) - as_matrix(y, n, 1)).norm(), 1e-9 * (1.0 + as_matrix(y, n, 1).norm()));
        EXPECT_LT((m.dense() * as_matrix(x, n, 1) - as_matrix(rhs, n, 1)).norm(), 1e-9);
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, RandomMatrices, ::testing::Values(1, 2, 5, 17, 40, 83));

/// [1 2; 3 4] by columns.
SparseMatrix two_by_two(double a, double c, double b, double d) {
    return {{2, {0, 2, 4}, {0, 1, 0, 1}}, {a, c, b, d}};
}

TEST(KluSolver, RefusesASingularMatrixAndRecovers) {
    const SparseMatrix good = two_by_two(1, 3, 2, 4);
    KluSolver solver(good.pattern);
    EXPECT_FALSE(solver.factor(two_by_two(1, 2, 2, 4).values));  // equal up to a factor
    EXPECT_FALSE(solver.has_pivots());
    EXPECT_EQ(solver.factor_nonzeros(), 0U);
    ASSERT_TRUE(solver.factor(good.values));
    std::vector<double> x{5, 11};
    solver.solve(x);
    EXPECT_NEAR(x[0], 1.0, 1e-14);
    EXPECT_NEAR(x[1], 2.0, 1e-14);
}

TEST(KluSolver, RefusesAnEmptyColumnAndAZeroOne) {
    const SparseMatrix empty_column{{2, {0, 2, 2}, {0, 1}}, {1, 1}};
    KluSolver structurally(empty_column.pattern);
    EXPECT_FALSE(structurally.factor(empty_column.values));
    const SparseMatrix zero = two_by_two(1, 3, 0, 0);
    KluSolver numerically(zero.pattern);
    EXPECT_FALSE(numerically.factor(zero.values));
}

TEST(KluSolver, RefusesWhatIsNotANumber) {
    for (const double bad :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        const SparseMatrix m = two_by_two(1, 3, bad, 4);
        KluSolver solver(m.pattern);
        EXPECT_FALSE(solver.factor(m.values)) << bad;
    }
}

TEST(KluSolver, RefusesOldPivotsThatBecameZero) {
    const SparseMatrix first = two_by_two(1, 0, 0, 1);   // pivots on the diagonal
    const SparseMatrix second = two_by_two(0, 1, 1, 0);  // regular, but not with those pivots
    KluSolver solver(first.pattern);
    ASSERT_TRUE(solver.factor(first.values));
    EXPECT_FALSE(solver.refactor(second.values));
    ASSERT_TRUE(solver.factor(second.values));
    std::vector<double> x{3, 7};
    solver.solve(x);
    EXPECT_EQ(x, (std::vector<double>{7, 3}));
}

TEST(KluSolver, RefactorWithoutPivotsChoosesThem) {
    const SparseMatrix m = two_by_two(0, 1, 1, 0);
    KluSolver solver(m.pattern);
    EXPECT_TRUE(solver.refactor(m.values));
    EXPECT_TRUE(solver.has_pivots());
}

TEST(KluSolver, KeepsItsFactorWhenMoved) {
    const SparseMatrix m = two_by_two(1, 3, 2, 4);
    KluSolver first(m.pattern);
    ASSERT_TRUE(first.factor(m.values));
    KluSolver second(std::move(first));
    std::vector<double> x{5, 11};
    second.solve(x);
    EXPECT_NEAR(x[1], 2.0, 1e-14);
}

}  // namespace
}  // namespace nodalroom::numerics
