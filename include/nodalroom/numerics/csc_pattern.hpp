#pragma once

#include <cstdint>
#include <vector>

namespace nodalroom::numerics {

/// The pattern of a square sparse matrix by columns; rows ascend within a column.
struct CscPattern {
    std::int32_t size = 0;
    std::vector<std::int32_t> column_start;  ///< size + 1 entries
    std::vector<std::int32_t> row;           ///< one per nonzero

    [[nodiscard]] std::size_t nonzeros() const noexcept { return row.size(); }
    /// Position of entry (row, column) among the nonzeros; -1 where the pattern has none.
    [[nodiscard]] std::int32_t find(std::int32_t r, std::int32_t column) const noexcept;
};

/// Fill-reducing order of an undirected graph by approximate minimum degree (Amestoy, Davis, Duff
/// 1996). The graph is given by rows, without self-loops, both directions of each edge.
/// order[k] = node eliminated k-th.
[[nodiscard]] std::vector<std::int32_t> minimum_degree_order(std::int32_t nodes,
                                                             const std::vector<std::int32_t>& start,
                                                             const std::vector<std::int32_t>& neighbour);

}  // namespace nodalroom::numerics
