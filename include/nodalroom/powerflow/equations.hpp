#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "nodalroom/model/admittance.hpp"
#include "nodalroom/model/branch_model.hpp"
#include "nodalroom/model/network.hpp"
#include "nodalroom/numerics/block_lu.hpp"
#include "nodalroom/numerics/csc_pattern.hpp"
#include "nodalroom/numerics/vector_unit.hpp"

namespace nodalroom::powerflow {

/// The structure of a network's power-flow equations, built once and shared by every thread and
/// state: elimination order, Jacobian pattern, and where each entry of Ybus lands in it.
///
/// Each bus at elimination position p owns rows and columns 2p and 2p+1. Row 2p is its active
/// power balance; row 2p+1 its reactive balance, or V = setpoint while it regulates (switching
/// changes values, never the pattern). Column 2p is its angle, column 2p+1 the logarithm of its
/// voltage magnitude. A reference bus has no free angle: its column 2p carries the island's common
/// supply s, and reference buses come last (docs/math.md, eq. 9).
class Equations {
public:
    explicit Equations(const model::Network& network);

    [[nodiscard]] const model::Network& network() const noexcept { return *network_; }
    [[nodiscard]] const model::AdmittanceMatrix& y_bus() const noexcept { return y_bus_; }
    /// π-model of every branch row; meaningless for branches out of service.
    [[nodiscard]] std::span<const model::BranchAdmittance> branch_admittance() const noexcept {
        return branch_admittance_;
    }
    [[nodiscard]] const numerics::CscPattern& pattern() const noexcept { return pattern_; }
    /// Pattern of the Jacobian's block factors, a block per bus in elimination order, and the place of each
    /// nonzero of pattern() in them.
    [[nodiscard]] const numerics::BlockLuPattern& factors() const noexcept { return *factors_; }
    [[nodiscard]] std::span<const std::int32_t> places_in_factors() const noexcept { return places_; }
    /// How the kernels that work on them are compiled.
    [[nodiscard]] numerics::VectorUnit vector_unit() const noexcept { return vector_unit_; }
    [[nodiscard]] std::int32_t size() const noexcept { return pattern_.size; }
    [[nodiscard]] std::size_t bus_count() const noexcept { return position_.size(); }

    /// Row of the active balance of a bus; the reactive row follows it.
    [[nodiscard]] std::int32_t p_row(std::size_t bus) const noexcept { return 2 * position_[bus]; }
    [[nodiscard]] std::int32_t q_row(std::size_t bus) const noexcept { return 2 * position_[bus] + 1; }
    /// Column of log|V| of a bus.
    [[nodiscard]] std::int32_t v_column(std::size_t bus) const noexcept { return 2 * position_[bus] + 1; }
    /// Column of the angle of a bus; for a reference bus the column of its island's s.
    [[nodiscard]] std::int32_t angle_column(std::size_t bus) const noexcept { return 2 * position_[bus]; }

    /// Per entry of Ybus (i, k): position of (P_i, θ_k) among the Jacobian's nonzeros, -1 where k is
    /// a reference bus; (Q_i, θ_k) is the next one. Likewise for log|V_k|.
    [[nodiscard]] std::span<const std::int32_t> angle_entry() const noexcept { return angle_entry_; }
    [[nodiscard]] std::span<const std::int32_t> voltage_entry() const noexcept { return voltage_entry_; }

    /// Buses with in-service units, and where -α of each stands in the column of its island's s.
    struct SupplyEntry {
        std::int32_t bus;
        std::int32_t island;
        std::int32_t position;
    };
    [[nodiscard]] std::span<const SupplyEntry> supply_entries() const noexcept { return supply_; }
    [[nodiscard]] bool is_reference(std::size_t bus) const noexcept { return is_reference_[bus] != 0; }
    [[nodiscard]] bool is_energised(std::size_t bus) const noexcept {
        return network_->island_of_bus()[bus] >= 0;
    }

private:
    void order_buses();
    void build_pattern();
    void build_factors();

    const model::Network* network_;
    model::AdmittanceMatrix y_bus_;
    std::vector<model::BranchAdmittance> branch_admittance_;
    std::vector<std::int32_t> position_;  ///< elimination position per bus
    std::vector<std::uint8_t> is_reference_;
    numerics::CscPattern pattern_;
    std::optional<numerics::BlockLuPattern> factors_;
    std::vector<std::int32_t> places_;
    numerics::VectorUnit vector_unit_ = numerics::choose_vector_unit();
    std::vector<std::int32_t> angle_entry_, voltage_entry_;
    std::vector<SupplyEntry> supply_;
};

}  // namespace nodalroom::powerflow
