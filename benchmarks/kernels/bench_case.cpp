#include "bench_case.hpp"

#include <exception>
#include <utility>

namespace nodalroom::bench {

namespace {

// In a function, because the order in which files' statics are made is not known.
std::vector<Registrar>& groups() {
    static std::vector<Registrar> all;
    return all;
}

}  // namespace

powerflow::NewtonSolver BenchCase::solved_newton() const {
    powerflow::NewtonSolver solver(equations(),
                                   powerflow::make_operating_point(equations(), base->unit_weights()));
    solver.start_from(base->voltages());
    solver.evaluate_mismatch();
    return solver;
}

KernelGroup::KernelGroup(Registrar registrar) { groups().push_back(std::move(registrar)); }

std::span<const Registrar> kernel_groups() { return groups(); }

benchmark::internal::Benchmark* add(const std::string& kernel, const std::shared_ptr<const BenchCase>& bench,
                                    std::function<void(benchmark::State&, const BenchCase&)> body) {
    const auto guarded = [bench, body = std::move(body)](benchmark::State& state) {
        try {
            body(state, *bench);
        } catch (const std::exception& error) {
            state.SkipWithError(error.what());
        }
    };
    return benchmark::RegisterBenchmark((kernel + "/" + bench->name).c_str(), guarded)
        ->Unit(benchmark::kMicrosecond);
}

}  // namespace nodalroom::bench
