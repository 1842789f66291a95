#include "nodalroom/model/topology.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace nodalroom::model {
namespace {

std::size_t pos(std::int32_t value) { return static_cast<std::size_t>(value); }

/// Incident edges of each node in CSR form. Absent edges and self-loops connect nothing and are
/// left out.
struct Incidence {
    std::vector<std::int32_t> start;
    std::vector<std::int32_t> edge;

    Incidence(int nodes, std::span<const Edge> edges) : start(pos(nodes) + 1, 0) {
        for (const Edge& e : edges) {
            if (!connects(e)) continue;
            ++start[pos(e.a) + 1];
            ++start[pos(e.b) + 1];
        }
        for (std::size_t n = 0; n + 1 < start.size(); ++n) start[n + 1] += start[n];
        edge.resize(pos(start.back()));
        std::vector<std::int32_t> next(start.begin(), start.end() - 1);
        for (std::size_t k = 0; k < edges.size(); ++k) {
            if (!connects(edges[k])) continue;
            edge[pos(next[pos(edges[k].a)]++)] = static_cast<std::int32_t>(k);
            edge[pos(next[pos(edges[k].b)]++)] = static_cast<std::int32_t>(k);
        }
    }

    [[nodiscard]] std::span<const std::int32_t> at(std::int32_t node) const {
        const auto first = pos(start[pos(node)]);
        return {edge.data() + first, pos(start[pos(node) + 1]) - first};
    }

private:
    static bool connects(const Edge& e) { return e.present && e.a != e.b; }
};

std::int32_t other_end(const Edge& e, std::int32_t node) { return e.a == node ? e.b : e.a; }

/// Components of the graph without the edges marked in `skipped` (empty: none is).
std::vector<int> components(int nodes, std::span<const Edge> edges, const Incidence& incidence,
                            const std::vector<bool>& skipped) {
    std::vector<int> component(pos(nodes), -1);
    std::vector<std::int32_t> stack;
    int count = 0;
    for (std::int32_t first = 0; first < nodes; ++first) {
        if (component[pos(first)] >= 0) continue;
        component[pos(first)] = count;
        stack.push_back(first);
        while (!stack.empty()) {
            const std::int32_t node = stack.back();
            stack.pop_back();
            for (const std::int32_t k : incidence.at(node)) {
                if (!skipped.empty() && skipped[pos(k)]) continue;
                const std::int32_t next = other_end(edges[pos(k)], node);
                if (component[pos(next)] >= 0) continue;
                component[pos(next)] = count;
                stack.push_back(next);
            }
        }
        ++count;
    }
    return component;
}

/// Tarjan's bridges: a tree edge is one iff no edge from below reaches above it. The tree edge is
/// left by its number, not by its end, so that a parallel edge counts as a way back.
std::vector<bool> bridges(int nodes, std::span<const Edge> edges, const Incidence& incidence) {
    struct Visit {
        std::int32_t node;
        std::int32_t tree_edge;
        std::size_t next;
    };
    std::vector<bool> is_bridge(edges.size(), false);
    std::vector<std::int32_t> order(pos(nodes), -1), low(pos(nodes), -1);
    std::vector<Visit> path;
    std::int32_t visited = 0;
    const auto enter = [&](std::int32_t node, std::int32_t tree_edge) {
        order[pos(node)] = low[pos(node)] = visited++;
        path.push_back({node, tree_edge, 0});
    };
    for (std::int32_t root = 0; root < nodes; ++root) {
        if (order[pos(root)] >= 0) continue;
        enter(root, -1);
        while (!path.empty()) {
            Visit& top = path.back();
            const std::int32_t node = top.node;
            const auto incident = incidence.at(node);
            if (top.next < incident.size()) {
                const std::int32_t k = incident[top.next++];
                if (k == top.tree_edge) continue;
                const std::int32_t next = other_end(edges[pos(k)], node);
                if (order[pos(next)] < 0) {
                    enter(next, k);
                } else {
                    low[pos(node)] = std::min(low[pos(node)], order[pos(next)]);
                }
                continue;
            }
            const std::int32_t tree_edge = top.tree_edge;
            path.pop_back();
            if (path.empty()) continue;
            const std::int32_t parent = path.back().node;
            low[pos(parent)] = std::min(low[pos(parent)], low[pos(node)]);
            if (low[pos(node)] > order[pos(parent)]) is_bridge[pos(tree_edge)] = true;
        }
    }
    return is_bridge;
}

/// The block with most nodes in each component; blocks are numbered by their first node, so the
/// lowest number wins ties.
std::vector<int> largest_blocks(const std::vector<int>& component, const std::vector<int>& block) {
    std::vector<int> block_size, largest;
    for (std::size_t n = 0; n < block.size(); ++n) {
        if (pos(block[n]) >= block_size.size()) block_size.resize(pos(block[n]) + 1, 0);
        if (pos(component[n]) >= largest.size()) largest.resize(pos(component[n]) + 1, -1);
        ++block_size[pos(block[n])];
    }
    for (std::size_t n = 0; n < block.size(); ++n) {
        int& best = largest[pos(component[n])];
        if (best < 0 || block_size[pos(block[n])] > block_size[pos(best)]) best = block[n];
    }
    return largest;
}

}  // namespace

std::vector<int> connected_components(int nodes, std::span<const Edge> edges) {
    return components(nodes, edges, Incidence(nodes, edges), {});
}

BridgeForest find_bridges(int nodes, std::span<const Edge> edges) {
    const Incidence incidence(nodes, edges);
    BridgeForest forest;
    forest.is_bridge = bridges(nodes, edges, incidence);
    forest.block = components(nodes, edges, incidence, forest.is_bridge);
    forest.feeding_edge.assign(pos(nodes), -1);

    const std::vector<int> component = components(nodes, edges, incidence, {});
    const std::vector<int> root_block = largest_blocks(component, forest.block);
    std::vector<bool> reached(pos(nodes), false);
    std::vector<std::int32_t> stack;
    for (std::int32_t n = 0; n < nodes; ++n) {
        if (forest.block[pos(n)] != root_block[pos(component[pos(n)])]) continue;
        reached[pos(n)] = true;
        stack.push_back(n);
    }
    // Bridges and blocks form a tree: a block is entered through one bridge only, and every other
    // node of the block inherits that bridge.
    while (!stack.empty()) {
        const std::int32_t node = stack.back();
        stack.pop_back();
        for (const std::int32_t k : incidence.at(node)) {
            const std::int32_t next = other_end(edges[pos(k)], node);
            if (reached[pos(next)]) continue;
            reached[pos(next)] = true;
            forest.feeding_edge[pos(next)] = forest.is_bridge[pos(k)] ? k : forest.feeding_edge[pos(node)];
            stack.push_back(next);
        }
    }
    return forest;
}

}  // namespace nodalroom::model
