#include "nodalroom/headroom/load_trace.hpp"

#include <pybind11/stl.h>

#include <memory>
#include <utility>

#include "bind.hpp"
#include "nodalroom/headroom/preparation.hpp"
#include "nodalroom/report/table.hpp"
#include "options.hpp"
#include "tables.hpp"

namespace nodalroom::bindings {
namespace py = pybind11;

namespace {

/// (load_mw and vm_pu, whether the path ends there, why there is no point).
std::tuple<Columns, bool, std::string> trace_load(const std::shared_ptr<model::Network>& network,
                                                  std::int64_t bus, const std::string& kind, std::int64_t row,
                                                  double power_factor, double max_mw, bool q_limits,
                                                  const std::string& balance, std::vector<double> weights,
                                                  std::optional<int> area, double tolerance) {
    const BusRow at = find_buses(*network, {bus}).front();
    const contingency::Outage outage = find_outage(*network, kind, row);
    powerflow::PowerFlowOptions options;
    options.enforce_q_limits = q_limits;
    options.balance = make_balance(balance, std::move(weights), area);
    options.mismatch_tolerance_pu = tolerance;
    headroom::LoadTrace trace;
    {
        const py::gil_scoped_release release;
        const contingency::BaseCase base(*network, options);
        trace = headroom::trace_load(base, outage, {at, headroom::mvar_per_mw_at(power_factor)}, max_mw);
    }
    std::vector<double> load_mw, vm_pu;
    for (const headroom::TracePoint& point : trace.points) {
        load_mw.push_back(point.load_mw);
        vm_pu.push_back(point.vm_pu);
    }
    report::Table table;
    table.columns.push_back({"load_mw", std::move(load_mw)});
    table.columns.push_back({"vm_pu", std::move(vm_pu)});
    return {to_columns(table), trace.ends, std::move(trace.problem)};
}

}  // namespace

void bind_load_trace(py::module_& m) {
    m.def(
        "trace_load", &trace_load, py::arg("network"), py::kw_only(), py::arg("bus"),
        py::arg("contingency_kind"), py::arg("contingency_row"), py::arg("power_factor"), py::arg("max_mw"),
        py::arg("q_limits"), py::arg("balance"), py::arg("weights"), py::arg("area"), py::arg("tolerance"),
        "The solutions of one state as load is added at a bus: (columns, whether they end before max_mw, why "
        "there are none).");
}

}  // namespace nodalroom::bindings
