#pragma once

#include <algorithm>

#include "nodalroom/powerflow/operating_point.hpp"

namespace nodalroom::powerflow {

// Reactive limits are kept to this many per unit, and setpoints to this many per unit.
inline constexpr double kQTolerance = 1e-7;
inline constexpr double kVTolerance = 1e-8;
// A bus may switch this often freely; after that, only one bus at a time, on a settled mismatch.
inline constexpr int kFreeSwitches = 3;
inline constexpr int kMaxSwitchRounds = 25;
inline constexpr double kSettledMismatch = 1e-6;

/// A bus with units, as the reactive limits see it.
struct RegulatedBus {
    QMode mode = QMode::fixed;
    double q_pu = 0.0;  ///< production
    double vm_pu = 0.0;
    double q_min_pu = 0.0, q_max_pu = 0.0, v_setpoint_pu = 0.0;

    /// Without a range both limits are one, and no voltage makes the units regulate.
    [[nodiscard]] bool has_range() const noexcept { return q_max_pu - q_min_pu > 2.0 * kQTolerance; }
};

/// What the limits ask of a bus now, and by how much it is beyond them (headroom definition, section 3):
/// PV to PQ where Q passes a limit, back to PV where V passes the setpoint on the other side.
[[nodiscard]] inline QMode wanted_mode(const RegulatedBus& bus, double& excess) noexcept {
    switch (bus.mode) {
        case QMode::regulating:
            excess = std::max(bus.q_pu - bus.q_max_pu, bus.q_min_pu - bus.q_pu);
            if (bus.q_pu > bus.q_max_pu + kQTolerance) return QMode::at_max;
            if (bus.q_pu < bus.q_min_pu - kQTolerance) return QMode::at_min;
            return bus.mode;
        case QMode::at_max:
            excess = bus.vm_pu - bus.v_setpoint_pu;
            return excess > kVTolerance && bus.has_range() ? QMode::regulating : bus.mode;
        case QMode::at_min:
            excess = bus.v_setpoint_pu - bus.vm_pu;
            return excess > kVTolerance && bus.has_range() ? QMode::regulating : bus.mode;
        case QMode::fixed:
        case QMode::de_energised:
            break;
    }
    excess = 0.0;
    return bus.mode;
}

/// The mode a bus begins a solve with: the start's, as far as its units can do that.
[[nodiscard]] inline QMode fitted_mode(QMode start, bool regulates, bool enforce_q_limits) noexcept {
    if (!regulates) return QMode::fixed;
    if (start == QMode::fixed || start == QMode::de_energised || !enforce_q_limits) return QMode::regulating;
    return start;
}

}  // namespace nodalroom::powerflow
