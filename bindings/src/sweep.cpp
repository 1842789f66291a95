#include "nodalroom/contingency/sweep.hpp"

#include <pybind11/stl.h>

#include "bind.hpp"
#include "nodalroom/report/study_tables.hpp"
#include "options.hpp"
#include "sweep_state.hpp"
#include "tables.hpp"
#include "watched_run.hpp"

namespace nodalroom::bindings {
namespace py = pybind11;
using model::Network;

namespace {

Sweep sweep(std::shared_ptr<Network> network, const std::string& contingencies, bool q_limits,
            const std::string& balance, std::vector<double> weights, std::optional<int> area,
            const std::string& rating_intact, const std::string& rating_post, const Band& voltage_band,
            const Band& voltage_band_post, std::optional<double> voltage_change_max, double monitor_min_kv,
            std::optional<int> worst_violations, int threads, double tolerance, const Progress& progress,
            const std::optional<Columns>& saved) {
    Sweep sweep;
    sweep.network = std::move(network);
    contingency::SweepOptions& options = sweep.options;
    options.contingencies = contingency::parse_contingency_set(contingencies);
    options.power_flow.enforce_q_limits = q_limits;
    options.power_flow.balance = make_balance(balance, std::move(weights), area);
    options.power_flow.mismatch_tolerance_pu = tolerance;
    options.limits = make_limits(rating_intact, rating_post, voltage_band, voltage_band_post,
                                 voltage_change_max, monitor_min_kv);
    options.worst_violations = worst_violations;
    options.threads = threads;
    if (saved) {
        restore_result(*saved, sweep);
        return sweep;
    }
    sweep.interrupted = run_watched(progress, [&](RunControl& control) {
        sweep.result = contingency::sweep(*sweep.network, sweep.options, &control);
    });
    return sweep;
}

}  // namespace

void bind_sweep(py::module_& m) {
    py::class_<Sweep>(m, "Sweep", "Outcome of an N-1 sweep.")
        .def_property_readonly("complete", [](const Sweep& sweep) { return sweep.result.complete; })
        .def_property_readonly("interrupted", [](const Sweep& sweep) { return sweep.interrupted; })
        .def_property_readonly("intact_solved", [](const Sweep& sweep) { return sweep.result.intact_solved; })
        .def_property_readonly("reason", [](const Sweep& sweep) { return sweep.result.reason; })
        .def_property_readonly("balance",
                               [](const Sweep& sweep) { return sweep.options.power_flow.balance.name(); })
        .def("save", py::overload_cast<const Sweep&>(&save_result),
             "What it found, as words, numbers and lists of them.")
        .def("states",
             [](const Sweep& sweep) { return to_columns(report::state_table(*sweep.network, sweep.result)); })
        .def("violations", [](const Sweep& sweep) {
            return to_columns(report::violation_table(*sweep.network, sweep.options, sweep.result));
        });

    m.def("sweep", &sweep, py::arg("network"), py::kw_only(), py::arg("contingencies"), py::arg("q_limits"),
          py::arg("balance"), py::arg("weights"), py::arg("area"), py::arg("rating_intact"),
          py::arg("rating_post"), py::arg("voltage_band"), py::arg("voltage_band_post"),
          py::arg("voltage_change_max"), py::arg("monitor_min_kv"), py::arg("worst_violations"),
          py::arg("threads"), py::arg("tolerance"), py::arg("progress"), py::arg("saved") = py::none(),
          "Makes a sweep; with `saved`, puts one together again from what Sweep.save() gave.");
}

}  // namespace nodalroom::bindings
