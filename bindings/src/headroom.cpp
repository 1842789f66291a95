#include <pybind11/stl.h>

#include <algorithm>

#include "bind.hpp"
#include "headroom_state.hpp"
#include "headroom_study.hpp"
#include "nodalroom/core/errors.hpp"
#include "nodalroom/headroom/study.hpp"
#include "nodalroom/headroom/witness.hpp"
#include "nodalroom/numerics/linear_program.hpp"
#include "nodalroom/report/study_tables.hpp"
#include "options.hpp"
#include "tables.hpp"
#include "watched_run.hpp"

namespace nodalroom::bindings {
namespace py = pybind11;
using model::Network;

namespace {

Headroom run_headroom(std::shared_ptr<Network> network, const std::optional<std::vector<std::int64_t>>& buses,
                      double min_kv, double power_factor, double max_mw, const std::string& contingencies,
                      const std::string& balance, std::vector<double> weights, std::optional<int> area,
                      const std::string& rating_intact, const std::string& rating_post, double attribution,
                      double attribution_voltage, const Band& voltage_band, const Band& voltage_band_post,
                      std::optional<double> voltage_change_max, double monitor_min_kv, bool q_limits,
                      const std::string& certify, bool redispatch,
                      const std::optional<std::vector<std::int64_t>>& movable_units, double max_moved_mw,
                      int threads, double tolerance, const Progress& progress,
                      const std::optional<Columns>& saved) {
    headroom::HeadroomOptions options;
    if (buses) options.buses = find_buses(*network, *buses);
    options.min_kv = min_kv;
    options.power_factor = power_factor;
    options.max_mw = max_mw;
    options.balance = make_balance(balance, std::move(weights), area);
    options.contingencies = contingency::parse_contingency_set(contingencies);
    options.limits = make_limits(rating_intact, rating_post, voltage_band, voltage_band_post,
                                 voltage_change_max, monitor_min_kv);
    options.attribution_mva_per_mw = attribution;
    options.attribution_voltage_pu = attribution_voltage;
    options.enforce_q_limits = q_limits;
    options.certify = headroom::parse_certify(certify);
    options.redispatch.wanted = redispatch;
    if (movable_units) options.redispatch.movable = find_units(*network, *movable_units);
    options.redispatch.max_moved_mw = max_moved_mw;
    options.mismatch_tolerance_pu = tolerance;
    options.threads = threads;

    Headroom study;
    study.network = std::move(network);
    if (saved) {
        if (const auto problem = options.first_violation()) throw OptionError(*problem);
        study.result.options = options;
        restore_result(*saved, study);
        return study;
    }
    study.interrupted = run_watched(progress, [&](RunControl& control) {
        study.result = headroom::headroom(*study.network, options, &control);
    });
    return study;
}

const headroom::HeadroomRow& row_of(const Headroom& study, std::int64_t bus) {
    const BusRow row = find_buses(*study.network, {bus}).front();
    const auto& rows = study.result.rows;
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.bus == row; });
    if (found == rows.end())
        throw OptionError("bus " + std::to_string(bus) + " was not a candidate of this study");
    return *found;
}

headroom::Witness witness(const Headroom& study, std::int64_t bus) {
    return headroom::make_witness(*study.network, study.result.options, row_of(study, bus));
}

/// kind: "intact", "branch" or "unit" with its 1-based row; empty: the pair that holds most.
headroom::Witness redispatch_witness(const Headroom& study, std::int64_t bus, const std::string& kind,
                                     std::int64_t row) {
    const headroom::HeadroomRow& found = row_of(study, bus);
    std::optional<contingency::Outage> outage;
    if (!kind.empty()) outage = find_outage(*study.network, kind, row);
    return headroom::make_redispatch_witness(*study.network, study.result.options, found, outage);
}

}  // namespace

void bind_headroom(py::module_& m) {
    py::class_<headroom::Witness>(m, "Witness", "A row of a study as a case file.")
        .def_property_readonly("load_mw", [](const headroom::Witness& w) { return w.load_mw; })
        .def_property_readonly("header", [](const headroom::Witness& w) { return w.header; })
        .def("format",
             [](const headroom::Witness& w) { return py::bytes(io::format_matpower(w.mpc, w.header)); });

    py::class_<Headroom>(m, "Headroom", "Outcome of a headroom study.")
        .def_property_readonly("complete", [](const Headroom& study) { return study.result.complete; })
        .def_property_readonly("interrupted", [](const Headroom& study) { return study.interrupted; })
        .def_property_readonly("intact_solved",
                               [](const Headroom& study) { return study.result.intact_solved; })
        .def_property_readonly("baselines_known",
                               [](const Headroom& study) { return study.result.baselines_known; })
        .def_property_readonly("reason", [](const Headroom& study) { return study.result.reason; })
        .def_property_readonly("candidates", [](const Headroom& study) { return study.result.rows.size(); })
        .def_property_readonly("states_total",
                               [](const Headroom& study) { return study.result.states_total; })
        .def_property_readonly("bridges", [](const Headroom& study) { return study.result.bridges; })
        .def_property_readonly("balance",
                               [](const Headroom& study) { return study.result.options.balance.name(); })
        .def("save", &save_result, "What it found, as words, numbers and lists of them.")
        .def("rows",
             [](const Headroom& study) {
                 return to_columns(report::headroom_table(*study.network, study.result));
             })
        .def("unsolvable",
             [](const Headroom& study) {
                 return to_columns(report::unsolvable_table(*study.network, study.result));
             })
        .def("redispatch_pairs",
             [](const Headroom& study) {
                 return to_columns(report::redispatch_pair_table(*study.network, study.result));
             })
        .def("redispatch_units",
             [](const Headroom& study) {
                 return to_columns(report::redispatch_unit_table(*study.network, study.result));
             })
        .def("redispatch_dispatch",
             [](const Headroom& study, std::int64_t bus) { return row_of(study, bus).redispatch.unit_p_mw; })
        .def("witness", &witness, py::arg("bus"), py::call_guard<py::gil_scoped_release>())
        .def("redispatch_witness", &redispatch_witness, py::arg("bus"), py::arg("kind"), py::arg("row"),
             py::call_guard<py::gil_scoped_release>());
    m.def("lp_solver", [] { return std::string(numerics::lp_solver_name()); });

    m.def("headroom", &run_headroom, py::arg("network"), py::kw_only(), py::arg("buses"), py::arg("min_kv"),
          py::arg("power_factor"), py::arg("max_mw"), py::arg("contingencies"), py::arg("balance"),
          py::arg("weights"), py::arg("area"), py::arg("rating_intact"), py::arg("rating_post"),
          py::arg("attribution"), py::arg("attribution_voltage"), py::arg("voltage_band"),
          py::arg("voltage_band_post"), py::arg("voltage_change_max"), py::arg("monitor_min_kv"),
          py::arg("q_limits"), py::arg("certify"), py::arg("redispatch"), py::arg("movable_units"),
          py::arg("max_moved_mw"), py::arg("threads"), py::arg("tolerance"), py::arg("progress"),
          py::arg("saved") = py::none(),
          "Makes a study; with `saved`, puts one together again from what Headroom.save() gave.");
}

}  // namespace nodalroom::bindings
