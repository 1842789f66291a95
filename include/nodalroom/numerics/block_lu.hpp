#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nodalroom/numerics/aligned.hpp"
#include "nodalroom/numerics/block_pattern.hpp"
#include "nodalroom/numerics/csc_pattern.hpp"
#include "nodalroom/numerics/vector_unit.hpp"

namespace nodalroom::numerics {

/// Where each nonzero of a matrix lies among the blocks of its factors: rows and columns 2p and 2p + 1
/// make block p. Throws std::out_of_range where the factors' pattern lacks one.
[[nodiscard]] std::vector<std::int32_t> places_in_blocks(const CscPattern& matrix,
                                                         const BlockLuPattern& factors);

/// LU of a matrix of 2×2 blocks in the order given, its diagonal blocks as pivots: several times faster
/// than a general solver, and of no use where such a pivot fails. Then factor() says so, and the matrix is
/// one for KluSolver. Not thread-safe; one per thread. What it is given must outlive it.
class BlockLu {
public:
    /// For matrices written to blocks().
    BlockLu(const BlockLuPattern& pattern, VectorUnit unit);
    /// places: as from places_in_blocks.
    BlockLu(const BlockLuPattern& pattern, std::span<const std::int32_t> places, VectorUnit unit);

    /// Factorises the matrix with these nonzeros. False: a pivot is too small or no number.
    [[nodiscard]] bool factor(std::span<const double> nonzeros);
    /// By rows of the filled pattern, four per block: where factor_blocks() finds the matrix, zeros where
    /// the pattern has fill, and leaves its factors.
    [[nodiscard]] std::span<double> blocks() noexcept { return {values_.data(), values_.size()}; }
    [[nodiscard]] bool factor_blocks();
    /// Solves A x = b in place for `count` right-hand sides stored one after another.
    void solve(std::span<double> rhs, int count = 1) const;
    /// Solves Aᵀ x = b in place, likewise.
    void solve_transposed(std::span<double> rhs, int count = 1) const;
    /// Two right-hand sides that are zero off a path of the elimination tree: x = (L D)⁻¹ b, or U⁻ᵀ b. Four
    /// numbers per block row, the first row's entries of both, then the second row's. `scratch` holds b for
    /// all rows and is zero when done; `result` gets x for the rows of the path.
    void solve_left(std::span<const std::int32_t> path, std::span<double> scratch,
                    std::span<double> result) const;
    void solve_right(std::span<const std::int32_t> path, std::span<double> scratch,
                     std::span<double> result) const;
    /// By rows of the filled pattern, four per block: L blocks, the inverse of the diagonal,
    /// diagonal⁻¹ × U blocks.
    [[nodiscard]] std::span<const double> values() const noexcept { return {values_.data(), values_.size()}; }

private:
    template <class Kernel>
    void solve_each(Kernel kernel, std::span<double> rhs, int count) const;

    const BlockLuPattern* pattern_;
    std::span<const std::int32_t> places_;
    VectorUnit unit_;
    AlignedArray<double> values_;
};

}  // namespace nodalroom::numerics
