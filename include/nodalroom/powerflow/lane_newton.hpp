#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "nodalroom/numerics/vector_unit.hpp"
#include "nodalroom/powerflow/lane_factors.hpp"
#include "nodalroom/powerflow/lane_structure.hpp"
#include "nodalroom/powerflow/shared_factor.hpp"

namespace nodalroom::powerflow {

/// Voltages to start lanes from, laid out for loading.
class LaneStart {
public:
    LaneStart(const LaneStructure& structure, const Voltages& voltages);

    [[nodiscard]] const Voltages& voltages() const noexcept { return voltages_; }

private:
    friend class LaneNewton;
    friend struct LaneShift;
    Voltages voltages_;
    std::vector<double> e_, f_, va_;  ///< by position
};

struct LaneOptions {
    NewtonOptions newton;  ///< damped and give_up_early do not apply: a lane that struggles is handed back
    numerics::VectorUnit unit = numerics::VectorUnit::plain;
    LaneFactors factors = LaneFactors::own_single;
    bool angles = true;                    ///< false: results carry voltage phasors and magnitudes, no angles
    const SharedFactor* shared = nullptr;  ///< with a shared factor
    /// Where most tasks start, which is cheaper then; null: nowhere in particular. A shared factor given with
    /// it was taken there, at the same operating point. Must outlive the lanes.
    const LaneStart* usual_start = nullptr;
};

/// By how much a solution differs from another of the same network: what an outage does, kept to be put on
/// top of starts with some load. Single precision, for a start needs no more.
struct LaneShift {
    std::vector<float> ratio;  ///< by position: V / V of the other, real and imaginary
    std::vector<std::pair<std::int32_t, QMode>> modes;  ///< where they differ: row among buses with units
    std::vector<double> supply_pu;                      ///< per island: difference

    LaneShift() = default;
    /// Voltages by bus, and what the other solution has.
    LaneShift(const LaneStructure& structure, const Voltages& solved, std::span<const double> v_real,
              std::span<const double> v_imag, const LaneStart& other);
};

/// One state to solve. What it points to must live until its result has been handed over.
struct LaneTask {
    std::size_t id = 0;
    const PointEdit* edit = nullptr;  ///< null: the operating point as it is
    AddedLoad load;
    const LaneStart* start = nullptr;
    const LaneShift* shift = nullptr;  ///< put on top of the start; null: none
};

/// A state that has left its lane. Voltages mean something only where the report says converged; a
/// lane that did not converge says nothing about the state: solve it again with NewtonSolver.
struct LaneResult {
    std::size_t id = 0;
    NewtonReport report;
    const Voltages* voltages = nullptr;
    std::span<const double> v_real, v_imag;  ///< per bus
};

/// Newton's method on several states at once, one per vector lane, with block LU factors without
/// pivoting (docs/math.md, section 8). The equations, the reactive limits and the test of convergence are
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
    /// Puts another shared factor in place of the present one, taken elsewhere than at the usual start.
    void share(const SharedFactor& factor);
    /// Solves the states next() writes until it returns false, and hands each to done().
    void run(const std::function<bool(LaneTask&)>& next, const std::function<void(const LaneResult&)>& done);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace nodalroom::powerflow
