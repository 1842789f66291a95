#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nodalroom/contingency/state_solver.hpp"

namespace nodalroom::bench {

/// A case ready to be measured on: read and solved once, shared by every kernel. Units at the
/// reference bus cover losses and no reactive limit is enforced, so that every solve does the same
/// work.
struct BenchCase {
    std::string name;
    std::unique_ptr<const model::Network> network;  ///< on the heap: `base` keeps its address
    std::unique_ptr<const contingency::BaseCase> base;
    std::vector<contingency::Outage> outages;  ///< branches that are no bridges, evenly spread

    [[nodiscard]] const powerflow::Equations& equations() const { return base->equations(); }
    /// A solver at the solved intact state, mismatch evaluated.
    [[nodiscard]] powerflow::NewtonSolver solved_newton() const;
    /// The Jacobian there, by the nonzeros of its pattern.
    [[nodiscard]] std::vector<double> jacobian() const { return solved_newton().jacobian_values(); }
};

/// Adds the benchmarks of one group for one case.
using Registrar = std::function<void(const std::shared_ptr<const BenchCase>&)>;

/// A static of this type enters a group of kernels; main() calls it once per case:
///
///     const KernelGroup klu([](const auto& bench) {
///         add("klu/factor", bench, [](benchmark::State& state, const BenchCase& bench) { ... });
///     });
///
/// Kernels with several instruction sets add one benchmark per set the CPU has, with the set in the
/// name ("lanes/avx512/factor"), so that their rows stand side by side.
class KernelGroup {
public:
    explicit KernelGroup(Registrar registrar);
};
[[nodiscard]] std::span<const Registrar> kernel_groups();

/// Registers `body` as "kernel/case". An exception inside ends that benchmark with its message.
benchmark::internal::Benchmark* add(const std::string& kernel, const std::shared_ptr<const BenchCase>& bench,
                                    std::function<void(benchmark::State&, const BenchCase&)> body);

}  // namespace nodalroom::bench
