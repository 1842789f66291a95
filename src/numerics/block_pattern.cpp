#include "nodalroom/numerics/block_pattern.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace nodalroom::numerics {

/// Row by row from the top, as they are eliminated. From an earlier row whose U part has column j and which
/// row j in turn was eliminated with, what lies beyond j need not be followed: row j has it all (symmetric
/// pruning, Eisenstat and Liu 1992). In a symmetric pattern that leaves the elimination tree's edges.
BlockLuPattern::BlockLuPattern(const BlockRows& matrix) {
    const auto n = static_cast<std::size_t>(matrix.size());
    row_start_.reserve(n + 1);
    diagonal_.reserve(n);
    u_start_.reserve(n + 1);
    column_.reserve(2 * matrix.column.size());
    block_of_entry_.resize(matrix.column.size());
    destination_.reserve(6 * matrix.column.size());  // what grids come to
    row_start_.push_back(0);
    u_start_.push_back(0);
    std::vector<std::int32_t> marked_by(n, -1);  // last row whose filled pattern has this column
    std::vector<std::int32_t> place_of(n, -1);
    std::vector<std::int32_t> followed(n,
                                       -1);  // per row: its U blocks in columns_ up to here are, once pruned
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
        // Fill; the list grows meanwhile.
        for (std::size_t next = 0; next < row.size(); ++next) {
            if (row[next] >= self) continue;
            const auto other = static_cast<std::size_t>(row[next]);
            const std::int32_t end = followed[other] >= 0 ? followed[other] : row_start_[other + 1];
            for (auto p = row_start_[other] + diagonal_[other] + 1; p < end; ++p) {
                include(column_[static_cast<std::size_t>(p)]);
            }
        }
        std::sort(row.begin(), row.end());
        if (row.size() > std::numeric_limits<std::uint16_t>::max()) {
            throw std::length_error("a row of the factors has more than 65535 blocks");
        }
        longest_row_ = std::max(longest_row_, static_cast<std::int32_t>(row.size()));
        const std::int32_t start = row_start_.back();
        std::int32_t below = 0;
        for (std::size_t at = 0; at < row.size(); ++at) {
            place_of[static_cast<std::size_t>(row[at])] = static_cast<std::int32_t>(at);
            if (row[at] < self) ++below;
        }
        column_.insert(column_.end(), row.begin(), row.end());
        row_start_.push_back(static_cast<std::int32_t>(column_.size()));
        diagonal_.push_back(below);
        u_start_.push_back(u_start_.back() + static_cast<std::int32_t>(row.size()) - below - 1);
        for (auto p = matrix.row_start[i]; p < matrix.row_start[i + 1]; ++p) {
            const auto entry = static_cast<std::size_t>(p);
            block_of_entry_[entry] = start + place_of[static_cast<std::size_t>(matrix.column[entry])];
        }
        add_updates(row, below, place_of, followed);
    }
    index_columns();
}

/// Where the updates of the last row end up, and what is followed no further from here on.
void BlockLuPattern::add_updates(const std::vector<std::int32_t>& row, std::int32_t l_blocks,
                                 const std::vector<std::int32_t>& place_of,
                                 std::vector<std::int32_t>& followed) {
    const auto self = row[static_cast<std::size_t>(l_blocks)];
    for (std::int32_t l = 0; l < l_blocks; ++l) {
        const auto other = static_cast<std::size_t>(row[static_cast<std::size_t>(l)]);
        const std::int32_t first = row_start_[other] + diagonal_[other] + 1, end = row_start_[other + 1];
        const std::size_t known = destination_.size();
        destination_.resize(known + static_cast<std::size_t>(end - first));
        std::uint16_t* to = destination_.data() + known;
        for (std::int32_t p = first; p < end; ++p) {
            *to++ = static_cast<std::uint16_t>(
                place_of[static_cast<std::size_t>(column_[static_cast<std::size_t>(p)])]);
        }
        if (followed[other] >= 0) continue;
        const auto from = column_.begin() + first;
        const auto at = std::lower_bound(from, column_.begin() + end, self);
        if (at != column_.begin() + end && *at == self)
            followed[other] = static_cast<std::int32_t>(at - column_.begin()) + 1;
    }
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
    l_row_start_.resize(l_row_.size());
    l_update_.resize(l_row_.size());
    std::int64_t update = 0;
    for (std::size_t i = 0; i < n; ++i) {
        for (std::int32_t p = row_start_[i]; p < row_start_[i] + diagonal_[i]; ++p) {
            const auto k = static_cast<std::size_t>(column_[static_cast<std::size_t>(p)]);
            const auto at = static_cast<std::size_t>(fill[k]++);
            l_row_[at] = static_cast<std::int32_t>(i);
            l_row_start_[at] = row_start_[i];
            l_block_[at] = p;
            l_update_[at] = update;
            update += u_start_[k + 1] - u_start_[k];
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
