#include "nodalroom/numerics/ldl_solver.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <random>

namespace nodalroom::numerics {
namespace {

struct Symmetric {
    BlockRows rows;
    Eigen::MatrixXd dense;
};

Symmetric random_symmetric(int n, double density, std::mt19937& random) {
    std::uniform_real_distribution<double> chance(0.0, 1.0), value(-1.0, 1.0);
    Symmetric m;
    m.dense = Eigen::MatrixXd::Zero(n, n);
    for (int i = 0; i < n; ++i) {
        m.dense(i, i) = (i % 3 == 0 ? -1.0 : 1.0) * (4.0 + chance(random));
        for (int k = 0; k < i; ++k) {
            if (chance(random) < density) m.dense(i, k) = m.dense(k, i) = value(random);
        }
    }
    m.rows.row_start.push_back(0);
    for (int i = 0; i < n; ++i) {
        for (int k = 0; k < n; ++k) {
            if (m.dense(i, k) != 0.0) m.rows.column.push_back(k);
        }
        m.rows.row_start.push_back(static_cast<std::int32_t>(m.rows.column.size()));
    }
    return m;
}

LdlSolver solver_of(const BlockLuPattern& pattern, const Eigen::MatrixXd& dense) {
    std::vector<double> diagonal, upper;
    for (std::int32_t k = 0; k < pattern.size(); ++k) {
        const auto row = static_cast<std::size_t>(k);
        diagonal.push_back(dense(k, k));
        for (auto p = pattern.row_start()[row] + pattern.diagonal()[row] + 1;
             p < pattern.row_start()[row + 1]; ++p)
            upper.push_back(dense(k, pattern.columns()[static_cast<std::size_t>(p)]));
    }
    return {pattern, diagonal, upper};
}

TEST(LdlSolver, SolvesAsDenseLuDoes) {
    std::mt19937 random(3);
    for (const int n : {1, 2, 5, 17, 40}) {
        const Symmetric m = random_symmetric(n, 0.12, random);
        const BlockLuPattern pattern(m.rows);
        const LdlSolver solver = solver_of(pattern, m.dense);
        ASSERT_TRUE(solver.is_sound());
        const Eigen::VectorXd b = Eigen::VectorXd::Random(n);
        std::vector<double> x(b.data(), b.data() + n);
        solver.solve(x);
        const Eigen::VectorXd expected = m.dense.partialPivLu().solve(b);
        for (int i = 0; i < n; ++i) EXPECT_NEAR(x[static_cast<std::size_t>(i)], expected[i], 1e-12);
    }
}

TEST(LdlSolver, SaysWhereAPivotFails) {
    Eigen::MatrixXd dense(2, 2);
    dense << 1.0, 1.0, 1.0, 1.0;
    const BlockLuPattern pattern(BlockRows{{0, 2, 4}, {0, 1, 0, 1}});
    EXPECT_FALSE(solver_of(pattern, dense).is_sound());
    dense(0, 0) = std::numeric_limits<double>::quiet_NaN();
    EXPECT_FALSE(solver_of(pattern, dense).is_sound());
}

}  // namespace
}  // namespace nodalroom::numerics
