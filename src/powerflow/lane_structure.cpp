#include <algorithm>
#include <cmath>

#include "nodalroom/powerflow/lane_newton.hpp"

namespace nodalroom::powerflow {
namespace {

/// The Jacobian's block rows: Ybus, and for every bus with units the column of its island's s.
numerics::BlockRows block_rows(const Equations& equations, const std::vector<std::int32_t>& bus_at) {
    const auto& y = equations.y_bus();
    std::vector<std::vector<std::int32_t>> columns(bus_at.size());
    const auto position = [&](std::size_t bus) { return equations.p_row(bus) / 2; };
    for (std::size_t i = 0; i < bus_at.size(); ++i) {
        auto& row = columns[static_cast<std::size_t>(position(i))];
        for (auto p = y.row_start[i]; p < y.row_start[i + 1]; ++p) {
            row.push_back(position(static_cast<std::size_t>(y.column[static_cast<std::size_t>(p)])));
        }
    }
    const auto references = equations.network().reference_of_island();
    for (const auto& supply : equations.supply_entries()) {
        columns[static_cast<std::size_t>(position(static_cast<std::size_t>(supply.bus)))].push_back(
            position(references[static_cast<std::size_t>(supply.island)].pos()));
    }
    numerics::BlockRows rows;
    rows.row_start.push_back(0);
    for (auto& row : columns) {
        std::sort(row.begin(), row.end());
        row.erase(std::unique(row.begin(), row.end()), row.end());
        rows.column.insert(rows.column.end(), row.begin(), row.end());
        rows.row_start.push_back(static_cast<std::int32_t>(rows.column.size()));
    }
    return rows;
}

std::vector<std::int32_t> buses_by_position(const Equations& equations) {
    std::vector<std::int32_t> bus_at(equations.bus_count());
    for (std::size_t bus = 0; bus < bus_at.size(); ++bus) {
        bus_at[static_cast<std::size_t>(equations.p_row(bus) / 2)] = static_cast<std::int32_t>(bus);
    }
    return bus_at;
}

}  // namespace

LaneStructure::LaneStructure(const Equations& equations)
    : equations_(&equations),
      bus_at_(buses_by_position(equations)),
      factors_(block_rows(equations, bus_at_)) {
    const auto& y = equations.y_bus();
    const auto references = equations.network().reference_of_island();
    const std::size_t n = bus_at_.size();
    first_reference_ = static_cast<std::int32_t>(n - references.size());
    y_start_.push_back(0);
    y_to_.assign(y.entries(), -1);
    for (std::size_t at = 0; at < n; ++at) {
        const auto bus = static_cast<std::size_t>(bus_at_[at]);
        const auto row = static_cast<std::int32_t>(at);
        for (auto p = y.row_start[bus]; p < y.row_start[bus + 1]; ++p) {
            const auto k = static_cast<std::size_t>(y.column[static_cast<std::size_t>(p)]);
            const std::int32_t column = equations.p_row(k) / 2;
            if (p == y.diagonal[bus]) y_diagonal_.push_back(static_cast<std::int32_t>(y_column_.size()));
            y_to_[static_cast<std::size_t>(p)] = static_cast<std::int32_t>(y_column_.size());
            y_from_.push_back(p);
            row_of_entry_.push_back(row);
            y_column_.push_back(column);
            y_place_.push_back(factors_.place(row, column));
        }
        y_start_.push_back(static_cast<std::int32_t>(y_column_.size()));
        energised_.push_back(equations.is_energised(bus) ? 1 : 0);
    }
    unit_of_.assign(n, -1);
    unit_row_of_bus_.assign(n, -1);
    for (const auto& supply : equations.supply_entries()) {
        const auto bus = static_cast<std::size_t>(supply.bus);
        const std::int32_t at = equations.p_row(bus) / 2;
        const auto reference = references[static_cast<std::size_t>(supply.island)].pos();
        unit_of_[static_cast<std::size_t>(at)] = static_cast<std::int32_t>(unit_bus_.size());
        unit_row_of_bus_[bus] = static_cast<std::int32_t>(unit_bus_.size());
        unit_bus_.push_back(supply.bus);
        unit_position_.push_back(at);
        unit_island_.push_back(equations.p_row(reference) / 2 - first_reference_);
        supply_place_.push_back(factors_.place(at, equations.p_row(reference) / 2));
    }
}

LaneStart::LaneStart(const Voltages& voltages) : voltages_(voltages) {
    e_.resize(voltages.vm_pu.size());
    f_.resize(voltages.vm_pu.size());
    for (std::size_t i = 0; i < e_.size(); ++i) {
        e_[i] = voltages.vm_pu[i] * std::cos(voltages.va_rad[i]);
        f_[i] = voltages.vm_pu[i] * std::sin(voltages.va_rad[i]);
    }
}

}  // namespace nodalroom::powerflow
