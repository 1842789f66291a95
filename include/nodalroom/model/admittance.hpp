#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nodalroom/model/branch_model.hpp"
#include "nodalroom/model/network.hpp"

namespace nodalroom::model {

/// Where the four entries of a branch lie in the value arrays of an AdmittanceMatrix; -1 for a
/// branch out of service. Parallel branches share positions.
struct BranchPositions {
    std::int32_t ff = -1, ft = -1, tf = -1, tt = -1;
    [[nodiscard]] bool in_service() const noexcept { return ff >= 0; }
};

/// Ybus of the in-service branches and fixed shunts in per unit, by rows (CSR). Its pattern is
/// symmetric and holds every diagonal, also where its value is 0. An outage is an edit of values:
/// subtract the branch's four admittances at `branch`; to undo it, put the saved values back.
struct AdmittanceMatrix {
    std::vector<std::int32_t> row_start;  ///< buses + 1
    std::vector<std::int32_t> column;     ///< ascending within a row
    std::vector<double> g, b;             ///< real and imaginary part of each entry
    std::vector<std::int32_t> diagonal;   ///< per bus row: position of its diagonal entry
    std::vector<BranchPositions> branch;  ///< per branch row

    [[nodiscard]] std::size_t rows() const noexcept { return diagonal.size(); }
    [[nodiscard]] std::size_t entries() const noexcept { return column.size(); }
    [[nodiscard]] Complex entry(std::int32_t position) const {
        return {g[static_cast<std::size_t>(position)], b[static_cast<std::size_t>(position)]};
    }
    void add(std::int32_t position, Complex y) {
        g[static_cast<std::size_t>(position)] += y.real();
        b[static_cast<std::size_t>(position)] += y.imag();
    }
    /// Position of the entry (row, col); -1 where the pattern has none.
    [[nodiscard]] std::int32_t find(BusRow row, BusRow col) const noexcept;
};

[[nodiscard]] AdmittanceMatrix make_admittance(const Network& network);

/// π-model of every branch row, also of those out of service.
[[nodiscard]] std::vector<BranchAdmittance> branch_admittances(const Network& network);
/// The same where these are known.
[[nodiscard]] AdmittanceMatrix make_admittance(const Network& network,
                                               std::span<const BranchAdmittance> of_branch);

}  // namespace nodalroom::model
