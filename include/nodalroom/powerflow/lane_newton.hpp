#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "nodalroom/numerics/block_pattern.hpp"
#include "nodalroom/numerics/vector_unit.hpp"
#include "nodalroom/powerflow/newton.hpp"

namespace nodalroom::powerflow {

/// The equations' structure as the lane kernels use it: buses in elimination order, the pattern of the
/// block factors, and where each entry of Ybus lands in them. Built once, shared by all threads.
class LaneStructure {
public:
    explicit LaneStructure(const Equations& equations);

    [[nodiscard]] const Equations& equations() const noexcept { return *equations_; }
    [[nodiscard]] const numerics::BlockLuPattern& factors() const noexcept { return factors_; }

private:
    friend class LaneNewton;
    const Equations* equations_;
    std::int32_t first_reference_ = 0;
    std::vector<std::int32_t> bus_at_;           ///< bus row per position
    std::vector<std::int32_t> y_start_, y_column_, y_diagonal_;  ///< Ybus by position
    std::vector<std::int32_t> y_from_;           ///< per permuted entry: its place in the admittance matrix
    std::vector<std::int32_t> y_to_;             ///< the way back
    std::vector<std::int32_t> row_of_entry_;     ///< position per permuted entry
    std::vector<std::int32_t> y_place_;          ///< per permuted entry: place in the work row
    std::vector<std::uint8_t> energised_;
    std::vector<std::int32_t> unit_of_;          ///< per position: row among the buses with units, or -1
    std::vector<std::int32_t> unit_bus_, unit_position_, unit_island_, supply_place_;
    std::vector<std::int32_t> unit_row_of_bus_;
    numerics::BlockLuPattern factors_;
};

/// Voltages to start lanes from, laid out for loading.
class LaneStart {
public:
    LaneStart() = default;
    explicit LaneStart(const Voltages& voltages);

    [[nodiscard]] const Voltages& voltages() const noexcept { return voltages_; }

private:
    friend class LaneNewton;
    Voltages voltages_;
    std::vector<double> e_, f_;  ///< per bus
};

struct LaneOptions {
    NewtonOptions newton;  ///< damped and give_up_early do not apply: a lane that struggles is handed back
    numerics::VectorUnit unit = numerics::VectorUnit::plain;
    bool single_precision_factors = true;  ///< residuals are always double
    bool one_lane = false;                 ///< for a single power flow: nothing is batched
};

/// One state to solve. What it points to must live until its result has been handed over.
struct LaneTask {
    std::size_t id = 0;
    const PointEdit* edit = nullptr;  ///< null: the operating point as it is
    AddedLoad load;
    const LaneStart* start = nullptr;
};

/// A state that has left its lane. Voltages mean something only where the report says converged; a
/// lane that did not converge says nothing about the state: solve it again with NewtonSolver.
struct LaneResult {
    std::size_t id = 0;
    NewtonReport report;
    const Voltages* voltages = nullptr;
    std::span<const double> v_real, v_imag;            ///< per bus
    std::span<const double> p_injected, q_injected;    ///< per bus, at these voltages
};

/// Newton's method on several states at once, one per vector lane, with block LU factors without
/// pivoting (docs/math.md, section 6). The equations, the reactive limits and the test of convergence are
/// NewtonSolver's; residuals are evaluated in double precision before a state counts as solved, so that a
/// poor factor costs steps, never accuracy. A lane that is done takes the next state at once. What a
/// state gets does not depend on its lane, on its neighbours or on the order.
/// One per thread; the structure must outlive it.
class LaneNewton {
public:
    LaneNewton(const LaneStructure& structure, const OperatingPoint& point, const LaneOptions& options);
    ~LaneNewton();
    LaneNewton(LaneNewton&&) noexcept;

    [[nodiscard]] int lanes() const noexcept;
    /// Solves the states next() writes until it returns false, and hands each to done().
    void run(const std::function<bool(LaneTask&)>& next, const std::function<void(const LaneResult&)>& done);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace nodalroom::powerflow
