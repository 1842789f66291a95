#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "network_builder.hpp"
#include "nodalroom/core/errors.hpp"
#include "nodalroom/model/topology.hpp"

namespace nodalroom::model {

namespace {

std::vector<Edge> edges_of(const Network& network) {
    std::vector<Edge> edges;
    edges.reserve(network.branches().size());
    for (const Branch& branch : network.branches()) {
        edges.push_back({branch.from.value(), branch.to.value(), branch.in_service});
    }
    return edges;
}

}  // namespace

void NetworkBuilder::find_islands() {
    // Isolated buses are components of their own; the numbering of the others closes the gaps.
    const std::vector<int> component =
        connected_components(static_cast<int>(network_.buses_.size()), edges_of(network_));
    std::vector<int> island_of_component(component.size(), -1);
    network_.island_of_bus_.assign(component.size(), -1);
    for (std::size_t n = 0; n < component.size(); ++n) {
        if (network_.buses_[n].type == BusType::isolated) continue;
        int& island = island_of_component[static_cast<std::size_t>(component[n])];
        if (island < 0) island = islands_++;
        network_.island_of_bus_[n] = island;
    }
}

void NetworkBuilder::check_island_sources() const {
    std::vector<bool> has_source(static_cast<std::size_t>(islands_), false);
    for (const Unit& unit : network_.units_) {
        if (!unit.in_service) continue;
        has_source[static_cast<std::size_t>(network_.island_of_bus_[unit.bus.pos()])] = true;
    }
    const auto dead = std::ranges::find(has_source, false);
    if (dead == has_source.end()) return;
    const int island = static_cast<int>(dead - has_source.begin());
    const auto first = std::ranges::find(network_.island_of_bus_, island) - network_.island_of_bus_.begin();
    throw InputError(mpc_.source, buses_.line(static_cast<std::size_t>(first)),
                     describe_island(island) +
                         " has no unit in service; buses that are to be dead must have type 4 (isolated)");
}

void NetworkBuilder::find_reference_buses() {
    std::vector<BusRow>& reference = network_.reference_of_island_;
    reference.assign(static_cast<std::size_t>(islands_), BusRow());
    for (std::size_t n = 0; n < network_.buses_.size(); ++n) {
        if (network_.buses_[n].type != BusType::reference) continue;
        BusRow& known = reference[static_cast<std::size_t>(network_.island_of_bus_[n])];
        if (known.valid()) {
            buses_.refuse(n, {io::bus_col::number, io::bus_col::type},
                          "an island must have exactly one reference bus, and bus " +
                              std::to_string(network_.bus(known).number.value()) + " (row " +
                              std::to_string(known.value() + 1) + ") is the reference of the same island");
        }
        known = BusRow(static_cast<std::int64_t>(n));
    }
    const auto missing = std::ranges::find(reference, BusRow());
    if (missing == reference.end()) return;
    const int island = static_cast<int>(missing - reference.begin());
    const auto first = std::ranges::find(network_.island_of_bus_, island) - network_.island_of_bus_.begin();
    throw InputError(mpc_.source, buses_.line(static_cast<std::size_t>(first)),
                     describe_island(island) + " has no reference bus; exactly one must have type 3");
}

void NetworkBuilder::find_feeding_bridges() {
    BridgeForest forest = find_bridges(static_cast<int>(network_.buses_.size()), edges_of(network_));
    network_.is_bridge_ = std::move(forest.is_bridge);
    network_.feeding_bridge_.reserve(forest.feeding_edge.size());
    for (const int edge : forest.feeding_edge) network_.feeding_bridge_.emplace_back(edge);
}

std::string NetworkBuilder::describe_island(int island) const {
    constexpr std::size_t named = 5;
    std::size_t count = 0;
    std::string numbers;
    for (std::size_t n = 0; n < network_.buses_.size(); ++n) {
        if (network_.island_of_bus_[n] != island || ++count > named) continue;
        if (count > 1) numbers += ", ";
        numbers += std::to_string(network_.buses_[n].number.value());
    }
    if (count > named) numbers += ", …";
    return "bus table: the island of " + std::to_string(count) + (count == 1 ? " bus (" : " buses (") +
           numbers + ")";
}

}  // namespace nodalroom::model
