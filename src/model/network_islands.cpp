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
    islands_ = 0;
    for (std::size_t n = 0; n < component.size(); ++n) {
        if (network_.buses_[n].type == BusType::isolated) continue;
        int& island = island_of_component[static_cast<std::size_t>(component[n])];
        if (island < 0) island = islands_++;
        network_.island_of_bus_[n] = island;
    }
}

std::vector<bool> NetworkBuilder::fed_islands() const {
    std::vector<bool> fed(static_cast<std::size_t>(islands_), false);
    for (const Unit& unit : network_.units_) {
        if (!unit.in_service) continue;
        fed[static_cast<std::size_t>(network_.island_of_bus_[unit.bus.pos()])] = true;
    }
    return fed;
}

/// Islands without a unit in service are dead: those without load as a matter of course, while load is given
/// up only where somebody says so.
void NetworkBuilder::take_dead_islands_out() {
    const std::vector<bool> fed = fed_islands();
    const auto first_dead = std::ranges::find(fed, false);
    if (first_dead == fed.end()) return;
    std::vector<Complex> load_pu(fed.size());
    std::vector<bool> has_load(fed.size(), false);
    for (const Load& load : network_.loads_) {
        if (!load.in_service) continue;
        const auto island = static_cast<std::size_t>(network_.island_of_bus_[load.bus.pos()]);
        load_pu[island] += load.s_power_pu;
        has_load[island] = true;
    }
    const bool none_lives = std::ranges::find(fed, true) == fed.end();
    for (std::size_t island = 0; island < fed.size(); ++island) {
        if (fed[island] || !(has_load[island] || none_lives)) continue;
        const auto first = std::ranges::find(network_.island_of_bus_, static_cast<int>(island)) -
                           network_.island_of_bus_.begin();
        std::string problem = describe_island(static_cast<int>(island)) + " has no unit in service";
        if (has_load[island])
            problem += " for " + load_text(load_pu[island] * network_.base_mva_) + " of load";
        throw InputError(mpc_.source, buses_.line(static_cast<std::size_t>(first)),
                         problem +
                             "; buses that are to be dead must have type 4 (isolated), which "
                             "cut_off='isolate' gives them");
    }
    for (std::size_t n = 0; n < network_.buses_.size(); ++n) {
        const int island = network_.island_of_bus_[n];
        if (island >= 0 && !fed[static_cast<std::size_t>(island)])
            network_.buses_[n].type = BusType::isolated;
    }
    for (Shunt& shunt : network_.shunts_) shunt.in_service = shunt.in_service && energised(shunt.bus);
    for (Branch& branch : network_.branches_)
        branch.in_service = branch.in_service && energised(branch.from) && energised(branch.to);
    find_islands();
}

/// Of several buses of type 3 in an island the first with a unit in service is the reference, as in MATPOWER;
/// the first of all where none has one. The others hold their voltage and no angle.
void NetworkBuilder::find_reference_buses() {
    std::vector<BusRow>& reference = network_.reference_of_island_;
    reference.assign(static_cast<std::size_t>(islands_), BusRow());
    for (std::size_t n = 0; n < network_.buses_.size(); ++n) {
        if (network_.buses_[n].type != BusType::reference) continue;
        const BusRow bus(static_cast<std::int64_t>(n));
        BusRow& known = reference[static_cast<std::size_t>(network_.island_of_bus_[n])];
        if (!known.valid() || (network_.units_at(known).empty() && !network_.units_at(bus).empty()))
            known = bus;
    }
    for (std::size_t n = 0; n < network_.buses_.size(); ++n) {
        Bus& bus = network_.buses_[n];
        if (bus.type != BusType::reference) continue;
        if (reference[static_cast<std::size_t>(network_.island_of_bus_[n])].pos() != n)
            bus.type = BusType::pv;
    }
    const auto missing = std::ranges::find(reference, BusRow());
    if (missing == reference.end()) return;
    const int island = static_cast<int>(missing - reference.begin());
    const auto first = std::ranges::find(network_.island_of_bus_, island) - network_.island_of_bus_.begin();
    throw InputError(mpc_.source, buses_.line(static_cast<std::size_t>(first)),
                     describe_island(island) + " has no reference bus; one must have type 3");
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
