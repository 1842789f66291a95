// The block kernels, written once; see lane_kernels.hpp in the power-flow room for why nothing here may
// have a name outside the file that includes it.
#pragma once

#include "block_kernels.hpp"

namespace nodalroom::numerics {
namespace {

#define NODALROOM_INLINE inline __attribute__((always_inline))

/// A block in one register of four doubles: a00 a01 a10 a11.
struct WideBlock {
    typedef double Values __attribute__((vector_size(32)));
    Values v;

    NODALROOM_INLINE double operator[](int k) const { return v[k]; }
    static NODALROOM_INLINE WideBlock of(double a00, double a01, double a10, double a11) {
        return {Values{a00, a01, a10, a11}};
    }
    /// this × b
    NODALROOM_INLINE WideBlock times(const WideBlock& b) const {
        return {__builtin_shufflevector(v, v, 0, 0, 2, 2) * __builtin_shufflevector(b.v, b.v, 0, 1, 0, 1) +
                __builtin_shufflevector(v, v, 1, 1, 3, 3) * __builtin_shufflevector(b.v, b.v, 2, 3, 2, 3)};
    }
    /// thisᵀ × b
    NODALROOM_INLINE WideBlock transposed_times(const WideBlock& b) const {
        return {__builtin_shufflevector(v, v, 0, 0, 1, 1) * __builtin_shufflevector(b.v, b.v, 0, 1, 0, 1) +
                __builtin_shufflevector(v, v, 2, 2, 3, 3) * __builtin_shufflevector(b.v, b.v, 2, 3, 2, 3)};
    }
    /// Adds the products of both rows with (x0, x1), not yet summed.
    NODALROOM_INLINE void add_row_products(const WideBlock& a, double x0, double x1) {
        v += a.v * Values{x0, x1, x0, x1};
    }
    NODALROOM_INLINE WideBlock over(double divisor) const { return {v / divisor}; }
    NODALROOM_INLINE void subtract(const WideBlock& b) { v -= b.v; }
};

/// A block in two registers of two doubles, one per row.
struct RowBlock {
    typedef double Values __attribute__((vector_size(16)));
    Values top, bottom;

    NODALROOM_INLINE double operator[](int k) const { return k < 2 ? top[k] : bottom[k - 2]; }
    static NODALROOM_INLINE RowBlock of(double a00, double a01, double a10, double a11) {
        return {Values{a00, a01}, Values{a10, a11}};
    }
    NODALROOM_INLINE RowBlock times(const RowBlock& b) const {
        return {top[0] * b.top + top[1] * b.bottom, bottom[0] * b.top + bottom[1] * b.bottom};
    }
    NODALROOM_INLINE RowBlock transposed_times(const RowBlock& b) const {
        return {top[0] * b.top + bottom[0] * b.bottom, top[1] * b.top + bottom[1] * b.bottom};
    }
    NODALROOM_INLINE void add_row_products(const RowBlock& a, double x0, double x1) {
        const Values x{x0, x1};
        top += a.top * x;
        bottom += a.bottom * x;
    }
    NODALROOM_INLINE RowBlock over(double divisor) const { return {top / divisor, bottom / divisor}; }
    NODALROOM_INLINE void subtract(const RowBlock& b) {
        top -= b.top;
        bottom -= b.bottom;
    }
};

template <class Block>
struct BlockLoops {
    static NODALROOM_INLINE Block& at(double* values, std::int64_t block) {
        return *reinterpret_cast<Block*>(values + 4 * block);
    }

    static bool factor(const BlockView& v) {
        const std::uint16_t* destination = v.destination;
        for (std::int32_t i = 0; i < v.size; ++i) {
            double* const row = v.values + 4 * static_cast<std::int64_t>(v.row_start[i]);
            const std::int32_t* column = v.column + v.row_start[i];
            const std::int32_t diagonal = v.diagonal[i];
            for (std::int32_t l = 0; l < diagonal; ++l) {
                const Block w = at(row, l);
                const std::int32_t k = column[l];
                double* u = v.values + 4 * static_cast<std::int64_t>(v.row_start[k] + v.diagonal[k] + 1);
                double* const end = v.values + 4 * static_cast<std::int64_t>(v.row_start[k + 1]);
                for (; u != end; u += 4, ++destination) at(row, *destination).subtract(w.times(at(u, 0)));
            }
            Block& own = at(row, diagonal);
            const double ad = own[0] * own[3], bc = own[1] * own[2];
            const double determinant = ad - bc;
            const double products = (ad < 0.0 ? -ad : ad) + (bc < 0.0 ? -bc : bc);
            if (!((determinant < 0.0 ? -determinant : determinant) > v.least_pivot * products)) return false;
            const Block inverse = Block::of(own[3], -own[1], -own[2], own[0]).over(determinant);
            own = inverse;
            const std::int32_t length = v.row_start[i + 1] - v.row_start[i];
            for (std::int32_t j = diagonal + 1; j < length; ++j) at(row, j) = inverse.times(at(row, j));
        }
        return true;
    }

    static void solve(const BlockView& v, double* x) {
        for (std::int32_t i = 0; i < v.size; ++i) {
            double* const row = v.values + 4 * static_cast<std::int64_t>(v.row_start[i]);
            const std::int32_t* column = v.column + v.row_start[i];
            Block sum{};
            for (std::int32_t l = 0; l < v.diagonal[i]; ++l) {
                sum.add_row_products(at(row, l), x[2 * column[l]], x[2 * column[l] + 1]);
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
                sum.add_row_products(at(row, j), x[2 * column[j]], x[2 * column[j] + 1]);
            }
            x[2 * i] -= sum[0] + sum[1];
            x[2 * i + 1] -= sum[2] + sum[3];
        }
    }

    static void solve_left(const BlockView& v, const PathView& p) {
        for (std::size_t step = 0; step < p.length; ++step) {
            const std::int32_t k = p.path[step];
            const Block y = at(v.values, v.row_start[k] + v.diagonal[k]).times(at(p.scratch, k));
            at(p.result, static_cast<std::int64_t>(step)) = y;
            at(p.scratch, k) = Block{};
            for (std::int32_t l = p.l_start[k]; l < p.l_start[k + 1]; ++l) {
                at(p.scratch, p.l_row[l]).subtract(at(v.values, p.l_block[l]).times(y));
            }
        }
    }

    static void solve_right(const BlockView& v, const PathView& p) {
        for (std::size_t step = 0; step < p.length; ++step) {
            const std::int32_t k = p.path[step];
            const Block z = at(p.scratch, k);
            at(p.result, static_cast<std::int64_t>(step)) = z;
            at(p.scratch, k) = Block{};
            for (std::int32_t b = v.row_start[k] + v.diagonal[k] + 1; b < v.row_start[k + 1]; ++b) {
                at(p.scratch, v.column[b]).subtract(at(v.values, b).transposed_times(z));
            }
        }
    }

    static BlockKernels table() { return {&factor, &solve, &solve_left, &solve_right}; }
};

#undef NODALROOM_INLINE

}  // namespace
}  // namespace nodalroom::numerics
