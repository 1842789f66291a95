#include "nodalroom/numerics/csc_pattern.hpp"

#include <amd.h>

#include <algorithm>
#include <array>
#include <new>
#include <numeric>

namespace nodalroom::numerics {

std::int32_t CscPattern::find(std::int32_t r, std::int32_t column) const noexcept {
    const auto begin = row.begin() + column_start[static_cast<std::size_t>(column)];
    const auto end = row.begin() + column_start[static_cast<std::size_t>(column) + 1];
    const auto it = std::lower_bound(begin, end, r);
    return it != end && *it == r ? static_cast<std::int32_t>(it - row.begin()) : -1;
}

std::vector<std::int32_t> minimum_degree_order(std::int32_t nodes, const std::vector<std::int32_t>& start,
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

}  // namespace nodalroom::numerics
