#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "nodalroom/model/admittance.hpp"
#include "nodalroom/model/branch_model.hpp"
#include "nodalroom/model/network.hpp"
#include "nodalroom/numerics/block_lu.hpp"
#include "nodalroom/numerics/csc_pattern.hpp"
#include "nodalroom/numerics/vector_unit.hpp"
#include "nodalroom/powerflow/entry_pair.hpp"

namespace nodalroom::powerflow {

class DcAngles;

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
    ~Equations();
    Equations(const Equations&) = delete;
    Equations& operator=(const Equations&) = delete;

    [[nodiscard]] const model::Network& network() const noexcept { return *network_; }
    [[nodiscard]] const model::AdmittanceMatrix& y_bus() const noexcept { return y_bus_; }
    /// π-model of every branch row; meaningless for branches out of service.
    [[nodiscard]] std::span<const model::BranchAdmittance> branch_admittance() const noexcept {
        return branch_admittance_;
    }
    /// Pattern of the Jacobian's block factors, a block per bus in elimination order.
    [[nodiscard]] const numerics::BlockLuPattern& factors() const noexcept { return *factors_; }
    /// Per entry of Ybus: its block among the factors' columns().
    [[nodiscard]] std::span<const std::int32_t> block_of_entry() const noexcept { return block_of_entry_; }
    /// Per bus: the block of its diagonal.
    [[nodiscard]] std::span<const std::int32_t> diagonal_block() const noexcept { return diagonal_block_; }
    /// The entries of Ybus off its diagonal, by rows above it.
    [[nodiscard]] std::span<const EntryPair> entry_pairs() const noexcept { return entry_pairs_; }
    /// Blocks of Ybus' entries in columns of reference buses, which have no angle.
    [[nodiscard]] std::span<const std::int32_t> reference_blocks() const noexcept {
        return reference_blocks_;
    }
    /// The Jacobian's nonzeros, and the place of each in its factors. Found when first asked for: only a
    /// general solver needs them.
    [[nodiscard]] const numerics::CscPattern& pattern() const;
    [[nodiscard]] std::span<const std::int32_t> places_in_factors() const;
    /// The network's DC power flow, factorised when first asked for.
    [[nodiscard]] const DcAngles& dc() const;
    /// How the kernels that work on them are compiled.
    [[nodiscard]] numerics::VectorUnit vector_unit() const noexcept { return vector_unit_; }
    [[nodiscard]] std::int32_t size() const noexcept { return 2 * factors_->size(); }
    [[nodiscard]] std::size_t bus_count() const noexcept { return position_.size(); }

    /// Bus at each elimination position.
    [[nodiscard]] std::span<const std::int32_t> bus_at() const noexcept { return bus_at_; }
    /// Row of the active balance of a bus; the reactive row follows it.
    [[nodiscard]] std::int32_t p_row(std::size_t bus) const noexcept { return 2 * position_[bus]; }
    [[nodiscard]] std::int32_t q_row(std::size_t bus) const noexcept { return 2 * position_[bus] + 1; }
    /// Column of log|V| of a bus.
    [[nodiscard]] std::int32_t v_column(std::size_t bus) const noexcept { return 2 * position_[bus] + 1; }
    /// Column of the angle of a bus; for a reference bus the column of its island's s.
    [[nodiscard]] std::int32_t angle_column(std::size_t bus) const noexcept { return 2 * position_[bus]; }

    /// Buses with in-service units, ascending, and the block in the column of its island's s in which -α of
    /// each stands, among the factors' columns().
    struct SupplyEntry {
        std::int32_t bus;
        std::int32_t island;
        std::int32_t block;
    };
    [[nodiscard]] std::span<const SupplyEntry> supply_entries() const noexcept { return supply_; }
    [[nodiscard]] bool is_reference(std::size_t bus) const noexcept { return is_reference_[bus] != 0; }
    [[nodiscard]] bool is_energised(std::size_t bus) const noexcept {
        return network_->island_of_bus()[bus] >= 0;
    }

private:
    struct Later;

    void order_buses();
    void build_factors();
    void pair_entries();
    void find_nonzeros() const;

    const model::Network* network_;
    std::vector<model::BranchAdmittance> branch_admittance_;
    model::AdmittanceMatrix y_bus_;
    std::vector<std::int32_t> position_;  ///< elimination position per bus
    std::vector<std::int32_t> bus_at_;
    std::vector<std::uint8_t> is_reference_;
    std::optional<numerics::BlockLuPattern> factors_;
    numerics::VectorUnit vector_unit_ = numerics::choose_vector_unit();
    std::vector<std::int32_t> block_of_entry_, diagonal_block_, reference_blocks_;
    std::vector<EntryPair> entry_pairs_;
    std::vector<SupplyEntry> supply_;
    std::unique_ptr<Later> later_;
};

}  // namespace nodalroom::powerflow
