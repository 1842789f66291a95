#pragma once

#include <span>
#include <vector>

#include "nodalroom/powerflow/shared_factor.hpp"

namespace nodalroom::powerflow {

/// What one lane adds between the passes through a shared factor's L and U, so that its step is a step
/// of its own Jacobian J₀ + E M Fᵀ (Woodbury's formula, docs/math.md, section 8).
class LaneCompensation {
public:
    /// For the sum of these changes; none: nothing is compensated. False where the changed Jacobian is
    /// singular, and nothing is compensated then either.
    bool set(std::span<const Compensation* const> parts);
    /// y of one lane, its values `stride` apart: y -= left M (I + rightᵀ left M)⁻¹ rightᵀ y.
    void apply(double* y, std::size_t stride);

private:
    void include(const std::vector<std::int32_t>& positions);

    std::size_t rank_ = 0;
    std::vector<std::int32_t> position_;  ///< where any part is not zero, ascending
    std::vector<double> left_, right_;    ///< rank × (2 per position)
    std::vector<double> core_;            ///< M (I + rightᵀ left M)⁻¹, rank × rank
    std::vector<double> m_, t_, y_, c_, d_;
    std::vector<std::int32_t> index_of_;  ///< per position of the grid: index in position_, -1: not there
};

}  // namespace nodalroom::powerflow
