#pragma once

#include "lane_compensation.hpp"
#include "lane_slots.hpp"
#include "lane_view.hpp"
#include "nodalroom/numerics/aligned.hpp"
#include "nodalroom/powerflow/lane_newton.hpp"
#include "scan_view.hpp"

namespace nodalroom::powerflow {

/// The lanes and their arrays. Loading is in lane_loading.cpp, handing over in
/// lane_leaving.cpp, the iteration in lane_newton.cpp.
class LaneNewton::Impl {
public:
    Impl(const LaneStructure& structure, const OperatingPoint& point, const LaneOptions& options);

    [[nodiscard]] int lanes() const noexcept { return kernels_.lanes; }
    void share(const SharedFactor& factor) {
        take_factor(factor);
        starts_at_factor_ = false;
    }
    void run(const std::function<bool(LaneTask&)>& next, const std::function<void(const LaneResult&)>& done);

private:
    /// What a lane is doing. idle lanes go through the motions with the voltages they last had.
    struct Lane {
        bool busy = false;
        bool units_are_usual = false;  ///< but for the modes of switched_
        LaneTask task;
        NewtonReport report;
        int rounds = 0;
        int steps_since_switch = 0;
        double previous = 0.0;
        std::vector<std::uint8_t> switches;  ///< per bus with units
        std::vector<std::int32_t> switched;  ///< buses with units whose mode is another than the start's
        std::vector<double> added;           ///< a fresh lane's: to the residual at the buses of `entries`
        Compensation entries;                ///< with a shared factor: for the edit's entries of Ybus
        LaneCompensation compensation;
    };
    enum class Verdict : std::uint8_t { step, leave };

    void take_factor(const SharedFactor& factor);
    [[nodiscard]] bool is_factor_at_usual_start() const;
    void load(int lane, const LaneTask& task);
    void load_voltages(int lane, const LaneTask& task);
    void load_units(int lane, const LaneTask& task);
    bool load_fresh(int lane);
    void refill(const std::function<bool(LaneTask&)>& next,
                const std::function<void(const LaneResult&)>& done);
    template <class Real>
    void compensate_lanes();
    void unload(int lane);
    void set_mode(std::size_t unit, int lane, QMode mode);
    [[nodiscard]] Verdict judge(int lane);
    bool switch_modes(int lane, double mismatch);
    [[nodiscard]] bool is_held_without(std::int32_t bus, std::int32_t island) const;
    [[nodiscard]] RegulatedBus regulated(std::size_t unit, int lane) const;
    [[nodiscard]] bool compensate(int lane);
    void step();
    void begin(int lane, const LaneTask& task, const std::function<void(const LaneResult&)>& done);
    void finish(int lane, const std::function<void(const LaneResult&)>& done);
    void extract();
    void hand_over(int lane, const std::function<void(const LaneResult&)>& done);
    void mark(std::int32_t position, RowMark bit, bool on);
    void lay_out_view();
    void lay_out_common_units();
    void refresh_slots();
    [[nodiscard]] std::size_t at(std::int32_t row, int lane) const noexcept {
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(kernels_.lanes) +
               static_cast<std::size_t>(lane);
    }

    const LaneStructure* structure_;
    const OperatingPoint* point_;
    LaneOptions options_;
    LaneKernels kernels_;
    LaneView view_;
    std::vector<double> y_g_, y_b_;  ///< by permuted entry
    std::vector<double> p_load_, q_load_, p_current_, q_current_, p_impedance_,
        q_impedance_;  ///< by position
    std::vector<std::uint8_t> row_marks_;
    std::vector<int> entries_that_differ_;  ///< per row
    LaneSlots y_slots_, load_slots_;
    numerics::AlignedArray<double> p_gen_, alpha_, q_fixed_, v_setpoint_, regulates_, q_min_, q_max_,
        limit_side_;
    std::vector<double> q_gen_;  ///< per bus with units and lane
    std::vector<QMode> mode_;
    std::vector<UnitsAtBus> units_;  ///< of the operating point
    numerics::AlignedArray<double> supply_, e_, f_, va_, q_unit_, vm_unit_;
    numerics::AlignedArray<double> worst_, off_limits_, active_, usable_, fresh_;
    numerics::AlignedArray<std::byte> work_row_, u_, step_, residual_;
    bool starts_at_factor_ = false;  ///< the shared factor was taken at the usual start
    bool more_ = false;              ///< next() may have another state
    numerics::AlignedArray<std::byte> start_residual_;
    std::vector<Lane> lane_;
    ModeCompensations mode_compensations_;
    std::vector<std::int32_t> units_that_differ_;  ///< from the shared factor, in the lane looked at
    // A finished lane, by bus.
    Voltages voltages_;
    void (*magnitudes_)(const PhasorView& view);
    std::vector<std::int32_t> leaving_;         ///< lanes that converged in this round
    numerics::AlignedArray<double> extracted_;  ///< real, imaginary part and angle, by lane, then bus
    std::vector<double> common_units_;          ///< what the view calls common, one after another
};

}  // namespace nodalroom::powerflow
