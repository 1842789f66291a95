#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <mutex>
#include <utility>

#include "bind.hpp"
#include "nodalroom/powerflow/power_flow_solver.hpp"
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

/// A solver and what it needs to live; threads of Python take turns with it.
struct Solver {
    std::shared_ptr<Network> network;
    std::mutex turn;
    powerflow::PowerFlowSolver solver;

    Solver(std::shared_ptr<Network> of, powerflow::PowerFlowOptions options)
        : network(std::move(of)), solver(*network, std::move(options)) {}
};

powerflow::PowerFlowOptions make_options(bool q_limits, const std::string& balance,
                                         std::vector<double> weights, std::optional<int> area,
                                         const std::string& init, double tolerance, int max_iterations) {
    powerflow::PowerFlowOptions options;
    options.enforce_q_limits = q_limits;
    options.balance = make_balance(balance, std::move(weights), area);
    options.start = powerflow::parse_start(init);
    options.mismatch_tolerance_pu = tolerance;
    options.max_iterations = max_iterations;
    return options;
}

PowerFlow solve(std::shared_ptr<Network> network, bool q_limits, const std::string& balance,
                std::vector<double> weights, std::optional<int> area, const std::string& init,
                double tolerance, int max_iterations) {
    PowerFlowResult result = powerflow::solve(
        *network, make_options(q_limits, balance, std::move(weights), area, init, tolerance, max_iterations));
    return {std::move(network), std::move(result)};
}

std::unique_ptr<Solver> make_solver(std::shared_ptr<Network> network, bool q_limits,
                                    const std::string& balance, std::vector<double> weights,
                                    std::optional<int> area, const std::string& init, double tolerance,
                                    int max_iterations) {
    return std::make_unique<Solver>(std::move(network), make_options(q_limits, balance, std::move(weights),
                                                                     area, init, tolerance, max_iterations));
}

using Values = py::array_t<double, py::array::c_style | py::array::forcecast>;

PowerFlow solve_again(Solver& solver, const Values& load_p_mw, const Values& load_q_mvar,
                      const Values& unit_p_mw, const Values& unit_q_mvar, const PowerFlow* start) {
    const auto to_vector = [](const Values& values) {
        return std::vector<double>(values.data(), values.data() + values.size());
    };
    const powerflow::Powers powers{to_vector(load_p_mw), to_vector(load_q_mvar), to_vector(unit_p_mw),
                                   to_vector(unit_q_mvar)};
    const py::gil_scoped_release release;
    const std::lock_guard lock(solver.turn);
    PowerFlowResult result =
        start == nullptr ? solver.solver.solve(powers) : solver.solver.solve(powers, start->result.voltages);
    return {solver.network, std::move(result)};
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

    py::class_<Solver>(m, "Solver", "The power flow of one network, solved again and again.")
        .def(py::init(&make_solver), py::arg("network"), py::kw_only(), py::arg("q_limits"),
             py::arg("balance"), py::arg("weights"), py::arg("area"), py::arg("init"), py::arg("tolerance"),
             py::arg("max_iterations"), py::call_guard<py::gil_scoped_release>())
        .def("solve", &solve_again, py::kw_only(), py::arg("load_p_mw"), py::arg("load_q_mvar"),
             py::arg("unit_p_mw"), py::arg("unit_q_mvar"), py::arg("start").none(true));

    m.def("solve", &solve, py::arg("network"), py::kw_only(), py::arg("q_limits"), py::arg("balance"),
          py::arg("weights"), py::arg("area"), py::arg("init"), py::arg("tolerance"),
          py::arg("max_iterations"), py::call_guard<py::gil_scoped_release>());
}

}  // namespace nodalroom::bindings
