#pragma once

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
    double* values = nullptr;
    double least_pivot = 0.0;  ///< of a pivot block's determinant, beside its products
};

struct BlockKernels {
    /// False where a pivot is too small or no number; the values are then of no use.
    bool (*factor)(const BlockView& view) = nullptr;
    /// x = U⁻¹ (L D)⁻¹ x
    void (*solve)(const BlockView& view, double* x) = nullptr;
};

[[nodiscard]] BlockKernels block_kernels(VectorUnit unit);

// One per file compiled for its vector unit. AVX-512 has nothing to add for single blocks.
[[nodiscard]] BlockKernels block_kernels_plain() noexcept;
#if defined(__x86_64__)
[[nodiscard]] BlockKernels block_kernels_avx2() noexcept;
#endif

}  // namespace nodalroom::numerics
