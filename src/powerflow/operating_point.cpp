#include "nodalroom/powerflow/operating_point.hpp"

namespace nodalroom::powerflow {

void refresh_units_at(const Equations& equations, const std::vector<double>& unit_weights, BusRow bus,
                      UnitRow lost, OperatingPoint& point) {
    const model::Network& network = equations.network();
    const std::size_t i = bus.pos();
    const model::BusType type = network.bus(bus).type;
    const bool may_regulate = type == model::BusType::pv || type == model::BusType::reference;
    double p = 0.0, q = 0.0, weight = 0.0, q_min = 0.0, q_max = 0.0;
    bool any = false;
    for (const UnitRow u : network.units_at(bus)) {
        if (u == lost) continue;
        const model::Unit& unit = network.unit(u);
        p += unit.p_pu;
        q += unit.q_pu;
        weight += unit_weights[u.pos()];
        q_min += unit.q_min_pu;
        q_max += unit.q_max_pu;
        if (!any) point.v_setpoint[i] = unit.v_setpoint_pu;
        any = true;
    }
    point.p_gen[i] = p;
    point.q_gen[i] = q;
    point.weight[i] = weight;
    point.q_min[i] = q_min;
    point.q_max[i] = q_max;
    point.regulates[i] = any && may_regulate ? 1 : 0;
}

OperatingPoint make_operating_point(const Equations& equations, const std::vector<double>& unit_weights) {
    const model::Network& network = equations.network();
    const std::size_t n = equations.bus_count();
    OperatingPoint point;
    point.g = equations.y_bus().g;
    point.b = equations.y_bus().b;
    for (auto* values :
         {&point.p_gen, &point.q_gen, &point.weight, &point.q_min, &point.q_max, &point.p_load, &point.q_load,
          &point.p_current, &point.q_current, &point.p_impedance, &point.q_impedance}) {
        values->assign(n, 0.0);
    }
    point.v_setpoint.assign(n, 1.0);
    point.regulates.assign(n, 0);
    point.weight_sum.assign(network.reference_of_island().size(), 0.0);
    for (const auto& supply : equations.supply_entries()) {
        const auto bus = static_cast<std::size_t>(supply.bus);
        refresh_units_at(equations, unit_weights, BusRow(supply.bus), UnitRow(), point);
        point.weight_sum[static_cast<std::size_t>(supply.island)] += point.weight[bus];
    }
    for (const model::Load& load : network.loads()) {
        if (!load.in_service) continue;
        const std::size_t i = load.bus.pos();
        point.p_load[i] += load.s_power_pu.real();
        point.q_load[i] += load.s_power_pu.imag();
        point.p_current[i] += load.s_current_pu.real();
        point.q_current[i] += load.s_current_pu.imag();
        point.p_impedance[i] += load.s_impedance_pu.real();
        point.q_impedance[i] += load.s_impedance_pu.imag();
    }
    return point;
}

}  // namespace nodalroom::powerflow
