#pragma once

#include <cstdint>

#include "nodalroom/numerics/vector_unit.hpp"
#include "nodalroom/powerflow/lane_factors.hpp"

namespace nodalroom::powerflow {

struct LaneStructure;

/// What the lane kernels read and write: plain arrays, owned by LaneNewton. Buses stand in
/// elimination order ("position"). Arrays "per lane" hold `lanes` values in a row for each position,
/// aligned to 64 bytes. Only plain data crosses into the files compiled for wider vectors.
struct LaneView {
    std::int32_t buses = 0;
    std::int32_t first_reference = 0;  ///< reference buses are the last positions

    // Ybus by rows in elimination order: one value for all lanes, except where a row is marked.
    const std::int32_t* y_start = nullptr;
    const std::int32_t* y_column = nullptr;
    const double* y_g = nullptr;
    const double* y_b = nullptr;
    const std::int32_t* y_diagonal = nullptr;  ///< per row: its diagonal entry
    const std::int32_t* y_place = nullptr;     ///< per entry: its block's place in the work row
    /// Bits per row: lanes differ in its admittances, or carry an added load there.
    const std::uint8_t* row_marks = nullptr;
    const std::int32_t* y_slot = nullptr;  ///< per entry of a marked row: where its lanes' values are, or -1
    const double* slot_g = nullptr;        ///< per lane
    const double* slot_b = nullptr;
    const std::int32_t* load_slot = nullptr;  ///< per row: where its lanes' added load is, or -1
    const double* added_p = nullptr;          ///< per lane
    const double* added_q = nullptr;

    const std::uint8_t* energised = nullptr;
    const double* p_load = nullptr;  ///< constant power, per position
    const double* q_load = nullptr;
    bool has_voltage_loads = false;  ///< any constant-current or constant-impedance load
    const double* p_current = nullptr;
    const double* q_current = nullptr;
    const double* p_impedance = nullptr;
    const double* q_impedance = nullptr;

    // Buses with units.
    const std::int32_t* unit_of = nullptr;       ///< per position: its row among these, or -1
    const std::int32_t* unit_island = nullptr;   ///< whose s it shares
    const std::int32_t* supply_place = nullptr;  ///< place of -α in the work row
    const double* p_gen = nullptr;               ///< per lane, as are the next four
    const double* alpha = nullptr;
    const double* q_fixed = nullptr;     ///< reactive production where it does not regulate
    const double* v_setpoint = nullptr;  ///< where it does
    const double* regulates = nullptr;   ///< 1 where it does, else 0
    const double* q_min = nullptr;
    const double* q_max = nullptr;
    const double* limit_side =
        nullptr;  ///< 1 at its upper limit, -1 at the lower, 0 where it may not go back
    /// The same where no lane has lost a unit: one value for all lanes, as are modes where limits are not
    /// enforced.
    bool units_are_common = false;
    bool enforce_q_limits = true;
    const double* common_p_gen = nullptr;  ///< per bus with units
    const double* common_alpha = nullptr;
    const double* common_q_fixed = nullptr;  ///< without limits, as the next one but one
    const double* common_v_setpoint = nullptr;
    const double* common_regulates = nullptr;
    const double* common_q_min = nullptr;
    const double* common_q_max = nullptr;
    double* supply = nullptr;  ///< per island and lane

    // State and residual.
    double* e = nullptr;  ///< real part of the voltage; per lane, as are all below
    double* f = nullptr;
    double* va = nullptr;          ///< null: angles are not followed
    void* residual = nullptr;      ///< two per position: active, then reactive or voltage; a factor's numbers
    double* q_unit = nullptr;      ///< per bus with units: reactive power taken there
    double* vm_unit = nullptr;     ///< and its voltage magnitude
    double* worst = nullptr;       ///< per lane: largest |residual|; infinite where one is no number
    double* off_limits = nullptr;  ///< per lane: > 0 where some bus wants another mode

    // Factors.
    const std::int32_t* lu_start = nullptr;
    const std::int32_t* lu_column = nullptr;
    const std::int32_t* lu_diagonal = nullptr;
    const std::int32_t* u_start = nullptr;
    const std::uint16_t* destination = nullptr;
    void* work_row = nullptr;
    void* u = nullptr;     ///< diagonal⁻¹ × U blocks
    void* step = nullptr;  ///< two per position; with a shared factor it takes the residual's place

    /// A factor all lanes share: L, diagonal⁻¹ and diagonal⁻¹ × U blocks, by work rows.
    const void* shared = nullptr;
    /// Lanes whose voltages and residual are still the start's, which the two passes put in place of whatever
    /// stands there: a state that begins costs no pass of its own over the arrays.
    const double* fresh = nullptr;  ///< per lane: 1 where it is so, else 0
    bool any_fresh = false;
    const double* start_e = nullptr;  ///< per position
    const double* start_f = nullptr;
    const double* start_va = nullptr;
    const void* start_residual = nullptr;  ///< two per position

    const double* active = nullptr;  ///< per lane: 1 where the step is to be applied, else 0
    double* usable = nullptr;        ///< per lane: 0 where the step is too long to be applied
};

/// Points the view at the parts of a structure, which must outlive it.
void view_structure(const LaneStructure& structure, LaneView& view);

enum RowMark : std::uint8_t { kLanesDiffer = 1, kAddedLoad = 2 };

/// The kernels of one vector unit and one precision of the factors.
struct LaneKernels {
    int lanes = 0;
    int bytes_per_factor = 8;  ///< 8: double, 4: float
    /// Evaluates injections and residuals (docs/math.md, eq. 4 and 9).
    void (*evaluate)(const LaneView& view) = nullptr;
    /// Assembles, factorises and solves for a Newton step, row by row (eq. 10).
    void (*solve)(const LaneView& view) = nullptr;
    /// Adds the step to the voltages of the active lanes.
    void (*apply)(const LaneView& view) = nullptr;
    /// With a shared factor, in place of these two: the residual through L, and what that gives through U
    /// and on to the voltages.
    void (*forward)(const LaneView& view) = nullptr;
    void (*backward_and_apply)(const LaneView& view) = nullptr;
};

/// Kernels for this unit, which the processor must have.
[[nodiscard]] LaneKernels lane_kernels(numerics::VectorUnit unit, LaneFactors factors);

// One per file compiled for its vector unit.
[[nodiscard]] LaneKernels lane_kernels_plain(LaneFactors factors) noexcept;
#if defined(__x86_64__)
[[nodiscard]] LaneKernels lane_kernels_avx2(LaneFactors factors) noexcept;
[[nodiscard]] LaneKernels lane_kernels_avx512(LaneFactors factors) noexcept;
#elif defined(__aarch64__)
[[nodiscard]] LaneKernels lane_kernels_neon(LaneFactors factors) noexcept;
#endif

}  // namespace nodalroom::powerflow
