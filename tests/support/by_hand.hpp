#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <vector>

#include "nodalroom/contingency/state_solver.hpp"
#include "nodalroom/headroom/options.hpp"

/// What referees work out for themselves, from the definition and the case's records alone.
namespace nodalroom::testing {

inline powerflow::PowerFlowOptions power_flow_of(const headroom::HeadroomOptions& options) {
    powerflow::PowerFlowOptions result;
    result.balance = options.balance;
    result.enforce_q_limits = options.enforce_q_limits;
    result.mismatch_tolerance_pu = options.mismatch_tolerance_pu;
    return result;
}

/// The larger |S| of both ends of every branch, MVA, from the π-model written out here.
inline std::vector<double> larger_flows(const model::Network& network, const powerflow::Voltages& v,
                                        contingency::Outage outage) {
    std::vector<double> result(network.branches().size(), 0.0);
    const auto phasor = [&](BusRow bus) { return std::polar(v.vm_pu[bus.pos()], v.va_rad[bus.pos()]); };
    for (std::size_t l = 0; l < result.size(); ++l) {
        const auto& branch = network.branches()[l];
        const bool out =
            outage.kind == contingency::OutageKind::branch && static_cast<std::size_t>(outage.row) == l;
        if (!branch.in_service || out) continue;
        const std::complex<double> series(branch.r_pu, branch.x_pu), half(0.0, 0.5 * branch.b_pu);
        const auto ratio = std::polar(branch.tap, branch.shift_rad);
        const auto behind = phasor(branch.from) / ratio;  // the π behind the ideal transformer
        const auto to = phasor(branch.to);
        const auto in = (behind - to) / series + half * behind;
        const auto out_current = (to - behind) / series + half * to;
        result[l] = network.base_mva() *
                    std::max(std::abs(behind * std::conj(in)), std::abs(to * std::conj(out_current)));
    }
    return result;
}

/// A branch's rating, MVA; infinite where it has none or is not watched.
inline double rating_mva(const model::Network& network, const headroom::HeadroomOptions& options,
                         std::size_t row, bool intact) {
    const model::Branch& branch = network.branches()[row];
    const auto set = intact ? options.limits.rating_intact : options.limits.rating_post;
    double rating = set == model::RatingSet::b   ? branch.rate_b_pu
                    : set == model::RatingSet::c ? branch.rate_c_pu
                                                 : branch.rate_a_pu;
    if (rating == 0.0) rating = branch.rate_a_pu;
    const double lower_kv = std::min(network.bus(branch.from).base_kv, network.bus(branch.to).base_kv);
    if (rating == 0.0 || lower_kv < options.limits.monitor_min_kv)
        return std::numeric_limits<double>::infinity();
    return rating * network.base_mva();
}

}  // namespace nodalroom::testing
