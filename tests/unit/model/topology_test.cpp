#include "nodalroom/model/topology.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace nodalroom::model {
namespace {

/// Components by relabelling until nothing changes: slow and plainly right.
std::vector<int> relabelled_components(int nodes, const std::vector<Edge>& edges) {
    std::vector<int> label(static_cast<std::size_t>(nodes));
    for (int n = 0; n < nodes; ++n) label[static_cast<std::size_t>(n)] = n;
    for (bool changed = true; changed;) {
        changed = false;
        for (const Edge& e : edges) {
            if (!e.present) continue;
            int& a = label[static_cast<std::size_t>(e.a)];
            int& b = label[static_cast<std::size_t>(e.b)];
            if (a == b) continue;
            a = b = std::min(a, b);
            changed = true;
        }
    }
    std::map<int, int> number;
    for (int& l : label) l = number.emplace(l, static_cast<int>(number.size())).first->second;
    return label;
}

int component_count(int nodes, const std::vector<Edge>& edges) {
    const auto labels = relabelled_components(nodes, edges);
    return labels.empty() ? 0 : *std::ranges::max_element(labels) + 1;
}

/// Everything find_bridges promises, by removing each edge in turn.
BridgeForest removed_one_by_one(int nodes, const std::vector<Edge>& edges) {
    BridgeForest forest;
    const auto without = [&](std::size_t k) {
        auto rest = edges;
        rest[k].present = false;
        return rest;
    };
    const int whole = component_count(nodes, edges);
    auto meshed = edges;
    for (std::size_t k = 0; k < edges.size(); ++k) {
        const bool bridge = edges[k].present && component_count(nodes, without(k)) > whole;
        forest.is_bridge.push_back(bridge);
        if (bridge) meshed[k].present = false;
    }
    forest.block = relabelled_components(nodes, meshed);

    const auto component = relabelled_components(nodes, edges);
    std::map<int, int> size;
    for (const int b : forest.block) ++size[b];
    forest.feeding_edge.assign(static_cast<std::size_t>(nodes), -1);
    for (std::size_t n = 0; n < forest.block.size(); ++n) {
        int root = -1;  // first node of the largest block of n's component
        for (std::size_t m = 0; m < forest.block.size(); ++m) {
            if (component[m] != component[n]) continue;
            if (root < 0 || size[forest.block[m]] > size[forest.block[static_cast<std::size_t>(root)]]) {
                root = static_cast<int>(m);
            }
        }
        // Of the bridges that separate n from the root, the nearest is the one that touches n's block.
        for (std::size_t k = 0; k < edges.size(); ++k) {
            if (!forest.is_bridge[k]) continue;
            const auto cut = relabelled_components(nodes, without(k));
            const bool separates = cut[n] != cut[static_cast<std::size_t>(root)];
            const auto block_of = [&](int node) { return forest.block[static_cast<std::size_t>(node)]; };
            if (separates &&
                (block_of(edges[k].a) == forest.block[n] || block_of(edges[k].b) == forest.block[n])) {
                forest.feeding_edge[n] = static_cast<int>(k);
            }
        }
    }
    return forest;
}

TEST(ConnectedComponents, NumbersThemByTheFirstNodeMet) {
    const std::vector<Edge> edges = {{3, 1}, {0, 4}, {2, 2}, {1, 0, false}};
    EXPECT_EQ(connected_components(5, edges), (std::vector<int>{0, 1, 2, 1, 0}));
}

TEST(ConnectedComponents, OfNothingAreNone) { EXPECT_TRUE(connected_components(0, {}).empty()); }

TEST(Bridges, ParallelEdgesAreNone) {
    const std::vector<Edge> edges = {{0, 1}, {1, 0}, {1, 2}};
    const auto forest = find_bridges(3, edges);
    EXPECT_EQ(forest.is_bridge, (std::vector<bool>{false, false, true}));
    EXPECT_EQ(forest.block, (std::vector<int>{0, 0, 1}));
    EXPECT_EQ(forest.feeding_edge, (std::vector<int>{-1, -1, 2}));
}

TEST(Bridges, AnAbsentParallelLeavesABridge) {
    const std::vector<Edge> edges = {{0, 1}, {1, 0, false}};
    EXPECT_EQ(find_bridges(2, edges).is_bridge, (std::vector<bool>{true, false}));
}

TEST(Bridges, ASelfLoopIsNone) {
    const std::vector<Edge> edges = {{0, 0}, {0, 1}, {1, 1}};
    EXPECT_EQ(find_bridges(2, edges).is_bridge, (std::vector<bool>{false, true, false}));
}

TEST(Bridges, FeedThePathTowardsTheLargestBlock) {
    // 0 - 1 - (2 3 4 ring) - 5 - (6 7 pair of parallels)
    const std::vector<Edge> edges = {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 2}, {4, 5}, {5, 6}, {6, 7}, {7, 6}};
    const auto forest = find_bridges(8, edges);
    EXPECT_EQ(forest.feeding_edge, (std::vector<int>{0, 1, -1, -1, -1, 5, 6, 6}));
}

TEST(Bridges, OfEqualBlocksTheOneWithTheLowestNodeIsFed) {
    const std::vector<Edge> edges = {{2, 1}, {0, 1}};
    EXPECT_EQ(find_bridges(3, edges).feeding_edge, (std::vector<int>{-1, 1, 0}));
}

TEST(Bridges, OfALongChainNeedNoDeepStack) {
    constexpr int nodes = 500000;
    std::vector<Edge> edges;
    for (int n = 0; n + 1 < nodes; ++n) edges.push_back({n, n + 1});
    const auto forest = find_bridges(nodes, edges);
    EXPECT_EQ(std::ranges::count(forest.is_bridge, true), nodes - 1);
    EXPECT_EQ(forest.feeding_edge.back(), nodes - 2);
}

TEST(Bridges, AgreeWithRemovalOnRandomMultigraphs) {
    std::mt19937 random(20240611);
    for (int trial = 0; trial < 600; ++trial) {
        const int nodes = 1 + static_cast<int>(random() % 9);
        const auto edge_count = random() % 14;
        std::vector<Edge> edges;
        for (unsigned k = 0; k < edge_count; ++k) {
            const auto end = [&] {
                return static_cast<std::int32_t>(random() % static_cast<unsigned>(nodes));
            };
            const std::int32_t a = end(), b = end();
            edges.push_back({a, b, random() % 8 != 0});
            if (random() % 6 == 0) edges.push_back({b, a, random() % 8 != 0});
        }
        const auto found = find_bridges(nodes, edges);
        const auto expected = removed_one_by_one(nodes, edges);
        ASSERT_EQ(connected_components(nodes, edges), relabelled_components(nodes, edges))
            << "trial " << trial;
        ASSERT_EQ(found.is_bridge, expected.is_bridge) << "trial " << trial;
        ASSERT_EQ(found.block, expected.block) << "trial " << trial;
        ASSERT_EQ(found.feeding_edge, expected.feeding_edge) << "trial " << trial;
    }
}

}  // namespace
}  // namespace nodalroom::model
