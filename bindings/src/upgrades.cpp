// Upgrade ladders and lists of a study.
#include "nodalroom/headroom/upgrades.hpp"

#include <pybind11/stl.h>

#include "bind.hpp"
#include "headroom_study.hpp"
#include "nodalroom/core/errors.hpp"
#include "nodalroom/report/upgrade_tables.hpp"
#include "options.hpp"
#include "tables.hpp"
#include "upgrade_runs.hpp"
#include "upgrades_state.hpp"
#include "watched_run.hpp"

namespace nodalroom::bindings {
namespace py = pybind11;

namespace {

headroom::LadderOptions make_steps(double target_mw, bool redispatch, double rating_factor, int max_rungs) {
    const headroom::LadderOptions steps{target_mw, redispatch, rating_factor, max_rungs};
    if (const auto problem = steps.first_violation()) throw OptionError(*problem);
    return steps;
}

Ladder run_ladder(const Headroom& study, std::int64_t bus, double target_mw, bool redispatch,
                  double rating_factor, int max_rungs, int threads, const Progress& progress,
                  const std::optional<Columns>& saved) {
    headroom::HeadroomOptions options = study.result.options;
    options.threads = threads;
    const BusRow row = find_buses(*study.network, {bus}).front();
    const auto steps = make_steps(target_mw, redispatch, rating_factor, max_rungs);
    Ladder ladder;
    ladder.network = study.network;
    if (saved) {
        ladder.result.ladder = steps;
        ladder.result.options = headroom::rung_options(options, row, steps);
        restore_result(*saved, ladder);
        return ladder;
    }
    ladder.interrupted = run_watched(progress, [&](RunControl& control) {
        ladder.result = headroom::upgrade_ladder(*ladder.network, options, row, steps, &control);
    });
    return ladder;
}

UpgradeList run_list(const Headroom& study, std::size_t most, bool redispatch, int threads,
                     const Progress& progress, const std::optional<Columns>& saved) {
    headroom::HeadroomOptions options = study.result.options;
    options.threads = threads;
    UpgradeList list;
    list.network = study.network;
    if (saved) {
        list.result.options = options;
        list.result.by_redispatch = redispatch;
        restore_result(*saved, list);
        return list;
    }
    list.interrupted = run_watched(progress, [&](RunControl& control) {
        list.result =
            headroom::list_upgrades(*list.network, options, study.result, most, redispatch, &control);
    });
    return list;
}

/// Elements run with their limit removed, and those to be.
std::pair<std::size_t, std::size_t> count_runs(const UpgradeList& list) {
    std::size_t done = 0, asked = 0;
    for (const headroom::UpgradeEntry& entry : list.result.entries) {
        if (entry.row >= 0) ++asked;
        if (entry.was_run) ++done;
    }
    return {done, asked};
}

}  // namespace

void bind_upgrades(py::module_& m) {
    py::class_<Ladder>(m, "Ladder", "MW against upgrades for one bus.")
        .def_property_readonly("complete", [](const Ladder& ladder) { return ladder.result.complete; })
        .def_property_readonly("interrupted", [](const Ladder& ladder) { return ladder.interrupted; })
        .def_property_readonly(
            "status", [](const Ladder& ladder) { return std::string(to_string(ladder.result.status)); })
        .def_property_readonly("most_generation_mw",
                               [](const Ladder& ladder) { return ladder.result.most_generation_mw; })
        .def_property_readonly("needs_complete",
                               [](const Ladder& ladder) { return ladder.result.needs.complete; })
        .def("save", py::overload_cast<const Ladder&>(&save_result),
             "What it found, as words, numbers and lists of them.")
        .def("rungs",
             [](const Ladder& ladder) {
                 return to_columns(report::ladder_rung_table(*ladder.network, ladder.result));
             })
        .def("pairs",
             [](const Ladder& ladder) {
                 return to_columns(report::ladder_table(*ladder.network, ladder.result));
             })
        .def("needs", [](const Ladder& ladder) {
            return to_columns(report::ladder_needs_table(*ladder.network, ladder.result));
        });

    py::class_<UpgradeList>(m, "UpgradeList", "The upgrades a study asks for.")
        .def_property_readonly("complete", [](const UpgradeList& list) { return list.result.complete; })
        .def_property_readonly("interrupted", [](const UpgradeList& list) { return list.interrupted; })
        .def_property_readonly("elements_total",
                               [](const UpgradeList& list) { return list.result.elements_total; })
        .def_property_readonly("runs", &count_runs)
        .def("save", py::overload_cast<const UpgradeList&>(&save_result),
             "What it found, as words, numbers and lists of them.")
        .def("elements",
             [](const UpgradeList& list) {
                 return to_columns(report::upgrade_table(*list.network, list.result));
             })
        .def("buses", [](const UpgradeList& list) {
            return to_columns(report::upgrade_bus_table(*list.network, list.result));
        });

    m.def(
        "check_ladder",
        [](double target_mw, bool redispatch, double rating_factor, int max_rungs) {
            static_cast<void>(make_steps(target_mw, redispatch, rating_factor, max_rungs));
        },
        py::kw_only(), py::arg("target_mw"), py::arg("redispatch"), py::arg("rating_factor"),
        py::arg("max_rungs"));
    m.def("upgrade_ladder", &run_ladder, py::arg("study"), py::kw_only(), py::arg("bus"),
          py::arg("target_mw"), py::arg("redispatch"), py::arg("rating_factor"), py::arg("max_rungs"),
          py::arg("threads"), py::arg("progress"), py::arg("saved") = py::none(),
          "Climbs a ladder; with `saved`, puts one together again from what Ladder.save() gave.");
    m.def("list_upgrades", &run_list, py::arg("study"), py::kw_only(), py::arg("most"), py::arg("redispatch"),
          py::arg("threads"), py::arg("progress"), py::arg("saved") = py::none(),
          "Makes a list; with `saved`, puts one together again from what UpgradeList.save() gave.");
}

}  // namespace nodalroom::bindings
