#include "nodalroom/model/admittance.hpp"

#include <algorithm>

#include "nodalroom/model/branch_model.hpp"

namespace nodalroom::model {
namespace {

/// The symmetric pattern of the in-service branches with every diagonal, columns ascending.
void lay_out_pattern(const Network& network, AdmittanceMatrix& y_bus) {
    const std::size_t buses = network.buses().size();
    std::vector<std::int32_t> start(buses + 1, 0);
    for (std::size_t n = 0; n < buses; ++n) start[n + 1] = 1;
    for (const Branch& branch : network.branches()) {
        if (!branch.in_service) continue;
        ++start[branch.from.pos() + 1];
        ++start[branch.to.pos() + 1];
    }
    for (std::size_t n = 0; n < buses; ++n) start[n + 1] += start[n];

    std::vector<std::int32_t> column(static_cast<std::size_t>(start.back()));
    std::vector<std::int32_t> next(start.begin(), start.end() - 1);
    const auto put = [&](std::size_t row, std::size_t col) {
        column[static_cast<std::size_t>(next[row]++)] = static_cast<std::int32_t>(col);
    };
    for (std::size_t n = 0; n < buses; ++n) put(n, n);
    for (const Branch& branch : network.branches()) {
        if (!branch.in_service) continue;
        put(branch.from.pos(), branch.to.pos());
        put(branch.to.pos(), branch.from.pos());
    }

    y_bus.row_start.assign(buses + 1, 0);
    y_bus.column.reserve(column.size());
    for (std::size_t n = 0; n < buses; ++n) {
        const auto first = column.begin() + start[n];
        auto last = column.begin() + start[n + 1];
        std::sort(first, last);
        last = std::unique(first, last);
        y_bus.column.insert(y_bus.column.end(), first, last);
        y_bus.row_start[n + 1] = static_cast<std::int32_t>(y_bus.column.size());
    }
}

}  // namespace

std::int32_t AdmittanceMatrix::find(BusRow row, BusRow col) const noexcept {
    const auto first = column.begin() + row_start[row.pos()];
    const auto last = column.begin() + row_start[row.pos() + 1];
    const auto found = std::lower_bound(first, last, col.value());
    if (found == last || *found != col.value()) return -1;
    return static_cast<std::int32_t>(found - column.begin());
}

AdmittanceMatrix make_admittance(const Network& network) {
    AdmittanceMatrix y_bus;
    lay_out_pattern(network, y_bus);
    y_bus.g.assign(y_bus.column.size(), 0.0);
    y_bus.b.assign(y_bus.column.size(), 0.0);

    const std::size_t buses = network.buses().size();
    y_bus.diagonal.resize(buses);
    for (std::size_t n = 0; n < buses; ++n) {
        const BusRow row(static_cast<std::int64_t>(n));
        y_bus.diagonal[n] = y_bus.find(row, row);
    }

    y_bus.branch.resize(network.branches().size());
    for (std::size_t k = 0; k < y_bus.branch.size(); ++k) {
        const Branch& branch = network.branches()[k];
        if (!branch.in_service) continue;
        BranchPositions& at = y_bus.branch[k];
        at = {y_bus.diagonal[branch.from.pos()], y_bus.find(branch.from, branch.to),
              y_bus.find(branch.to, branch.from), y_bus.diagonal[branch.to.pos()]};
        const BranchAdmittance y = branch_admittance(branch);
        y_bus.add(at.ff, y.yff);
        y_bus.add(at.ft, y.yft);
        y_bus.add(at.tf, y.ytf);
        y_bus.add(at.tt, y.ytt);
    }
    for (const Shunt& shunt : network.shunts()) {
        if (shunt.in_service) y_bus.add(y_bus.diagonal[shunt.bus.pos()], shunt.y_pu);
    }
    return y_bus;
}

}  // namespace nodalroom::model
