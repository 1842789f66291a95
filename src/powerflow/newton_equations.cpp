// The equations a NewtonSolver solves: residual and Jacobian at its present voltages.
#include <algorithm>
#include <cmath>
#include <limits>

#include "newton_view.hpp"
#include "nodalroom/powerflow/newton.hpp"
#include "scan_view.hpp"

namespace nodalroom::powerflow {

static_assert(static_cast<std::uint8_t>(QMode::fixed) == kFixedMode &&
              static_cast<std::uint8_t>(QMode::regulating) == kRegulatingMode &&
              static_cast<std::uint8_t>(QMode::at_min) == kAtMinMode &&
              static_cast<std::uint8_t>(QMode::at_max) == kAtMaxMode &&
              static_cast<std::uint8_t>(QMode::de_energised) == kDeEnergisedMode);

namespace {

const std::uint8_t* numbers_of(const std::vector<QMode>& modes) noexcept {
    return reinterpret_cast<const std::uint8_t*>(modes.data());  // bytes may be looked at as such
}

}  // namespace

std::vector<double> NewtonSolver::jacobian_values() {
    evaluate_mismatch();
    return gather_jacobian();
}

/// Beside the last factors, which stay as they are.
std::vector<double> NewtonSolver::gather_jacobian() const {
    numerics::AlignedArray<double> blocks(4 * equations_->factors().columns().size());
    fill_jacobian({blocks.data(), blocks.size()});
    std::vector<double> nonzeros;
    nonzeros.reserve(equations_->pattern().nonzeros());
    for (const std::int32_t place : equations_->places_in_factors())
        nonzeros.push_back(blocks[static_cast<std::size_t>(place)]);
    return nonzeros;
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
    ResidualView view;
    view.buses = static_cast<std::int64_t>(e_.size());
    view.mode = numbers_of(voltages_.mode);
    view.vm = voltages_.vm_pu.data();
    view.p_injected = p_injected_.data();
    view.q_injected = q_injected_.data();
    view.p_gen = point_.p_gen.data();
    view.q_gen = point_.q_gen.data();
    view.q_min = point_.q_min.data();
    view.q_max = point_.q_max.data();
    view.v_setpoint = point_.v_setpoint.data();
    view.p_load = point_.p_load.data();
    view.q_load = point_.q_load.data();
    view.p_current = point_.p_current.data();
    view.q_current = point_.q_current.data();
    view.p_impedance = point_.p_impedance.data();
    view.q_impedance = point_.q_impedance.data();
    view.p = p_residual_.data();
    view.q = q_residual_.data();
    newton_kernels(equations_->vector_unit()).residual(view);
    for (const auto& supply : equations_->supply_entries()) {
        const auto bus = static_cast<std::size_t>(supply.bus);
        p_residual_[bus] += supply_in(bus);
    }
}

double NewtonSolver::evaluate_mismatch() {
    update_phasors();
    const auto& y = equations_->y_bus();
    InjectionView view;
    view.buses = static_cast<std::int64_t>(e_.size());
    view.row_start = y.row_start.data();
    view.column = y.column.data();
    view.g = point_.g.data();
    view.b = point_.b.data();
    view.e = e_.data();
    view.f = f_.data();
    view.p = p_injected_.data();
    view.q = q_injected_.data();
    newton_kernels(equations_->vector_unit()).inject(view);
    assemble_residual();
    return order_residual();
}

/// To elimination order; the largest entry.
double NewtonSolver::order_residual() {
    for (std::size_t i = 0; i < e_.size(); ++i) {
        const auto p_row = static_cast<std::size_t>(equations_->p_row(i));
        residual_[p_row] = p_residual_[i];
        residual_[p_row + 1] = q_residual_[i];
    }
    double worst = 0.0;
    worst_bus_ = BusRow();
    for (std::size_t i = 0; i < e_.size(); ++i) {
        const double p = std::abs(p_residual_[i]), q = std::abs(q_residual_[i]);
        if (p <= worst && q <= worst) continue;  // false for NaN, which must not be lost
        worst = p > q ? p : q;
        worst_bus_ = BusRow(static_cast<std::int64_t>(i));
        if (std::isnan(p) || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();
    }
    return worst;
}

/// docs/math.md, eq. 10: derivatives by angle and by log-magnitude, among the blocks of the factors.
void NewtonSolver::fill_jacobian(std::span<double> blocks) const {
    const auto& y = equations_->y_bus();
    JacobianView view;
    view.buses = static_cast<std::int64_t>(e_.size());
    view.pairs = static_cast<std::int64_t>(equations_->entry_pairs().size());
    view.pair = equations_->entry_pairs().data();
    view.diagonal = y.diagonal.data();
    view.diagonal_block = equations_->diagonal_block().data();
    view.g = point_.g.data();
    view.b = point_.b.data();
    view.e = e_.data();
    view.f = f_.data();
    view.mode = numbers_of(voltages_.mode);
    view.vm = voltages_.vm_pu.data();
    view.p_injected = p_injected_.data();
    view.q_injected = q_injected_.data();
    view.p_current = point_.p_current.data();
    view.q_current = point_.q_current.data();
    view.p_impedance = point_.p_impedance.data();
    view.q_impedance = point_.q_impedance.data();
    std::fill(blocks.begin(), blocks.end(), 0.0);
    view.blocks = blocks.data();
    newton_kernels(equations_->vector_unit()).jacobian(view);
    for (const std::int32_t block : equations_->reference_blocks()) {
        blocks[4 * static_cast<std::size_t>(block)] = 0.0;
        blocks[4 * static_cast<std::size_t>(block) + 2] = 0.0;
    }
    for (const auto& supply : equations_->supply_entries()) {
        blocks[4 * static_cast<std::size_t>(supply.block)] =
            -point_.alpha(static_cast<std::size_t>(supply.bus), static_cast<std::size_t>(supply.island));
    }
}

}  // namespace nodalroom::powerflow
