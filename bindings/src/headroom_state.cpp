// Results of studies taken apart for files, and put together again.
#include "headroom_state.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "options.hpp"

namespace nodalroom::bindings {
namespace py = pybind11;
using contingency::Outage;
using contingency::OutageKind;
using headroom::Binding;
using headroom::BindingPair;
using headroom::HeadroomRow;
using headroom::HeadroomStatus;
using headroom::LimitType;
using headroom::RedispatchRow;
using headroom::RedispatchStatus;
using headroom::UnitMove;

namespace {

[[noreturn]] void refuse(const std::string& problem) { throw py::value_error(problem); }

const char* to_string(OutageKind kind) {
    return kind == OutageKind::branch ? "branch" : kind == OutageKind::unit ? "unit" : "intact";
}

constexpr std::array outage_kinds = {OutageKind::none, OutageKind::branch, OutageKind::unit};
constexpr std::array statuses = {HeadroomStatus::not_run,
                                 HeadroomStatus::limited,
                                 HeadroomStatus::already_limited,
                                 HeadroomStatus::cap_reached,
                                 HeadroomStatus::generation_limited,
                                 HeadroomStatus::unsolved};
constexpr std::array redispatch_statuses = {RedispatchStatus::not_run,
                                            RedispatchStatus::limited,
                                            RedispatchStatus::already_limited,
                                            RedispatchStatus::cap_reached,
                                            RedispatchStatus::generation_limited,
                                            RedispatchStatus::open,
                                            RedispatchStatus::no_movable_unit,
                                            RedispatchStatus::unsolved};
constexpr std::array limit_types = {
    LimitType::none,           LimitType::thermal,  LimitType::low_voltage, LimitType::high_voltage,
    LimitType::voltage_change, LimitType::collapse, LimitType::generation};

template <class Value, std::size_t N>
Value parse(const std::string& word, const std::array<Value, N>& choices) {
    for (const Value value : choices) {
        if (word == to_string(value)) return value;
    }
    refuse("'" + word + "' is no word of this version");
}

/// A list with one value for each item.
template <class Items, class Get>
py::list column(const Items& items, Get get) {
    py::list out;
    for (const auto& item : items) out.append(get(item));
    return out;
}

/// One column of saved values, as long as it must be.
template <class T>
std::vector<T> values(const py::dict& table, const char* name, std::size_t rows) {
    if (!table.contains(name)) refuse(std::string("the column ") + name + " is missing");
    std::vector<T> out;
    try {
        out = table[name].cast<std::vector<T>>();
    } catch (const py::cast_error&) {
        refuse(std::string("the column ") + name + " holds values of another kind");
    }
    if (out.size() != rows) {
        refuse("the column " + std::string(name) + " has " + std::to_string(out.size()) + " values, not " +
               std::to_string(rows));
    }
    return out;
}

std::size_t count(const py::dict& table, const char* name) {
    return table.contains(name) ? py::len(table[name]) : 0;
}

std::size_t position(std::int64_t value, std::size_t size, const char* what) {
    if (value < 0 || value >= static_cast<std::int64_t>(size)) {
        refuse(std::string("there is no ") + what + " " + std::to_string(value + 1) + " in the case");
    }
    return static_cast<std::size_t>(value);
}

Outage outage_of(const model::Network& network, const std::string& word, std::int32_t row) {
    static_cast<void>(parse(word, outage_kinds));
    return find_outage(network, word, std::int64_t{row} + 1);
}

/// The columns of bindings; get(item) is one.
template <class Items, class Get>
void save_bindings(const Items& items, Get get, py::dict& out) {
    out["limit_type"] = column(items, [&](const auto& i) { return to_string(get(i).type); });
    out["outage_kind"] = column(items, [&](const auto& i) { return to_string(get(i).outage.kind); });
    out["outage"] = column(items, [&](const auto& i) { return get(i).outage.row; });
    out["element"] = column(items, [&](const auto& i) { return get(i).element; });
    out["value"] = column(items, [&](const auto& i) { return get(i).value; });
    out["value_without_load"] = column(items, [&](const auto& i) { return get(i).value_without_load; });
    out["limit"] = column(items, [&](const auto& i) { return get(i).limit; });
    out["factor"] = column(items, [&](const auto& i) { return get(i).factor; });
}

std::vector<Binding> restore_bindings(const model::Network& network, const py::dict& table,
                                      std::size_t rows) {
    const auto types = values<std::string>(table, "limit_type", rows);
    const auto kinds = values<std::string>(table, "outage_kind", rows);
    const auto outages = values<std::int32_t>(table, "outage", rows);
    const auto elements = values<std::int32_t>(table, "element", rows);
    const auto reached = values<double>(table, "value", rows);
    const auto without = values<double>(table, "value_without_load", rows);
    const auto limits = values<double>(table, "limit", rows);
    const auto factors = values<double>(table, "factor", rows);
    std::vector<Binding> out;
    for (std::size_t i = 0; i < rows; ++i) {
        Binding binding;
        binding.type = parse(types[i], limit_types);
        binding.outage = outage_of(network, kinds[i], outages[i]);
        binding.element = elements[i];
        if (binding.type == LimitType::thermal) {
            static_cast<void>(position(binding.element, network.branches().size(), "branch row"));
        } else if (binding.type == LimitType::none || binding.type == LimitType::generation) {
            binding.element = -1;
        } else {
            static_cast<void>(position(binding.element, network.buses().size(), "bus row"));
        }
        binding.value = reached[i];
        binding.value_without_load = without[i];
        binding.limit = limits[i];
        binding.factor = factors[i];
        out.push_back(binding);
    }
    return out;
}

py::dict save_rows(const model::Network& network, const std::vector<HeadroomRow>& rows) {
    py::dict out;
    out["bus"] = column(rows, [&](const auto& r) { return network.bus(r.bus).number.value(); });
    out["status"] = column(rows, [](const auto& r) { return to_string(r.status); });
    save_bindings(
        rows, [](const auto& r) -> const Binding& { return r.binding; }, out);
    out["headroom_mw"] = column(rows, [](const auto& r) { return r.headroom_mw; });
    out["feasible_mw"] = column(rows, [](const auto& r) { return r.feasible_mw; });
    out["violated_mw"] = column(rows, [](const auto& r) { return r.violated_mw; });
    out["states_solved"] = column(rows, [](const auto& r) { return r.states_solved; });
    out["states_total"] = column(rows, [](const auto& r) { return r.states_total; });
    out["thermal_mw"] = column(rows, [](const auto& r) { return r.thermal_mw; });
    out["voltage_mw"] = column(rows, [](const auto& r) { return r.voltage_mw; });
    out["collapse_mw"] = column(rows, [](const auto& r) { return r.collapse_mw; });
    out["generation_mw"] = column(rows, [](const auto& r) { return r.generation_mw; });
    return out;
}

std::vector<HeadroomRow> restore_rows(const model::Network& network, const py::dict& table) {
    const std::size_t n = count(table, "bus");
    const auto buses = values<std::int64_t>(table, "bus", n);
    const auto words = values<std::string>(table, "status", n);
    const auto bindings = restore_bindings(network, table, n);
    const auto headroom_mw = values<double>(table, "headroom_mw", n);
    const auto feasible_mw = values<double>(table, "feasible_mw", n);
    const auto violated_mw = values<double>(table, "violated_mw", n);
    const auto solved = values<int>(table, "states_solved", n);
    const auto total = values<int>(table, "states_total", n);
    const auto thermal_mw = values<double>(table, "thermal_mw", n);
    const auto voltage_mw = values<double>(table, "voltage_mw", n);
    const auto collapse_mw = values<double>(table, "collapse_mw", n);
    const auto generation_mw = values<double>(table, "generation_mw", n);
    std::vector<HeadroomRow> rows(n);
    for (std::size_t i = 0; i < n; ++i) {
        HeadroomRow& row = rows[i];
        const bool is_number = buses[i] > 0 && buses[i] <= std::numeric_limits<std::int32_t>::max();
        const auto bus = is_number ? network.find_bus(BusNumber(buses[i])) : std::nullopt;
        if (!bus) refuse("there is no bus " + std::to_string(buses[i]) + " in the case");
        if (network.island_of_bus()[bus->pos()] < 0)
            refuse("bus " + std::to_string(buses[i]) + " is out of service");
        row.bus = *bus;
        row.radial_feed = network.feeding_bridge()[bus->pos()];
        row.status = parse(words[i], statuses);
        row.binding = bindings[i];
        row.headroom_mw = headroom_mw[i];
        row.feasible_mw = feasible_mw[i];
        row.violated_mw = violated_mw[i];
        row.states_solved = solved[i];
        row.states_total = total[i];
        row.thermal_mw = thermal_mw[i];
        row.voltage_mw = voltage_mw[i];
        row.collapse_mw = collapse_mw[i];
        row.generation_mw = generation_mw[i];
    }
    return rows;
}

/// An item of a row's list, with the row's position.
template <class Item>
struct Of {
    std::size_t row;
    const Item* item;
};

template <class Item, class Get>
std::vector<Of<Item>> flatten(const std::vector<HeadroomRow>& rows, Get get) {
    std::vector<Of<Item>> out;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        for (const Item& item : get(rows[i].redispatch)) out.push_back({i, &item});
    }
    return out;
}

py::array_t<double> save_dispatch(const std::vector<HeadroomRow>& rows, std::size_t units) {
    py::array_t<double> matrix({rows.size(), units});
    auto cells = matrix.mutable_unchecked<2>();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& dispatch = rows[i].redispatch.unit_p_mw;
        for (std::size_t u = 0; u < units; ++u) {
            cells(static_cast<py::ssize_t>(i), static_cast<py::ssize_t>(u)) =
                u < dispatch.size() ? dispatch[u] : headroom::kNaN;
        }
    }
    return matrix;
}

void save_redispatch(const model::Network& network, const std::vector<HeadroomRow>& rows, py::dict& out) {
    py::dict figures;
    const auto of = [](const HeadroomRow& row) -> const RedispatchRow& { return row.redispatch; };
    figures["status"] = column(rows, [&](const auto& r) { return to_string(of(r).status); });
    figures["redispatch_mw"] = column(rows, [&](const auto& r) { return of(r).redispatch_mw; });
    figures["bound_mw"] = column(rows, [&](const auto& r) { return of(r).bound_mw; });
    figures["moved_mw"] = column(rows, [&](const auto& r) { return of(r).moved_mw; });
    figures["states_solved"] = column(rows, [&](const auto& r) { return of(r).states_solved; });
    figures["states_total"] = column(rows, [&](const auto& r) { return of(r).states_total; });
    figures["rounds"] = column(rows, [&](const auto& r) { return of(r).rounds; });
    out["redispatch"] = figures;

    const auto pairs = flatten<BindingPair>(
        rows, [](const RedispatchRow& r) -> const auto& { return r.binding; });
    py::dict held;
    held["row"] = column(pairs, [](const auto& p) { return p.row; });
    save_bindings(
        pairs, [](const auto& p) -> const Binding& { return p.item->binding; }, held);
    held["shadow_price"] = column(pairs, [](const auto& p) { return p.item->shadow_price; });
    out["pairs"] = held;

    const auto moves = flatten<UnitMove>(
        rows, [](const RedispatchRow& r) -> const auto& { return r.moves; });
    py::dict moved;
    moved["row"] = column(moves, [](const auto& m) { return m.row; });
    moved["unit"] = column(moves, [](const auto& m) { return m.item->unit.value(); });
    moved["case_mw"] = column(moves, [](const auto& m) { return m.item->case_mw; });
    moved["rule_mw"] = column(moves, [](const auto& m) { return m.item->rule_mw; });
    moved["p_mw"] = column(moves, [](const auto& m) { return m.item->p_mw; });
    out["moves"] = moved;
    out["dispatch"] = save_dispatch(rows, network.units().size());
}

void restore_dispatch(const py::object& given, std::size_t units, std::vector<HeadroomRow>& rows) {
    const auto matrix = py::array_t<double, py::array::c_style | py::array::forcecast>::ensure(given);
    if (!matrix || matrix.ndim() != 2 || matrix.shape(0) != static_cast<py::ssize_t>(rows.size()) ||
        matrix.shape(1) != static_cast<py::ssize_t>(units)) {
        refuse("the dispatches have not one row per bus and one column per generator row");
    }
    const auto cells = matrix.unchecked<2>();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        RedispatchRow& row = rows[i].redispatch;
        if (std::isnan(row.redispatch_mw)) continue;
        for (std::size_t u = 0; u < units; ++u)
            row.unit_p_mw.push_back(cells(static_cast<py::ssize_t>(i), static_cast<py::ssize_t>(u)));
    }
}

void restore_redispatch(const model::Network& network, const py::dict& saved,
                        std::vector<HeadroomRow>& rows) {
    const std::size_t n = rows.size();
    const auto figures = saved["redispatch"].cast<py::dict>();
    const auto words = values<std::string>(figures, "status", n);
    const auto mw = values<double>(figures, "redispatch_mw", n);
    const auto bound = values<double>(figures, "bound_mw", n);
    const auto moved = values<double>(figures, "moved_mw", n);
    const auto solved = values<int>(figures, "states_solved", n);
    const auto total = values<int>(figures, "states_total", n);
    const auto rounds = values<int>(figures, "rounds", n);
    for (std::size_t i = 0; i < n; ++i) {
        RedispatchRow& row = rows[i].redispatch;
        row.status = parse(words[i], redispatch_statuses);
        row.redispatch_mw = mw[i];
        row.bound_mw = bound[i];
        row.moved_mw = moved[i];
        row.states_solved = solved[i];
        row.states_total = total[i];
        row.rounds = rounds[i];
    }
    restore_dispatch(saved["dispatch"], network.units().size(), rows);

    const auto pairs = saved["pairs"].cast<py::dict>();
    const std::size_t held = count(pairs, "row");
    const auto held_at = values<std::int64_t>(pairs, "row", held);
    const auto bindings = restore_bindings(network, pairs, held);
    const auto prices = values<double>(pairs, "shadow_price", held);
    for (std::size_t i = 0; i < held; ++i)
        rows[position(held_at[i], n, "candidate")].redispatch.binding.push_back({bindings[i], prices[i]});

    const auto moves = saved["moves"].cast<py::dict>();
    const std::size_t many = count(moves, "row");
    const auto moved_at = values<std::int64_t>(moves, "row", many);
    const auto units = values<std::int64_t>(moves, "unit", many);
    const auto case_mw = values<double>(moves, "case_mw", many);
    const auto rule_mw = values<double>(moves, "rule_mw", many);
    const auto p_mw = values<double>(moves, "p_mw", many);
    for (std::size_t i = 0; i < many; ++i) {
        static_cast<void>(position(units[i], network.units().size(), "generator row"));
        rows[position(moved_at[i], n, "candidate")].redispatch.moves.push_back(
            {UnitRow(units[i]), case_mw[i], rule_mw[i], p_mw[i]});
    }
}

}  // namespace

Columns save_result(const Headroom& study) {
    const headroom::HeadroomResult& result = study.result;
    Columns out;
    out["reason"] = result.reason;
    out["intact_solved"] = result.intact_solved;
    out["baselines_known"] = result.baselines_known;
    out["complete"] = result.complete;
    out["interrupted"] = study.interrupted;
    out["states_total"] = result.states_total;
    out["bridges"] = result.bridges;
    py::dict unsolvable;
    unsolvable["outage_kind"] = column(result.unsolvable, [](const Outage& o) { return to_string(o.kind); });
    unsolvable["outage"] = column(result.unsolvable, [](const Outage& o) { return o.row; });
    out["unsolvable"] = unsolvable;
    out["rows"] = save_rows(*study.network, result.rows);
    if (result.options.redispatch.wanted) save_redispatch(*study.network, result.rows, out);
    return out;
}

void restore_result(const Columns& saved, Headroom& study) {
    headroom::HeadroomResult& result = study.result;
    const model::Network& network = *study.network;
    try {
        result.reason = saved["reason"].cast<std::string>();
        result.intact_solved = saved["intact_solved"].cast<bool>();
        result.baselines_known = saved["baselines_known"].cast<bool>();
        result.complete = saved["complete"].cast<bool>();
        study.interrupted = saved["interrupted"].cast<bool>();
        result.states_total = saved["states_total"].cast<std::size_t>();
        result.bridges = saved["bridges"].cast<std::size_t>();
        const auto unsolvable = saved["unsolvable"].cast<py::dict>();
        const std::size_t n = count(unsolvable, "outage");
        const auto kinds = values<std::string>(unsolvable, "outage_kind", n);
        const auto outages = values<std::int32_t>(unsolvable, "outage", n);
        for (std::size_t i = 0; i < n; ++i)
            result.unsolvable.push_back(outage_of(network, kinds[i], outages[i]));
        result.rows = restore_rows(network, saved["rows"].cast<py::dict>());
        if (result.options.redispatch.wanted) restore_redispatch(network, saved, result.rows);
    } catch (const py::cast_error&) {
        refuse("a value is of another kind than it must be");
    }
    result.options.buses.clear();
    for (const HeadroomRow& row : result.rows) result.options.buses.push_back(row.bus);
}

}  // namespace nodalroom::bindings
