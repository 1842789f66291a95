#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <map>

#include "bind.hpp"
#include "nodalroom/io/matpower_case.hpp"
#include "nodalroom/model/parts.hpp"
#include "nodalroom/report/names.hpp"
#include "nodalroom/report/network_tables.hpp"
#include "nodalroom/report/study_tables.hpp"
#include "tables.hpp"

namespace nodalroom::bindings {
namespace py = pybind11;
using model::Network;

namespace {

using NumericState = std::tuple<std::string, std::size_t, py::bytes, std::vector<int>, int>;
using TextState = std::tuple<std::string, std::size_t, std::vector<py::bytes>, int>;
using NoteState = std::tuple<bool, std::string, int, std::string>;

NumericState save(const io::NumericTable& table) {
    const py::bytes values(reinterpret_cast<const char*>(table.values.data()),
                           table.values.size() * sizeof(double));
    return {table.name, table.columns, values, table.lines, table.line};
}

io::NumericTable restore(const NumericState& state) {
    io::NumericTable table;
    table.name = std::get<0>(state);
    table.columns = std::get<1>(state);
    const std::string_view bytes = std::get<2>(state);
    table.lines = std::get<3>(state);
    table.line = std::get<4>(state);
    if (bytes.size() != table.lines.size() * table.columns * sizeof(double)) {
        throw py::value_error("the pickled table " + table.name + " has not the size it says");
    }
    table.values.resize(table.lines.size() * table.columns);
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(table.values.data()));
    return table;
}

TextState save(const io::TextTable& table) {
    std::vector<py::bytes> cells(table.cells.begin(), table.cells.end());
    return {table.name, table.columns, std::move(cells), table.line};
}

io::TextTable restore(const TextState& state) {
    io::TextTable table;
    table.name = std::get<0>(state);
    table.columns = std::get<1>(state);
    for (const py::bytes& cell : std::get<2>(state)) table.cells.emplace_back(cell);
    table.line = std::get<3>(state);
    return table;
}

py::tuple save_network(const Network& network) {
    const io::MatpowerCase& mpc = network.source();
    std::vector<NumericState> tables = {save(mpc.bus), save(mpc.gen), save(mpc.branch)};
    for (const auto& table : mpc.other_tables) tables.push_back(save(table));
    std::vector<TextState> texts;
    for (const auto& table : mpc.text_tables) texts.push_back(save(table));
    std::vector<NoteState> notes;
    for (const auto& note : mpc.diagnostics) {
        notes.emplace_back(note.severity == Severity::warning, note.code, note.line, note.message);
    }
    const std::vector<py::bytes> header(mpc.header.begin(), mpc.header.end());
    return py::make_tuple(mpc.source, mpc.name, mpc.base_mva, mpc.base_mva_line, tables, texts, notes,
                          header);
}

std::shared_ptr<Network> restore_network(const py::tuple& state) {
    io::MatpowerCase mpc;
    mpc.source = state[0].cast<std::string>();
    mpc.name = state[1].cast<std::string>();
    mpc.base_mva = state[2].cast<double>();
    mpc.base_mva_line = state[3].cast<int>();
    const auto tables = state[4].cast<std::vector<NumericState>>();
    mpc.bus = restore(tables.at(0));
    mpc.gen = restore(tables.at(1));
    mpc.branch = restore(tables.at(2));
    for (std::size_t i = 3; i < tables.size(); ++i) mpc.other_tables.push_back(restore(tables[i]));
    for (const auto& text : state[5].cast<std::vector<TextState>>()) mpc.text_tables.push_back(restore(text));
    for (const auto& [is_warning, code, line, message] : state[6].cast<std::vector<NoteState>>()) {
        mpc.diagnostics.push_back({is_warning ? Severity::warning : Severity::note, code, line, message});
    }
    for (const auto& line : state[7].cast<std::vector<py::bytes>>()) mpc.header.emplace_back(line);
    return std::make_shared<Network>(Network::from_matpower(std::move(mpc)));
}

using Cells = py::array_t<double, py::array::c_style | py::array::forcecast>;

/// Of a case that may be changed, or of one that may not.
template <class Case>
auto& table_of(Case& mpc, const std::string& name) {
    if (name == "bus") return mpc.bus;
    if (name == "gen") return mpc.gen;
    if (name == "branch") return mpc.branch;
    throw py::value_error("tables are bus, gen and branch, not " + name);
}

/// The cells of a table in file units, a copy: one row per row of the file.
py::array_t<double> cells_of(const Network& network, const std::string& name) {
    const io::NumericTable& table = table_of(network.source(), name);
    py::array_t<double> cells({table.rows(), table.columns});
    std::copy(table.values.begin(), table.values.end(), cells.mutable_data());
    return cells;
}

/// The case with other cells in some tables.
io::MatpowerCase changed_case(const Network& network, const std::map<std::string, Cells>& tables) {
    io::MatpowerCase mpc = network.source();
    for (const auto& [name, cells] : tables) {
        io::NumericTable& table = table_of(mpc, name);
        if (cells.ndim() != 2 || cells.shape(0) != static_cast<py::ssize_t>(table.rows()) ||
            cells.shape(1) != static_cast<py::ssize_t>(table.columns)) {
            throw py::value_error("the cells have another shape than the table " + name);
        }
        table.values.assign(cells.data(), cells.data() + cells.size());
    }
    return mpc;
}

/// A network, and what had to be isolated for it in words: empty where nothing had to.
using Built = std::pair<std::shared_ptr<Network>, std::string>;

/// The network of a case that has `edits` edits at its head; what is isolated becomes the next one.
Built build(io::MatpowerCase mpc, bool isolate, std::size_t edits) {
    std::string isolated;
    if (isolate) isolated = model::isolate_cut_off(mpc);
    if (!isolated.empty()) {
        const auto place = static_cast<std::ptrdiff_t>(std::min(edits, mpc.header.size()));
        mpc.header.insert(mpc.header.begin() + place, "Edited: " + isolated);
    }
    return {std::make_shared<Network>(Network::from_matpower(std::move(mpc))), isolated};
}

/// The network of the same case with other cells in some tables, and with further lines at its head, behind
/// the first `after` ones.
Built with_cells(const Network& network, const std::map<std::string, Cells>& tables,
                 const std::vector<std::string>& header, std::size_t after, bool isolate) {
    io::MatpowerCase mpc = changed_case(network, tables);
    const std::size_t first = std::min(after, mpc.header.size());
    mpc.header.insert(mpc.header.begin() + static_cast<std::ptrdiff_t>(first), header.begin(), header.end());
    const py::gil_scoped_release release;
    return build(std::move(mpc), isolate, first + header.size());
}

/// Of each part of the case with other cells in some tables: the numbers of its buses, the 1-based rows of
/// its units in service, whether it has a bus of type 3, and whether it has load.
using PartState = std::tuple<std::vector<std::int64_t>, std::vector<std::int64_t>, bool, bool>;
std::vector<PartState> parts(const Network& network, const std::map<std::string, Cells>& tables) {
    std::vector<PartState> states;
    for (const model::Part& part : model::parts_of(changed_case(network, tables))) {
        PartState state;
        for (const BusRow bus : part.buses) std::get<0>(state).push_back(network.bus(bus).number.value());
        for (const UnitRow unit : part.units) std::get<1>(state).push_back(unit.value() + 1);
        std::get<2>(state) = part.has_reference;
        std::get<3>(state) = part.has_load;
        states.push_back(std::move(state));
    }
    return states;
}

}  // namespace

void bind_network(py::module_& m) {
    const auto table = [](auto make) {
        return [make](const Network& network) { return to_columns(make(network)); };
    };
    py::class_<Network, std::shared_ptr<Network>>(m, "Network", "A transmission network, immutable.")
        .def_property_readonly("base_mva", &Network::base_mva)
        .def_property_readonly("name", &Network::name)
        .def_property_readonly("source", [](const Network& network) { return network.source().source; })
        .def_property_readonly("islands",
                               [](const Network& network) { return network.reference_of_island().size(); })
        .def_property_readonly("reference_buses",
                               [](const Network& network) {
                                   std::vector<std::int64_t> numbers;
                                   for (const BusRow bus : network.reference_of_island()) {
                                       numbers.push_back(network.bus(bus).number.value());
                                   }
                                   return numbers;
                               })
        .def_property_readonly("load_count", [](const Network& network) { return network.loads().size(); })
        .def_property_readonly("unit_count", [](const Network& network) { return network.units().size(); })
        .def("buses", table(report::bus_table))
        .def("branches", table(report::branch_table))
        .def("units", table(report::unit_table))
        .def("loads", table(report::load_table))
        .def("shunts", table(report::shunt_table))
        .def("bridges", table(report::bridge_table))
        .def("diagnostics", table(report::diagnostics_table))
        .def("cells", &cells_of, py::arg("table"),
             "The cells of the table bus, gen or branch in file units, a copy.")
        .def(
            "with_cells", &with_cells, py::arg("tables"), py::arg("header"), py::arg("after"),
            py::arg("isolate"),
            "The network of the same case with other cells in some tables and further lines at its head, and "
            "what had to be isolated for it.")
        .def(
            "parts", &parts, py::arg("tables"),
            "What hangs together in the case with other cells in some tables: numbers of buses, 1-based rows "
            "of units in service, whether there is a bus of type 3, whether there is load.")
        .def(
            "format",
            [](const Network& network, const std::vector<std::string>& header) {
                return py::bytes(io::format_matpower(network.source(), header));
            },
            py::arg("header"), "The case as MATPOWER .m text.")
        .def(py::pickle(&save_network, &restore_network));

    m.def(
        "read",
        [](const std::filesystem::path& path, bool isolate) {
            return build(model::read_records(path), isolate, 0);
        },
        py::arg("path"), py::arg("isolate"), py::call_guard<py::gil_scoped_release>());
    m.def(
        "parse",
        [](const py::bytes& bytes, std::string source, bool isolate) {
            const std::string_view text = bytes;
            const py::gil_scoped_release release;
            return build(io::parse_matpower(text, std::move(source)), isolate, 0);
        },
        py::arg("text"), py::arg("source"), py::arg("isolate"));
}

}  // namespace nodalroom::bindings
