// Power flows against MATPOWER's (tests/validation/powerflow).

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>

#include "nodalroom/powerflow/solve.hpp"
#include "support/case_files.hpp"
#include "support/csv_table.hpp"

namespace nodalroom::powerflow {
namespace {

using testing::CsvTable;
using testing::ValidationCase;

constexpr double kDegree = 180.0 / std::numbers::pi;

PowerFlowOptions options_with(bool q_limits) {
    PowerFlowOptions options;
    options.enforce_q_limits = q_limits;
    options.mismatch_tolerance_pu = 1e-10;
    return options;
}

double largest_difference_pu(const model::Network& network, const PowerFlowResult& result,
                             const CsvTable& expected) {
    double largest = 0.0;
    for (std::size_t r = 0; r < expected.rows(); ++r) {
        const std::size_t i = testing::row_of(network, expected.integer(r, "bus")).pos();
        if (network.island_of_bus()[i] < 0) continue;
        largest = std::max(largest, std::abs(result.voltages.vm_pu[i] - expected.number(r, "vm_pu")));
    }
    return largest;
}

class AgainstMatpower : public ::testing::TestWithParam<const char*> {};

TEST_P(AgainstMatpower, SameVoltagesAndProductionsWithoutReactiveLimits) {
    const ValidationCase golden(std::string("powerflow/") + GetParam());
    NODALROOM_NEEDS_CASE(golden.text("case"));
    const auto network = testing::load_case(golden.text("case"));
    const auto result = solve(network, options_with(false));
    ASSERT_TRUE(result.converged()) << result.reason;
    const CsvTable buses = golden.table("buses_q0.csv");
    EXPECT_EQ(buses.rows(), network.buses().size());
    for (std::size_t r = 0; r < buses.rows(); ++r) {
        const std::size_t i = testing::row_of(network, buses.integer(r, "bus")).pos();
        if (network.island_of_bus()[i] < 0) {
            EXPECT_TRUE(std::isnan(result.voltages.vm_pu[i]));
            continue;
        }
        EXPECT_NEAR(result.voltages.vm_pu[i], buses.number(r, "vm_pu"), golden.number("tolerance_vm_pu"));
        EXPECT_NEAR(result.voltages.va_rad[i] * kDegree, buses.number(r, "va_degree"),
                    golden.number("tolerance_va_degree"));
    }
    // MATPOWER puts all of the balance on the first unit of the reference bus: compared by bus.
    const CsvTable units = golden.table("units_q0.csv");
    std::vector<model::Complex> expected(network.buses().size()), found(network.buses().size());
    for (std::size_t r = 0; r < units.rows(); ++r) {
        const auto row = static_cast<std::size_t>(units.integer(r, "unit_row") - 1);
        const std::size_t bus = network.units()[row].bus.pos();
        expected[bus] += model::Complex(units.number(r, "pg_mw"), units.number(r, "qg_mvar"));
        found[bus] += network.base_mva() * model::Complex(result.unit_p_pu[row], result.unit_q_pu[row]);
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_NEAR(found[i].real(), expected[i].real(), golden.number("tolerance_p_mw")) << "bus row " << i;
        EXPECT_NEAR(found[i].imag(), expected[i].imag(), golden.number("tolerance_q_mvar"))
            << "bus row " << i;
    }
}

/// Definition, section 3, at every regulated bus: setpoint held within the limits, or Qmax and not
/// above the setpoint, or Qmin and not below it.
struct Complementarity {
    double worst = 0.0;  ///< distance from the nearest of the three, per unit
    void take(double v, double setpoint, double q, double q_min, double q_max) {
        const double regulating = std::max({std::abs(v - setpoint), q - q_max, q_min - q});
        const double at_max = std::max(std::abs(q - q_max), v - setpoint);
        const double at_min = std::max(std::abs(q - q_min), setpoint - v);
        worst = std::max(worst, std::min({regulating, at_max, at_min}));
    }
};

/// Per bus with a regulating unit: sums over its units in service.
struct RegulatedBus {
    double q = 0.0, q_min = 0.0, q_max = 0.0, setpoint = 0.0;
};

template <class Production>
std::vector<std::optional<RegulatedBus>> regulated_buses(const model::Network& network,
                                                         Production production) {
    std::vector<std::optional<RegulatedBus>> buses(network.buses().size());
    for (std::size_t u = 0; u < network.units().size(); ++u) {
        const auto& unit = network.units()[u];
        const auto type = network.bus(unit.bus).type;
        if (!unit.in_service || (type != model::BusType::pv && type != model::BusType::reference)) continue;
        auto& bus = buses[unit.bus.pos()];
        if (!bus) bus = RegulatedBus{0.0, 0.0, 0.0, unit.v_setpoint_pu};
        bus->q += production(u);
        bus->q_min += unit.q_min_pu;
        bus->q_max += unit.q_max_pu;
    }
    return buses;
}

TEST_P(AgainstMatpower, KeepsReactiveLimitsAndAgreesWhereMatpowerDoesToo) {
    const ValidationCase golden(std::string("powerflow/") + GetParam());
    NODALROOM_NEEDS_CASE(golden.text("case"));
    const auto network = testing::load_case(golden.text("case"));
    const auto result = solve(network, options_with(true));
    ASSERT_TRUE(result.converged()) << result.reason;

    Complementarity ours;
    const auto our_buses = regulated_buses(network, [&](std::size_t u) { return result.unit_q_pu[u]; });
    for (std::size_t i = 0; i < our_buses.size(); ++i) {
        if (!our_buses[i]) continue;
        const auto& bus = *our_buses[i];
        ours.take(result.voltages.vm_pu[i], bus.setpoint, bus.q, bus.q_min, bus.q_max);
    }
    EXPECT_LT(ours.worst, 1e-6);

    // MATPOWER switches by rounds and never back. Where its solution keeps the limits as defined (and
    // it has not moved the reference), it has to be ours; where it does not, they have to differ.
    const CsvTable buses = golden.table("buses_q1.csv"), units = golden.table("units_q1.csv");
    std::vector<double> q_mvar(network.units().size(), 0.0);
    for (std::size_t r = 0; r < units.rows(); ++r) {
        q_mvar[static_cast<std::size_t>(units.integer(r, "unit_row") - 1)] = units.number(r, "qg_mvar");
    }
    const auto their_buses =
        regulated_buses(network, [&](std::size_t u) { return q_mvar[u] / network.base_mva(); });
    Complementarity theirs;
    for (std::size_t r = 0; r < buses.rows(); ++r) {
        const std::size_t i = testing::row_of(network, buses.integer(r, "bus")).pos();
        if (!their_buses[i]) continue;
        const auto& bus = *their_buses[i];
        theirs.take(buses.number(r, "vm_pu"), bus.setpoint, bus.q, bus.q_min, bus.q_max);
    }
    const double difference = largest_difference_pu(network, result, buses);
    RecordProperty("largest_difference_pu", std::to_string(difference));
    if (golden.number("q1_slack_moved") != 0.0) {
        RecordProperty("comparison", "none: MATPOWER moved the reference bus");
    } else if (theirs.worst < 1e-6) {
        EXPECT_LT(difference, 1e-6) << "MATPOWER keeps the limits as defined";
    } else {
        RecordProperty("comparison", "differs: MATPOWER holds a bus at a limit that its voltage has passed");
        EXPECT_GT(difference, 1e-7) << "MATPOWER breaks the definition by " << theirs.worst << " pu";
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, AgainstMatpower,
                         ::testing::Values("case9", "case14", "case24_ieee_rts", "case30", "case39",
                                           "case118", "case_ACTIVSg200", "case_ACTIVSg500",
                                           "case_ACTIVSg2000", "case_RTS_GMLC", "case4_dist", "case16ci",
                                           "case57", "case60nordic", "case70da", "case145", "case300",
                                           "case1354pegase"),
                         [](const auto& test) { return std::string(test.param); });

/// Every case of MATPOWER that is at hand (all of them where NODALROOM_CASES names its data folder).
TEST(EveryMatpowerCase, ThatItSolvesIsSolvedToTheSameExtremes) {
    const ValidationCase golden("powerflow_all_cases");
    const CsvTable cases = golden.table("cases.csv");
    int compared = 0;
    for (std::size_t r = 0; r < cases.rows(); ++r) {
        const std::string& name = cases.text(r, "case");
        if (!testing::find_case(name) || cases.integer(r, "q0_converged") == 0) continue;
        if (cases.integer(r, "buses") > 3500) continue;  // minutes under a sanitizer
        const auto network = testing::load_case(name);
        PowerFlowOptions options;
        options.enforce_q_limits = false;
        const auto result = solve(network, options);
        EXPECT_TRUE(result.converged()) << name << ": " << result.reason;
        if (!result.converged()) continue;
        ++compared;
        double lowest = 9.0, highest = 0.0;
        for (std::size_t i = 0; i < network.buses().size(); ++i) {
            if (network.island_of_bus()[i] < 0) continue;
            lowest = std::min(lowest, result.voltages.vm_pu[i]);
            highest = std::max(highest, result.voltages.vm_pu[i]);
        }
        EXPECT_NEAR(lowest, cases.number(r, "q0_min_vm_pu"), golden.number("tolerance_vm_pu")) << name;
        EXPECT_NEAR(highest, cases.number(r, "q0_max_vm_pu"), golden.number("tolerance_vm_pu")) << name;
    }
    if (compared == 0) GTEST_SKIP() << "no case files in " << NODALROOM_DATA_DIR;
}

}  // namespace
}  // namespace nodalroom::powerflow
