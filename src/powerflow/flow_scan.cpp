#include "nodalroom/powerflow/flow_scan.hpp"

#include "lane_view.hpp"

namespace nodalroom::powerflow {

FlowScan::FlowScan(const Equations& equations) : unit_(equations.vector_unit()) {
    const auto branches = equations.network().branches();
    for (auto& part : admittance_) part = numerics::AlignedArray<double>(branches.size(), 0.0);
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

BranchFlows FlowScan::make_flows() const {
    BranchFlows flows;
    for (auto* values : {&flows.p_from, &flows.q_from, &flows.p_to, &flows.q_to, &flows.s_squared}) {
        *values = numerics::AlignedArray<double>(branches(), 0.0);
    }
    return flows;
}

void FlowScan::evaluate(std::span<const double> v_real, std::span<const double> v_imag, BranchRow lost,
                        BranchFlows& flows) const {
    FlowView view;
    view.branches = static_cast<std::int64_t>(branches());
    view.from = from_.data();
    view.to = to_.data();
    for (std::size_t part = 0; part < 8; ++part) view.admittance[part] = admittance_[part].data();
    view.e = v_real.data();
    view.f = v_imag.data();
    view.p_from = flows.p_from.data();
    view.q_from = flows.q_from.data();
    view.p_to = flows.p_to.data();
    view.q_to = flows.q_to.data();
    view.s_squared = flows.s_squared.data();
    lane_kernels(unit_, LaneFactors::one_lane).flows(view);
    if (!lost.valid()) return;
    for (auto* values : {&flows.p_from, &flows.q_from, &flows.p_to, &flows.q_to, &flows.s_squared}) {
        (*values)[lost.pos()] = 0.0;
    }
}

}  // namespace nodalroom::powerflow
