#include "nodalroom/model/admittance.hpp"

#include <algorithm>

#include "nodalroom/model/branch_model.hpp"

namespace nodalroom::model {
namespace {

/// An end of a branch in service: the branch, and the bus at its other end.
struct End {
    std::int32_t branch = -1;
    std::int32_t other = -1;
    bool is_from = false;
};

/// Positions of the four entries of every branch in the symmetric pattern of those in service with every
/// diagonal. Buses hand their column to the rows of their neighbours one after another, so that columns
/// ascend without being sorted.
void lay_out_pattern(const Network& network, AdmittanceMatrix& y_bus) {
    const std::size_t buses = network.buses().size();
    const auto branches = network.branches();
    std::vector<std::int32_t> start(buses + 1, 0);  // of the ends at each bus; rows have room for them all
    for (const Branch& branch : branches) {
        if (!branch.in_service) continue;
        ++start[branch.from.pos() + 1];
        ++start[branch.to.pos() + 1];
    }
    for (std::size_t n = 0; n < buses; ++n) start[n + 1] += start[n];
    std::vector<End> ends(static_cast<std::size_t>(start.back()));
    std::vector<std::int32_t> next(start.begin(), start.end() - 1);
    for (std::size_t l = 0; l < branches.size(); ++l) {
        if (!branches[l].in_service) continue;
        const auto from = branches[l].from, to = branches[l].to;
        const auto row = static_cast<std::int32_t>(l);
        ends[static_cast<std::size_t>(next[from.pos()]++)] = {row, static_cast<std::int32_t>(to.value()),
                                                              true};
        ends[static_cast<std::size_t>(next[to.pos()]++)] = {row, static_cast<std::int32_t>(from.value()),
                                                            false};
    }

    std::vector<std::int32_t> roomy(ends.size() + buses);
    for (std::size_t n = 0; n < buses; ++n) next[n] = start[n] + static_cast<std::int32_t>(n);
    y_bus.diagonal.resize(buses);
    y_bus.branch.assign(branches.size(), {});
    const auto place = [&](std::size_t row, std::int32_t column) {
        const std::int32_t first = start[row] + static_cast<std::int32_t>(row);
        std::int32_t& free = next[row];
        if (free == first || roomy[static_cast<std::size_t>(free) - 1] != column)
            roomy[static_cast<std::size_t>(free++)] = column;
        return free - 1;
    };
    for (std::size_t n = 0; n < buses; ++n) {
        const auto column = static_cast<std::int32_t>(n);
        y_bus.diagonal[n] = place(n, column);
        for (auto e = static_cast<std::size_t>(start[n]); e < static_cast<std::size_t>(start[n + 1]); ++e) {
            const std::int32_t at = place(static_cast<std::size_t>(ends[e].other), column);
            BranchPositions& branch = y_bus.branch[static_cast<std::size_t>(ends[e].branch)];
            (ends[e].is_from ? branch.tf : branch.ft) = at;
        }
    }

    // Parallel branches share entries: rows close up.
    y_bus.row_start.assign(buses + 1, 0);
    y_bus.column.reserve(roomy.size());
    std::vector<std::int32_t> shift(buses);
    for (std::size_t n = 0; n < buses; ++n) {
        const std::int32_t first = start[n] + static_cast<std::int32_t>(n);
        shift[n] = first - y_bus.row_start[n];
        y_bus.column.insert(y_bus.column.end(), roomy.begin() + first, roomy.begin() + next[n]);
        y_bus.row_start[n + 1] = static_cast<std::int32_t>(y_bus.column.size());
        y_bus.diagonal[n] -= shift[n];
    }
    for (std::size_t l = 0; l < branches.size(); ++l) {
        if (!branches[l].in_service) continue;
        const std::size_t from = branches[l].from.pos(), to = branches[l].to.pos();
        BranchPositions& at = y_bus.branch[l];
        at = {y_bus.diagonal[from], at.ft - shift[from], at.tf - shift[to], y_bus.diagonal[to]};
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

std::vector<BranchAdmittance> branch_admittances(const Network& network) {
    std::vector<BranchAdmittance> admittances;
    admittances.reserve(network.branches().size());
    for (const Branch& branch : network.branches()) admittances.push_back(branch_admittance(branch));
    return admittances;
}

AdmittanceMatrix make_admittance(const Network& network, std::span<const BranchAdmittance> of_branch) {
    AdmittanceMatrix y_bus;
    lay_out_pattern(network, y_bus);
    y_bus.g.assign(y_bus.column.size(), 0.0);
    y_bus.b.assign(y_bus.column.size(), 0.0);
    for (std::size_t k = 0; k < y_bus.branch.size(); ++k) {
        const BranchPositions& at = y_bus.branch[k];
        if (!at.in_service()) continue;
        const BranchAdmittance& y = of_branch[k];
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

AdmittanceMatrix make_admittance(const Network& network) {
    return make_admittance(network, branch_admittances(network));
}

}  // namespace nodalroom::model
