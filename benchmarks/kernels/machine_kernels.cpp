// The machine's own limits, for benchmarks/harness/roofline.py: multiply-adds per second on registers, and
// bytes per second of a triad whose arrays together fill half of a cache, or four times the last one.

#include <algorithm>

#include "lane_batch.hpp"
#include "machine_loops.hpp"

namespace nodalroom::bench {

MachineLoops machine_loops(numerics::VectorUnit unit) {
    switch (unit) {
#if defined(__x86_64__)
        case numerics::VectorUnit::avx512:
            return machine_loops_avx512();
        case numerics::VectorUnit::avx2:
            return machine_loops_avx2();
#elif defined(__aarch64__)
        case numerics::VectorUnit::neon:
            return machine_loops_neon();
#endif
        default:
            return machine_loops_plain();
    }
}

namespace {

constexpr std::int64_t kRounds = 10'000;

struct Cache {
    int level;
    double bytes;
};

/// Caches for data, from the nearest; sizes where the system does not tell them.
std::vector<Cache> caches() {
    std::vector<Cache> found;
    for (const auto& cache : benchmark::CPUInfo::Get().caches) {
        if (cache.type != "Instruction") found.push_back({cache.level, static_cast<double>(cache.size)});
    }
    if (found.empty()) found = {{1, 32768.0}, {2, 1048576.0}, {3, 33554432.0}};
    return found;
}

void multiply_add(benchmark::State& state, numerics::VectorUnit unit, bool single) {
    const MachineLoops loops = machine_loops(unit);
    auto* const loop = single ? loops.multiply_add_single : loops.multiply_add;
    const int flops = single ? loops.flops_per_round_single : loops.flops_per_round;
    for (auto _ : state) benchmark::DoNotOptimize(loop(kRounds));
    state.counters["flops_per_second"] = benchmark::Counter(static_cast<double>(flops) * kRounds,
                                                            benchmark::Counter::kIsIterationInvariantRate);
}

/// `bytes`: of all three arrays.
void triad(benchmark::State& state, numerics::VectorUnit unit, double bytes) {
    const auto count = static_cast<std::size_t>(bytes / 24.0) / 64 * 64;
    numerics::AlignedArray<double> a(count, 0.0), b(count, 1.0), c(count, 2.0);
    const MachineLoops loops = machine_loops(unit);
    for (auto _ : state) {
        loops.triad(a.data(), b.data(), c.data(), 3.0, count);
        benchmark::ClobberMemory();
    }
    state.counters["array_bytes"] = 24.0 * static_cast<double>(count);
    state.counters["bytes_per_second"] =
        benchmark::Counter(24.0 * static_cast<double>(count), benchmark::Counter::kIsIterationInvariantRate);
}

// Not of a case: entered with the first one.
const KernelGroup machine([](const std::shared_ptr<const BenchCase>&) {
    static bool entered = false;
    if (std::exchange(entered, true)) return;
    for (const auto unit : supported_units()) {
        const std::string prefix = std::string("machine/") + to_string(unit) + "/";
        for (const bool single : {false, true}) {
            const auto name = prefix + (single ? "multiply_add_single" : "multiply_add");
            benchmark::RegisterBenchmark(name.c_str(), [unit, single](benchmark::State& state) {
                multiply_add(state, unit, single);
            })->Unit(benchmark::kMicrosecond);
        }
        double last = 0.0;
        for (const auto [level, bytes] : caches()) {
            last = bytes;
            benchmark::RegisterBenchmark(
                (prefix + "triad_l" + std::to_string(level)).c_str(),
                [unit, half = bytes / 2](benchmark::State& state) { triad(state, unit, half); })
                ->Unit(benchmark::kMicrosecond);
        }
        benchmark::RegisterBenchmark((prefix + "triad_memory").c_str(), [unit,
                                                                         large = std::max(4.0 * last, 64e6)](
                                                                            benchmark::State& state) {
            triad(state, unit, large);
        })->Unit(benchmark::kMicrosecond);
    }
});

}  // namespace
}  // namespace nodalroom::bench
