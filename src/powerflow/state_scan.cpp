#include "nodalroom/powerflow/state_scan.hpp"

#include "scan_view.hpp"

namespace nodalroom::powerflow {

namespace {

// Doubles in the widest register: the last branches are read in a whole one.
constexpr std::size_t kRegister = 8;

}  // namespace

StateScan::StateScan(const Equations& equations, numerics::VectorUnit unit) : unit_(unit) {
    const auto branches = equations.network().branches();
    for (auto& part : admittance_) part = numerics::AlignedArray<double>(branches.size() + kRegister, 0.0);
    for (std::size_t l = 0; l < branches.size(); ++l) {
        from_.push_back(static_cast<std::int32_t>(branches[l].from.value()));
        to_.push_back(static_cast<std::int32_t>(branches[l].to.value()));
        if (!branches[l].in_service) continue;
        const auto& y = equations.branch_admittance()[l];
        std::size_t part = 0;
        for (const model::Complex value : {y.yff, y.yft, y.ytf, y.ytt}) {
            admittance_[part++][l] = value.real();
            admittance_[part++][l] = value.imag();
        }
    }
}

double StateScan::loadings(std::span<const double> v_real, std::span<const double> v_imag, BranchRow lost,
                           std::span<const double> weight, std::vector<double>& loading_squared) const {
    const ScanKernels kernels = scan_kernels(unit_);
    loading_squared.resize(branches());
    FlowView view;
    view.branches = static_cast<std::int64_t>(branches());
    view.from = from_.data();
    view.to = to_.data();
    for (std::size_t part = 0; part < 8; ++part) view.admittance[part] = admittance_[part].data();
    view.weight = weight.data();
    view.e = v_real.data();
    view.f = v_imag.data();
    view.loading_squared = loading_squared.data();
    kernels.flows(view);
    if (lost.valid()) loading_squared[lost.pos()] = 0.0;
    return kernels.largest(loading_squared.data(), view.branches);
}

StateScan::Voltages StateScan::voltages(std::span<const double> vm_pu, std::span<const double> vmin_pu,
                                        std::span<const double> vmax_pu) const {
    VoltageView view;
    view.buses = static_cast<std::int64_t>(vm_pu.size());
    view.vm = vm_pu.data();
    view.vmin = vmin_pu.data();
    view.vmax = vmax_pu.data();
    scan_kernels(unit_).voltages(view);
    return {view.lowest, view.highest, view.margin_to_vmin, view.margin_to_vmax};
}

}  // namespace nodalroom::powerflow
