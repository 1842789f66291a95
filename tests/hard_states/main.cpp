// Lists the hard states of the full N-1 of cases, as Markdown: those without a solution, those that lanes
// hand on, and what they have in common with what is hard.  nodalroom_hard_states CASE.m...

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <numbers>
#include <string>

#include "nodalroom/io/matpower_case.hpp"
#include "nodalroom/report/names.hpp"
#include "support/full_sweep.hpp"

namespace {

using namespace nodalroom;
using contingency::OutageKind;
using testing::ComparedState;
using testing::Route;

// Of the states that only needed a factor of their own, the hardest are named.
constexpr std::size_t kNamed = 10;
// Switches of reactive limits that are many.
constexpr int kManySwitches = 10;
// A voltage, and an angle over the gap, that speak of an end that hangs on far too little.
constexpr double kLowVoltagePu = 0.85;
constexpr double kWideAngleDegree = 30.0;

double degrees(double rad) { return rad * 180.0 / std::numbers::pi; }

/// What can be said of a state beyond its status.
std::string describe(const contingency::BaseCase& base, const std::vector<int>& branches_at,
                     const std::vector<double>& intact_mva, const ComparedState& state) {
    const auto& network = base.network();
    std::string text;
    char part[120];
    const auto add = [&](const char* words) { text += (text.empty() ? "" : "; ") + std::string(words); };
    if (state.outage.kind == OutageKind::branch) {
        const auto row = static_cast<std::size_t>(state.outage.row);
        const auto& branch = network.branches()[row];
        std::snprintf(part, sizeof part, "carried %.0f MVA", intact_mva[row]);
        add(part);
        for (const BusRow bus : {branch.from, branch.to}) {
            if (branches_at[bus.pos()] != 2) continue;
            std::snprintf(part, sizeof part, "bus %d then hangs on one branch",
                          static_cast<int>(network.bus(bus).number.value()));
            add(part);
        }
    } else {
        const auto& unit = network.unit(UnitRow(state.outage.row));
        std::snprintf(part, sizeof part, "produced %.0f MW", unit.p_pu * network.base_mva());
        add(part);
    }
    if (!state.solved()) {
        if (state.scalar.worst_bus.valid()) {
            std::snprintf(part, sizeof part, "the last attempt lacks %.3g MVA at bus %d",
                          state.scalar.max_mismatch_pu * network.base_mva(),
                          static_cast<int>(network.bus(state.scalar.worst_bus).number.value()));
            add(part);
        }
        return text;
    }
    if (state.scalar.q_switches >= kManySwitches) {
        std::snprintf(part, sizeof part, "%d switches of reactive limits", state.scalar.q_switches);
        add(part);
    }
    if (degrees(state.angle_rad) > kWideAngleDegree) {
        std::snprintf(part, sizeof part, "%.0f° over the gap", degrees(state.angle_rad));
        add(part);
    }
    if (state.vm_min_pu < kLowVoltagePu) {
        std::snprintf(part, sizeof part, "lowest voltage %.3f pu", state.vm_min_pu);
        add(part);
    }
    return text;
}

void list_states(const contingency::BaseCase& base, const std::string& name, bool q_limits) {
    const auto& network = base.network();
    std::printf("\n### %s, %s reactive limits\n\n", name.c_str(), q_limits ? "with" : "without");
    if (!base.solved()) {
        std::printf("The intact case has no solution: %s.\n",
                    powerflow::describe_attempts(network, base.attempts()).c_str());
        return;
    }
    std::vector<int> branches_at(network.buses().size(), 0);
    std::vector<double> intact_mva(network.branches().size(), 0.0);
    powerflow::NewtonSolver intact(base.equations(), base.point());
    intact.start_from(base.voltages());
    intact.evaluate_mismatch();
    for (std::size_t l = 0; l < intact_mva.size(); ++l) {
        const auto& branch = network.branches()[l];
        if (!branch.in_service) continue;
        ++branches_at[branch.from.pos()];
        ++branches_at[branch.to.pos()];
        const auto flow = powerflow::flow_of(intact, l);
        intact_mva[l] = network.base_mva() * std::max(std::abs(flow.s_from), std::abs(flow.s_to));
    }
    const auto states = testing::compare_full_sweep(base, 0);
    std::size_t by_route[3] = {0, 0, 0}, unsolved = 0, other_status = 0, other_modes = 0, many_switches = 0;
    double worst = 0.0;
    std::vector<const ComparedState*> named, own;
    for (const ComparedState& state : states) {
        if (!state.same_status()) ++other_status;
        if (!state.same_modes) ++other_modes;
        if (state.scalar.q_switches >= kManySwitches) ++many_switches;
        worst = std::max(worst, state.difference_pu);
        if (!state.solved()) {
            ++unsolved;
        } else {
            ++by_route[static_cast<std::size_t>(state.route)];
        }
        if (!state.solved() || state.route == Route::all_starts || !state.same_modes) {
            named.push_back(&state);
        } else if (state.route == Route::own_factor) {
            own.push_back(&state);
        }
    }
    std::printf(
        "%zu states: %zu solved with the shared factor, %zu with their own, %zu by the scalar solver alone, "
        "%zu "
        "without a solution.\nLanes and scalar solver differ by %.1e pu at most, in %zu statuses and in the "
        "limits "
        "of %zu states; %zu states switch %d limits or more.\n",
        states.size(), by_route[0], by_route[1], by_route[2], unsolved, worst, other_status, other_modes,
        many_switches, kManySwitches);
    std::stable_sort(own.begin(), own.end(), [](const ComparedState* a, const ComparedState* b) {
        return a->scalar.iterations > b->scalar.iterations;
    });
    own.resize(std::min(own.size(), kNamed));
    named.insert(named.end(), own.begin(), own.end());
    if (named.empty()) return;
    std::printf("\n| state | ends as | settled by | steps | what it is |\n|---|---|---|---|---|\n");
    constexpr const char* kRoutes[] = {"shared factor", "own factor", "scalar solver"};
    for (const ComparedState* state : named) {
        std::printf("| %s | %s | %s | %d | %s |\n", report::outage_name(network, state->outage).c_str(),
                    powerflow::to_string(state->scalar.status),
                    kRoutes[static_cast<std::size_t>(state->route)], state->scalar.iterations,
                    describe(base, branches_at, intact_mva, *state).c_str());
    }
}

}  // namespace

int main(int count, char** arguments) try {
    for (int k = 1; k < count; ++k) {
        const std::filesystem::path path(arguments[k]);
        const auto network = model::Network::from_matpower(io::read_matpower(path));
        std::printf("\n## %s\n", path.stem().c_str());
        for (const bool q_limits : {false, true}) {
            powerflow::PowerFlowOptions options;
            options.enforce_q_limits = q_limits;
            const contingency::BaseCase base(network, options);
            list_states(base, path.stem().string(), q_limits);
            std::fflush(stdout);
        }
    }
    return 0;
} catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
}
