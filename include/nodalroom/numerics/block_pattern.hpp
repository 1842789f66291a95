#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace nodalroom::numerics {

/// The pattern of a square matrix of 2×2 blocks by rows: the columns of a row in any order, each once, the
/// diagonal among them.
struct BlockRows {
    std::vector<std::int32_t> row_start;  ///< rows + 1 entries
    std::vector<std::int32_t> column;

    [[nodiscard]] std::int32_t size() const noexcept {
        return static_cast<std::int32_t>(row_start.size()) - 1;
    }
};

/// Block LU factors of a matrix whose rows are eliminated in the order given, with the diagonal
/// blocks as pivots: where everything lies, found once per structure (docs/math.md, section 8).
///
/// A row is eliminated in a *work row* that holds its filled pattern: the blocks left of the diagonal
/// (L), the diagonal, the blocks right of it (U). Only U is kept from row to row.
class BlockLuPattern {
public:
    /// Throws std::length_error where a work row would have more than 65,535 blocks.
    explicit BlockLuPattern(const BlockRows& matrix);

    [[nodiscard]] std::int32_t size() const noexcept { return static_cast<std::int32_t>(diagonal_.size()); }
    /// First block of each work row in columns(), size() + 1 entries.
    [[nodiscard]] std::span<const std::int32_t> row_start() const noexcept { return row_start_; }
    [[nodiscard]] std::span<const std::int32_t> columns() const noexcept { return column_; }
    /// Per row: place of the diagonal within its work row, which is also its number of L blocks.
    [[nodiscard]] std::span<const std::int32_t> diagonal() const noexcept { return diagonal_; }
    /// First U block of each row among all U blocks, size() + 1 entries.
    [[nodiscard]] std::span<const std::int32_t> u_start() const noexcept { return u_start_; }
    /// Per update "work row -= L block × U block", in the order they are done: place in the work row.
    [[nodiscard]] std::span<const std::uint16_t> destinations() const noexcept { return destination_; }
    /// Per entry of the matrix it was made of: its block among columns().
    [[nodiscard]] std::span<const std::int32_t> block_of_entry() const noexcept { return block_of_entry_; }
    /// Per row: its parent in the elimination tree, the next row that it reaches; -1: none.
    [[nodiscard]] std::span<const std::int32_t> parent() const noexcept { return parent_; }
    /// L by columns: where each begins (size() + 1 entries), the rows, and the blocks in columns().
    [[nodiscard]] std::span<const std::int32_t> l_start() const noexcept { return l_start_; }
    [[nodiscard]] std::span<const std::int32_t> l_row() const noexcept { return l_row_; }
    [[nodiscard]] std::span<const std::int32_t> l_block() const noexcept { return l_block_; }
    /// By columns as these: the first block of each such row in columns().
    [[nodiscard]] std::span<const std::int32_t> l_row_start() const noexcept { return l_row_start_; }
    /// Likewise: the first of the updates with each L block in destinations().
    [[nodiscard]] std::span<const std::int64_t> l_update() const noexcept { return l_update_; }
    /// The rows and all above them in the tree, ascending: where sparse vectors fill in when they are solved
    /// with L or Uᵀ.
    void collect_path(std::span<const std::int32_t> rows, std::vector<std::int32_t>& path) const;
    [[nodiscard]] std::int32_t longest_row() const noexcept { return longest_row_; }
    /// Place of block (row, column) within its work row; -1 where the pattern has none.
    [[nodiscard]] std::int32_t place(std::int32_t row, std::int32_t column) const noexcept;

private:
    void add_updates(const std::vector<std::int32_t>& row, std::int32_t l_blocks,
                     const std::vector<std::int32_t>& place_of, std::vector<std::int32_t>& followed);
    void index_columns();

    std::vector<std::int32_t> row_start_, column_, diagonal_, u_start_, block_of_entry_;
    std::vector<std::int32_t> parent_, l_start_, l_row_, l_block_;
    std::vector<std::int32_t> l_row_start_;
    std::vector<std::int64_t> l_update_;
    std::vector<std::uint16_t> destination_;
    std::int32_t longest_row_ = 0;
};

}  // namespace nodalroom::numerics
