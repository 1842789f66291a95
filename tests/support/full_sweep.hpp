#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "nodalroom/contingency/batch_solver.hpp"
#include "nodalroom/core/parallel.hpp"
#include "nodalroom/model/branch_model.hpp"

namespace nodalroom::testing {

/// Who settled a state of a sweep.
enum class Route { shared_factor, own_factor, all_starts };

/// One state, solved in a batch and by the scalar solver with all its starts.
struct ComparedState {
    contingency::Outage outage;
    Route route = Route::all_starts;
    powerflow::NewtonReport batch;  ///< of its last lane
    powerflow::NewtonReport scalar;
    double difference_pu = 0.0;  ///< largest of magnitudes and angles (radians), where both solved it
    bool same_modes = true;
    double vm_min_pu = std::numeric_limits<double>::quiet_NaN();
    double angle_rad = std::numeric_limits<double>::quiet_NaN();  ///< between the ends of the lost branch

    [[nodiscard]] bool solved() const { return scalar.converged(); }
    /// No state may be solved in a lane that no start of the scalar solver leads to.
    [[nodiscard]] bool same_status() const { return route == Route::all_starts || scalar.converged(); }
};

/// Every state of the N-1 (every `stride`th) both ways. Results stand in the order of the outages.
inline std::vector<ComparedState> compare_full_sweep(const contingency::BaseCase& base, int threads,
                                                     std::size_t stride = 1) {
    const auto all = contingency::list_outages(base.network(), contingency::ContingencySet::n_minus_1);
    std::vector<ComparedState> states;
    for (std::size_t i = 0; i < all.size(); i += stride) {
        states.emplace_back();
        states.back().outage = all[i];
    }
    parallel_team(states.size(), threads, nullptr, [&](int, WorkQueue& queue) {
        contingency::BatchSolver batch(base, true);
        contingency::StateSolver scalar(base);
        const auto solve = [&](ComparedState& state) {
            scalar.set_outage(state.outage);
            state.scalar = scalar.solve_from_base();
            if (!state.solved()) return;
            const auto& v = scalar.newton().voltages();
            state.vm_min_pu = *std::min_element(v.vm_pu.begin(), v.vm_pu.end());
            if (state.outage.kind != contingency::OutageKind::branch) return;
            const auto& branch = base.network().branches()[static_cast<std::size_t>(state.outage.row)];
            state.angle_rad = std::abs(v.va_rad[branch.from.pos()] - v.va_rad[branch.to.pos()]);
        };
        batch.run(
            [&](contingency::StateTask& task) {
                if (!queue.take(task.id)) return false;
                task.outage = states[task.id].outage;
                return true;
            },
            [&](const contingency::SolvedState& solved) {
                ComparedState& state = states[solved.id];
                state.batch = solved.report;
                state.route = solved.report.factorisations > 0 ? Route::own_factor : Route::shared_factor;
                solve(state);
                if (!state.solved()) return;
                const auto& expected = scalar.newton().voltages();
                const auto& got = *solved.voltages;
                for (std::size_t i = 0; i < expected.vm_pu.size(); ++i) {
                    if (!base.equations().is_energised(i)) continue;
                    state.difference_pu =
                        std::max({state.difference_pu, std::abs(got.vm_pu[i] - expected.vm_pu[i]),
                                  std::abs(got.va_rad[i] - expected.va_rad[i])});
                    if (got.mode[i] != expected.mode[i]) state.same_modes = false;
                }
            },
            [&](const contingency::StateTask& task, const powerflow::NewtonReport& report) {
                states[task.id].batch = report;
                solve(states[task.id]);
            });
    });
    return states;
}

}  // namespace nodalroom::testing
