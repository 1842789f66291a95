#include "nodalroom/numerics/csc_pattern.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "nodalroom/numerics/klu_solver.hpp"

namespace nodalroom::numerics {
namespace {

struct Graph {
    std::vector<std::int32_t> start{0}, neighbour;
    [[nodiscard]] std::int32_t nodes() const { return static_cast<std::int32_t>(start.size()) - 1; }
};

Graph graph_of(const std::vector<std::vector<std::int32_t>>& neighbours) {
    Graph g;
    for (const auto& list : neighbours) {
        g.neighbour.insert(g.neighbour.end(), list.begin(), list.end());
        g.start.push_back(static_cast<std::int32_t>(g.neighbour.size()));
    }
    return g;
}

Graph square_grid(std::int32_t side) {
    std::vector<std::vector<std::int32_t>> neighbours;
    for (std::int32_t r = 0; r < side; ++r) {
        for (std::int32_t c = 0; c < side; ++c) {
            std::vector<std::int32_t> list;
            if (r > 0) list.push_back((r - 1) * side + c);
            if (c > 0) list.push_back(r * side + c - 1);
            if (c + 1 < side) list.push_back(r * side + c + 1);
            if (r + 1 < side) list.push_back((r + 1) * side + c);
            neighbours.push_back(list);
        }
    }
    return graph_of(neighbours);
}

bool is_permutation_of_nodes(std::vector<std::int32_t> order, std::int32_t nodes) {
    std::vector<std::int32_t> all(static_cast<std::size_t>(nodes));
    std::iota(all.begin(), all.end(), 0);
    std::sort(order.begin(), order.end());
    return order == all;
}

/// Nonzeros of L and U of the graph's Laplacian plus identity, eliminated in this order.
std::size_t fill_of(const Graph& g, const std::vector<std::int32_t>& order) {
    std::vector<std::int32_t> place(order.size());
    for (std::size_t k = 0; k < order.size(); ++k)
        place[static_cast<std::size_t>(order[k])] = static_cast<std::int32_t>(k);
    CscPattern pattern;
    pattern.size = g.nodes();
    pattern.column_start = {0};
    std::vector<double> values;
    for (const std::int32_t node : order) {
        std::vector<std::int32_t> rows{place[static_cast<std::size_t>(node)]};
        for (auto e = g.start[static_cast<std::size_t>(node)];
             e < g.start[static_cast<std::size_t>(node) + 1]; ++e) {
            rows.push_back(place[static_cast<std::size_t>(g.neighbour[static_cast<std::size_t>(e)])]);
        }
        const auto degree = static_cast<double>(rows.size());
        std::sort(rows.begin(), rows.end());
        for (const std::int32_t r : rows) {
            pattern.row.push_back(r);
            values.push_back(r == place[static_cast<std::size_t>(node)] ? degree : -1.0);
        }
        pattern.column_start.push_back(static_cast<std::int32_t>(pattern.row.size()));
    }
    KluSolver solver(pattern);
    EXPECT_TRUE(solver.factor(values));
    return solver.factor_nonzeros();
}

TEST(MinimumDegreeOrder, OfNothingIsEmpty) { EXPECT_TRUE(minimum_degree_order(0, {0}, {}).empty()); }

TEST(MinimumDegreeOrder, OfNodesWithoutEdgesIsAnyPermutation) {
    EXPECT_TRUE(is_permutation_of_nodes(minimum_degree_order(1, {0, 0}, {}), 1));
    EXPECT_TRUE(is_permutation_of_nodes(minimum_degree_order(4, {0, 0, 0, 0, 0}, {}), 4));
}

TEST(MinimumDegreeOrder, IsAPermutationOnRandomGraphs) {
    std::mt19937 random(7);
    for (int trial = 0; trial < 60; ++trial) {
        const auto nodes = static_cast<std::int32_t>(1 + random() % 30);
        std::vector<std::vector<std::int32_t>> neighbours(static_cast<std::size_t>(nodes));
        for (std::int32_t a = 0; a < nodes; ++a) {
            for (std::int32_t b = a + 1; b < nodes; ++b) {
                if (random() % 6 != 0) continue;  // leaves isolated nodes too
                neighbours[static_cast<std::size_t>(a)].push_back(b);
                neighbours[static_cast<std::size_t>(b)].push_back(a);
            }
        }
        const Graph g = graph_of(neighbours);
        EXPECT_TRUE(is_permutation_of_nodes(minimum_degree_order(nodes, g.start, g.neighbour), nodes))
            << trial;
    }
}

TEST(MinimumDegreeOrder, EliminatesTheHubOfAStarWithoutFill) {
    std::vector<std::vector<std::int32_t>> neighbours(9);
    for (std::int32_t leaf = 1; leaf < 9; ++leaf) {
        neighbours[0].push_back(leaf);
        neighbours[static_cast<std::size_t>(leaf)].push_back(0);
    }
    const Graph g = graph_of(neighbours);
    const auto order = minimum_degree_order(9, g.start, g.neighbour);
    EXPECT_EQ(fill_of(g, order), 9U + 9U + 16U);  // L and U each with their diagonal, and the edges
}

TEST(MinimumDegreeOrder, LeavesLessFillThanTheNaturalOrderOfAGrid) {
    const Graph g = square_grid(20);
    std::vector<std::int32_t> natural(static_cast<std::size_t>(g.nodes()));
    std::iota(natural.begin(), natural.end(), 0);
    const auto order = minimum_degree_order(g.nodes(), g.start, g.neighbour);
    ASSERT_TRUE(is_permutation_of_nodes(order, g.nodes()));
    EXPECT_LT(2 * fill_of(g, order), fill_of(g, natural));
}

TEST(CscPattern, FindsEntriesAndOnlyThose) {
    const CscPattern pattern{3, {0, 2, 2, 5}, {0, 2, 0, 1, 2}};
    EXPECT_EQ(pattern.nonzeros(), 5U);
    EXPECT_EQ(pattern.find(0, 0), 0);
    EXPECT_EQ(pattern.find(1, 0), -1);
    EXPECT_EQ(pattern.find(2, 0), 1);
    for (const std::int32_t row : {0, 1, 2}) EXPECT_EQ(pattern.find(row, 1), -1);
    EXPECT_EQ(pattern.find(1, 2), 3);
    EXPECT_EQ(pattern.find(2, 2), 4);
}

/// Entries of U beside the diagonal, found by eliminating node after node.
std::size_t entries_above(const Graph& graph, const std::vector<std::int32_t>& order) {
    std::vector<std::set<std::int32_t>> left(static_cast<std::size_t>(graph.nodes()));
    for (std::size_t n = 0; n < left.size(); ++n) {
        for (auto p = graph.start[n]; p < graph.start[n + 1]; ++p)
            left[n].insert(graph.neighbour[static_cast<std::size_t>(p)]);
    }
    std::size_t entries = 0;
    for (const std::int32_t node : order) {
        const std::set<std::int32_t> around = left[static_cast<std::size_t>(node)];
        entries += around.size();
        for (const std::int32_t a : around) {
            auto& of = left[static_cast<std::size_t>(a)];
            of.erase(node);
            for (const std::int32_t b : around) {
                if (a != b) of.insert(b);
            }
        }
    }
    return entries;
}

/// Trees, rings and forests of them have orders that fill in as little as can be: nodes of least degree
/// first.
TEST(MinimumDegreeOrder, FillsNothingInTreesAndOneEdgeAStepInRings) {
    std::mt19937 random(5);
    for (const std::int32_t n : {1, 2, 3, 10, 200}) {
        std::vector<std::vector<std::int32_t>> tree(static_cast<std::size_t>(n)),
            ring(static_cast<std::size_t>(n));
        for (std::int32_t k = 1; k < n; ++k) {
            const auto to = static_cast<std::int32_t>(random() % static_cast<unsigned>(k));
            tree[static_cast<std::size_t>(k)].push_back(to);
            tree[static_cast<std::size_t>(to)].push_back(k);
        }
        const Graph g = graph_of(tree);
        const auto order = minimum_degree_order(n, g.start, g.neighbour);
        ASSERT_TRUE(is_permutation_of_nodes(order, n));
        EXPECT_EQ(entries_above(g, order), static_cast<std::size_t>(n - 1));
        if (n < 3) continue;
        for (std::int32_t k = 0; k < n; ++k)
            ring[static_cast<std::size_t>(k)] = {(k + 1) % n, (k + n - 1) % n};
        const Graph round = graph_of(ring);
        const auto round_order = minimum_degree_order(n, round.start, round.neighbour);
        ASSERT_TRUE(is_permutation_of_nodes(round_order, n));
        EXPECT_EQ(entries_above(round, round_order), static_cast<std::size_t>(2 * n - 3));
    }
}

/// A core with trees and chains hanging from it, and nodes without neighbours.
TEST(MinimumDegreeOrder, OrdersEveryNodeOfAGraphWithACore) {
    std::mt19937 random(6);
    for (int trial = 0; trial < 20; ++trial) {
        const std::int32_t n = 60;
        std::vector<std::set<std::int32_t>> sets(static_cast<std::size_t>(n));
        const auto connect = [&](std::int32_t a, std::int32_t b) {
            if (a == b) return;
            sets[static_cast<std::size_t>(a)].insert(b);
            sets[static_cast<std::size_t>(b)].insert(a);
        };
        for (int e = 0; e < 60; ++e)
            connect(static_cast<std::int32_t>(random() % 20), static_cast<std::int32_t>(random() % 20));
        for (std::int32_t k = 20; k < n - 3; ++k)
            connect(k, static_cast<std::int32_t>(random() % static_cast<unsigned>(k)));
        std::vector<std::vector<std::int32_t>> lists;
        for (const auto& set : sets) lists.emplace_back(set.begin(), set.end());
        const Graph g = graph_of(lists);
        EXPECT_TRUE(is_permutation_of_nodes(minimum_degree_order(n, g.start, g.neighbour), n));
    }
}

}  // namespace
}  // namespace nodalroom::numerics
