#include "nodalroom/headroom/pair_effect.hpp"

#include <cmath>
#include <tuple>

namespace nodalroom::headroom {
namespace {

using contingency::StateSolver;
using model::Complex;

// Effects kept for other buses take no more than this.
constexpr std::size_t kMostBytes = std::size_t{512} << 20;

/// Derivative of the pair's quantity by the state's unknowns, as right-hand sides of the adjoint.
void fill_gradient(const StateSolver& solver, const LimitPair& pair, std::vector<double>& re,
                   std::vector<double>& im) {
    const auto& equations = solver.base().equations();
    const auto at = static_cast<std::size_t>(pair.element);
    if (pair.type != LimitType::thermal) {
        re[static_cast<std::size_t>(equations.v_column(at))] = solver.newton().voltages().vm_pu[at];
        return;
    }
    std::vector<double> direction(re.size(), 0.0);
    const auto add_column = [&](std::int32_t column) {
        const auto c = static_cast<std::size_t>(column);
        direction[c] = 1.0;
        const auto change = flow_direction(solver, at, direction);
        direction[c] = 0.0;
        const Complex value = pair.at_to ? change.s_to : change.s_from;
        re[c] = value.real();
        im[c] = value.imag();
    };
    const model::Branch& branch = equations.network().branches()[at];
    for (const BusRow bus : {branch.from, branch.to}) {
        add_column(equations.v_column(bus.pos()));
        // A reference bus has the island's supply in place of an angle.
        if (!equations.is_reference(bus.pos())) add_column(equations.angle_column(bus.pos()));
    }
}

/// The effects of injections, read off an adjoint.
void read_adjoint(const StateSolver& solver, const std::vector<double>& adjoint, std::vector<float>& by_p,
                  std::vector<float>& by_q) {
    const auto& equations = solver.base().equations();
    const auto& mode = solver.newton().voltages().mode;
    const std::size_t buses = equations.bus_count();
    by_p.assign(buses, 0.0F);
    by_q.assign(buses, 0.0F);
    for (std::size_t i = 0; i < buses; ++i) {
        if (!equations.is_energised(i)) continue;
        by_p[i] = static_cast<float>(adjoint[static_cast<std::size_t>(equations.p_row(i))]);
        // Where the voltage is held, reactive power injected is reactive power not produced.
        if (mode[i] != powerflow::QMode::regulating)
            by_q[i] = static_cast<float>(adjoint[static_cast<std::size_t>(equations.q_row(i))]);
    }
}

}  // namespace

Complex pair_quantity(const contingency::BaseCase& base, const LimitPair& pair,
                      const contingency::SolvedState& solved) {
    const auto at = static_cast<std::size_t>(pair.element);
    if (pair.type != LimitType::thermal) return solved.voltages->vm_pu[at];
    const model::Branch& branch = base.network().branches()[at];
    const auto phasor = [&](BusRow bus) {
        return Complex(solved.v_real[bus.pos()], solved.v_imag[bus.pos()]);
    };
    const auto flow =
        model::branch_flow(base.equations().branch_admittance()[at], phasor(branch.from), phasor(branch.to));
    return pair.at_to ? flow.s_to : flow.s_from;
}

void find_effect(StateSolver& solver, const LimitPair& pair, PairEffect& effect) {
    const auto size = static_cast<std::size_t>(solver.base().equations().size());
    std::vector<double> re(size, 0.0), im(size, 0.0);
    fill_gradient(solver, pair, re, im);
    solver.newton().solve_adjoint(re);
    read_adjoint(solver, re, effect.re_by_p, effect.re_by_q);
    if (pair.type == LimitType::thermal) {
        solver.newton().solve_adjoint(im);
        read_adjoint(solver, im, effect.im_by_p, effect.im_by_q);
    }
}

StateSolver* UnloadedStates::at(contingency::Outage outage) {
    if (at_ == outage) return &solver_;
    at_.reset();
    solver_.set_outage(outage);
    if (!solver_.solve_from_base().converged() || !solver_.newton().factorise()) return nullptr;
    at_ = outage;
    return &solver_;
}

std::shared_ptr<const PairEffect> PairLibrary::effect(const LimitPair& pair, UnloadedStates& states) {
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = effects_.find(pair); found != effects_.end()) return found->second;
    }
    StateSolver* const solver = states.at(pair.outage);
    if (solver == nullptr) return nullptr;
    auto made = std::make_shared<PairEffect>();
    find_effect(*solver, pair, *made);
    made->before_pu = std::abs(pair_quantity(*base_, pair, contingency::solved_state(*solver)));
    if (pair.type == LimitType::voltage_change) {
        made->before_pu =
            std::abs(made->before_pu - base_->voltages().vm_pu[static_cast<std::size_t>(pair.element)]);
    }
    const std::size_t bytes =
        (made->re_by_p.size() + made->im_by_p.size() + made->re_by_q.size() + made->im_by_q.size()) *
        sizeof(float);
    const std::lock_guard lock(mutex_);
    if (bytes_ + bytes > kMostBytes) {
        effects_.clear();
        bytes_ = 0;
    }
    bytes_ += bytes;
    return effects_.emplace(pair, std::move(made)).first->second;
}

}  // namespace nodalroom::headroom
