#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <random>
#include <vector>

#include "nodalroom/powerflow/balance.hpp"
#include "nodalroom/powerflow/newton.hpp"
#include "support/random_grid.hpp"

namespace nodalroom::powerflow {
namespace {

/// A state of a random grid with nothing special about it: random voltages, supplies, ZIP loads, and
/// every regulated bus regulating or at one of its limits.
class RandomState {
public:
    RandomState(unsigned seed, const testing::GridShape& shape)
        : network_(model::Network::from_matpower(testing::random_grid(seed, shape).mpc())),
          equations_(network_),
          solver_(equations_,
                  make_operating_point(equations_, balance_weights(network_, {BalanceRule::spare, {}, {}}))) {
        std::mt19937 random(seed + 77);
        const auto uniform = [&](double low, double high) {
            return std::uniform_real_distribution<double>(low, high)(random);
        };
        auto& point = solver_.point();
        auto& v = solver_.voltages();
        for (std::size_t i = 0; i < equations_.bus_count(); ++i) {
            v.vm_pu[i] = uniform(0.85, 1.15);
            v.va_rad[i] = uniform(-0.6, 0.6);
            if (point.regulates[i] != 0) {
                static constexpr QMode modes[] = {QMode::regulating, QMode::at_min, QMode::at_max};
                v.mode[i] = modes[random() % 3];
            }
            if (random() % 2 == 0) continue;
            point.p_current[i] = uniform(-0.3, 0.5);
            point.q_current[i] = uniform(-0.3, 0.5);
            point.p_impedance[i] = uniform(-0.3, 0.5);
            point.q_impedance[i] = uniform(-0.3, 0.5);
        }
        for (double& s : v.supply_pu) s = uniform(-1.0, 2.0);
        solver_.fit_modes(true);
    }

    NewtonSolver& solver() { return solver_; }
    [[nodiscard]] const Equations& equations() const { return equations_; }

    [[nodiscard]] Eigen::MatrixXd jacobian() {
        const auto values = solver_.jacobian_values();
        const auto& pattern = equations_.pattern();
        Eigen::MatrixXd dense = Eigen::MatrixXd::Zero(pattern.size, pattern.size);
        for (std::int32_t c = 0; c < pattern.size; ++c) {
            for (auto p = pattern.column_start[static_cast<std::size_t>(c)];
                 p < pattern.column_start[static_cast<std::size_t>(c) + 1]; ++p) {
                dense(pattern.row[static_cast<std::size_t>(p)], c) = values[static_cast<std::size_t>(p)];
            }
        }
        return dense;
    }

    /// Residual after a step from the present state, which is left as it was.
    [[nodiscard]] Eigen::VectorXd residual_after(const std::vector<double>& step, double length) {
        const Voltages before = solver_.voltages();
        EXPECT_TRUE(solver_.apply_step(step, length));
        solver_.evaluate_mismatch();
        const auto r = solver_.residual();
        Eigen::VectorXd copy =
            Eigen::Map<const Eigen::VectorXd>(r.data(), static_cast<Eigen::Index>(r.size()));
        solver_.voltages() = before;
        solver_.evaluate_mismatch();
        return copy;
    }

private:
    model::Network network_;
    Equations equations_;
    NewtonSolver solver_;
};

constexpr double kStep = 1e-5;

class Jacobian : public ::testing::TestWithParam<unsigned> {
protected:
    static testing::GridShape shape() {
        testing::GridShape s;
        s.buses = 6 + static_cast<int>(GetParam() % 7);
        s.islands = 1 + static_cast<int>(GetParam() % 2);
        s.isolated_bus = GetParam() % 3 == 0;
        return s;
    }
};

/// The Jacobian is that of what the network takes minus what is supplied, so a Newton step solves
/// J x = residual and is added. Every entry is compared, also those the pattern leaves out.
TEST_P(Jacobian, AgreesWithCentralDifferencesOfTheResidual) {
    RandomState state(GetParam(), shape());
    const auto& equations = state.equations();
    const Eigen::MatrixXd jacobian = state.jacobian();
    const auto size = static_cast<std::size_t>(equations.size());
    std::vector<bool> dead(size, false);
    for (std::size_t i = 0; i < equations.bus_count(); ++i) {
        if (equations.is_energised(i)) continue;
        dead[static_cast<std::size_t>(equations.p_row(i))] = true;
        dead[static_cast<std::size_t>(equations.q_row(i))] = true;
    }
    for (std::size_t column = 0; column < size; ++column) {
        std::vector<double> unit(size, 0.0);
        unit[column] = 1.0;
        const Eigen::VectorXd slope =
            -(state.residual_after(unit, kStep) - state.residual_after(unit, -kStep)) / (2.0 * kStep);
        for (std::size_t row = 0; row < size; ++row) {
            const auto r = static_cast<Eigen::Index>(row), c = static_cast<Eigen::Index>(column);
            if (dead[row]) {
                EXPECT_EQ(jacobian(r, c) != 0.0, row == column) << "row " << row << " column " << column;
            } else {
                ASSERT_NEAR(jacobian(r, c), slope(r), 2e-6) << "row " << row << " column " << column;
            }
        }
    }
}

TEST_P(Jacobian, SolvesForTheDirectionThatChangesTheResidual) {
    RandomState state(GetParam() + 500, shape());
    auto& solver = state.solver();
    solver.evaluate_mismatch();
    ASSERT_TRUE(solver.factorise());
    const auto size = static_cast<std::size_t>(state.equations().size());
    std::mt19937 random(GetParam());
    std::vector<double> change(size);
    for (double& x : change) x = std::uniform_real_distribution<double>(-1.0, 1.0)(random);
    for (std::size_t i = 0; i < state.equations().bus_count(); ++i) {
        if (state.equations().is_energised(i)) continue;
        change[static_cast<std::size_t>(state.equations().p_row(i))] = 0.0;
        change[static_cast<std::size_t>(state.equations().q_row(i))] = 0.0;
    }
    std::vector<double> direction = change;
    solver.solve_linear(direction);
    double longest = 1.0;
    for (const double d : direction) longest = std::max(longest, std::abs(d));
    const double step = 1e-4 / longest;
    const Eigen::VectorXd slope =
        -(state.residual_after(direction, step) - state.residual_after(direction, -step)) / (2.0 * step);
    const Eigen::Map<const Eigen::VectorXd> expected(change.data(), static_cast<Eigen::Index>(size));
    EXPECT_LT((slope - expected).lpNorm<Eigen::Infinity>(), 1e-4 * longest);
}

INSTANTIATE_TEST_SUITE_P(RandomGrids, Jacobian, ::testing::Range(0U, 12U));

}  // namespace
}  // namespace nodalroom::powerflow
