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
    std::vector<std::int32_t> bus_at(n);
    for (std::size_t i = 0; i < n; ++i)
        bus_at[static_cast<std::size_t>(position_[i])] = static_cast<std::int32_t>(i);
    std::vector<std::vector<std::int32_t>> supplied(n);  // per reference bus: rows that share its s
    std::vector<std::int32_t> unit_buses;
    for (const model::Unit& unit : network_->units()) {
        if (unit.in_service) unit_buses.push_back(unit.bus.value());
    }
    std::sort(unit_buses.begin(), unit_buses.end());
    unit_buses.erase(std::unique(unit_buses.begin(), unit_buses.end()), unit_buses.end());
    const auto reference_of = [&](std::size_t bus) {
        const int island = network_->island_of_bus()[bus];
        return network_->reference_of_island()[static_cast<std::size_t>(island)].pos();
    };
    for (const std::int32_t bus : unit_buses) {
        const auto b = static_cast<std::size_t>(bus);
        supplied[reference_of(b)].push_back(p_row(b));
    }
    for (const BusRow reference : network_->reference_of_island()) {
        auto& rows = supplied[reference.pos()];
        rows.push_back(p_row(reference.pos()));
        std::sort(rows.begin(), rows.end());
        rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    }

    // Column by column in elimination order. Ybus has a symmetric pattern: the buses of row k are those whose
    // rows hold column k.
    pattern_.size = static_cast<std::int32_t>(2 * n);
    pattern_.column_start.assign(1, 0);
    pattern_.row.reserve(4 * y_bus_.column.size() + unit_buses.size());
    angle_entry_.assign(y_bus_.column.size(), -1);
    voltage_entry_.assign(y_bus_.column.size(), -1);
    struct Neighbour {
        std::int32_t row, entry;  ///< its active balance, and its entry (neighbour, k) of Ybus
    };
    std::vector<Neighbour> neighbours;
    for (const std::int32_t column_bus : bus_at) {
        const auto k = static_cast<std::size_t>(column_bus);
        neighbours.clear();
        for (auto e = y_bus_.row_start[k]; e < y_bus_.row_start[k + 1]; ++e) {
            const std::int32_t i = y_bus_.column[static_cast<std::size_t>(e)];
            neighbours.push_back(
                {p_row(static_cast<std::size_t>(i)), y_bus_.find(BusRow(i), BusRow(column_bus))});
        }
        std::sort(neighbours.begin(), neighbours.end(),
                  [](const Neighbour& a, const Neighbour& b) { return a.row < b.row; });
        const auto put_column = [&](std::vector<std::int32_t>& entry_of) {
            for (const Neighbour& neighbour : neighbours) {
                entry_of[static_cast<std::size_t>(neighbour.entry)] =
                    static_cast<std::int32_t>(pattern_.row.size());
                pattern_.row.push_back(neighbour.row);
                pattern_.row.push_back(neighbour.row + 1);
            }
            pattern_.column_start.push_back(static_cast<std::int32_t>(pattern_.row.size()));
        };
        if (is_reference_[k]) {
            pattern_.row.insert(pattern_.row.end(), supplied[k].begin(), supplied[k].end());
            pattern_.column_start.push_back(static_cast<std::int32_t>(pattern_.row.size()));
        } else {
            put_column(angle_entry_);
        }
        put_column(voltage_entry_);
    }
    for (const std::int32_t bus : unit_buses) {
        const auto b = static_cast<std::size_t>(bus);
        supply_.push_back(
            {bus, network_->island_of_bus()[b], pattern_.find(p_row(b), angle_column(reference_of(b)))});
    }
}

/// A block wherever Ybus has an entry, and for every bus with units in the column of its island's s.
void Equations::build_factors() {
    const std::size_t n = bus_count();
    std::vector<std::int32_t> bus_at(n), supply_block(n, -1);
    for (std::size_t i = 0; i < n; ++i)
        bus_at[static_cast<std::size_t>(position_[i])] = static_cast<std::int32_t>(i);
    for (const SupplyEntry& supply : supply_) {
        const BusRow reference = network_->reference_of_island()[static_cast<std::size_t>(supply.island)];
        supply_block[static_cast<std::size_t>(supply.bus)] = position_[reference.pos()];
    }
    numerics::BlockRows rows;
    rows.row_start.push_back(0);
    rows.column.reserve(y_bus_.column.size() + supply_.size());
    std::vector<std::int32_t> row;
    for (const std::int32_t bus : bus_at) {
        const auto i = static_cast<std::size_t>(bus);
        row.clear();
        for (auto e = y_bus_.row_start[i]; e < y_bus_.row_start[i + 1]; ++e) {
            row.push_back(position_[static_cast<std::size_t>(y_bus_.column[static_cast<std::size_t>(e)])]);
        }
        if (supply_block[i] >= 0) row.push_back(supply_block[i]);
        std::sort(row.begin(), row.end());
        row.erase(std::unique(row.begin(), row.end()), row.end());
        rows.column.insert(rows.column.end(), row.begin(), row.end());
        rows.row_start.push_back(static_cast<std::int32_t>(rows.column.size()));
    }
    factors_.emplace(rows);
    places_ = numerics::places_in_blocks(pattern_, *factors_);
}

}  // namespace nodalroom::powerflow
