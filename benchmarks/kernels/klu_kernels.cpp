// KLU on the Jacobian of a case at its solution.

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>

#include "bench_case.hpp"
#include "nodalroom/numerics/klu_solver.hpp"

namespace nodalroom::bench {
namespace {

using numerics::CscPattern;
using numerics::KluSolver;

std::vector<double> random_rhs(std::size_t size) {
    std::mt19937_64 generator(1);
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    std::vector<double> rhs(size);
    for (double& value : rhs) value = uniform(generator);
    return rhs;
}

/// Largest entry of A x - b.
double residual(const CscPattern& pattern, std::span<const double> values, std::span<const double> x,
                std::vector<double> b) {
    for (std::int32_t column = 0; column < pattern.size; ++column) {
        const auto c = static_cast<std::size_t>(column);
        for (std::int32_t k = pattern.column_start[c]; k < pattern.column_start[c + 1]; ++k) {
            const auto entry = static_cast<std::size_t>(k);
            b[static_cast<std::size_t>(pattern.row[entry])] -= values[entry] * x[c];
        }
    }
    double largest = 0.0;
    for (const double left : b) largest = std::max(largest, std::abs(left));
    return largest;
}

void require(bool succeeded) {
    if (!succeeded) throw std::runtime_error("KLU could not factorise the Jacobian");
}

void count_sizes(benchmark::State& state, const BenchCase& bench, const KluSolver& solver) {
    state.counters["unknowns"] = bench.equations().size();
    state.counters["nonzeros"] = static_cast<double>(bench.equations().pattern().nonzeros());
    state.counters["factor_nonzeros"] = static_cast<double>(solver.factor_nonzeros());
}

void solve_columns(benchmark::State& state, const BenchCase& bench, int columns) {
    const auto values = bench.jacobian();
    const auto& pattern = bench.equations().pattern();
    KluSolver solver(pattern);
    require(solver.factor(values));
    const auto size = static_cast<std::size_t>(pattern.size);
    const auto start = random_rhs(size * static_cast<std::size_t>(columns));
    auto x = start;
    for (auto _ : state) {
        std::copy(start.begin(), start.end(), x.begin());
        solver.solve(x, columns);
        benchmark::DoNotOptimize(x.data());
    }
    count_sizes(state, bench, solver);
    state.counters["residual"] = residual(pattern, values, std::span(x).first(size),
                                          {start.begin(), start.begin() + static_cast<std::ptrdiff_t>(size)});
}

const KernelGroup klu([](const std::shared_ptr<const BenchCase>& shared) {
    add("klu/analyse", shared, [](benchmark::State& state, const BenchCase& bench) {
        for (auto _ : state) {
            KluSolver solver(bench.equations().pattern());
            benchmark::DoNotOptimize(&solver);
        }
    });
    add("klu/factor", shared, [](benchmark::State& state, const BenchCase& bench) {
        KluSolver solver(bench.equations().pattern());
        const auto values = bench.jacobian();
        for (auto _ : state) require(solver.factor(values));
        count_sizes(state, bench, solver);
    });
    add("klu/refactor", shared, [](benchmark::State& state, const BenchCase& bench) {
        KluSolver solver(bench.equations().pattern());
        const auto values = bench.jacobian();
        require(solver.factor(values));
        for (auto _ : state) require(solver.refactor(values));
        count_sizes(state, bench, solver);
    });
    add("klu/solve", shared,
        [](benchmark::State& state, const BenchCase& bench) { solve_columns(state, bench, 1); });
    add("klu/solve_8_columns", shared,
        [](benchmark::State& state, const BenchCase& bench) { solve_columns(state, bench, 8); });
});

}  // namespace
}  // namespace nodalroom::bench
