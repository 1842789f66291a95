#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "nodalroom/powerflow/operating_point.hpp"

namespace nodalroom::testing {

/// Equal bits, so that NaN equals itself and 0 differs from -0.
inline bool same_bits(double a, double b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

inline bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!same_bits(a[i], b[i])) return false;
    }
    return true;
}

inline bool same_bits(const powerflow::Voltages& a, const powerflow::Voltages& b) {
    return same_bits(a.vm_pu, b.vm_pu) && same_bits(a.va_rad, b.va_rad) &&
           same_bits(a.supply_pu, b.supply_pu) && a.mode == b.mode;
}

inline bool same_bits(const powerflow::OperatingPoint& a, const powerflow::OperatingPoint& b) {
    using Point = powerflow::OperatingPoint;
    for (const auto member :
         {&Point::g, &Point::b, &Point::p_gen, &Point::q_gen, &Point::weight, &Point::weight_sum,
          &Point::q_min, &Point::q_max, &Point::v_setpoint, &Point::p_load, &Point::q_load, &Point::p_current,
          &Point::q_current, &Point::p_impedance, &Point::q_impedance}) {
        if (!same_bits(a.*member, b.*member)) return false;
    }
    return a.regulates == b.regulates;
}

}  // namespace nodalroom::testing
