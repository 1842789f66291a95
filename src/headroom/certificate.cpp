#include "nodalroom/headroom/certificate.hpp"

#include <algorithm>

namespace nodalroom::headroom {

Certificate::Certificate(const Preparation& prepared)
    : context_(&prepared.context()), states_(&prepared.states()), batch_(prepared.base(), false) {
    batch_.leave_few();
}

bool Certificate::is_clean(std::size_t state, const contingency::SolvedState& solved, double load_mw,
                           const LimitMask& mask) {
    find_exceeded(*context_, solved, mask, &intact_vm_, loading_squared_, items_);
    return std::all_of(items_.begin(), items_.end(), [&](Item& item) {
        // Only of limits that were exceeded without the load is the value then known here.
        const auto& exceeded = states_->exceeded[state];
        const auto before = std::find_if(exceeded.begin(), exceeded.end(), [&](const Item& other) {
            return other.type == item.type && other.element == item.element;
        });
        if (before == exceeded.end()) return false;
        set_excess(*context_, load_mw, before->value_pu, item);
        return !(item.excess_pu > 0.0);
    });
}

Certificate::Result Certificate::check(contingency::StateSolver& intact, const Candidate& candidate,
                                       double load_mw, const LimitMask& mask,
                                       std::span<const std::size_t> states, const RunControl* control) {
    Result result;
    if (states.empty()) return result;
    const contingency::BaseCase& base = *context_->base;
    intact_vm_ = intact.newton().voltages().vm_pu;
    if (factor_) {
        factor_->take(intact.newton());
    } else {
        factor_.emplace(base.lanes(), intact.newton());
    }
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
            task.own_factor = needs_own_factor_.count(states[next]) > 0;
            task.shift = states_->shifts.empty() ? nullptr : &states_->shifts[states[next]];
            ++next;
            return true;
        },
        [&](const contingency::SolvedState& solved) {
            if (solved.own_factor) needs_own_factor_.insert(states[solved.id]);
            const bool upper = solved.voltages->vm_pu[candidate.bus.pos()] > kSuspectVoltagePu;
            if (upper && is_clean(states[solved.id], solved, load_mw, mask)) {
                ++result.clean;
            } else {
                result.doubtful.push_back(solved.id);
            }
        },
        [&](const contingency::StateTask& task, const powerflow::NewtonReport&) {
            needs_own_factor_.insert(states[task.id]);
            result.doubtful.push_back(task.id);
        });
    std::sort(result.doubtful.begin(), result.doubtful.end());
    for (std::size_t& state : result.doubtful) state = states[state];
    return result;
}

}  // namespace nodalroom::headroom
