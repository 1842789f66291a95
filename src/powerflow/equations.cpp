#include "nodalroom/powerflow/equations.hpp"

#include <algorithm>
#include <numeric>

namespace nodalroom::powerflow {

Equations::Equations(const model::Network& network)
    : network_(&network),
      y_bus_(model::make_admittance(network)),
      position_(network.buses().size(), -1),
      is_reference_(network.buses().size(), 0) {
    for (const BusRow reference : network.reference_of_island()) is_reference_[reference.pos()] = 1;
    branch_admittance_.reserve(network.branches().size());
    for (const model::Branch& branch : network.branches()) {
        branch_admittance_.push_back(model::branch_admittance(branch));
    }
    order_buses();
    build_pattern();
    build_factors();
}

void Equations::order_buses() {
    const auto buses = static_cast<std::int32_t>(bus_count());
    std::vector<std::int32_t> compact(bus_count(), -1);
    std::vector<std::int32_t> members;
    for (std::int32_t bus = 0; bus < buses; ++bus) {
        if (is_reference_[static_cast<std::size_t>(bus)]) continue;
        compact[static_cast<std::size_t>(bus)] = static_cast<std::int32_t>(members.size());
        members.push_back(bus);
    }
    std::vector<std::int32_t> start{0};
    std::vector<std::int32_t> neighbour;
    for (const std::int32_t bus : members) {
        for (auto e = y_bus_.row_start[static_cast<std::size_t>(bus)];
             e < y_bus_.row_start[static_cast<std::size_t>(bus) + 1]; ++e) {
            const auto k = static_cast<std::size_t>(y_bus_.column[static_cast<std::size_t>(e)]);
            if (compact[k] >= 0 && static_cast<std::int32_t>(k) != bus) neighbour.push_back(compact[k]);
        }
        start.push_back(static_cast<std::int32_t>(neighbour.size()));
    }
    const auto order =
        numerics::minimum_degree_order(static_cast<std::int32_t>(members.size()), start, neighbour);
    std::int32_t next = 0;
    for (const std::int32_t k : order) {
        position_[static_cast<std::size_t>(members[static_cast<std::size_t>(k)])] = next++;
    }
    // The supply column of an island fills up while its buses are eliminated; last, it has a sound pivot.
    for (const BusRow reference : network_->reference_of_island()) position_[reference.pos()] = next++;
}

void Equations::build_pattern() {
    const std::size_t n = bus_count();
    std::vector<std::vector<std::int32_t>> column_rows(2 * n);
    for (std::size_t i = 0; i < n; ++i) {
        for (auto e = y_bus_.row_start[i]; e < y_bus_.row_start[i + 1]; ++e) {
            const auto k = static_cast<std::size_t>(y_bus_.column[static_cast<std::size_t>(e)]);
            if (!is_reference_[k]) {
                auto& rows = column_rows[static_cast<std::size_t>(angle_column(k))];
                rows.push_back(p_row(i));
                rows.push_back(q_row(i));
            }
            auto& rows = column_rows[static_cast<std::size_t>(v_column(k))];
            rows.push_back(p_row(i));
            rows.push_back(q_row(i));
        }
    }
    std::vector<std::int32_t> unit_buses;
    for (const model::Unit& unit : network_->units()) {
        if (unit.in_service) unit_buses.push_back(unit.bus.value());
    }
    std::sort(unit_buses.begin(), unit_buses.end());
    unit_buses.erase(std::unique(unit_buses.begin(), unit_buses.end()), unit_buses.end());
    const auto supply_column = [&](std::size_t bus) {
        const int island = network_->island_of_bus()[bus];
        return angle_column(network_->reference_of_island()[static_cast<std::size_t>(island)].pos());
    };
    for (const std::int32_t bus : unit_buses) {
        column_rows[static_cast<std::size_t>(supply_column(static_cast<std::size_t>(bus)))].push_back(
            p_row(static_cast<std::size_t>(bus)));
    }
    for (const BusRow reference : network_->reference_of_island()) {
        column_rows[static_cast<std::size_t>(angle_column(reference.pos()))].push_back(
            p_row(reference.pos()));
    }

    pattern_.size = static_cast<std::int32_t>(2 * n);
    pattern_.column_start.assign(1, 0);
    for (auto& rows : column_rows) {
        std::sort(rows.begin(), rows.end());
        rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
        pattern_.row.insert(pattern_.row.end(), rows.begin(), rows.end());
        pattern_.column_start.push_back(static_cast<std::int32_t>(pattern_.row.size()));
    }

    angle_entry_.assign(y_bus_.column.size(), -1);
    voltage_entry_.assign(y_bus_.column.size(), -1);
    for (std::size_t i = 0; i < n; ++i) {
        for (auto e = y_bus_.row_start[i]; e < y_bus_.row_start[i + 1]; ++e) {
            const auto entry = static_cast<std::size_t>(e);
            const auto k = static_cast<std::size_t>(y_bus_.column[entry]);
            if (!is_reference_[k]) angle_entry_[entry] = pattern_.find(p_row(i), angle_column(k));
            voltage_entry_[entry] = pattern_.find(p_row(i), v_column(k));
        }
    }
    for (const std::int32_t bus : unit_buses) {
        const auto b = static_cast<std::size_t>(bus);
        supply_.push_back({bus, network_->island_of_bus()[b], pattern_.find(p_row(b), supply_column(b))});
    }
}

/// The block pattern by rows of the scalar one: block (i, k) where any of its four entries is.
void Equations::build_factors() {
    std::vector<std::vector<std::int32_t>> columns(bus_count());
    for (std::int32_t column = 0; column < pattern_.size; ++column) {
        for (auto p = pattern_.column_start[static_cast<std::size_t>(column)];
             p < pattern_.column_start[static_cast<std::size_t>(column) + 1]; ++p) {
            auto& row = columns[static_cast<std::size_t>(pattern_.row[static_cast<std::size_t>(p)] / 2)];
            if (row.empty() || row.back() != column / 2) row.push_back(column / 2);
        }
    }
    numerics::BlockRows rows;
    rows.row_start.push_back(0);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        auto& row = columns[i];
        const auto self = static_cast<std::int32_t>(i);
        const auto at = std::lower_bound(row.begin(), row.end(), self);
        if (at == row.end() || *at != self) row.insert(at, self);
        rows.column.insert(rows.column.end(), row.begin(), row.end());
        rows.row_start.push_back(static_cast<std::int32_t>(rows.column.size()));
    }
    factors_.emplace(rows);
    places_ = numerics::places_in_blocks(pattern_, *factors_);
}

}  // namespace nodalroom::powerflow
