#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "nodalroom/powerflow/balance.hpp"
#include "nodalroom/powerflow/equations.hpp"

namespace nodalroom::powerflow {

/// How the voltage of a bus is held.
enum class QMode : std::uint8_t {
    fixed,        ///< no regulation: reactive power as given
    regulating,   ///< V at its setpoint, Q free
    at_min,       ///< Q at its lower limit, V above the setpoint
    at_max,       ///< Q at its upper limit, V below the setpoint
    de_energised  ///< isolated bus
};

/// What a bus has from its in-service units.
struct UnitsAtBus {
    double p_gen = 0.0, q_gen = 0.0;
    double weight = 0.0;
    double q_min = 0.0, q_max = 0.0;
    double v_setpoint = 1.0;
    std::uint8_t regulates = 0;
};

/// The values the equations are solved with, per bus, per unit. A plain value: an outage edits a
/// few entries after saving them, and puts the saved ones back.
struct OperatingPoint {
    std::vector<double> g, b;          ///< Ybus values, one per entry of the admittance matrix
    std::vector<double> p_gen;         ///< dispatched active production of in-service units
    std::vector<double> q_gen;         ///< production of units that do not regulate
    std::vector<double> weight;        ///< sum of balance weights of in-service units
    std::vector<double> weight_sum;    ///< per island
    std::vector<double> q_min, q_max;  ///< sums over in-service regulating units
    std::vector<double> v_setpoint;
    std::vector<std::uint8_t> regulates;  ///< pv or reference bus with an in-service unit
    std::vector<double> p_load, q_load;   ///< constant power
    std::vector<double> p_current, q_current, p_impedance, q_impedance;

    /// α of a bus: its share of the island's s.
    [[nodiscard]] double alpha(std::size_t bus, std::size_t island) const noexcept {
        return weight_sum[island] > 0.0 ? weight[bus] / weight_sum[island] : 0.0;
    }
    [[nodiscard]] UnitsAtBus units(std::size_t bus) const noexcept;
    void set_units(std::size_t bus, const UnitsAtBus& units) noexcept;
};

/// The case's own point, all units and branches as the case has them.
[[nodiscard]] OperatingPoint make_operating_point(const Equations& equations,
                                                  const std::vector<double>& unit_weights);
/// The same with other powers, into a point of the same equations; allocates nothing once it has its size.
void set_operating_point(const Equations& equations, const std::vector<double>& unit_weights,
                         const Powers& powers, OperatingPoint& point);

/// What a bus has from its in-service units, without unit `lost` (invalid: with all of them).
[[nodiscard]] UnitsAtBus units_at(const Equations& equations, const std::vector<double>& unit_weights,
                                  BusRow bus, UnitRow lost, const Powers& powers = {});

/// What a state changes in an operating point: new values for a few entries.
struct PointEdit {
    struct Entry {
        std::int32_t position = -1;  ///< of the admittance matrix
        double g = 0.0, b = 0.0;
    };
    struct Units {
        std::int32_t bus = -1, island = -1;
        UnitsAtBus values;
        double weight_sum = 0.0;  ///< of the island
    };
    std::vector<Entry> entries;
    std::vector<Units> units;
};

/// Constant power added at a bus, per unit, consumption positive.
struct AddedLoad {
    std::int32_t bus = -1;  ///< -1: none
    double p_pu = 0.0, q_pu = 0.0;
};

/// Voltages of every bus, the supply of every island, and how each bus is held.
struct Voltages {
    std::vector<double> vm_pu;
    std::vector<double> va_rad;
    std::vector<double> supply_pu;  ///< s per island
    std::vector<QMode> mode;
};

}  // namespace nodalroom::powerflow
