#include "nodalroom/numerics/linear_program.hpp"

#include <cmath>

namespace nodalroom::numerics {

std::int32_t LinearProgram::add_column(double cost_of_it, double at_least, double at_most) {
    cost.push_back(cost_of_it);
    lower.push_back(at_least);
    upper.push_back(at_most);
    return columns() - 1;
}

std::int32_t LinearProgram::add_row(double at_least, double at_most,
                                    std::span<const std::int32_t> columns_of_it,
                                    std::span<const double> values_of_it) {
    row_lower.push_back(at_least);
    row_upper.push_back(at_most);
    column.insert(column.end(), columns_of_it.begin(), columns_of_it.end());
    value.insert(value.end(), values_of_it.begin(), values_of_it.end());
    row_start.push_back(static_cast<std::int32_t>(column.size()));
    return rows() - 1;
}

void LinearProgram::clear() {
    drop_rows(0);
    cost.clear();
    lower.clear();
    upper.clear();
}

void LinearProgram::drop_rows(std::int32_t first) {
    const auto left = static_cast<std::size_t>(first);
    row_lower.resize(left);
    row_upper.resize(left);
    row_start.resize(left + 1);
    column.resize(static_cast<std::size_t>(row_start.back()));
    value.resize(column.size());
}

const char* to_string(LpStatus status) noexcept {
    switch (status) {
        case LpStatus::not_run:
            return "not_run";
        case LpStatus::optimal:
            return "optimal";
        case LpStatus::infeasible:
            return "infeasible";
        case LpStatus::unbounded:
            return "unbounded";
        case LpStatus::failed:
            return "failed";
    }
    return "not_run";
}

BasisPlace place_at_bound(BasisPlace place, double lower, double upper) noexcept {
    const bool has_lower = std::isfinite(lower), has_upper = std::isfinite(upper);
    if (has_upper && (place == BasisPlace::at_upper || !has_lower)) return BasisPlace::at_upper;
    return has_lower ? BasisPlace::at_lower : BasisPlace::free_at_zero;
}

}  // namespace nodalroom::numerics
