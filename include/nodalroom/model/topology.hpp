#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace nodalroom::model {

/// An undirected edge of a multigraph of `nodes` numbered from 0; self-loops are allowed.
struct Edge {
    std::int32_t a = 0, b = 0;
    bool present = true;  ///< absent edges keep their place in the list but connect nothing
};

/// Connected component of each node, numbered in order of the first node met.
[[nodiscard]] std::vector<int> connected_components(int nodes, std::span<const Edge> edges);

/// Bridges and 2-edge-connected blocks of a multigraph (Tarjan 1974, iterative). Parallel edges
/// are never bridges.
struct BridgeForest {
    std::vector<bool> is_bridge;    ///< per edge
    std::vector<int> block;         ///< per node: its 2-edge-connected block
    std::vector<int> feeding_edge;  ///< per node: the bridge next on its path to the largest block
                                    ///< of its component (most nodes; ties: lowest first node); -1 inside it
};
[[nodiscard]] BridgeForest find_bridges(int nodes, std::span<const Edge> edges);

}  // namespace nodalroom::model
