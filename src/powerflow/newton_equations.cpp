// The equations a NewtonSolver solves: residual and Jacobian at its present voltages.
#include <cmath>

#include "nodalroom/powerflow/newton.hpp"
#include "power_derivative.hpp"
#include "scan_view.hpp"

namespace nodalroom::powerflow {

std::vector<double> NewtonSolver::jacobian_values() {
    evaluate_mismatch();
    fill_jacobian();
    return jacobian_;
}

double NewtonSolver::load_p(std::size_t bus) const noexcept {
    const double v = voltages_.vm_pu[bus];
    return point_.p_load[bus] + v * (point_.p_current[bus] + v * point_.p_impedance[bus]);
}

double NewtonSolver::load_q(std::size_t bus) const noexcept {
    const double v = voltages_.vm_pu[bus];
    return point_.q_load[bus] + v * (point_.q_current[bus] + v * point_.q_impedance[bus]);
}

double NewtonSolver::supply_in(std::size_t bus) const noexcept {
    const std::int32_t island = island_[bus];
    return island < 0 ? 0.0
                      : point_.alpha(bus, static_cast<std::size_t>(island)) *
                            voltages_.supply_pu[static_cast<std::size_t>(island)];
}

void NewtonSolver::update_phasors() {
    PhasorView view;
    view.buses = static_cast<std::int64_t>(e_.size());
    view.vm = voltages_.vm_pu.data();
    view.va = voltages_.va_rad.data();
    view.e = e_.data();
    view.f = f_.data();
    phasors_(view);
}

/// docs/math.md, eq. 4 and 9: what is supplied minus what the network and the loads take.
void NewtonSolver::assemble_residual() {
    for (std::size_t i = 0; i < e_.size(); ++i) {
        const auto p_row = static_cast<std::size_t>(equations_->p_row(i));
        switch (voltages_.mode[i]) {
            case QMode::de_energised:
                residual_[p_row] = 0.0;
                residual_[p_row + 1] = 0.0;
                continue;
            case QMode::regulating:
                residual_[p_row + 1] = point_.v_setpoint[i] - voltages_.vm_pu[i];
                break;
            case QMode::fixed:
                residual_[p_row + 1] = point_.q_gen[i] - q_generation(i);
                break;
            case QMode::at_min:
                residual_[p_row + 1] = point_.q_min[i] - q_generation(i);
                break;
            case QMode::at_max:
                residual_[p_row + 1] = point_.q_max[i] - q_generation(i);
                break;
        }
        residual_[p_row] = point_.p_gen[i] - p_generation(i);
    }
    for (const auto& supply : equations_->supply_entries()) {
        const auto bus = static_cast<std::size_t>(supply.bus);
        residual_[static_cast<std::size_t>(equations_->p_row(bus))] += supply_in(bus);
    }
}

double NewtonSolver::evaluate_mismatch() {
    update_phasors();
    const auto& y = equations_->y_bus();
    for (std::size_t i = 0; i < e_.size(); ++i) {
        double i_re = 0.0, i_im = 0.0;
        for (auto p = static_cast<std::size_t>(y.row_start[i]);
             p < static_cast<std::size_t>(y.row_start[i + 1]); ++p) {
            const auto k = static_cast<std::size_t>(y.column[p]);
            i_re += point_.g[p] * e_[k] - point_.b[p] * f_[k];
            i_im += point_.g[p] * f_[k] + point_.b[p] * e_[k];
        }
        p_injected_[i] = e_[i] * i_re + f_[i] * i_im;
        q_injected_[i] = f_[i] * i_re - e_[i] * i_im;
    }
    assemble_residual();
    double worst = 0.0;
    worst_bus_ = BusRow();
    for (std::size_t i = 0; i < e_.size(); ++i) {
        const auto p_row = static_cast<std::size_t>(equations_->p_row(i));
        for (const double entry : {std::abs(residual_[p_row]), std::abs(residual_[p_row + 1])}) {
            if (entry <= worst) continue;  // false for NaN, which must not be lost
            worst = entry;
            worst_bus_ = BusRow(static_cast<std::int64_t>(i));
            if (std::isnan(entry)) return entry;
        }
    }
    return worst;
}

/// docs/math.md, eq. 10: derivatives by angle and by log-magnitude.
void NewtonSolver::fill_jacobian() {
    const auto& y = equations_->y_bus();
    const auto angle_entry = equations_->angle_entry();
    const auto voltage_entry = equations_->voltage_entry();
    for (std::size_t i = 0; i < e_.size(); ++i) {
        const QMode mode = voltages_.mode[i];
        const bool q_active = mode != QMode::regulating && mode != QMode::de_energised;
        const auto diagonal = static_cast<std::size_t>(y.diagonal[i]);
        for (auto p = static_cast<std::size_t>(y.row_start[i]);
             p < static_cast<std::size_t>(y.row_start[i + 1]); ++p) {
            if (p == diagonal) continue;
            const auto k = static_cast<std::size_t>(y.column[p]);
            const auto [a, d] = power_derivative(e_[i], f_[i], e_[k], f_[k], point_.g[p], point_.b[p]);
            if (angle_entry[p] >= 0) {
                const auto at = static_cast<std::size_t>(angle_entry[p]);
                jacobian_[at] = d;
                jacobian_[at + 1] = q_active ? -a : 0.0;
            }
            const auto at = static_cast<std::size_t>(voltage_entry[p]);
            jacobian_[at] = a;
            jacobian_[at + 1] = q_active ? d : 0.0;
        }
        const double vm = voltages_.vm_pu[i];
        const double g_v2 = point_.g[diagonal] * vm * vm;
        const double b_v2 = point_.b[diagonal] * vm * vm;
        if (angle_entry[diagonal] >= 0) {
            const auto at = static_cast<std::size_t>(angle_entry[diagonal]);
            jacobian_[at] = mode == QMode::de_energised ? 1.0 : -q_injected_[i] - b_v2;
            jacobian_[at + 1] = q_active ? p_injected_[i] - g_v2 : 0.0;
        }
        const auto at = static_cast<std::size_t>(voltage_entry[diagonal]);
        const double p_load_slope = vm * (point_.p_current[i] + 2.0 * vm * point_.p_impedance[i]);
        const double q_load_slope = vm * (point_.q_current[i] + 2.0 * vm * point_.q_impedance[i]);
        jacobian_[at] = mode == QMode::de_energised ? 0.0 : p_injected_[i] + g_v2 + p_load_slope;
        jacobian_[at + 1] = q_active ? q_injected_[i] - b_v2 + q_load_slope : vm;
    }
    for (const auto& supply : equations_->supply_entries()) {
        jacobian_[static_cast<std::size_t>(supply.position)] =
            -point_.alpha(static_cast<std::size_t>(supply.bus), static_cast<std::size_t>(supply.island));
    }
}

}  // namespace nodalroom::powerflow
