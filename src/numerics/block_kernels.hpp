#pragma once

#include <cstddef>
#include <cstdint>

#include "nodalroom/numerics/vector_unit.hpp"

namespace nodalroom::numerics {

/// What the block kernels work on; see BlockLuPattern. `values` holds four numbers per block of the filled
/// pattern, by rows: the matrix before, the factors after.
struct BlockView {
    std::int32_t size = 0;
    const std::int32_t* row_start = nullptr;
    const std::int32_t* column = nullptr;
    const std::int32_t* diagonal = nullptr;
    const std::uint16_t* destination = nullptr;
    const std::int32_t* l_start = nullptr;  ///< L by columns: rows, blocks among the values, and the first
    const std::int32_t* l_row = nullptr;    ///< of the updates with each among `destination`
    const std::int32_t* l_block = nullptr;
    const std::int32_t* l_row_start = nullptr;  ///< first block of each such row
    const std::int64_t* l_update = nullptr;
    double* values = nullptr;
    double least_pivot = 0.0;  ///< of a pivot block's determinant, beside its products
};

/// A sparse solve with two right-hand sides along a path of the elimination tree.
struct PathView {
    const std::int32_t* path = nullptr;  ///< block rows that can become other than zero, ascending
    std::size_t length = 0;
    /// Four numbers per block row: first row's entry of both right-hand sides, then the second row's. Zero
    /// outside the path, and everywhere once the solve is done.
    double* scratch = nullptr;
    double* result = nullptr;  ///< the same for the rows of the path
};

struct BlockKernels {
    /// False where a pivot is too small or no number; the values are then of no use.
    bool (*factor)(const BlockView& view) = nullptr;
    /// x = U⁻¹ (L D)⁻¹ x
    void (*solve)(const BlockView& view, double* x) = nullptr;
    /// x = (L D)⁻ᵀ U⁻ᵀ x
    void (*solve_transposed)(const BlockView& view, double* x) = nullptr;
    /// (L D)⁻¹ and U⁻ᵀ times two sparse vectors.
    void (*solve_left)(const BlockView& view, const PathView& path) = nullptr;
    void (*solve_right)(const BlockView& view, const PathView& path) = nullptr;
};

[[nodiscard]] BlockKernels block_kernels(VectorUnit unit);

// One per file compiled for its vector unit. AVX-512 adds registers, and ARM's NEON is in every processor's
// plain instructions.
[[nodiscard]] BlockKernels block_kernels_plain() noexcept;
#if defined(__x86_64__)
[[nodiscard]] BlockKernels block_kernels_avx2() noexcept;
[[nodiscard]] BlockKernels block_kernels_avx512() noexcept;
#endif

}  // namespace nodalroom::numerics
