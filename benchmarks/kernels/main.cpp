// Times the kernels on the cases named:
//
//     nodalroom_kernels --case FILE.m [--case FILE.m ...] [Google Benchmark's options]
//
// or with NODALROOM_BENCH_CASES=FILE.m:FILE.m. For medians with their spread ask for repetitions and
// interleave them: --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "bench_case.hpp"
#include "nodalroom/core/version.hpp"

namespace {

using namespace nodalroom;

// Enough distinct outages that no branch predictor learns one, few enough to list at once.
constexpr std::size_t kOutages = 64;

std::shared_ptr<const bench::BenchCase> prepare(const std::string& path) {
    auto made = std::make_shared<bench::BenchCase>();
    made->network = std::make_unique<const model::Network>(model::read_network(path));
    made->name = made->network->name();
    powerflow::PowerFlowOptions options;
    options.enforce_q_limits = false;
    made->base = std::make_unique<const contingency::BaseCase>(*made->network, options);
    if (!made->base->solved()) throw std::runtime_error(path + " has no power-flow solution");
    const auto all = contingency::list_outages(*made->network, contingency::ContingencySet::branches);
    const std::size_t step = std::max<std::size_t>(1, all.size() / kOutages);
    for (std::size_t k = 0; k < all.size(); k += step) made->outages.push_back(all[k]);
    return made;
}

// Takes our own options out of the arguments and leaves Google Benchmark's.
std::vector<std::string> take_cases(int& count, char** arguments) {
    std::vector<std::string> cases;
    int kept = 1;
    for (int k = 1; k < count; ++k) {
        if (std::string_view(arguments[k]) != "--case") {
            arguments[kept++] = arguments[k];
        } else if (++k < count) {
            cases.emplace_back(arguments[k]);
        } else {
            throw std::runtime_error("--case needs a file");
        }
    }
    count = kept;
    arguments[count] = nullptr;
    if (const char* listed = std::getenv("NODALROOM_BENCH_CASES"); listed != nullptr && cases.empty()) {
        std::istringstream parts(listed);
        for (std::string part; std::getline(parts, part, ':');) {
            if (!part.empty()) cases.push_back(part);
        }
    }
    if (cases.empty()) throw std::runtime_error("no case: give --case FILE.m or set NODALROOM_BENCH_CASES");
    return cases;
}

}  // namespace

int main(int count, char** arguments) {
    try {
        const auto cases = take_cases(count, arguments);
        benchmark::Initialize(&count, arguments);
        if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
        benchmark::AddCustomContext("nodalroom", std::string(version()));
        for (const auto& path : cases) {
            const auto bench = prepare(path);
            for (const auto& group : bench::kernel_groups()) group(bench);
        }
        benchmark::RunSpecifiedBenchmarks();
        benchmark::Shutdown();
    } catch (const std::exception& error) {
        std::cerr << "error: " << error.what() << '\n';
        return 2;
    }
    return 0;
}
