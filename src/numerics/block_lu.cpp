#include "nodalroom/numerics/block_lu.hpp"

#include <algorithm>
#include <stdexcept>

#include "block_kernels.hpp"

namespace nodalroom::numerics {
namespace {

// A pivot block whose determinant is this small beside its products has lost too many digits.
constexpr double kLeastPivot = 1e-10;

PathView path_of(std::span<const std::int32_t> path, std::span<double> scratch, std::span<double> result) {
    PathView view;
    view.path = path.data();
    view.length = path.size();
    view.scratch = scratch.data();
    view.result = result.data();
    return view;
}

BlockView view_of(const BlockLuPattern& pattern, double* values) {
    BlockView view;
    view.size = pattern.size();
    view.row_start = pattern.row_start().data();
    view.column = pattern.columns().data();
    view.diagonal = pattern.diagonal().data();
    view.destination = pattern.destinations().data();
    view.l_start = pattern.l_start().data();
    view.l_row = pattern.l_row().data();
    view.l_block = pattern.l_block().data();
    view.l_row_start = pattern.l_row_start().data();
    view.l_update = pattern.l_update().data();
    view.values = values;
    view.least_pivot = kLeastPivot;
    return view;
}

}  // namespace

BlockKernels block_kernels(VectorUnit unit) {
#if defined(__x86_64__)
    if (unit == VectorUnit::avx512) return block_kernels_avx512();
    if (unit == VectorUnit::avx2) return block_kernels_avx2();
#endif
    static_cast<void>(unit);
    return block_kernels_plain();
}

std::vector<std::int32_t> places_in_blocks(const CscPattern& matrix, const BlockLuPattern& factors) {
    std::vector<std::int32_t> places;
    places.reserve(matrix.nonzeros());
    for (std::int32_t column = 0; column < matrix.size; ++column) {
        std::int32_t known_row = -1, place = -1;
        for (auto p = matrix.column_start[static_cast<std::size_t>(column)];
             p < matrix.column_start[static_cast<std::size_t>(column) + 1]; ++p) {
            const std::int32_t row = matrix.row[static_cast<std::size_t>(p)];
            if (row / 2 != known_row) {  // both rows of a block follow each other
                known_row = row / 2;
                place = factors.place(known_row, column / 2);
            }
            if (place < 0) throw std::out_of_range("a nonzero has no block among the factors");
            places.push_back(4 * (factors.row_start()[static_cast<std::size_t>(row / 2)] + place) +
                             2 * (row % 2) + column % 2);
        }
    }
    return places;
}

BlockLu::BlockLu(const BlockLuPattern& pattern, VectorUnit unit) : BlockLu(pattern, {}, unit) {}

BlockLu::BlockLu(const BlockLuPattern& pattern, std::span<const std::int32_t> places, VectorUnit unit)
    : pattern_(&pattern), places_(places), unit_(unit), values_(4 * pattern.columns().size(), 0.0) {}

bool BlockLu::factor(std::span<const double> nonzeros) {
    std::fill_n(values_.data(), values_.size(), 0.0);
    for (std::size_t p = 0; p < nonzeros.size(); ++p) {
        values_[static_cast<std::size_t>(places_[p])] = nonzeros[p];
    }
    return factor_blocks();
}

bool BlockLu::factor_blocks() { return block_kernels(unit_).factor(view_of(*pattern_, values_.data())); }

void BlockLu::solve_left(std::span<const std::int32_t> path, std::span<double> scratch,
                         std::span<double> result) const {
    block_kernels(unit_).solve_left(view_of(*pattern_, const_cast<double*>(values_.data())),
                                    path_of(path, scratch, result));
}

void BlockLu::solve_right(std::span<const std::int32_t> path, std::span<double> scratch,
                          std::span<double> result) const {
    block_kernels(unit_).solve_right(view_of(*pattern_, const_cast<double*>(values_.data())),
                                     path_of(path, scratch, result));
}

template <class Kernel>
void BlockLu::solve_each(Kernel kernel, std::span<double> rhs, int count) const {
    // The kernels' view is of values they may change; solving does not.
    const BlockView view = view_of(*pattern_, const_cast<double*>(values_.data()));
    const auto size = static_cast<std::size_t>(2 * pattern_->size());
    for (int k = 0; k < count; ++k) kernel(view, rhs.data() + static_cast<std::size_t>(k) * size);
}

void BlockLu::solve(std::span<double> rhs, int count) const {
    solve_each(block_kernels(unit_).solve, rhs, count);
}

void BlockLu::solve_transposed(std::span<double> rhs, int count) const {
    solve_each(block_kernels(unit_).solve_transposed, rhs, count);
}

}  // namespace nodalroom::numerics
