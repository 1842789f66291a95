#include "nodalroom/headroom/criteria.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nodalroom::headroom {
namespace {

using contingency::StateSolver;
using model::Complex;

double apparent_power(const StateSolver& solver, std::size_t branch) {
    const auto flow = powerflow::flow_of(solver.newton(), branch);
    return std::max(std::abs(flow.s_from), std::abs(flow.s_to));
}

double attribution_mva_pu(const StudyContext& context, double load_mw) {
    return context.options.attribution_mva_per_mw * load_mw / context.base_mva();
}

}  // namespace

double value_without_load(const StudyContext& context, const Baseline& baseline, const Item& item) {
    const auto at = static_cast<std::size_t>(item.element);
    switch (item.type) {
        case LimitType::thermal:
            return baseline.s_pu[at];
        case LimitType::low_voltage:
        case LimitType::high_voltage:
            return baseline.voltages.vm_pu[at];
        case LimitType::voltage_change:
            return std::abs(baseline.voltages.vm_pu[at] - context.base->voltages().vm_pu[at]);
        case LimitType::generation:
        case LimitType::collapse:
        case LimitType::none:
            break;
    }
    return kNaN;
}

void set_excess(const StudyContext& context, double load_mw, double before_pu, Item& item) {
    double above_limit = item.value_pu - item.limit_pu;
    double made_worse = std::numeric_limits<double>::infinity();
    switch (item.type) {
        case LimitType::thermal:
            made_worse = item.value_pu - before_pu - attribution_mva_pu(context, load_mw);
            break;
        case LimitType::low_voltage:
            above_limit = item.limit_pu - item.value_pu;
            made_worse = before_pu - item.value_pu - context.options.attribution_voltage_pu;
            break;
        case LimitType::high_voltage:
        case LimitType::voltage_change:
            made_worse = item.value_pu - before_pu - context.options.attribution_voltage_pu;
            break;
        case LimitType::generation:
        case LimitType::collapse:
        case LimitType::none:
            break;
    }
    item.by_attribution = made_worse < above_limit;
    item.excess_pu = std::min(above_limit, made_worse) - contingency::dead_band(item.limit_pu);
}

void find_exceeded(const StudyContext& context, const contingency::SolvedState& solved, const LimitMask& mask,
                   const std::vector<double>* intact_vm, std::vector<double>& loading_squared,
                   std::vector<Item>& items) {
    items.clear();
    const bool intact = solved.outage.is_intact();
    const contingency::Limits& limits = context.limits.of(intact);
    const auto add = [&](LimitType type, std::size_t element, double value, double limit) {
        Item item;
        item.type = type;
        item.element = static_cast<std::int32_t>(element);
        item.value_pu = value;
        item.limit_pu = limit;
        items.push_back(item);
    };
    if (mask.thermal) {
        const double worst = evaluate_loadings(*context.base, solved, limits, loading_squared);
        for (std::size_t l = 0; worst > 1.0 && l < loading_squared.size(); ++l) {
            if (!(loading_squared[l] > 1.0)) continue;
            const double value = std::sqrt(loading_squared[l]) * limits.rating_pu[l];
            if (contingency::is_above(value, limits.rating_pu[l]))
                add(LimitType::thermal, l, value, limits.rating_pu[l]);
        }
    }
    if (mask.voltage) {
        const auto& vm = solved.voltages->vm_pu;
        const auto found = context.base->state_scan().voltages(vm, limits.vmin_pu, limits.vmax_pu);
        const bool any = found.margin_to_vmin_pu < 0.0 || found.margin_to_vmax_pu < 0.0;
        for (std::size_t i = 0; any && i < vm.size(); ++i) {
            if (contingency::is_below(vm[i], limits.vmin_pu[i]))
                add(LimitType::low_voltage, i, vm[i], limits.vmin_pu[i]);
            if (contingency::is_above(vm[i], limits.vmax_pu[i]))
                add(LimitType::high_voltage, i, vm[i], limits.vmax_pu[i]);
        }
        if (context.limits.voltage_change_max_pu && !intact && intact_vm != nullptr) {
            const double most = *context.limits.voltage_change_max_pu;
            for (std::size_t i = 0; i < vm.size(); ++i) {
                if (!std::isfinite(limits.vmin_pu[i]) && !std::isfinite(limits.vmax_pu[i])) continue;
                const double change = std::abs(vm[i] - (*intact_vm)[i]);
                if (contingency::is_above(change, most)) add(LimitType::voltage_change, i, change, most);
            }
        }
    }
    if (mask.generation && intact) {
        for (std::size_t island = 0; island < context.spare_pu.size(); ++island) {
            const double s = solved.voltages->supply_pu[island];
            if (contingency::is_above(s, context.spare_pu[island]))
                add(LimitType::generation, island, s, context.spare_pu[island]);
        }
    }
}

void keep_counted(const StudyContext& context, double load_mw, const Baseline& baseline,
                  std::vector<Item>& items) {
    for (Item& item : items) set_excess(context, load_mw, value_without_load(context, baseline, item), item);
    std::erase_if(items, [](const Item& item) { return !(item.excess_pu > 0.0); });
}

Item follow_item(const StudyContext& context, const StateSolver& solver, double load_mw,
                 const std::vector<double>* intact_vm, const Baseline& baseline, const Item& item) {
    Item now = item;
    const auto at = static_cast<std::size_t>(item.element);
    const auto& voltages = solver.newton().voltages();
    switch (item.type) {
        case LimitType::thermal:
            now.value_pu = apparent_power(solver, at);
            break;
        case LimitType::low_voltage:
        case LimitType::high_voltage:
            now.value_pu = voltages.vm_pu[at];
            break;
        case LimitType::voltage_change:
            now.value_pu = intact_vm == nullptr ? kNaN : std::abs(voltages.vm_pu[at] - (*intact_vm)[at]);
            break;
        case LimitType::generation:
            now.value_pu = voltages.supply_pu[at];
            break;
        case LimitType::collapse:
        case LimitType::none:
            break;
    }
    set_excess(context, load_mw, value_without_load(context, baseline, now), now);
    return now;
}

ItemSlope item_slope(const StudyContext& context, const StateSolver& solver, const Item& item,
                     std::span<const double> direction) {
    const auto& equations = solver.base().equations();
    const auto at = static_cast<std::size_t>(item.element);
    ItemSlope slope;
    double sign = 1.0;
    const auto voltage_slope = [&](std::size_t bus) {
        return solver.newton().voltages().vm_pu[bus] *
               direction[static_cast<std::size_t>(equations.v_column(bus))];
    };
    switch (item.type) {
        case LimitType::thermal: {
            const auto change = flow_direction(solver, at, direction);
            const auto flow = powerflow::flow_of(solver.newton(), at);
            const bool from_end = std::abs(flow.s_from) >= std::abs(flow.s_to);
            const Complex s = from_end ? flow.s_from : flow.s_to;
            const Complex ds = from_end ? change.s_from : change.s_to;
            slope.value_pu_per_mw =
                std::abs(s) > 0.0 ? (std::conj(s) * ds).real() / std::abs(s) : std::abs(ds);
            break;
        }
        case LimitType::low_voltage:
            slope.value_pu_per_mw = voltage_slope(at);
            sign = -1.0;
            break;
        case LimitType::high_voltage:
            slope.value_pu_per_mw = voltage_slope(at);
            break;
        case LimitType::voltage_change: {
            // The intact state's own response is left out: the root search is safeguarded by its bracket.
            const double v = solver.newton().voltages().vm_pu[at];
            slope.value_pu_per_mw =
                v < solver.base().voltages().vm_pu[at] ? -voltage_slope(at) : voltage_slope(at);
            break;
        }
        case LimitType::generation: {
            const BusRow reference = solver.base().network().reference_of_island()[at];
            slope.value_pu_per_mw =
                direction[static_cast<std::size_t>(equations.angle_column(reference.pos()))];
            break;
        }
        case LimitType::collapse:
        case LimitType::none:
            break;
    }
    slope.excess_pu_per_mw = sign * slope.value_pu_per_mw;
    if (item.type == LimitType::thermal && item.by_attribution) {
        slope.excess_pu_per_mw -= attribution_mva_pu(context, 1.0);
    }
    return slope;
}

namespace {

Complex voltage_at(const StateSolver& solver, std::size_t bus) {
    return {solver.newton().v_real()[bus], solver.newton().v_imag()[bus]};
}

/// Change of a voltage phasor along a direction of the state's unknowns.
Complex voltage_direction(const StateSolver& solver, std::size_t bus, std::span<const double> direction) {
    const auto& equations = solver.base().equations();
    const double angle =
        equations.is_reference(bus) ? 0.0 : direction[static_cast<std::size_t>(equations.angle_column(bus))];
    return voltage_at(solver, bus) *
           Complex(direction[static_cast<std::size_t>(equations.v_column(bus))], angle);
}

}  // namespace

model::BranchFlow flow_direction(const StateSolver& solver, std::size_t branch,
                                 std::span<const double> direction) {
    const model::Branch& b = solver.base().network().branches()[branch];
    const auto& y = solver.base().equations().branch_admittance()[branch];
    const Complex vf = voltage_at(solver, b.from.pos()), vt = voltage_at(solver, b.to.pos());
    const Complex df = voltage_direction(solver, b.from.pos(), direction);
    const Complex dt = voltage_direction(solver, b.to.pos(), direction);
    return {df * std::conj(y.yff * vf + y.yft * vt) + vf * std::conj(y.yff * df + y.yft * dt),
            dt * std::conj(y.ytf * vf + y.ytt * vt) + vt * std::conj(y.ytf * df + y.ytt * dt)};
}

double q_injection_direction(const StateSolver& solver, std::size_t bus, std::span<const double> direction) {
    const auto& y = solver.base().equations().y_bus();
    const auto& point = solver.newton().point();
    Complex current, change;
    for (auto e = static_cast<std::size_t>(y.row_start[bus]);
         e < static_cast<std::size_t>(y.row_start[bus + 1]); ++e) {
        const auto k = static_cast<std::size_t>(y.column[e]);
        const Complex admittance(point.g[e], point.b[e]);
        current += admittance * voltage_at(solver, k);
        change += admittance * voltage_direction(solver, k, direction);
    }
    return (voltage_direction(solver, bus, direction) * std::conj(current) +
            voltage_at(solver, bus) * std::conj(change))
        .imag();
}

void set_load(StateSolver& solver, const Candidate& candidate, double load_mw) {
    const double p = load_mw / solver.base().network().base_mva();
    solver.set_load(candidate.bus, p, p * candidate.mvar_per_mw);
}

void fill_load_column(const StateSolver& solver, BusRow bus, double mvar_per_mw, std::span<double> column) {
    const auto& equations = solver.base().equations();
    std::fill(column.begin(), column.end(), 0.0);
    const double per_mw = 1.0 / solver.base().network().base_mva();
    column[static_cast<std::size_t>(equations.p_row(bus.pos()))] = -per_mw;
    if (solver.newton().voltages().mode[bus.pos()] != powerflow::QMode::regulating) {
        column[static_cast<std::size_t>(equations.q_row(bus.pos()))] = -per_mw * mvar_per_mw;
    }
}

bool load_direction(StateSolver& solver, BusRow bus, double mvar_per_mw, std::vector<double>& direction) {
    direction.assign(static_cast<std::size_t>(solver.base().equations().size()), 0.0);
    if (!solver.newton().factorise()) return false;
    fill_load_column(solver, bus, mvar_per_mw, direction);
    solver.newton().solve_linear(direction);
    return true;
}

}  // namespace nodalroom::headroom
