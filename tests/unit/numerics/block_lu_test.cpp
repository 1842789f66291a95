#include "nodalroom/numerics/block_lu.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <random>
#include <stdexcept>
#include <string>

#include "support/vector_units.hpp"

namespace nodalroom::numerics {
namespace {

struct BlockMatrix {
    BlockRows rows;
    CscPattern pattern;
    std::vector<double> values;
    Eigen::MatrixXd dense;
};

/// Random blocks at random places, strong on the diagonal; the pattern is not symmetric.
BlockMatrix random_blocks(int n, double density, std::mt19937& random) {
    std::uniform_real_distribution<double> chance(0.0, 1.0), value(-1.0, 1.0);
    BlockMatrix m;
    m.dense = Eigen::MatrixXd::Zero(2 * n, 2 * n);
    m.rows.row_start.push_back(0);
    for (int i = 0; i < n; ++i) {
        for (int k = 0; k < n; ++k) {
            if (i != k && chance(random) > density) continue;
            m.rows.column.push_back(k);
            for (int c = 0; c < 4; ++c) m.dense(2 * i + c / 2, 2 * k + c % 2) = value(random);
            if (i == k) m.dense.block<2, 2>(2 * i, 2 * i) += 3.0 * Eigen::Matrix2d::Identity();
        }
        m.rows.row_start.push_back(static_cast<std::int32_t>(m.rows.column.size()));
    }
    m.pattern.size = 2 * n;
    m.pattern.column_start.push_back(0);
    for (int column = 0; column < 2 * n; ++column) {
        for (int row = 0; row < 2 * n; ++row) {
            if (m.dense(row, column) == 0.0) continue;
            m.pattern.row.push_back(row);
            m.values.push_back(m.dense(row, column));
        }
        m.pattern.column_start.push_back(static_cast<std::int32_t>(m.pattern.row.size()));
    }
    return m;
}

class BlockLuOnEveryUnit : public ::testing::TestWithParam<VectorUnit> {};

TEST_P(BlockLuOnEveryUnit, SolvesAsDenseLuDoes) {
    NODALROOM_NEEDS_UNIT(GetParam());
    std::mt19937 random(7);
    for (const int n : {1, 2, 3, 5, 8, 13, 40}) {
        const BlockMatrix m = random_blocks(n, 0.15, random);
        const BlockLuPattern pattern(m.rows);
        const auto places = places_in_blocks(m.pattern, pattern);
        BlockLu lu(pattern, places, GetParam());
        ASSERT_TRUE(lu.factor(m.values));
        const Eigen::MatrixXd b = Eigen::MatrixXd::Random(2 * n, 3);
        std::vector<double> x(b.data(), b.data() + b.size());
        lu.solve(x, 3);
        const Eigen::MatrixXd expected = m.dense.partialPivLu().solve(b);
        const Eigen::Map<const Eigen::MatrixXd> got(x.data(), 2 * n, 3);
        EXPECT_LT((got - expected).cwiseAbs().maxCoeff(), 1e-11) << "blocks: " << n;
        std::vector<double> y(b.data(), b.data() + b.size());
        lu.solve_transposed(y, 3);
        const Eigen::MatrixXd adjoint = m.dense.transpose().partialPivLu().solve(b);
        const Eigen::Map<const Eigen::MatrixXd> got_adjoint(y.data(), 2 * n, 3);
        EXPECT_LT((got_adjoint - adjoint).cwiseAbs().maxCoeff(), 1e-11) << "blocks: " << n;
    }
}

TEST_P(BlockLuOnEveryUnit, SaysSoWhereAPivotFails) {
    NODALROOM_NEEDS_UNIT(GetParam());
    // Regular, yet its first diagonal block is not: [0 I; I 0].
    const BlockRows rows{{0, 2, 4}, {0, 1, 0, 1}};
    CscPattern pattern;
    pattern.size = 4;
    pattern.column_start = {0, 1, 2, 3, 4};
    pattern.row = {2, 3, 0, 1};
    const BlockLuPattern factors(rows);
    const auto places = places_in_blocks(pattern, factors);
    BlockLu lu(factors, places, GetParam());
    EXPECT_FALSE(lu.factor(std::vector<double>{1.0, 1.0, 1.0, 1.0}));
    EXPECT_FALSE(lu.factor(std::vector<double>(4, std::nan(""))));
}

TEST_P(BlockLuOnEveryUnit, ForgetsTheMatrixBefore) {
    NODALROOM_NEEDS_UNIT(GetParam());
    std::mt19937 random(11);
    const BlockMatrix m = random_blocks(20, 0.2, random);
    const BlockLuPattern pattern(m.rows);
    const auto places = places_in_blocks(m.pattern, pattern);
    BlockLu fresh(pattern, places, GetParam()), used(pattern, places, GetParam());
    std::vector<double> other(m.values.size(), 0.0);
    EXPECT_FALSE(used.factor(other));
    ASSERT_TRUE(used.factor(m.values));
    ASSERT_TRUE(fresh.factor(m.values));
    for (std::size_t i = 0; i < fresh.values().size(); ++i) ASSERT_EQ(fresh.values()[i], used.values()[i]);
}

INSTANTIATE_TEST_SUITE_P(Units, BlockLuOnEveryUnit, ::testing::ValuesIn(testing::kVectorUnits),
                         testing::unit_name);

TEST(BlockLuPattern, HoldsTheFillOfElimination) {
    std::mt19937 random(3);
    for (const int n : {1, 4, 12, 30}) {
        const BlockMatrix m = random_blocks(n, 0.1, random);
        const BlockLuPattern pattern(m.rows);
        // Boolean elimination of the full matrix.
        std::vector<std::vector<bool>> filled(static_cast<std::size_t>(n),
                                              std::vector<bool>(static_cast<std::size_t>(n)));
        for (int i = 0; i < n; ++i) {
            for (auto p = m.rows.row_start[static_cast<std::size_t>(i)];
                 p < m.rows.row_start[static_cast<std::size_t>(i) + 1]; ++p) {
                filled[static_cast<std::size_t>(i)]
                      [static_cast<std::size_t>(m.rows.column[static_cast<std::size_t>(p)])] = true;
            }
        }
        for (std::size_t k = 0; k < filled.size(); ++k) {
            for (std::size_t i = k + 1; i < filled.size(); ++i) {
                if (!filled[i][k]) continue;
                for (std::size_t j = k + 1; j < filled.size(); ++j) {
                    if (filled[k][j]) filled[i][j] = true;
                }
            }
        }
        std::size_t blocks = 0;
        for (int i = 0; i < n; ++i) {
            for (int k = 0; k < n; ++k) {
                const bool expected = filled[static_cast<std::size_t>(i)][static_cast<std::size_t>(k)];
                EXPECT_EQ(pattern.place(i, k) >= 0, expected) << i << ", " << k;
                blocks += expected ? 1 : 0;
            }
        }
        EXPECT_EQ(pattern.columns().size(), blocks);
    }
}

TEST(BlockLuPattern, RefusesARowThatIsTooLong) {
    BlockRows rows;
    const std::int32_t n = 65'537;
    rows.row_start.push_back(0);
    for (std::int32_t i = 0; i + 1 < n; ++i) {
        rows.column.push_back(i);
        rows.row_start.push_back(i + 1);
    }
    for (std::int32_t k = 0; k < n; ++k) rows.column.push_back(k);
    rows.row_start.push_back(static_cast<std::int32_t>(rows.column.size()));
    EXPECT_THROW(BlockLuPattern{rows}, std::length_error);
}

TEST(BlockLuPattern, PlacesRefuseANonzeroWithoutABlock) {
    const BlockLuPattern factors(BlockRows{{0, 1, 2}, {0, 1}});
    CscPattern pattern;
    pattern.size = 4;
    pattern.column_start = {0, 1, 1, 1, 1};
    pattern.row = {2};
    EXPECT_THROW((void)places_in_blocks(pattern, factors), std::out_of_range);
}

/// Neither too few blocks nor too many, also where the pattern is not symmetric.
TEST(BlockLuPattern, HasTheFillOfEliminationByHand) {
    std::mt19937 random(11);
    for (const int n : {1, 4, 9, 30, 60}) {
        for (const double density : {0.02, 0.08, 0.3}) {
            const BlockMatrix m = random_blocks(n, density, random);
            const BlockLuPattern pattern(m.rows);
            std::vector<std::vector<bool>> filled(static_cast<std::size_t>(n),
                                                  std::vector<bool>(static_cast<std::size_t>(n)));
            for (std::size_t i = 0; i < filled.size(); ++i) {
                for (auto p = m.rows.row_start[i]; p < m.rows.row_start[i + 1]; ++p) {
                    const std::int32_t column = m.rows.column[static_cast<std::size_t>(p)];
                    filled[i][static_cast<std::size_t>(column)] = true;
                    const auto block =
                        static_cast<std::size_t>(pattern.block_of_entry()[static_cast<std::size_t>(p)]);
                    EXPECT_EQ(pattern.columns()[block], column);
                    EXPECT_TRUE(pattern.row_start()[i] <= static_cast<std::int32_t>(block) &&
                                static_cast<std::int32_t>(block) < pattern.row_start()[i + 1]);
                }
                for (std::size_t k = 0; k < i; ++k) {
                    if (!filled[i][k]) continue;
                    for (std::size_t j = k + 1; j < filled.size(); ++j) {
                        if (filled[k][j]) filled[i][j] = true;
                    }
                }
                std::vector<std::int32_t> columns;
                for (std::size_t j = 0; j < filled.size(); ++j) {
                    if (filled[i][j]) columns.push_back(static_cast<std::int32_t>(j));
                }
                const auto first = pattern.columns().begin() + pattern.row_start()[i];
                const std::vector<std::int32_t> found(first,
                                                      pattern.columns().begin() + pattern.row_start()[i + 1]);
                EXPECT_EQ(found, columns);
            }
        }
    }
}

}  // namespace
}  // namespace nodalroom::numerics
