#pragma once

#include <span>
#include <vector>

#include "nodalroom/powerflow/lane_structure.hpp"
#include "nodalroom/powerflow/newton.hpp"

namespace nodalroom::powerflow {

/// A change of the Jacobian of low rank, E M Fᵀ, as the factors see it (docs/math.md, section 8):
/// left = (L D)⁻¹ E and right = U⁻ᵀ F, both sparse: they live on paths of the elimination tree.
struct Compensation {
    struct Column {
        std::vector<std::int32_t> position;  ///< ascending
        std::vector<double> value;           ///< two per position
    };
    std::vector<Column> left, right;  ///< one each per rank
    /// For changed entries of Ybus: position of the bus each pair of columns is for; left is then (L D)⁻¹
    /// itself.
    std::vector<std::int32_t> bus_position;
    std::vector<double> m;  ///< rank × rank, by rows

    [[nodiscard]] std::size_t rank() const noexcept { return left.size(); }
};

/// Block LU factors of one Jacobian without pivoting, to be shared by many states close to it, and the
/// point they were taken at. Built once, then read from any thread.
class SharedFactor {
public:
    /// The Jacobian at the solver's present voltages, which must be a solution.
    SharedFactor(const LaneStructure& structure, NewtonSolver& solver);
    /// Puts the factors of another solution of the same network in their place.
    void take(NewtonSolver& solver);

    [[nodiscard]] const LaneStructure& structure() const noexcept { return *structure_; }
    /// False where a pivot is no number or too small: the factor is not to be used.
    [[nodiscard]] bool is_sound() const noexcept { return is_sound_; }
    /// By work rows: L blocks, the inverse of the diagonal, diagonal⁻¹ × U blocks.
    [[nodiscard]] std::span<const double> values() const noexcept { return lu_.values(); }
    [[nodiscard]] std::span<const float> values_single() const noexcept {
        return {values_single_.data(), values_single_.size()};
    }
    /// Whether it was taken at these voltages.
    [[nodiscard]] bool is_at(const Voltages& voltages) const noexcept {
        return voltages_.vm_pu == voltages.vm_pu && voltages_.va_rad == voltages.va_rad &&
               voltages_.supply_pu == voltages.supply_pu;
    }
    /// What the solution leaves of the equations, two per position.
    [[nodiscard]] std::span<const double> residual() const noexcept { return residual_; }
    [[nodiscard]] QMode mode(std::size_t bus) const noexcept { return voltages_.mode[bus]; }

    /// For new values of some entries of Ybus. Reuses what `made` holds.
    void compensate_entries(std::span<const PointEdit::Entry> entries, Compensation& made) const;
    /// For a bus that stops regulating, or begins to.
    void compensate_mode(std::size_t bus, Compensation& made) const;

private:
    struct Entry {
        std::int32_t row;
        double first, second;
    };
    void left_columns(std::int32_t position, Compensation::Column* first, Compensation::Column* second) const;
    void right_columns(std::span<const Entry> entries, Compensation::Column* first,
                       Compensation::Column* second) const;

    const LaneStructure* structure_;
    numerics::BlockLu lu_;
    numerics::AlignedArray<float> values_single_;
    std::vector<double> residual_;
    Voltages voltages_;
    std::vector<double> e_, f_;        ///< by bus
    std::vector<double> g_, b_;        ///< by entry of the admittance matrix
    std::vector<double> q_by_v_load_;  ///< by bus: slope of its reactive load
    bool is_sound_ = true;
};

}  // namespace nodalroom::powerflow
