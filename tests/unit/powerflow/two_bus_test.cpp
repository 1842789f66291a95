// Two buses, one line, a load of every kind: the solutions are known in closed form.

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <functional>

#include "nodalroom/powerflow/solve.hpp"
#include "unit/model/case_records.hpp"

namespace nodalroom::powerflow {
namespace {

using Complex = std::complex<double>;

constexpr Complex kZ(0.02, 0.15);
constexpr double kSource = 1.02;

struct ZipLoad {
    Complex power, current, impedance;  ///< per unit, consumption positive
    [[nodiscard]] Complex at(double v) const { return power + v * (current + v * impedance); }
};

class TwoBuses {
public:
    explicit TwoBuses(const ZipLoad& load)
        : network_(model::Network::from_matpower(records().mpc())),
          equations_(network_),
          solver_(equations_, make_operating_point(
                                  equations_, balance_weights(network_, {BalanceRule::reference, {}, {}}))) {
        auto& point = solver_.point();
        point.p_load[1] = load.power.real();
        point.q_load[1] = load.power.imag();
        point.p_current[1] = load.current.real();
        point.q_current[1] = load.current.imag();
        point.p_impedance[1] = load.impedance.real();
        point.q_impedance[1] = load.impedance.imag();
        solver_.start_from(start_voltages(equations_, point, Start::flat));
        NewtonOptions options;
        options.mismatch_tolerance_pu = 1e-12;
        report_ = solver_.solve(options);
    }
    [[nodiscard]] bool converged() const { return report_.converged(); }
    [[nodiscard]] double vm() const { return solver_.voltages().vm_pu[1]; }
    [[nodiscard]] double va() const { return solver_.voltages().va_rad[1]; }
    [[nodiscard]] Complex supplied() const { return {solver_.p_generation(0), solver_.q_generation(0)}; }
    [[nodiscard]] double supply() const { return solver_.voltages().supply_pu[0]; }

private:
    static testing::CaseRecords records() {
        testing::CaseRecords r;
        r.bus(1, 3).bus(2, 1);
        r.unit(1, 0.0).set_unit(0, io::gen_col::vg, kSource);
        r.set_unit(0, io::gen_col::qmax, 1000).set_unit(0, io::gen_col::qmin, -1000);
        r.branch(1, 2, kZ.real(), kZ.imag());
        return r;
    }
    model::Network network_;
    Equations equations_;
    NewtonSolver solver_;
    NewtonReport report_;
};

/// V at the load from |v + z conj(S(v))/v| = V1, by bisection on the upper branch.
double upper_voltage(const ZipLoad& load) {
    const auto gap = [&](double v) { return std::abs(v + kZ * std::conj(load.at(v)) / v) - kSource; };
    double low = 0.6, high = 1.2;
    EXPECT_LT(gap(low), 0.0);
    EXPECT_GT(gap(high), 0.0);
    for (int k = 0; k < 200; ++k) (gap(0.5 * (low + high)) > 0.0 ? high : low) = 0.5 * (low + high);
    return 0.5 * (low + high);
}

void expect_solution(const TwoBuses& solved, const ZipLoad& load, double v) {
    ASSERT_TRUE(solved.converged());
    EXPECT_NEAR(solved.vm(), v, 1e-11);
    const Complex source_over_v2 = v + kZ * std::conj(load.at(v)) / v;  // V1 e^{-jθ2}
    EXPECT_NEAR(solved.va(), -std::arg(source_over_v2), 1e-11);
    const double current = std::abs(load.at(v)) / v;
    const Complex sent = load.at(v) + kZ * current * current;
    EXPECT_NEAR(solved.supplied().real(), sent.real(), 1e-10);
    EXPECT_NEAR(solved.supplied().imag(), sent.imag(), 1e-10);
    EXPECT_NEAR(solved.supply(), sent.real(), 1e-10);  // Pg is 0: all of it is s
}

TEST(TwoBus, ConstantPowerIsTheRootOfAQuadratic) {
    const ZipLoad load{{0.8, 0.3}, 0.0, 0.0};
    // v^4 + (2 Re(z conj s) - V1^2) v^2 + |z s|^2 = 0
    const double b = 2.0 * (kZ * std::conj(load.power)).real() - kSource * kSource;
    const double v = std::sqrt(0.5 * (-b + std::sqrt(b * b - 4.0 * std::norm(kZ * load.power))));
    expect_solution(TwoBuses(load), load, v);
}

TEST(TwoBus, ConstantCurrentIsATriangle) {
    const ZipLoad load{0.0, {0.8, 0.3}, 0.0};
    const Complex a = kZ * std::conj(load.current);
    const double v = std::sqrt(kSource * kSource - a.imag() * a.imag()) - a.real();
    expect_solution(TwoBuses(load), load, v);
}

TEST(TwoBus, ConstantImpedanceIsAVoltageDivider) {
    const ZipLoad load{0.0, 0.0, {0.8, 0.3}};
    const double v = kSource / std::abs(1.0 + kZ * std::conj(load.impedance));
    expect_solution(TwoBuses(load), load, v);
}

TEST(TwoBus, MixturesAgreeWithAScalarRoot) {
    const ZipLoad loads[] = {{{0.3, 0.1}, {0.4, -0.2}, {0.2, 0.3}},
                             {{-0.5, 0.2}, {0.1, 0.1}, {0.3, -0.1}},
                             {{0.9, 0.1}, {-0.2, 0.0}, {0.0, 0.15}}};
    for (const ZipLoad& load : loads) expect_solution(TwoBuses(load), load, upper_voltage(load));
}

TEST(TwoBus, PastTheNoseHasNoSolution) {
    // Constant power at unity power factor ends where the quadratic's discriminant does.
    const auto discriminant = [](double p) {
        const double b = 2.0 * kZ.real() * p - kSource * kSource;
        return b * b - 4.0 * std::norm(kZ) * p * p;
    };
    double low = 0.0, high = 10.0;
    for (int k = 0; k < 100; ++k) (discriminant(0.5 * (low + high)) > 0.0 ? low : high) = 0.5 * (low + high);
    EXPECT_TRUE(TwoBuses({{0.999 * low, 0.0}, 0.0, 0.0}).converged());
    EXPECT_FALSE(TwoBuses({{1.001 * low, 0.0}, 0.0, 0.0}).converged());
}

}  // namespace
}  // namespace nodalroom::powerflow
