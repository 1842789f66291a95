#include "nodalroom/numerics/csc_pattern.hpp"

#include <amd.h>

#include <algorithm>
#include <array>
#include <new>
#include <numeric>
#include <span>
#include <utility>

namespace nodalroom::numerics {

std::int32_t CscPattern::find(std::int32_t r, std::int32_t column) const noexcept {
    const auto begin = row.begin() + column_start[static_cast<std::size_t>(column)];
    const auto end = row.begin() + column_start[static_cast<std::size_t>(column) + 1];
    const auto it = std::lower_bound(begin, end, r);
    return it != end && *it == r ? static_cast<std::int32_t>(it - row.begin()) : -1;
}

namespace {

std::vector<std::int32_t> amd(std::int32_t nodes, const std::vector<std::int32_t>& start,
                              const std::vector<std::int32_t>& neighbour) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(nodes));
    std::iota(order.begin(), order.end(), 0);
    if (neighbour.empty()) return order;  // AMD refuses a null list of neighbours
    std::array<double, AMD_CONTROL> control{};
    std::array<double, AMD_INFO> info{};
    amd_defaults(control.data());
    const int status =
        amd_order(nodes, start.data(), neighbour.data(), order.data(), control.data(), info.data());
    if (status == AMD_OUT_OF_MEMORY) throw std::bad_alloc();
    return order;
}

/// A graph from which nodes of at most two neighbours are eliminated: that adds no entry to any list, so that
/// every list keeps the room it has.
class ThinningGraph {
public:
    ThinningGraph(const std::vector<std::int32_t>& start, const std::vector<std::int32_t>& neighbour)
        : start_(start), neighbour_(neighbour), degree_(start.size() - 1) {
        for (std::size_t n = 0; n < degree_.size(); ++n) degree_[n] = start[n + 1] - start[n];
    }
    [[nodiscard]] std::size_t nodes() const noexcept { return degree_.size(); }
    [[nodiscard]] std::int32_t degree(std::int32_t node) const noexcept { return degree_[at(node)]; }
    [[nodiscard]] std::span<const std::int32_t> neighbours(std::int32_t node) const noexcept {
        return {neighbour_.data() + start_[at(node)], at(degree_[at(node)])};
    }
    /// Only a node of one or two neighbours.
    void eliminate(std::int32_t node) {
        const auto around = neighbours(node);
        if (around.size() == 1) {
            remove(around[0], node);
        } else if (around.size() == 2) {
            join(around[0], around[1], node);
            join(around[1], around[0], node);
        }
        degree_[at(node)] = 0;
    }

private:
    static std::size_t at(std::int32_t node) noexcept { return static_cast<std::size_t>(node); }
    std::int32_t* begin(std::int32_t node) noexcept { return neighbour_.data() + start_[at(node)]; }
    std::int32_t* end(std::int32_t node) noexcept { return begin(node) + degree_[at(node)]; }
    void remove(std::int32_t from, std::int32_t node) {
        *std::find(begin(from), end(from), node) = *(end(from) - 1);
        --degree_[at(from)];
    }
    /// `other` takes the eliminated node's place among the neighbours of `of`, unless it is one already.
    void join(std::int32_t of, std::int32_t other, std::int32_t eliminated) {
        if (std::find(begin(of), end(of), other) != end(of)) {
            remove(of, eliminated);
        } else {
            *std::find(begin(of), end(of), eliminated) = other;
        }
    }

    const std::vector<std::int32_t>& start_;
    std::vector<std::int32_t> neighbour_;
    std::vector<std::int32_t> degree_;
};

}  // namespace

std::vector<std::int32_t> minimum_degree_order(std::int32_t nodes, const std::vector<std::int32_t>& start,
                                               const std::vector<std::int32_t>& neighbour) {
    // Nodes of one or two neighbours make most of a grid. They come first in any order of least degree, and
    // without lists of quotient graphs they cost next to nothing.
    ThinningGraph graph(start, neighbour);
    std::vector<std::int32_t> order;
    order.reserve(static_cast<std::size_t>(nodes));
    std::vector<std::uint8_t> is_ordered(static_cast<std::size_t>(nodes), 0);
    std::array<std::vector<std::int32_t>, 3> thin;  // by number of neighbours when put here; it only falls
    const auto put = [&](std::int32_t node) {
        if (graph.degree(node) <= 2) thin[static_cast<std::size_t>(graph.degree(node))].push_back(node);
    };
    for (std::int32_t node = nodes; node-- > 0;) put(node);
    while (true) {
        auto least = std::find_if(thin.begin(), thin.end(), [](const auto& of) { return !of.empty(); });
        if (least == thin.end()) break;
        const std::int32_t node = least->back();
        least->pop_back();
        if (is_ordered[static_cast<std::size_t>(node)] != 0) continue;  // it had more neighbours before
        is_ordered[static_cast<std::size_t>(node)] = 1;
        order.push_back(node);
        std::array<std::int32_t, 2> around{-1, -1};
        std::copy(graph.neighbours(node).begin(), graph.neighbours(node).end(), around.begin());
        std::array<std::int32_t, 2> before{3, 3};
        for (std::size_t k = 0; k < 2 && around[k] >= 0; ++k) before[k] = graph.degree(around[k]);
        graph.eliminate(node);
        for (std::size_t k = 0; k < 2 && around[k] >= 0; ++k) {
            if (graph.degree(around[k]) < before[k]) put(around[k]);
        }
    }

    std::vector<std::int32_t> left, number(static_cast<std::size_t>(nodes), -1);
    for (std::int32_t node = 0; node < nodes; ++node) {
        if (is_ordered[static_cast<std::size_t>(node)] != 0) continue;
        number[static_cast<std::size_t>(node)] = static_cast<std::int32_t>(left.size());
        left.push_back(node);
    }
    std::vector<std::int32_t> left_start{0}, left_neighbour;
    for (const std::int32_t node : left) {
        const std::size_t first = left_neighbour.size();
        for (const std::int32_t other : graph.neighbours(node))
            left_neighbour.push_back(number[static_cast<std::size_t>(other)]);
        std::sort(left_neighbour.begin() + static_cast<std::ptrdiff_t>(first), left_neighbour.end());
        left_start.push_back(static_cast<std::int32_t>(left_neighbour.size()));
    }
    for (const std::int32_t k : amd(static_cast<std::int32_t>(left.size()), left_start, left_neighbour))
        order.push_back(left[static_cast<std::size_t>(k)]);
    return order;
}

}  // namespace nodalroom::numerics
