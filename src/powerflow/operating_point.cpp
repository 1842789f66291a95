#include "nodalroom/powerflow/operating_point.hpp"

namespace nodalroom::powerflow {

UnitsAtBus units_at(const Equations& equations, const std::vector<double>& unit_weights, BusRow bus,
                    UnitRow lost, const Powers& powers) {
    const model::Network& network = equations.network();
    const model::BusType type = network.bus(bus).type;
    const bool may_regulate = type == model::BusType::pv || type == model::BusType::reference;
    UnitsAtBus sum;
    bool any = false;
    for (const UnitRow u : network.units_at(bus)) {
        if (u == lost) continue;
        const model::Unit& unit = network.unit(u);
        sum.p_gen += powers.unit_p_pu(network, u.pos());
        sum.q_gen += powers.unit_q_pu(network, u.pos());
        sum.weight += unit_weights[u.pos()];
        sum.q_min += unit.q_min_pu;
        sum.q_max += unit.q_max_pu;
        if (!any) sum.v_setpoint = unit.v_setpoint_pu;
        any = true;
    }
    sum.regulates = any && may_regulate ? 1 : 0;
    return sum;
}

void OperatingPoint::set_units(std::size_t bus, const UnitsAtBus& units) noexcept {
    p_gen[bus] = units.p_gen;
    q_gen[bus] = units.q_gen;
    weight[bus] = units.weight;
    q_min[bus] = units.q_min;
    q_max[bus] = units.q_max;
    v_setpoint[bus] = units.v_setpoint;
    regulates[bus] = units.regulates;
}

UnitsAtBus OperatingPoint::units(std::size_t bus) const noexcept {
    return {p_gen[bus], q_gen[bus], weight[bus], q_min[bus], q_max[bus], v_setpoint[bus], regulates[bus]};
}

OperatingPoint make_operating_point(const Equations& equations, const std::vector<double>& unit_weights) {
    OperatingPoint point;
    set_operating_point(equations, unit_weights, {}, point);
    return point;
}

void set_operating_point(const Equations& equations, const std::vector<double>& unit_weights,
                         const Powers& powers, OperatingPoint& point) {
    const model::Network& network = equations.network();
    const std::size_t n = equations.bus_count();
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
        point.set_units(bus, units_at(equations, unit_weights, BusRow(supply.bus), UnitRow(), powers));
        point.weight_sum[static_cast<std::size_t>(supply.island)] += point.weight[bus];
    }
    for (std::size_t row = 0; row < network.loads().size(); ++row) {
        const model::Load& load = network.loads()[row];
        if (!load.in_service) continue;
        const std::size_t i = load.bus.pos();
        point.p_load[i] += powers.load_p_pu(network, row);
        point.q_load[i] += powers.load_q_pu(network, row);
        point.p_current[i] += load.s_current_pu.real();
        point.q_current[i] += load.s_current_pu.imag();
        point.p_impedance[i] += load.s_impedance_pu.real();
        point.q_impedance[i] += load.s_impedance_pu.imag();
    }
}

}  // namespace nodalroom::powerflow
