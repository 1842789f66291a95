
#include "nodalroom/powerflow/lane_structure.hpp"

namespace nodalroom::powerflow {
namespace {

std::vector<std::int32_t> buses_by_position(const Equations& equations) {
    std::vector<std::int32_t> bus_at(equations.bus_count());
    for (std::size_t bus = 0; bus < bus_at.size(); ++bus) {
        bus_at[static_cast<std::size_t>(equations.p_row(bus) / 2)] = static_cast<std::int32_t>(bus);
    }
    return bus_at;
}

}  // namespace

LaneStructure::LaneStructure(const Equations& of) : equations(&of), bus_at(buses_by_position(of)) {
    const auto& y = of.y_bus();
    const auto references = of.network().reference_of_island();
    first_reference = static_cast<std::int32_t>(buses() - references.size());
    for (const BusRow reference : references)
        supply_row.push_back(position(reference.pos()) - first_reference);
    y_start.push_back(0);
    y_to.assign(y.entries(), -1);
    for (std::size_t at = 0; at < buses(); ++at) {
        const auto bus = static_cast<std::size_t>(bus_at[at]);
        const auto row = static_cast<std::int32_t>(at);
        for (auto p = y.row_start[bus]; p < y.row_start[bus + 1]; ++p) {
            const std::int32_t column =
                position(static_cast<std::size_t>(y.column[static_cast<std::size_t>(p)]));
            if (p == y.diagonal[bus]) y_diagonal.push_back(static_cast<std::int32_t>(y_column.size()));
            y_to[static_cast<std::size_t>(p)] = static_cast<std::int32_t>(y_column.size());
            y_from.push_back(p);
            y_row.push_back(row);
            y_column.push_back(column);
            y_place.push_back(factors().place(row, column));
        }
        y_start.push_back(static_cast<std::int32_t>(y_column.size()));
        energised.push_back(of.is_energised(bus) ? 1 : 0);
    }
    unit_of.assign(buses(), -1);
    for (const auto& supply : of.supply_entries()) {
        const auto bus = static_cast<std::size_t>(supply.bus);
        const std::int32_t at = position(bus);
        const std::int32_t row = supply_row[static_cast<std::size_t>(supply.island)];
        unit_of[static_cast<std::size_t>(at)] = static_cast<std::int32_t>(unit_bus.size());
        unit_bus.push_back(supply.bus);
        unit_position.push_back(at);
        unit_island.push_back(supply.island);
        unit_supply.push_back(row);
        supply_place.push_back(factors().place(at, first_reference + row));
    }
}

}  // namespace nodalroom::powerflow
