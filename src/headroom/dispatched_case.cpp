#include "nodalroom/headroom/dispatched_case.hpp"

namespace nodalroom::headroom {

std::unique_ptr<contingency::BaseCase> solve_dispatch(const contingency::BaseCase& base,
                                                      const std::vector<double>& unit_p_mw,
                                                      const Candidate& candidate, double load_mw) {
    constexpr int kMostSteps = 64;
    const model::Network& network = base.network();
    for (int steps = 1; steps <= kMostSteps; steps *= 2) {
        std::unique_ptr<contingency::BaseCase> reached;
        for (int step = 1; step <= steps; ++step) {
            const double share = static_cast<double>(step) / steps;
            powerflow::Powers powers;
            for (std::size_t u = 0; u < unit_p_mw.size(); ++u) {
                const double from = network.units()[u].p_pu * network.base_mva();
                powers.unit_p_mw.push_back(step == steps ? unit_p_mw[u]
                                                         : from + share * (unit_p_mw[u] - from));
            }
            const double p_pu = share * load_mw / network.base_mva();
            reached = std::make_unique<contingency::BaseCase>(
                base, std::move(powers),
                powerflow::AddedLoad{static_cast<std::int32_t>(candidate.bus.value()), p_pu,
                                     p_pu * candidate.mvar_per_mw},
                reached ? reached->voltages() : base.voltages());
            if (!reached->solved()) break;
        }
        if (reached->solved()) return reached;
    }
    return nullptr;
}

}  // namespace nodalroom::headroom
