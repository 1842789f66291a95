#include <algorithm>
#include <cmath>

#include "nodalroom/headroom/footprint.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::StateSolver;
using model::Complex;
using powerflow::QMode;

// Answers below these are left out; what they may add up to is far under any allowance of the screen.
constexpr double kLeastFlow = 2e-3;
constexpr double kLeastVoltage = 1e-4;
constexpr double kLeastQ = 2e-3;
// A bus that answers by less than this to what frees it answers by any amount.
constexpr double kLeastOwn = 1e-6;

/// A response while the rows are put together.
struct Entry {
    std::int32_t row, source;
    float response;
};

/// Rows of entries that stand by growing source.
ModeResponses::Rows by_row(std::size_t count, const std::vector<Entry>& entries) {
    ModeResponses::Rows rows;
    rows.first.assign(count + 1, 0);
    for (const Entry& entry : entries) ++rows.first[static_cast<std::size_t>(entry.row) + 1];
    for (std::size_t row = 0; row < count; ++row) rows.first[row + 1] += rows.first[row];
    rows.source.resize(entries.size());
    rows.response.resize(entries.size());
    std::vector<std::size_t> next(rows.first.begin(), rows.first.end() - 1);
    for (const Entry& entry : entries) {
        const std::size_t at = next[static_cast<std::size_t>(entry.row)]++;
        rows.source[at] = entry.source;
        rows.response[at] = entry.response;
    }
    return rows;
}

}  // namespace

ModeResponses make_mode_responses(const StudyContext& context, StateSolver& solver) {
    const auto& equations = solver.base().equations();
    const auto& network = equations.network();
    const auto& vm = solver.newton().voltages().vm_pu;
    const auto& rating = context.limits.post.rating_pu;
    ModeResponses made;
    made.place_of_bus.assign(equations.bus_count(), -1);
    for (const auto& supply : equations.supply_entries()) {
        const auto i = static_cast<std::size_t>(supply.bus);
        made.place_of_bus[i] = static_cast<std::int32_t>(made.bus.size());
        made.bus.push_back(supply.bus);
        made.is_regulating.push_back(solver.newton().voltages().mode[i] == QMode::regulating ? 1 : 0);
    }
    made.voltage_loss.assign(made.bus.size(), 0.0F);
    made.branch_strongest.assign(made.bus.size(), 0.0F);
    made.voltage_strongest.assign(made.bus.size(), 0.0F);
    const bool factored = solver.newton().factorise();

    std::vector<Entry> flows, voltages, q;
    std::vector<double> direction(static_cast<std::size_t>(equations.size()));
    for (std::size_t j = 0; factored && j < made.bus.size(); ++j) {
        const auto bus = static_cast<std::size_t>(made.bus[j]);
        const auto place = static_cast<std::int32_t>(j);
        std::fill(direction.begin(), direction.end(), 0.0);
        direction[static_cast<std::size_t>(equations.q_row(bus))] = 1.0;
        solver.newton().solve_linear(direction);
        const double dv = vm[bus] * direction[static_cast<std::size_t>(equations.v_column(bus))];
        // A bus that holds its voltage: how much Q one per unit of voltage takes, turned round.
        const bool holds = made.is_regulating[j] != 0;
        const double dq = holds ? q_injection_direction(solver, bus, direction) : 1.0;
        if (dq > 0.0 && dv > 0.0) made.voltage_loss[j] = static_cast<float>(dv / dq);
        const double own = holds ? dq : dv;
        if (std::abs(own) < kLeastOwn) continue;
        for (double& x : direction) x *= -1.0 / own;

        for (std::size_t l = 0; l < network.branches().size(); ++l) {
            if (!network.branches()[l].in_service || !std::isfinite(rating[l])) continue;
            const auto change = flow_direction(solver, l, direction);
            const double most = std::sqrt(std::max(std::norm(change.s_from), std::norm(change.s_to)));
            if (most < kLeastFlow) continue;
            flows.push_back({static_cast<std::int32_t>(l), place, static_cast<float>(most)});
            made.branch_strongest[j] = std::max(made.branch_strongest[j], flows.back().response);
        }
        for (std::size_t i = 0; i < vm.size(); ++i) {
            const double most = std::abs(vm[i] * direction[static_cast<std::size_t>(equations.v_column(i))]);
            if (most < kLeastVoltage) continue;
            voltages.push_back({static_cast<std::int32_t>(i), place, static_cast<float>(most)});
            made.voltage_strongest[j] = std::max(made.voltage_strongest[j], voltages.back().response);
        }
        const auto first = static_cast<std::ptrdiff_t>(q.size());
        for (std::size_t k = 0; k < made.bus.size(); ++k) {
            if (k == j) continue;
            const double asked =
                q_injection_direction(solver, static_cast<std::size_t>(made.bus[k]), direction);
            if (std::abs(asked) < kLeastQ) continue;
            q.push_back({place, static_cast<std::int32_t>(k), static_cast<float>(asked)});
        }
        std::sort(q.begin() + first, q.end(), [](const Entry& a, const Entry& b) {
            const float x = std::abs(a.response), y = std::abs(b.response);
            return x != y ? x > y : a.source < b.source;
        });
    }
    made.branch = by_row(rating.size(), flows);
    made.voltage = by_row(vm.size(), voltages);
    made.q = by_row(made.bus.size(), q);
    return made;
}

}  // namespace nodalroom::headroom
