// What a power flow and an outage are made of, and the two as a whole.

#include <complex>
#include <stdexcept>

#include "bench_case.hpp"

namespace nodalroom::bench {
namespace {

using powerflow::NewtonOptions;
using powerflow::NewtonReport;

NewtonOptions without_q_limits() {
    NewtonOptions options;
    options.enforce_q_limits = false;
    return options;
}

void require(const NewtonReport& report) {
    if (!report.converged())
        throw std::runtime_error(std::string("a solve ended ") + to_string(report.status));
}

void build_equations(benchmark::State& state, const BenchCase& bench) {
    for (auto _ : state) {
        const powerflow::Equations equations(*bench.network);
        benchmark::DoNotOptimize(&equations);
    }
    state.counters["buses"] = static_cast<double>(bench.equations().bus_count());
}

void evaluate_mismatch(benchmark::State& state, const BenchCase& bench) {
    auto solver = bench.solved_newton();
    double mismatch = 0.0;
    for (auto _ : state) benchmark::DoNotOptimize(mismatch = solver.evaluate_mismatch());
    state.counters["mismatch_pu"] = mismatch;
}

void fill_and_factor(benchmark::State& state, const BenchCase& bench) {
    auto solver = bench.solved_newton();
    for (auto _ : state) {
        if (!solver.factorise()) throw std::runtime_error("the Jacobian could not be factorised");
    }
}

void solve_from_dc(benchmark::State& state, const BenchCase& bench) {
    auto solver = bench.solved_newton();
    const auto start = powerflow::start_voltages(bench.equations(), solver.point(), powerflow::Start::dc);
    NewtonReport report;
    for (auto _ : state) {
        solver.start_from(start);
        require(report = solver.solve(without_q_limits()));
    }
    state.counters["steps"] = report.iterations;
    state.counters["mismatch_pu"] = report.max_mismatch_pu;
}

/// One outage after another, each from the intact voltages. Time is per outage.
void solve_outages(benchmark::State& state, const BenchCase& bench, bool with_flows) {
    contingency::StateSolver solver(*bench.base);
    std::size_t next = 0, solved = 0, steps = 0;
    double mismatch = 0.0;
    for (auto _ : state) {
        solver.set_outage(bench.outages[next]);
        next = (next + 1) % bench.outages.size();
        const auto report = solver.solve_from_base();
        steps += static_cast<std::size_t>(report.iterations);
        if (!report.converged()) continue;  // a state without a solution costs what it costs
        ++solved;
        mismatch = std::max(mismatch, report.max_mismatch_pu);
        if (!with_flows) continue;
        for (std::size_t branch = 0; branch < bench.network->branches().size(); ++branch) {
            benchmark::DoNotOptimize(powerflow::flow_of(solver.newton(), branch));
        }
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["solved_share"] = static_cast<double>(solved) / static_cast<double>(state.iterations());
    state.counters["steps"] = static_cast<double>(steps) / static_cast<double>(state.iterations());
    state.counters["mismatch_pu"] = mismatch;
}

void extract_flows(benchmark::State& state, const BenchCase& bench) {
    const auto solver = bench.solved_newton();
    const std::size_t branches = bench.network->branches().size();
    for (auto _ : state) {
        for (std::size_t branch = 0; branch < branches; ++branch) {
            benchmark::DoNotOptimize(powerflow::flow_of(solver, branch));
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(branches));
}

const KernelGroup power_flow([](const std::shared_ptr<const BenchCase>& shared) {
    add("power_flow/equations", shared, build_equations);
    add("power_flow/mismatch", shared, evaluate_mismatch);
    add("power_flow/jacobian_and_factor", shared, fill_and_factor);
    add("power_flow/newton_from_dc", shared, solve_from_dc);
    add("power_flow/flows", shared, extract_flows);
    add("outage/solve", shared,
        [](benchmark::State& state, const BenchCase& bench) { solve_outages(state, bench, false); });
    add("outage/solve_and_flows", shared,
        [](benchmark::State& state, const BenchCase& bench) { solve_outages(state, bench, true); });
});

}  // namespace
}  // namespace nodalroom::bench
