#include "nodalroom/headroom/certificate.hpp"

#include <algorithm>
#include <cmath>

namespace nodalroom::headroom {
namespace {

// Below this voltage at the loaded bus a solution is checked for being the upper one, elsewhere.
constexpr double kSuspectVoltagePu = 0.8;

}  // namespace

Certificate::Certificate(const Preparation& prepared)
    : context_(&prepared.context()),
      states_(&prepared.states()),
      batch_(prepared.base(), false),
      flows_(prepared.base().flow_scan().make_flows()) {}

/// Without knowing the state's value before, only a limit broken even then can be weighed here.
bool Certificate::was_and_does_not_count(std::size_t state, LimitType type, std::size_t element,
                                         double value_pu, double load_mw) const {
    for (const Item& before : states_->exceeded[state]) {
        if (before.type != type || static_cast<std::size_t>(before.element) != element) continue;
        if (type == LimitType::thermal) {
            return value_pu - before.value_pu <=
                   context_->options.attribution_mva_per_mw * load_mw / context_->base_mva();
        }
        const double change =
            type == LimitType::low_voltage ? before.value_pu - value_pu : value_pu - before.value_pu;
        return change <= context_->options.attribution_voltage_pu;
    }
    return false;
}

bool Certificate::is_clean(std::size_t state, const contingency::SolvedState& solved, double load_mw,
                           const LimitMask& mask) {
    const contingency::Limits& limits = context_->limits.post;
    if (mask.thermal) {
        context_->base->flow_scan().evaluate(solved.v_real, solved.v_imag, flows_);
        const bool lost_branch = solved.outage.kind == contingency::OutageKind::branch;
        if (lost_branch) flows_.s_squared[static_cast<std::size_t>(solved.outage.row)] = 0.0;
        for (std::size_t l = 0; l < limits.rating_pu.size(); ++l) {
            const double rating = limits.rating_pu[l];
            if (!(flows_.s_squared[l] > rating * rating)) continue;
            if (!was_and_does_not_count(state, LimitType::thermal, l, std::sqrt(flows_.s_squared[l]),
                                        load_mw)) {
                return false;
            }
        }
    }
    if (!mask.voltage) return true;
    const auto& vm = solved.voltages->vm_pu;
    for (std::size_t i = 0; i < vm.size(); ++i) {
        if (vm[i] < limits.vmin_pu[i] &&
            !was_and_does_not_count(state, LimitType::low_voltage, i, vm[i], load_mw)) {
            return false;
        }
        if (vm[i] > limits.vmax_pu[i] &&
            !was_and_does_not_count(state, LimitType::high_voltage, i, vm[i], load_mw)) {
            return false;
        }
    }
    if (const auto most = context_->limits.voltage_change_max_pu) {
        for (std::size_t i = 0; i < vm.size(); ++i) {
            if (!std::isfinite(limits.vmin_pu[i]) && !std::isfinite(limits.vmax_pu[i])) continue;
            const double change = std::abs(vm[i] - intact_vm_[i]);
            if (change > *most &&
                !was_and_does_not_count(state, LimitType::voltage_change, i, change, load_mw)) {
                return false;
            }
        }
    }
    return true;
}

Certificate::Result Certificate::check(contingency::StateSolver& intact,
                                       const StatePath::Candidate& candidate, double load_mw,
                                       const LimitMask& mask, std::span<const std::size_t> states,
                                       const RunControl* control) {
    Result result;
    if (states.empty()) return result;
    const contingency::BaseCase& base = *context_->base;
    intact_vm_ = intact.newton().voltages().vm_pu;
    factor_.emplace(base.lanes(), intact.newton());
    batch_.share(*factor_);
    const powerflow::LaneStart start(base.lanes(), intact.newton().voltages());
    const double p = load_mw / base.network().base_mva();
    std::size_t next = 0;
    batch_.run(
        [&](contingency::StateTask& task) {
            if (control != nullptr && control->cancelled()) return false;
            if (next == states.size()) return false;
            task.id = next;
            task.outage = states_->outages[states[next]];
            task.load_bus = candidate.bus;
            task.load_p_pu = p;
            task.load_q_pu = p * candidate.mvar_per_mw;
            task.start = &start;
            ++next;
            return true;
        },
        [&](const contingency::SolvedState& solved) {
            const bool upper = solved.voltages->vm_pu[candidate.bus.pos()] > kSuspectVoltagePu;
            if (upper && is_clean(states[solved.id], solved, load_mw, mask)) {
                ++result.clean;
            } else {
                result.doubtful.push_back(solved.id);
            }
        },
        [&](const contingency::StateTask& task, const powerflow::NewtonReport&) {
            result.doubtful.push_back(task.id);
        });
    std::sort(result.doubtful.begin(), result.doubtful.end());
    for (std::size_t& state : result.doubtful) state = states[state];
    return result;
}

}  // namespace nodalroom::headroom
