#pragma once

#include <cstdint>
#include <vector>

#include "bench_case.hpp"
#include "nodalroom/numerics/aligned.hpp"
#include "powerflow/lane_slots.hpp"
#include "powerflow/lane_view.hpp"
#include "powerflow/scan_view.hpp"

namespace nodalroom::bench {

/// What one call of a kernel has to do, all lanes together, counted from the structure: see lane_work.cpp.
struct Work {
    double flops = 0.0;         ///< in double precision; a multiply-add is two
    double flops_single = 0.0;  ///< in single precision
    double bytes = 0.0;         ///< read or written once per pass
    double bytes_again = 0.0;   ///< read again within a pass, from a cache if it holds them
};

/// The lane kernels' arrays filled with states that differ: every lane has an outage and voltages of its own.
class LaneBatch {
public:
    LaneBatch(const BenchCase& bench, numerics::VectorUnit unit, powerflow::LaneFactors factors);

    [[nodiscard]] const powerflow::LaneKernels& kernels() const noexcept { return kernels_; }
    [[nodiscard]] const powerflow::LaneView& view() const noexcept { return view_; }
    [[nodiscard]] int lanes() const noexcept { return kernels_.lanes; }
    /// Puts back the voltages and what evaluate() made of them: most kernels work in place.
    void rewind();
    /// Largest residual of all lanes.
    [[nodiscard]] double worst() const;

    [[nodiscard]] Work evaluate_work() const;
    [[nodiscard]] Work solve_work() const;     ///< assemble, factorise and solve
    [[nodiscard]] Work apply_work() const;     ///< of the step a solve gave
    [[nodiscard]] Work forward_work() const;   ///< with a shared factor
    [[nodiscard]] Work backward_work() const;  ///< with a shared factor, applied to the voltages on the way

private:
    void fill_structure(const BenchCase& bench);
    void fill_lanes(const BenchCase& bench);
    [[nodiscard]] std::size_t at(std::size_t row, int lane) const noexcept {
        return row * static_cast<std::size_t>(kernels_.lanes) + static_cast<std::size_t>(lane);
    }

    using Array = numerics::AlignedArray<double>;
    powerflow::LaneKernels kernels_;
    int registers_;  ///< of doubles, per value of all lanes
    const powerflow::LaneStructure* structure_;
    powerflow::LaneView view_;
    std::vector<double> y_g_, y_b_, p_load_, q_load_;
    std::vector<std::uint8_t> row_marks_;
    powerflow::LaneSlots slots_;
    Array p_gen_, alpha_, q_fixed_, v_setpoint_, regulates_, q_min_, q_max_, limit_side_, supply_;
    Array e_, f_, q_unit_, vm_unit_, worst_, off_limits_, active_, usable_, fresh_;
    Array e_before_, f_before_;
    numerics::AlignedArray<std::byte> work_row_, u_, step_, residual_, residual_before_;
};

/// Doubles in a register of the unit.
[[nodiscard]] int register_doubles(numerics::VectorUnit unit);
/// The units this processor has.
[[nodiscard]] std::vector<numerics::VectorUnit> supported_units();

/// The arrays of the kernels that look over one state.
class ScanBatch {
public:
    explicit ScanBatch(const BenchCase& bench);

    [[nodiscard]] const powerflow::FlowView& flows() const noexcept { return flows_; }
    [[nodiscard]] const powerflow::PhasorView& phasors() const noexcept { return phasors_; }
    [[nodiscard]] Work flows_work() const;
    [[nodiscard]] Work phasors_work() const;

private:
    powerflow::FlowView flows_;
    powerflow::PhasorView phasors_;
    std::vector<std::int32_t> from_, to_;
    std::vector<double> vm_, va_, e_, f_, weight_, loading_;
    numerics::AlignedArray<double> admittance_[8];
};

}  // namespace nodalroom::bench
