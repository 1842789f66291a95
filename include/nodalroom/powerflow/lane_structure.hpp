#pragma once

#include <cstdint>
#include <vector>

#include "nodalroom/powerflow/equations.hpp"

namespace nodalroom::powerflow {

/// The equations' structure as the lane kernels use it: buses in elimination order ("position"), the
/// pattern of the block factors, and where each entry of Ybus lands in them. Built once, then only
/// read, from any thread.
struct LaneStructure {
    explicit LaneStructure(const Equations& equations);

    /// Position of a bus.
    [[nodiscard]] std::int32_t position(std::size_t bus) const noexcept { return equations->p_row(bus) / 2; }
    [[nodiscard]] const numerics::BlockLuPattern& factors() const noexcept { return equations->factors(); }
    [[nodiscard]] std::size_t buses() const noexcept { return bus_at.size(); }
    [[nodiscard]] std::size_t unit_buses() const noexcept { return unit_bus.size(); }

    const Equations* equations;
    std::vector<std::int32_t> bus_at;             ///< bus row per position
    std::int32_t first_reference = 0;             ///< reference buses are the last positions
    std::vector<std::int32_t> supply_row;         ///< per island: its reference, counted from there
    std::vector<std::int32_t> y_start, y_column;  ///< Ybus by position
    std::vector<std::int32_t> y_diagonal;         ///< per position: its diagonal entry
    std::vector<std::int32_t> y_from;             ///< per entry: its place in the admittance matrix
    std::vector<std::int32_t> y_to;               ///< the way back
    std::vector<std::int32_t> y_row;              ///< per entry: its position
    std::vector<std::int32_t> y_place;            ///< per entry: place of its block in the work row
    std::vector<std::uint8_t> energised;
    // Buses with in-service units.
    std::vector<std::int32_t> unit_of;  ///< per position: row among these, or -1
    std::vector<std::int32_t> unit_bus, unit_position;
    std::vector<std::int32_t> unit_island;   ///< island
    std::vector<std::int32_t> unit_supply;   ///< supply_row of that island
    std::vector<std::int32_t> supply_place;  ///< place of -α in the work row
};

}  // namespace nodalroom::powerflow
