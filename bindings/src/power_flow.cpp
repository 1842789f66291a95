#include <pybind11/stl.h>

#include "bind.hpp"
#include "nodalroom/powerflow/solve.hpp"
#include "nodalroom/report/network_tables.hpp"
#include "options.hpp"
#include "tables.hpp"

namespace nodalroom::bindings {
namespace py = pybind11;
using model::Network;
using powerflow::PowerFlowResult;

namespace {

struct PowerFlow {
    std::shared_ptr<Network> network;
    PowerFlowResult result;
};

PowerFlow solve(std::shared_ptr<Network> network, bool q_limits, const std::string& balance,
                std::vector<double> weights, std::optional<int> area, const std::string& init,
                double tolerance, int max_iterations) {
    powerflow::PowerFlowOptions options;
    options.enforce_q_limits = q_limits;
    options.balance = make_balance(balance, std::move(weights), area);
    options.start = powerflow::parse_start(init);
    options.mismatch_tolerance_pu = tolerance;
    options.max_iterations = max_iterations;
    PowerFlowResult result = powerflow::solve(*network, options);
    return {std::move(network), std::move(result)};
}

}  // namespace

void bind_power_flow(py::module_& m) {
    const auto table = [](auto make) {
        return [make](const PowerFlow& flow) { return to_columns(make(*flow.network, flow.result)); };
    };
    py::class_<PowerFlow>(m, "PowerFlow", "Outcome of one AC power flow.")
        .def_property_readonly("converged", [](const PowerFlow& flow) { return flow.result.converged(); })
        .def_property_readonly("status",
                               [](const PowerFlow& flow) { return powerflow::to_string(flow.result.status); })
        .def_property_readonly("iterations", [](const PowerFlow& flow) { return flow.result.iterations; })
        .def_property_readonly("max_mismatch_pu",
                               [](const PowerFlow& flow) { return flow.result.max_mismatch_pu; })
        .def_property_readonly("reason", [](const PowerFlow& flow) { return flow.result.reason; })
        .def("buses", table(report::solved_bus_table))
        .def("branches", table(report::solved_branch_table))
        .def("units", table(report::solved_unit_table))
        .def("attempts", table(report::attempt_table))
        .def("worst_buses", table(report::worst_bus_table));

    m.def("solve", &solve, py::arg("network"), py::kw_only(), py::arg("q_limits"), py::arg("balance"),
          py::arg("weights"), py::arg("area"), py::arg("init"), py::arg("tolerance"),
          py::arg("max_iterations"), py::call_guard<py::gil_scoped_release>());
}

}  // namespace nodalroom::bindings
