#include "nodalroom/report/network_tables.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "nodalroom/report/names.hpp"
#include "table_maker.hpp"

namespace nodalroom::report {
namespace {

namespace bus_col = io::bus_col;
namespace gen_col = io::gen_col;
namespace branch_col = io::branch_col;

constexpr double degrees_per_rad = 180.0 / std::numbers::pi;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

const char* type_word(model::BusType type) noexcept {
    switch (type) {
        case model::BusType::pq:
            return "pq";
        case model::BusType::pv:
            return "pv";
        case model::BusType::reference:
            return "reference";
        case model::BusType::isolated:
            return "isolated";
    }
    return "pq";
}

std::int64_t number_at(const model::Network& network, BusRow bus) { return network.bus(bus).number.value(); }

BranchRow branch_row(std::size_t row) { return BranchRow(static_cast<std::int64_t>(row)); }
UnitRow unit_row(std::size_t row) { return UnitRow(static_cast<std::int64_t>(row)); }

/// A text per unit row from a table such as genfuel; null where the case has none of that length.
const std::vector<std::string>* unit_texts(const model::Network& network, std::string_view table) {
    const io::TextTable* texts = network.source().find_text(table);
    return texts != nullptr && texts->cells.size() == network.units().size() ? &texts->cells : nullptr;
}

}  // namespace

Table bus_table(const model::Network& network) {
    const auto buses = network.buses();
    const io::NumericTable& file = network.source().bus;
    TableMaker table(buses.size());
    table.whole("bus", [&](std::size_t i) { return buses[i].number.value(); });
    table.whole("row", [&](std::size_t i) { return i + 1; });
    table.text("name", [&](std::size_t i) { return buses[i].name; });
    table.text("type", [&](std::size_t i) { return type_word(buses[i].type); });
    table.number("base_kv", [&](std::size_t i) { return file.at(i, bus_col::base_kv); });
    table.whole("area", [&](std::size_t i) { return buses[i].area; });
    table.whole("zone", [&](std::size_t i) { return buses[i].zone; });
    table.number("vm_pu", [&](std::size_t i) { return file.at(i, bus_col::vm); });
    table.number("va_degree", [&](std::size_t i) { return file.at(i, bus_col::va); });
    table.number("vmin_pu", [&](std::size_t i) { return file.at(i, bus_col::vmin); });
    table.number("vmax_pu", [&](std::size_t i) { return file.at(i, bus_col::vmax); });
    table.optional_whole("island", [&](std::size_t i) {
        const int island = network.island_of_bus()[i];
        return island < 0 ? std::optional<std::int64_t>() : std::optional<std::int64_t>(island + 1);
    });
    table.text("radial_feed", [&](std::size_t i) {
        const BranchRow feed = network.feeding_bridge()[i];
        return feed.valid() ? branch_name(network, feed) : std::string();
    });
    return table.take();
}

Table branch_table(const model::Network& network) {
    const auto branches = network.branches();
    const io::NumericTable& file = network.source().branch;
    TableMaker table(branches.size());
    table.whole("row", [&](std::size_t l) { return l + 1; });
    table.text("name", [&](std::size_t l) { return branch_name(network, branch_row(l)); });
    table.whole("from_bus", [&](std::size_t l) { return number_at(network, branches[l].from); });
    table.whole("to_bus", [&](std::size_t l) { return number_at(network, branches[l].to); });
    table.whole("circuit", [&](std::size_t l) { return branches[l].circuit; });
    table.text("kind", [&](std::size_t l) {
        return branches[l].kind == model::BranchKind::transformer ? "transformer" : "line";
    });
    table.flag("in_service", [&](std::size_t l) { return branches[l].in_service; });
    table.number("r_pu", [&](std::size_t l) { return file.at(l, branch_col::r); });
    table.number("x_pu", [&](std::size_t l) { return file.at(l, branch_col::x); });
    table.number("b_pu", [&](std::size_t l) { return file.at(l, branch_col::b); });
    table.number("tap", [&](std::size_t l) { return branches[l].tap; });
    table.number("shift_degree", [&](std::size_t l) { return file.at(l, branch_col::angle); });
    table.number("rate_a_mva", [&](std::size_t l) { return file.at(l, branch_col::rate_a); });
    table.number("rate_b_mva", [&](std::size_t l) { return file.at(l, branch_col::rate_b); });
    table.number("rate_c_mva", [&](std::size_t l) { return file.at(l, branch_col::rate_c); });
    table.flag("is_bridge", [&](std::size_t l) { return branches[l].in_service && network.is_bridge()[l]; });
    return table.take();
}

Table unit_table(const model::Network& network) {
    const auto units = network.units();
    const io::NumericTable& file = network.source().gen;
    TableMaker table(units.size());
    table.whole("row", [&](std::size_t g) { return g + 1; });
    table.text("name", [&](std::size_t g) { return unit_name(network, unit_row(g)); });
    table.whole("bus", [&](std::size_t g) { return number_at(network, units[g].bus); });
    table.flag("in_service", [&](std::size_t g) { return units[g].in_service; });
    table.number("p_mw", [&](std::size_t g) { return file.at(g, gen_col::pg); });
    table.number("q_mvar", [&](std::size_t g) { return file.at(g, gen_col::qg); });
    table.number("p_min_mw", [&](std::size_t g) { return file.at(g, gen_col::pmin); });
    table.number("p_max_mw", [&](std::size_t g) { return file.at(g, gen_col::pmax); });
    table.number("q_min_mvar", [&](std::size_t g) { return file.at(g, gen_col::qmin); });
    table.number("q_max_mvar", [&](std::size_t g) { return file.at(g, gen_col::qmax); });
    table.number("v_setpoint_pu", [&](std::size_t g) { return file.at(g, gen_col::vg); });
    if (const auto* types = unit_texts(network, "gentype")) {
        table.text("type", [&](std::size_t g) { return (*types)[g]; });
    }
    if (const auto* fuels = unit_texts(network, "genfuel")) {
        table.text("fuel", [&](std::size_t g) { return (*fuels)[g]; });
    }
    return table.take();
}

Table load_table(const model::Network& network) {
    const auto loads = network.loads();
    const io::NumericTable& file = network.source().bus;
    TableMaker table(loads.size());
    table.whole("row", [&](std::size_t i) { return i + 1; });
    table.whole("bus", [&](std::size_t i) { return number_at(network, loads[i].bus); });
    table.flag("in_service", [&](std::size_t i) { return loads[i].in_service; });
    table.number("p_mw", [&](std::size_t i) { return file.at(loads[i].bus.pos(), bus_col::pd); });
    table.number("q_mvar", [&](std::size_t i) { return file.at(loads[i].bus.pos(), bus_col::qd); });
    return table.take();
}

Table shunt_table(const model::Network& network) {
    const auto shunts = network.shunts();
    const io::NumericTable& file = network.source().bus;
    TableMaker table(shunts.size());
    table.whole("row", [&](std::size_t i) { return i + 1; });
    table.whole("bus", [&](std::size_t i) { return number_at(network, shunts[i].bus); });
    table.flag("in_service", [&](std::size_t i) { return shunts[i].in_service; });
    table.number("g_mw", [&](std::size_t i) { return file.at(shunts[i].bus.pos(), bus_col::gs); });
    table.number("b_mvar", [&](std::size_t i) { return file.at(shunts[i].bus.pos(), bus_col::bs); });
    return table.take();
}

Table diagnostics_table(const model::Network& network) {
    const Diagnostics& found = network.diagnostics();
    TableMaker table(found.size());
    table.text("severity",
               [&](std::size_t i) { return found[i].severity == Severity::warning ? "warning" : "note"; });
    table.text("code", [&](std::size_t i) { return found[i].code; });
    table.optional_whole("line", [&](std::size_t i) {
        return found[i].line > 0 ? std::optional<std::int64_t>(found[i].line) : std::nullopt;
    });
    table.text("message", [&](std::size_t i) { return found[i].message; });
    return table.take();
}

Table solved_bus_table(const model::Network& network, const powerflow::PowerFlowResult& result) {
    const auto buses = network.buses();
    const bool solved = result.converged();
    TableMaker table(buses.size());
    table.whole("bus", [&](std::size_t i) { return buses[i].number.value(); });
    table.text("name", [&](std::size_t i) { return buses[i].name; });
    table.number("base_kv", [&](std::size_t i) { return network.source().bus.at(i, bus_col::base_kv); });
    table.number("vm_pu", [&](std::size_t i) { return solved ? result.voltages.vm_pu[i] : nan; });
    table.number("va_degree",
                 [&](std::size_t i) { return solved ? result.voltages.va_rad[i] * degrees_per_rad : nan; });
    table.text("voltage_held", [&](std::size_t i) -> std::string {
        if (!solved) return {};
        switch (result.voltages.mode[i]) {
            case powerflow::QMode::fixed:
                return "no";
            case powerflow::QMode::regulating:
                return "yes";
            case powerflow::QMode::at_min:
                return "at_q_min";
            case powerflow::QMode::at_max:
                return "at_q_max";
            case powerflow::QMode::de_energised:
                return "de_energised";
        }
        return {};
    });
    return table.take();
}

Table solved_branch_table(const model::Network& network, const powerflow::PowerFlowResult& result) {
    const auto branches = network.branches();
    const double base = network.base_mva();
    const bool solved = result.converged();
    const auto flow = [&](std::size_t l) {
        return solved ? result.branch_flow_pu[l]
                      : model::BranchFlow{model::Complex(nan, nan), model::Complex(nan, nan)};
    };
    const auto s_pu = [&](std::size_t l) {
        return std::max(std::abs(flow(l).s_from), std::abs(flow(l).s_to));
    };
    TableMaker table(branches.size());
    table.whole("row", [&](std::size_t l) { return l + 1; });
    table.text("name", [&](std::size_t l) { return branch_name(network, branch_row(l)); });
    table.whole("from_bus", [&](std::size_t l) { return number_at(network, branches[l].from); });
    table.whole("to_bus", [&](std::size_t l) { return number_at(network, branches[l].to); });
    table.flag("in_service", [&](std::size_t l) { return branches[l].in_service; });
    table.number("p_from_mw", [&](std::size_t l) { return flow(l).s_from.real() * base; });
    table.number("q_from_mvar", [&](std::size_t l) { return flow(l).s_from.imag() * base; });
    table.number("p_to_mw", [&](std::size_t l) { return flow(l).s_to.real() * base; });
    table.number("q_to_mvar", [&](std::size_t l) { return flow(l).s_to.imag() * base; });
    table.number("s_mva", [&](std::size_t l) { return s_pu(l) * base; });
    table.number("rate_a_mva",
                 [&](std::size_t l) { return network.source().branch.at(l, branch_col::rate_a); });
    table.number("loading_percent", [&](std::size_t l) {
        const double rating = branches[l].rate_a_pu;
        return rating > 0.0 ? 100.0 * s_pu(l) / rating : nan;
    });
    return table.take();
}

Table solved_unit_table(const model::Network& network, const powerflow::PowerFlowResult& result) {
    const auto units = network.units();
    const double base = network.base_mva();
    const bool solved = result.converged();
    TableMaker table(units.size());
    table.whole("row", [&](std::size_t g) { return g + 1; });
    table.text("name", [&](std::size_t g) { return unit_name(network, unit_row(g)); });
    table.whole("bus", [&](std::size_t g) { return number_at(network, units[g].bus); });
    table.flag("in_service", [&](std::size_t g) { return units[g].in_service; });
    table.number("p_mw", [&](std::size_t g) { return solved ? result.unit_p_pu[g] * base : nan; });
    table.number("q_mvar", [&](std::size_t g) { return solved ? result.unit_q_pu[g] * base : nan; });
    table.text("at_limit", [&](std::size_t g) -> std::string {
        if (!solved || !units[g].in_service) return {};
        const powerflow::QMode mode = result.voltages.mode[units[g].bus.pos()];
        if (mode == powerflow::QMode::at_min) return "q_min";
        return mode == powerflow::QMode::at_max ? "q_max" : "";
    });
    return table.take();
}

Table attempt_table(const model::Network& network, const powerflow::PowerFlowResult& result) {
    const auto& attempts = result.attempts;
    TableMaker table(attempts.size());
    table.text("start", [&](std::size_t i) { return powerflow::to_string(attempts[i].start); });
    table.flag("damped", [&](std::size_t i) { return attempts[i].damped; });
    table.flag("eased", [&](std::size_t i) { return attempts[i].eased; });
    table.text("status", [&](std::size_t i) { return powerflow::to_string(attempts[i].report.status); });
    table.whole("iterations", [&](std::size_t i) { return attempts[i].report.iterations; });
    table.whole("q_switches", [&](std::size_t i) { return attempts[i].report.q_switches; });
    table.number("max_mismatch_pu", [&](std::size_t i) { return attempts[i].report.max_mismatch_pu; });
    table.optional_whole("worst_bus", [&](std::size_t i) {
        const BusRow bus = attempts[i].report.worst_bus;
        return bus.valid() ? std::optional(number_at(network, bus)) : std::nullopt;
    });
    return table.take();
}

Table worst_bus_table(const model::Network& network, const powerflow::PowerFlowResult& result) {
    const auto& worst = result.worst_buses;
    TableMaker table(worst.size());
    table.whole("bus", [&](std::size_t i) { return number_at(network, worst[i].bus); });
    table.text("name", [&](std::size_t i) { return network.bus(worst[i].bus).name; });
    table.number("p_mw", [&](std::size_t i) { return worst[i].p_pu * network.base_mva(); });
    table.number("q_mvar", [&](std::size_t i) { return worst[i].q_pu * network.base_mva(); });
    return table.take();
}

}  // namespace nodalroom::report
