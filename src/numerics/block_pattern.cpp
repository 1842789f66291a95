#include "nodalroom/numerics/block_pattern.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace nodalroom::numerics {

BlockLuPattern::BlockLuPattern(const BlockRows& matrix) {
    const auto n = static_cast<std::size_t>(matrix.size());
    row_start_.reserve(n + 1);
    diagonal_.reserve(n);
    u_start_.reserve(n + 1);
    row_start_.push_back(0);
    u_start_.push_back(0);
    std::vector<std::int32_t> marked_by(n, -1);  // last row whose filled pattern has this column
    std::vector<std::int32_t> place_of(n, -1);
    std::vector<std::int32_t> row;
    for (std::size_t i = 0; i < n; ++i) {
        const auto self = static_cast<std::int32_t>(i);
        row.clear();
        const auto include = [&](std::int32_t column) {
            auto& mark = marked_by[static_cast<std::size_t>(column)];
            if (mark == self) return;
            mark = self;
            row.push_back(column);
        };
        for (auto p = matrix.row_start[i]; p < matrix.row_start[i + 1]; ++p) {
            include(matrix.column[static_cast<std::size_t>(p)]);
        }
        // Fill: the U part of every row that is eliminated from this one; the list grows meanwhile.
        for (std::size_t next = 0; next < row.size(); ++next) {
            if (row[next] >= self) continue;
            const auto other = static_cast<std::size_t>(row[next]);
            for (auto p = row_start_[other] + diagonal_[other] + 1; p < row_start_[other + 1]; ++p) {
                include(column_[static_cast<std::size_t>(p)]);
            }
        }
        std::sort(row.begin(), row.end());
        if (row.size() > std::numeric_limits<std::uint16_t>::max()) {
            throw std::length_error("a row of the factors has more than 65535 blocks");
        }
        longest_row_ = std::max(longest_row_, static_cast<std::int32_t>(row.size()));
        column_.insert(column_.end(), row.begin(), row.end());
        row_start_.push_back(static_cast<std::int32_t>(column_.size()));
        const auto at = std::lower_bound(row.begin(), row.end(), self);
        diagonal_.push_back(static_cast<std::int32_t>(at - row.begin()));
        u_start_.push_back(u_start_.back() + static_cast<std::int32_t>(row.end() - at) - 1);

        for (std::size_t at_place = 0; at_place < row.size(); ++at_place) {
            place_of[static_cast<std::size_t>(row[at_place])] = static_cast<std::int32_t>(at_place);
        }
        for (std::int32_t l = 0; l < diagonal_[i]; ++l) {
            const auto other = static_cast<std::size_t>(row[static_cast<std::size_t>(l)]);
            for (auto p = row_start_[other] + diagonal_[other] + 1; p < row_start_[other + 1]; ++p) {
                destination_.push_back(static_cast<std::uint16_t>(
                    place_of[static_cast<std::size_t>(column_[static_cast<std::size_t>(p)])]));
            }
        }
    }
    index_columns();
}

void BlockLuPattern::index_columns() {
    const std::size_t n = diagonal_.size();
    parent_.assign(n, -1);
    l_start_.assign(n + 1, 0);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::int32_t p = row_start_[i]; p < row_start_[i] + diagonal_[i]; ++p) {
            ++l_start_[static_cast<std::size_t>(column_[static_cast<std::size_t>(p)]) + 1];
        }
        const std::int32_t above = row_start_[i] + diagonal_[i] + 1;
        if (above < row_start_[i + 1]) parent_[i] = column_[static_cast<std::size_t>(above)];
    }
    for (std::size_t k = 0; k < n; ++k) l_start_[k + 1] += l_start_[k];
    std::vector<std::int32_t> fill(l_start_.begin(), l_start_.end() - 1);
    l_row_.resize(static_cast<std::size_t>(l_start_.back()));
    l_block_.resize(l_row_.size());
    for (std::size_t i = 0; i < n; ++i) {
        for (std::int32_t p = row_start_[i]; p < row_start_[i] + diagonal_[i]; ++p) {
            const auto at = static_cast<std::size_t>(
                fill[static_cast<std::size_t>(column_[static_cast<std::size_t>(p)])]++);
            l_row_[at] = static_cast<std::int32_t>(i);
            l_block_[at] = p;
        }
    }
}

void BlockLuPattern::collect_path(std::span<const std::int32_t> rows, std::vector<std::int32_t>& path) const {
    path.clear();
    for (const std::int32_t row : rows) {
        const auto known = static_cast<std::ptrdiff_t>(path.size());
        for (std::int32_t at = row; at >= 0; at = parent_[static_cast<std::size_t>(at)]) {
            // Chains that meet go on together.
            if (std::binary_search(path.begin(), path.begin() + known, at)) break;
            path.push_back(at);
        }
        std::inplace_merge(path.begin(), path.begin() + known, path.end());
    }
}

std::int32_t BlockLuPattern::place(std::int32_t row, std::int32_t column) const noexcept {
    const auto r = static_cast<std::size_t>(row);
    const auto begin = column_.begin() + row_start_[r];
    const auto end = column_.begin() + row_start_[r + 1];
    const auto it = std::lower_bound(begin, end, column);
    return it != end && *it == column ? static_cast<std::int32_t>(it - begin) : -1;
}

}  // namespace nodalroom::numerics
