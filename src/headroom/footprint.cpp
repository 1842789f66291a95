#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "nodalroom/headroom/footprint.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::OutageKind;
using contingency::StateSolver;
using model::Complex;
using powerflow::QMode;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

bool holds_voltage(QMode mode) { return mode == QMode::regulating; }

/// The equations in which what is out of service is missing, as right-hand sides for a unit lost.
struct LostRow {
    Footprint::Source source;
    std::int32_t equation;
    double value;
};

std::vector<LostRow> list_lost_rows(const StateSolver& solver) {
    using Lost = Footprint::Lost;
    const auto& equations = solver.base().equations();
    const auto& network = equations.network();
    const auto& modes = solver.newton().voltages().mode;
    std::vector<LostRow> rows;
    const auto q_active = [&](std::size_t bus) { return !holds_voltage(modes[bus]); };

    const contingency::Outage outage = solver.outage();
    if (outage.kind == OutageKind::branch) {
        const auto& branch = network.branches()[static_cast<std::size_t>(outage.row)];
        const auto add_end = [&](BusRow bus, Lost p, Lost q) {
            rows.push_back({{p, outage.row, 1.0}, equations.p_row(bus.pos()), 1.0});
            if (q_active(bus.pos())) rows.push_back({{q, outage.row, 1.0}, equations.q_row(bus.pos()), 1.0});
        };
        add_end(branch.from, Lost::p_from, Lost::q_from);
        add_end(branch.to, Lost::p_to, Lost::q_to);
    } else if (outage.kind == OutageKind::unit) {
        const BusRow bus = network.unit(UnitRow(outage.row)).bus;
        const int island = network.island_of_bus()[bus.pos()];
        const auto& weights = solver.base().unit_weights();
        // The lost unit's share of the intact state's supply; α of the state without load sums over the rest.
        const double rest = solver.newton().point().weight_sum[static_cast<std::size_t>(island)];
        const double own = weights[static_cast<std::size_t>(outage.row)];
        // A unit without a share may give something else at another dispatch.
        rows.push_back({{Lost::supply_share, island, own > 0.0 ? own / (own + rest) : 0.0, outage.row},
                        equations.p_row(bus.pos()),
                        -1.0});
    }
    return rows;
}

/// What Q a bus can still give or take, more than it does, before a state does not follow.
struct LeftRange {
    float to_max = kInfinity, to_min = kInfinity;
};

/// That of a bus which stands at a limit in the intact state and has lost a unit: as the load grows the
/// others come away from the limit there, and here it has what its other units leave; nothing where there are
/// none.
LeftRange range_left(const powerflow::OperatingPoint& point, std::size_t bus, QMode mode) {
    if (point.regulates[bus] == 0) return {0.0F, 0.0F};
    const auto whole = static_cast<float>(point.q_max[bus] - point.q_min[bus]);
    return mode == QMode::at_min ? LeftRange{whole, kInfinity} : LeftRange{kInfinity, whole};
}

/// Puts values of several per element into a new order.
template <class T>
void reorder(std::vector<T>& values, const std::vector<std::int32_t>& order) {
    if (order.empty()) return;
    const std::size_t each = values.size() / order.size();
    std::vector<T> moved;
    moved.reserve(values.size());
    for (const std::int32_t from : order) {
        const auto first =
            values.begin() + static_cast<std::ptrdiff_t>(each * static_cast<std::size_t>(from));
        moved.insert(moved.end(), first, first + static_cast<std::ptrdiff_t>(each));
    }
    values = std::move(moved);
}

/// Elements by growing margin, so that a look ends where no load reaches; found again by their row.
void order_by_margin(Footprint& footprint) {
    const auto places_by = [](std::size_t count, auto&& key) {
        std::vector<std::int32_t> places(count);
        std::iota(places.begin(), places.end(), 0);
        std::stable_sort(places.begin(), places.end(), [&](std::int32_t a, std::int32_t b) {
            return key[static_cast<std::size_t>(a)] < key[static_cast<std::size_t>(b)];
        });
        return places;
    };
    auto order = places_by(footprint.branch.size(), footprint.branch_margin);
    reorder(footprint.branch, order);
    reorder(footprint.at_to_end, order);
    for (auto* values : {&footprint.branch_shift, &footprint.branch_response, &footprint.branch_margin,
                         &footprint.branch_strength}) {
        reorder(*values, order);
    }
    order = places_by(footprint.bus.size(), footprint.bus_margin);
    reorder(footprint.bus, order);
    for (auto* values :
         {&footprint.bus_shift, &footprint.bus_response, &footprint.bus_margin, &footprint.bus_strength}) {
        reorder(*values, order);
    }
    footprint.branch_by_row = places_by(footprint.branch.size(), footprint.branch);
    footprint.bus_by_row = places_by(footprint.bus.size(), footprint.bus);
}

}  // namespace

IntactPoint read_intact_point(const StateSolver& solver, double load_mw) {
    const auto& network = solver.base().network();
    IntactPoint point;
    point.load_mw = load_mw;
    point.flow.resize(network.branches().size());
    for (std::size_t l = 0; l < point.flow.size(); ++l) {
        if (network.branches()[l].in_service) point.flow[l] = powerflow::flow_of(solver.newton(), l);
    }
    point.vm_pu = solver.newton().voltages().vm_pu;
    point.supply_pu = solver.newton().voltages().supply_pu;
    point.q_generation.assign(point.vm_pu.size(), 0.0);
    for (const auto& supply : solver.base().equations().supply_entries()) {
        const auto bus = static_cast<std::size_t>(supply.bus);
        point.q_generation[bus] = solver.newton().q_generation(bus);
    }
    return point;
}

void find_new_sharing(const contingency::BaseCase& dispatched, StateSolver& unloaded, NewSharing& sharing) {
    const auto& equations = unloaded.base().equations();
    const auto& network = equations.network();
    const auto& of_case = unloaded.base().point();
    const auto& anew = dispatched.point();
    const std::size_t units = network.units().size();
    sharing.unit_p_pu.assign(units, 0.0);
    sharing.unit_share.assign(units, 0.0);
    for (std::size_t u = 0; u < units; ++u) {
        const model::Unit& unit = network.units()[u];
        if (!unit.in_service) continue;
        const auto island = static_cast<std::size_t>(network.island_of_bus()[unit.bus.pos()]);
        sharing.unit_p_pu[u] = dispatched.powers().unit_p_pu(network, u);
        if (anew.weight_sum[island] > 0.0)
            sharing.unit_share[u] = dispatched.unit_weights()[u] / anew.weight_sum[island];
    }
    std::vector<double> direction(static_cast<std::size_t>(equations.size()), 0.0);
    for (const auto& supply : equations.supply_entries()) {
        const auto bus = static_cast<std::size_t>(supply.bus);
        const auto island = static_cast<std::size_t>(supply.island);
        direction[static_cast<std::size_t>(equations.p_row(bus))] =
            anew.alpha(bus, island) - of_case.alpha(bus, island);
    }
    unloaded.newton().solve_linear(direction);
    sharing.flow.assign(network.branches().size(), {});
    for (std::size_t l = 0; l < sharing.flow.size(); ++l) {
        if (network.branches()[l].in_service) sharing.flow[l] = flow_direction(unloaded, l, direction);
    }
    const auto& voltages = unloaded.newton().voltages();
    sharing.vm_pu.assign(voltages.vm_pu.size(), 0.0);
    for (std::size_t i = 0; i < sharing.vm_pu.size(); ++i) {
        sharing.vm_pu[i] = voltages.vm_pu[i] * direction[static_cast<std::size_t>(equations.v_column(i))];
    }
    sharing.q_generation.assign(voltages.vm_pu.size(), 0.0);
    for (const auto& supply : equations.supply_entries()) {
        const auto bus = static_cast<std::size_t>(supply.bus);
        if (holds_voltage(voltages.mode[bus]))
            sharing.q_generation[bus] = q_injection_direction(unloaded, bus, direction);
    }
}

Footprint make_footprint(const StudyContext& context, StateSolver& solver, const IntactPoint& intact,
                         const std::vector<QMode>& intact_modes) {
    Footprint footprint;
    const auto& equations = solver.base().equations();
    const auto& network = equations.network();
    const contingency::Limits& limits = context.limits.post;
    const auto size = static_cast<std::size_t>(equations.size());

    if (solver.outage().kind == OutageKind::branch) footprint.lost_branch = solver.outage().row;
    for (const auto& supply : equations.supply_entries()) {
        const auto bus = static_cast<std::size_t>(supply.bus);
        if (holds_voltage(intact_modes[bus]) != holds_voltage(solver.newton().voltages().mode[bus])) {
            footprint.switched.push_back(supply.bus);
            footprint.switched_drop.push_back(
                solver.newton().voltages().mode[bus] == QMode::fixed
                    ? std::numeric_limits<float>::quiet_NaN()
                    : static_cast<float>(intact.vm_pu[bus] - solver.newton().voltages().vm_pu[bus]));
        }
    }
    const auto lost = list_lost_rows(solver);
    std::vector<std::vector<double>> response(lost.size());
    const bool factored = !lost.empty() && solver.newton().factorise();
    if (factored) {
        for (std::size_t j = 0; j < lost.size(); ++j) {
            response[j].assign(size, 0.0);
            response[j][static_cast<std::size_t>(lost[j].equation)] = lost[j].value;
            solver.newton().solve_linear(response[j]);
            footprint.sources.push_back(lost[j].source);
        }
    }
    const std::size_t sources = footprint.sources.size();

    std::vector<Complex> branch_response(sources);
    for (std::size_t l = 0; l < network.branches().size(); ++l) {
        if (!std::isfinite(limits.rating_pu[l])) continue;
        if (footprint.lost_branch == static_cast<std::int32_t>(l)) continue;
        const auto flow = powerflow::flow_of(solver.newton(), l);
        const bool at_to = std::norm(flow.s_to) > std::norm(flow.s_from);
        const Complex shift = at_to ? flow.s_to - intact.flow[l].s_to : flow.s_from - intact.flow[l].s_from;
        double strongest = 0.0;
        for (std::size_t j = 0; j < sources; ++j) {
            const auto change = flow_direction(solver, l, response[j]);
            branch_response[j] = at_to ? change.s_to : change.s_from;
            strongest = std::max(strongest, std::sqrt(std::norm(branch_response[j])));
        }
        if (std::sqrt(std::norm(shift)) < kLeastShiftOfRating * limits.rating_pu[l] &&
            strongest < kLeastBranchResponse)
            continue;
        footprint.branch.push_back(static_cast<std::int32_t>(l));
        footprint.at_to_end.push_back(at_to ? 1 : 0);
        footprint.branch_shift.push_back(static_cast<float>(shift.real()));
        footprint.branch_shift.push_back(static_cast<float>(shift.imag()));
        footprint.branch_margin.push_back(
            static_cast<float>(limits.rating_pu[l] - std::sqrt(std::norm(at_to ? flow.s_to : flow.s_from))));
        footprint.branch_strength.push_back(static_cast<float>(strongest));
        for (const Complex r : branch_response) {
            footprint.branch_response.push_back(static_cast<float>(r.real()));
            footprint.branch_response.push_back(static_cast<float>(r.imag()));
        }
    }
    const auto& vm = solver.newton().voltages().vm_pu;
    for (std::size_t i = 0; i < vm.size(); ++i) {
        const double shift = vm[i] - intact.vm_pu[i];
        const auto column = static_cast<std::size_t>(equations.v_column(i));
        double strongest = 0.0;
        for (std::size_t j = 0; j < sources; ++j)
            strongest = std::max(strongest, std::abs(vm[i] * response[j][column]));
        if (std::abs(shift) < kLeastVoltageShiftPu && strongest < kLeastVoltageResponse) continue;
        footprint.bus.push_back(static_cast<std::int32_t>(i));
        footprint.bus_shift.push_back(static_cast<float>(shift));
        footprint.bus_margin.push_back(
            static_cast<float>(std::min(vm[i] - limits.vmin_pu[i], limits.vmax_pu[i] - vm[i])));
        footprint.bus_strength.push_back(static_cast<float>(strongest));
        for (std::size_t j = 0; j < sources; ++j) {
            footprint.bus_response.push_back(static_cast<float>(vm[i] * response[j][column]));
        }
    }
    const auto& point = solver.newton().point();
    const std::size_t own_bus = solver.outage().kind == OutageKind::unit
                                    ? network.unit(UnitRow(solver.outage().row)).bus.pos()
                                    : equations.bus_count();
    std::vector<float> q_response(sources);
    for (const auto& supply : equations.supply_entries()) {
        const auto i = static_cast<std::size_t>(supply.bus);
        const bool holds = holds_voltage(solver.newton().voltages().mode[i]);
        const double q = holds ? solver.newton().q_generation(i) : 0.0;
        const auto place = static_cast<std::int32_t>(footprint.q_to_max.size());
        const LeftRange left = i == own_bus && !holds_voltage(intact_modes[i]) && !holds
                                   ? range_left(point, i, solver.newton().voltages().mode[i])
                                   : LeftRange{};
        footprint.q_to_max.push_back(holds ? static_cast<float>(point.q_max[i] - q) : left.to_max);
        footprint.q_to_min.push_back(holds ? static_cast<float>(q - point.q_min[i]) : left.to_min);
        float strongest = 0.0F;
        for (std::size_t j = 0; holds && j < sources; ++j) {
            q_response[j] = static_cast<float>(q_injection_direction(solver, i, response[j]));
            strongest = std::max(strongest, std::abs(q_response[j]));
        }
        if (strongest < kLeastQResponse) continue;
        footprint.q_place.push_back(place);
        footprint.q_response.insert(footprint.q_response.end(), q_response.begin(), q_response.end());
    }
    order_by_margin(footprint);
    return footprint;
}

}  // namespace nodalroom::headroom
