#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nodalroom/numerics/block_pattern.hpp"

namespace nodalroom::numerics {

/// L D Lᵀ of a symmetric matrix with one number where the pattern has a block, in the pattern's order and
/// without other pivots than the diagonal's. Immutable once made, so that threads may share it. The pattern
/// must outlive it; where a row has U blocks that no L block mirrors, they come last and their numbers are 0.
class LdlSolver {
public:
    /// The diagonal, one per row, and the numbers right of it, by U blocks of the pattern.
    LdlSolver(const BlockLuPattern& pattern, std::vector<double> diagonal, std::vector<double> upper);

    /// False: a pivot is too small beside its diagonal, or no number, or the pattern is not such a one. The
    /// matrix is then one for KluSolver.
    [[nodiscard]] bool is_sound() const noexcept { return is_sound_; }
    /// Solves A x = b in place; only if is_sound().
    void solve(std::span<double> x) const;

private:
    [[nodiscard]] bool factor();

    const BlockLuPattern* pattern_;
    std::vector<double> diagonal_;  ///< 1 / D once factorised
    std::vector<double> upper_;     ///< Lᵀ by rows once factorised
    bool is_sound_ = false;
};

}  // namespace nodalroom::numerics
