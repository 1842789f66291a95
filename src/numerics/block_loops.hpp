// The block kernels, written once; see lane_kernels.hpp in the power-flow room for why nothing here may
// have a name outside the file that includes it.
#pragma once

#include "block_kernels.hpp"

namespace nodalroom::numerics {
namespace {

typedef double Block __attribute__((vector_size(32), aligned(32)));  // a00 a01 a10 a11

#define NODALROOM_INLINE inline __attribute__((always_inline))

NODALROOM_INLINE Block& at(double* values, std::int64_t block) {
    return *reinterpret_cast<Block*>(values + 4 * block);
}
/// b = a × b
NODALROOM_INLINE void multiply_into(const Block& a, Block& b) {
    b = __builtin_shufflevector(a, a, 0, 0, 2, 2) * __builtin_shufflevector(b, b, 0, 1, 0, 1) +
        __builtin_shufflevector(a, a, 1, 1, 3, 3) * __builtin_shufflevector(b, b, 2, 3, 2, 3);
}

bool factor_blocks(const BlockView& v) {
    const std::uint16_t* destination = v.destination;
    for (std::int32_t i = 0; i < v.size; ++i) {
        double* const row = v.values + 4 * static_cast<std::int64_t>(v.row_start[i]);
        const std::int32_t* column = v.column + v.row_start[i];
        const std::int32_t diagonal = v.diagonal[i];
        for (std::int32_t l = 0; l < diagonal; ++l) {
            const Block w = at(row, l);
            const Block first = __builtin_shufflevector(w, w, 0, 0, 2, 2);
            const Block second = __builtin_shufflevector(w, w, 1, 1, 3, 3);
            const std::int32_t k = column[l];
            double* u = v.values + 4 * static_cast<std::int64_t>(v.row_start[k] + v.diagonal[k] + 1);
            double* const end = v.values + 4 * static_cast<std::int64_t>(v.row_start[k + 1]);
            for (; u != end; u += 4, ++destination) {
                const Block b = at(u, 0);
                at(row, *destination) -= first * __builtin_shufflevector(b, b, 0, 1, 0, 1) +
                                         second * __builtin_shufflevector(b, b, 2, 3, 2, 3);
            }
        }
        Block& own = at(row, diagonal);
        const double ad = own[0] * own[3], bc = own[1] * own[2];
        const double determinant = ad - bc;
        const double products = (ad < 0.0 ? -ad : ad) + (bc < 0.0 ? -bc : bc);
        if (!((determinant < 0.0 ? -determinant : determinant) > v.least_pivot * products)) return false;
        const Block inverse = Block{own[3], -own[1], -own[2], own[0]} / determinant;
        own = inverse;
        const std::int32_t length = v.row_start[i + 1] - v.row_start[i];
        for (std::int32_t j = diagonal + 1; j < length; ++j) multiply_into(inverse, at(row, j));
    }
    return true;
}

void solve_blocks(const BlockView& v, double* x) {
    for (std::int32_t i = 0; i < v.size; ++i) {
        double* const row = v.values + 4 * static_cast<std::int64_t>(v.row_start[i]);
        const std::int32_t* column = v.column + v.row_start[i];
        Block sum{};
        for (std::int32_t l = 0; l < v.diagonal[i]; ++l) {
            const double x0 = x[2 * column[l]], x1 = x[2 * column[l] + 1];
            sum += at(row, l) * Block{x0, x1, x0, x1};
        }
        const double r0 = x[2 * i] - (sum[0] + sum[1]), r1 = x[2 * i + 1] - (sum[2] + sum[3]);
        const Block inverse = at(row, v.diagonal[i]);
        x[2 * i] = inverse[0] * r0 + inverse[1] * r1;
        x[2 * i + 1] = inverse[2] * r0 + inverse[3] * r1;
    }
    for (std::int32_t i = v.size - 1; i >= 0; --i) {
        double* const row = v.values + 4 * static_cast<std::int64_t>(v.row_start[i]);
        const std::int32_t* column = v.column + v.row_start[i];
        const std::int32_t length = v.row_start[i + 1] - v.row_start[i];
        Block sum{};
        for (std::int32_t j = v.diagonal[i] + 1; j < length; ++j) {
            const double x0 = x[2 * column[j]], x1 = x[2 * column[j] + 1];
            sum += at(row, j) * Block{x0, x1, x0, x1};
        }
        x[2 * i] -= sum[0] + sum[1];
        x[2 * i + 1] -= sum[2] + sum[3];
    }
}

void solve_left(const BlockView& v, const PathView& p) {
    for (std::size_t step = 0; step < p.length; ++step) {
        const std::int32_t k = p.path[step];
        Block& y = at(p.scratch, k);
        multiply_into(at(v.values, v.row_start[k] + v.diagonal[k]), y);
        const Block top = __builtin_shufflevector(y, y, 0, 1, 0, 1);
        const Block bottom = __builtin_shufflevector(y, y, 2, 3, 2, 3);
        at(p.result, static_cast<std::int64_t>(step)) = y;
        y = Block{};
        for (std::int32_t l = p.l_start[k]; l < p.l_start[k + 1]; ++l) {
            const Block w = at(v.values, p.l_block[l]);
            at(p.scratch, p.l_row[l]) -= __builtin_shufflevector(w, w, 0, 0, 2, 2) * top +
                                         __builtin_shufflevector(w, w, 1, 1, 3, 3) * bottom;
        }
    }
}

void solve_right(const BlockView& v, const PathView& p) {
    for (std::size_t step = 0; step < p.length; ++step) {
        const std::int32_t k = p.path[step];
        Block& z = at(p.scratch, k);
        const Block top = __builtin_shufflevector(z, z, 0, 1, 0, 1);
        const Block bottom = __builtin_shufflevector(z, z, 2, 3, 2, 3);
        at(p.result, static_cast<std::int64_t>(step)) = z;
        z = Block{};
        for (std::int32_t b = v.row_start[k] + v.diagonal[k] + 1; b < v.row_start[k + 1]; ++b) {
            const Block u = at(v.values, b);
            at(p.scratch, v.column[b]) -= __builtin_shufflevector(u, u, 0, 0, 1, 1) * top +
                                          __builtin_shufflevector(u, u, 2, 2, 3, 3) * bottom;
        }
    }
}

#undef NODALROOM_INLINE

}  // namespace
}  // namespace nodalroom::numerics
