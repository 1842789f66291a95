// How states leave their lanes.
#include <algorithm>

#include "lane_newton_impl.hpp"

namespace nodalroom::powerflow {

void LaneNewton::Impl::unload(int lane) {
    const LaneStructure& s = *structure_;
    Lane& state = lane_[static_cast<std::size_t>(lane)];
    state.busy = false;
    if (state.task.edit != nullptr) {
        for (const auto& entry : state.task.edit->entries) {
            const std::int32_t p = s.y_to[static_cast<std::size_t>(entry.position)];
            const auto q = static_cast<std::size_t>(p);
            const std::int32_t row = s.y_row[q];
            if (y_slots_.clear(p, lane, y_g_[q], y_b_[q]) &&
                --entries_that_differ_[static_cast<std::size_t>(row)] == 0) {
                mark(row, kLanesDiffer, false);
            }
        }
    }
    if (state.task.load.bus >= 0) {
        const std::int32_t row = s.position(static_cast<std::size_t>(state.task.load.bus));
        if (load_slots_.clear(row, lane, 0.0, 0.0)) mark(row, kAddedLoad, false);
    }
}

/// The voltages of all leaving lanes, by bus: lanes lie side by side, so that together they cost what one
/// does.
void LaneNewton::Impl::extract() {
    const std::size_t n = structure_->buses();
    for (std::size_t position = 0; position < n; ++position) {
        const auto bus = static_cast<std::size_t>(structure_->bus_at[position]);
        for (const std::int32_t lane : leaving_) {
            const std::size_t here = at(static_cast<std::int32_t>(position), lane);
            double* const to =
                extracted_.data() + (options_.angles ? 3 : 2) * n * static_cast<std::size_t>(lane);
            to[bus] = e_[here];
            to[n + bus] = f_[here];
            if (options_.angles) to[2 * n + bus] = va_[here];
        }
    }
}

void LaneNewton::Impl::hand_over(int lane, const std::function<void(const LaneResult&)>& done) {
    const LaneStructure& s = *structure_;
    const Lane& state = lane_[static_cast<std::size_t>(lane)];
    const std::size_t n = s.buses();
    const double* const v_real =
        extracted_.data() + (options_.angles ? 3 : 2) * n * static_cast<std::size_t>(lane);
    LaneResult result;
    result.id = state.task.id;
    result.report = state.report;
    if (result.report.converged()) {
        PhasorView view;
        view.buses = static_cast<std::int64_t>(n);
        view.e = const_cast<double*>(v_real);
        view.f = view.e + n;
        view.magnitude = voltages_.vm_pu.data();
        magnitudes_(view);
        if (options_.angles) std::copy_n(v_real + 2 * n, n, voltages_.va_rad.begin());
        for (std::size_t unit = 0; unit < s.unit_bus.size(); ++unit) {
            voltages_.mode[static_cast<std::size_t>(s.unit_bus[unit])] =
                mode_[at(static_cast<std::int32_t>(unit), lane)];
        }
        const auto references = s.equations->network().reference_of_island();
        for (std::size_t island = 0; island < references.size(); ++island) {
            const std::int32_t row = s.supply_row[island];
            voltages_.supply_pu[island] = supply_[at(row, lane)];
        }
    }
    result.voltages = &voltages_;
    result.v_real = {v_real, n};
    result.v_imag = {v_real + n, n};
    done(result);
}

}  // namespace nodalroom::powerflow
