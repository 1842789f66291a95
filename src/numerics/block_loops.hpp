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
    /// this - a × b
    NODALROOM_INLINE void subtract_product(const WideBlock& a, const WideBlock& b) {
        v -= __builtin_shufflevector(a.v, a.v, 0, 0, 2, 2) * __builtin_shufflevector(b.v, b.v, 0, 1, 0, 1);
        v -= __builtin_shufflevector(a.v, a.v, 1, 1, 3, 3) * __builtin_shufflevector(b.v, b.v, 2, 3, 2, 3);
    }
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
    NODALROOM_INLINE void subtract_product(const RowBlock& a, const RowBlock& b) {
        top -= a.top[0] * b.top + a.top[1] * b.bottom;
        bottom -= a.bottom[0] * b.top + a.bottom[1] * b.bottom;
    }
};

/// `Held`: how many blocks there are registers for.
template <class Block, int Held>
struct BlockLoops {
    static NODALROOM_INLINE Block& at(double* values, std::int64_t block) {
        return *reinterpret_cast<Block*>(values + 4 * block);
    }

    /// Updates with the U blocks [0, D) of row k, held in registers, of every row below that has a block in
    /// column k. They are independent of each other: a processor does several at once.
    template <int D>
    static void update_rows(const BlockView& v, std::int32_t k, double* u, std::int64_t first) {
        Block held[D];
        for (int j = 0; j < D; ++j) held[j] = at(u, first + j);
        for (std::int32_t p = v.l_start[k]; p < v.l_start[k + 1]; ++p) {
            const Block w = at(v.values, v.l_block[p]);
            double* const row = v.values + 4 * static_cast<std::int64_t>(v.l_row_start[p]);
            const std::uint16_t* const destination = v.destination + v.l_update[p] + first;
            for (int j = 0; j < D; ++j) at(row, destination[j]).subtract_product(w, held[j]);
        }
    }

    /// The same with the `count` <= D blocks that are left of a row's.
    template <int D>
    static NODALROOM_INLINE void update_rest(const BlockView& v, std::int32_t k, double* u,
                                             std::int64_t first, std::int64_t count) {
        if constexpr (D > 0) {
            if (count == D) {
                update_rows<D>(v, k, u, first);
            } else {
                update_rest<D - 1>(v, k, u, first, count);
            }
        }
    }

    /// Row by row from the top: its pivot, its U blocks, and what they change further down (right-looking).
    static bool factor(const BlockView& v) {
        for (std::int32_t k = 0; k < v.size; ++k) {
            double* const own_at = v.values + 4 * static_cast<std::int64_t>(v.row_start[k] + v.diagonal[k]);
            const Block own = at(own_at, 0);
            const double ad = own[0] * own[3], bc = own[1] * own[2];
            const double determinant = ad - bc;
            const double products = (ad < 0.0 ? -ad : ad) + (bc < 0.0 ? -bc : bc);
            if (!((determinant < 0.0 ? -determinant : determinant) > v.least_pivot * products)) return false;
            const Block inverse = Block::of(own[3], -own[1], -own[2], own[0]).over(determinant);
            at(own_at, 0) = inverse;
            double* const u = own_at + 4;
            const std::int64_t length = v.row_start[k + 1] - v.row_start[k] - v.diagonal[k] - 1;
            for (std::int64_t j = 0; j < length; ++j) at(u, j) = inverse.times(at(u, j));
            std::int64_t first = 0;
            for (; first + Held <= length; first += Held) update_rows<Held>(v, k, u, first);
            update_rest<Held - 1>(v, k, u, first, length - first);
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

    /// Aᵀ x = b: (I + U)ᵀ from the top, then (L D)ᵀ from the bottom, each row's share handed on as it is
    /// done.
    static void solve_transposed(const BlockView& v, double* x) {
        const auto hand_on = [&](std::int64_t first, std::int64_t end, double x0, double x1) {
            for (std::int64_t b = first; b < end; ++b) {
                const Block block = at(v.values, b);
                double* const to = x + 2 * static_cast<std::int64_t>(v.column[b]);
                to[0] -= block[0] * x0 + block[2] * x1;
                to[1] -= block[1] * x0 + block[3] * x1;
            }
        };
        for (std::int32_t k = 0; k < v.size; ++k)
            hand_on(v.row_start[k] + v.diagonal[k] + 1, v.row_start[k + 1], x[2 * k], x[2 * k + 1]);
        for (std::int32_t k = v.size - 1; k >= 0; --k) {
            const Block inverse = at(v.values, v.row_start[k] + v.diagonal[k]);
            const double x0 = inverse[0] * x[2 * k] + inverse[2] * x[2 * k + 1];
            const double x1 = inverse[1] * x[2 * k] + inverse[3] * x[2 * k + 1];
            x[2 * k] = x0;
            x[2 * k + 1] = x1;
            hand_on(v.row_start[k], v.row_start[k] + v.diagonal[k], x0, x1);
        }
    }

    static void solve_left(const BlockView& v, const PathView& p) {
        for (std::size_t step = 0; step < p.length; ++step) {
            const std::int32_t k = p.path[step];
            const Block y = at(v.values, v.row_start[k] + v.diagonal[k]).times(at(p.scratch, k));
            at(p.result, static_cast<std::int64_t>(step)) = y;
            at(p.scratch, k) = Block{};
            for (std::int32_t l = v.l_start[k]; l < v.l_start[k + 1]; ++l) {
                at(p.scratch, v.l_row[l]).subtract_product(at(v.values, v.l_block[l]), y);
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

    static BlockKernels table() { return {&factor, &solve, &solve_transposed, &solve_left, &solve_right}; }
};

#undef NODALROOM_INLINE

}  // namespace
}  // namespace nodalroom::numerics
