#include "nodalroom/powerflow/equations.hpp"

#include <algorithm>
#include <mutex>

#include "nodalroom/powerflow/dc_angles.hpp"

namespace nodalroom::powerflow {

/// What few ask for: made when the first one does.
struct Equations::Later {
    std::once_flag nonzeros_known, dc_known;
    numerics::CscPattern pattern;
    std::vector<std::int32_t> places;
    std::optional<DcAngles> dc;
};

Equations::Equations(const model::Network& network)
    : network_(&network),
      branch_admittance_(model::branch_admittances(network)),
      y_bus_(model::make_admittance(network, branch_admittance_)),
      position_(network.buses().size(), -1),
      bus_at_(network.buses().size()),
      is_reference_(network.buses().size(), 0),
      later_(std::make_unique<Later>()) {
    for (const BusRow reference : network.reference_of_island()) is_reference_[reference.pos()] = 1;
    order_buses();
    for (std::size_t i = 0; i < bus_count(); ++i)
        bus_at_[static_cast<std::size_t>(position_[i])] = static_cast<std::int32_t>(i);
    build_factors();
    pair_entries();
}

Equations::~Equations() = default;

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

/// A block wherever Ybus has an entry, and for every bus with units in the column of its island's s.
void Equations::build_factors() {
    const auto reference_position = [&](std::int32_t island) {
        return position_[network_->reference_of_island()[static_cast<std::size_t>(island)].pos()];
    };
    std::vector<std::uint8_t> has_units(bus_count(), 0);
    for (const model::Unit& unit : network_->units()) {
        if (unit.in_service) has_units[unit.bus.pos()] = 1;
    }
    numerics::BlockRows rows;
    rows.row_start.push_back(0);
    rows.column.reserve(y_bus_.column.size() + network_->units().size());
    std::vector<std::int32_t> first_entry(bus_count());  // of each bus in `rows`
    std::vector<std::int32_t> supply_entry(bus_count(), -1);
    for (const std::int32_t bus : bus_at_) {
        const auto i = static_cast<std::size_t>(bus);
        first_entry[i] = static_cast<std::int32_t>(rows.column.size());
        const std::int32_t supply = has_units[i] != 0 ? reference_position(network_->island_of_bus()[i]) : -1;
        for (auto e = y_bus_.row_start[i]; e < y_bus_.row_start[i + 1]; ++e) {
            const auto k = static_cast<std::size_t>(y_bus_.column[static_cast<std::size_t>(e)]);
            if (position_[k] == supply) supply_entry[i] = static_cast<std::int32_t>(rows.column.size());
            rows.column.push_back(position_[k]);
        }
        if (supply >= 0 && supply_entry[i] < 0) {
            supply_entry[i] = static_cast<std::int32_t>(rows.column.size());
            rows.column.push_back(supply);
        }
        rows.row_start.push_back(static_cast<std::int32_t>(rows.column.size()));
    }
    factors_.emplace(rows);

    const auto block_of = factors_->block_of_entry();
    block_of_entry_.resize(y_bus_.column.size());
    for (std::size_t i = 0; i < bus_count(); ++i) {
        auto entry = static_cast<std::size_t>(first_entry[i]);
        for (auto e = y_bus_.row_start[i]; e < y_bus_.row_start[i + 1]; ++e, ++entry) {
            const std::int32_t block = block_of[entry];
            block_of_entry_[static_cast<std::size_t>(e)] = block;
            if (is_reference_[static_cast<std::size_t>(y_bus_.column[static_cast<std::size_t>(e)])] != 0)
                reference_blocks_.push_back(block);
        }
        diagonal_block_.push_back(block_of_entry_[static_cast<std::size_t>(y_bus_.diagonal[i])]);
        if (has_units[i] == 0) continue;
        supply_.push_back({static_cast<std::int32_t>(i), network_->island_of_bus()[i],
                           block_of[static_cast<std::size_t>(supply_entry[i])]});
    }
}

void Equations::pair_entries() {
    entry_pairs_.reserve((y_bus_.entries() - bus_count()) / 2);
    // Rows come in order, so that row k meets its columns i < k in theirs.
    std::vector<std::int32_t> next(y_bus_.row_start.begin(), y_bus_.row_start.end() - 1);
    for (std::size_t i = 0; i < bus_count(); ++i) {
        for (auto e = y_bus_.diagonal[i] + 1; e < y_bus_.row_start[i + 1]; ++e) {
            const std::int32_t k = y_bus_.column[static_cast<std::size_t>(e)];
            const std::int32_t mirrored = next[static_cast<std::size_t>(k)]++;
            entry_pairs_.push_back({static_cast<std::int32_t>(i), k, e, mirrored,
                                    block_of_entry_[static_cast<std::size_t>(e)],
                                    block_of_entry_[static_cast<std::size_t>(mirrored)]});
        }
    }
}

const DcAngles& Equations::dc() const {
    std::call_once(later_->dc_known, [this] { later_->dc.emplace(*this); });
    return *later_->dc;
}

const numerics::CscPattern& Equations::pattern() const {
    std::call_once(later_->nonzeros_known, [this] { find_nonzeros(); });
    return later_->pattern;
}

std::span<const std::int32_t> Equations::places_in_factors() const {
    static_cast<void>(pattern());
    return later_->places;
}

void Equations::find_nonzeros() const {
    // Column by column in elimination order. Ybus has a symmetric pattern: the buses of row k are those whose
    // rows hold column k.
    std::vector<std::vector<std::int32_t>> supplied(bus_count());  // per reference bus: rows that share its s
    for (const SupplyEntry& supply : supply_) {
        const BusRow reference = network_->reference_of_island()[static_cast<std::size_t>(supply.island)];
        supplied[reference.pos()].push_back(p_row(static_cast<std::size_t>(supply.bus)));
    }
    numerics::CscPattern& found = later_->pattern;
    found.size = size();
    found.column_start.assign(1, 0);
    std::vector<std::int32_t> rows;  // active balances of the column's neighbours
    for (const std::int32_t column_bus : bus_at_) {
        const auto k = static_cast<std::size_t>(column_bus);
        rows.clear();
        for (auto e = y_bus_.row_start[k]; e < y_bus_.row_start[k + 1]; ++e)
            rows.push_back(p_row(static_cast<std::size_t>(y_bus_.column[static_cast<std::size_t>(e)])));
        std::sort(rows.begin(), rows.end());
        const auto put_neighbours = [&] {
            for (const std::int32_t row : rows) {
                found.row.push_back(row);
                found.row.push_back(row + 1);
            }
            found.column_start.push_back(static_cast<std::int32_t>(found.row.size()));
        };
        if (is_reference_[k] != 0) {
            auto& sharing = supplied[k];
            sharing.push_back(p_row(k));  // also where it has no unit in service
            std::sort(sharing.begin(), sharing.end());
            sharing.erase(std::unique(sharing.begin(), sharing.end()), sharing.end());
            found.row.insert(found.row.end(), sharing.begin(), sharing.end());
            found.column_start.push_back(static_cast<std::int32_t>(found.row.size()));
        } else {
            put_neighbours();
        }
        put_neighbours();
    }
    later_->places = numerics::places_in_blocks(found, *factors_);
}

}  // namespace nodalroom::powerflow
