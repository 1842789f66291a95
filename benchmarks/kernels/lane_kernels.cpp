// States in vector lanes: the engine as a whole, and its kernels one by one, on every vector unit there is.
//
//     lanes/UNIT/FACTORS/states     N-1 states without reactive limits, from the intact voltages
//     lanes/UNIT/FACTORS/states_q   the same with them
//     lanes/UNIT/FACTORS/KERNEL     one call for all lanes, which hold different states; voltages are put
//     back
//                                   between calls, outside the time
//     lanes/UNIT/KERNEL             one call for one state: what is done once it is solved

#include <chrono>
#include <cmath>
#include <stdexcept>

#include "lane_batch.hpp"

namespace nodalroom::bench {
namespace {

using numerics::VectorUnit;
using powerflow::LaneFactors;

// Many more than lanes, so that the last ones, which run with lanes empty, weigh little.
constexpr std::size_t kStates = 512;

constexpr const char* kFactorNames[] = {"own_single", "own_double", "shared_single", "shared_double"};

/// The case solved with reactive limits, and states of it. Made when first needed: not every run asks for it.
class States {
public:
    States(std::shared_ptr<const BenchCase> bench, bool q_limits)
        : bench_(std::move(bench)), q_limits_(q_limits) {}

    const contingency::BaseCase& base() {
        if (edits_.empty()) prepare();
        return q_limits_ ? *own_base_ : *bench_->base;
    }
    [[nodiscard]] const std::vector<powerflow::PointEdit>& edits() const { return edits_; }

private:
    void prepare() {
        if (q_limits_) {
            own_base_ = std::make_unique<const contingency::BaseCase>(*bench_->network,
                                                                      powerflow::PowerFlowOptions());
            if (!own_base_->solved()) throw std::runtime_error("no solution with reactive limits");
        }
        const auto outages = list_outages(*bench_->network, contingency::ContingencySet::branches);
        if (outages.empty()) throw std::runtime_error("no branch can be lost");
        const std::size_t count = std::min(kStates, outages.size());
        edits_.resize(count);
        const auto& base = q_limits_ ? *own_base_ : *bench_->base;
        for (std::size_t k = 0; k < count; ++k) {
            base.make_edit(outages[k * outages.size() / count], edits_[k]);
        }
    }

    std::shared_ptr<const BenchCase> bench_;
    bool q_limits_;
    std::unique_ptr<const contingency::BaseCase> own_base_;
    std::vector<powerflow::PointEdit> edits_;
};

void solve_states(benchmark::State& state, States& states, VectorUnit unit, LaneFactors factors) {
    const auto& base = states.base();
    const auto& edits = states.edits();
    powerflow::LaneOptions options;
    options.newton.mismatch_tolerance_pu = base.options().mismatch_tolerance_pu;
    options.newton.enforce_q_limits = base.options().enforce_q_limits;
    options.unit = unit;
    options.factors = factors;
    options.angles = false;  // as in a sweep
    options.usual_start = &base.lane_start();
    if (powerflow::is_shared(factors)) options.shared = &base.shared_factor();
    powerflow::LaneNewton lanes(base.lanes(), base.point(), options);
    double steps = 0.0, solved = 0.0, mismatch = 0.0;
    for (auto _ : state) {
        std::size_t next = 0;
        lanes.run(
            [&](powerflow::LaneTask& task) {
                if (next == edits.size()) return false;
                task = {next, &edits[next], {}, &base.lane_start()};
                ++next;
                return true;
            },
            [&](const powerflow::LaneResult& result) {
                steps += result.report.iterations;
                if (!result.report.converged()) return;
                solved += 1.0;
                mismatch = std::max(mismatch, result.report.max_mismatch_pu);
            });
    }
    const auto runs = static_cast<double>(state.iterations());
    const auto count = static_cast<double>(edits.size());
    using benchmark::Counter;
    state.counters["lanes"] = lanes.lanes();
    state.counters["states"] = count;
    state.counters["states_per_second"] = Counter(count, Counter::kIsIterationInvariantRate);
    state.counters["time_per_state"] = Counter(count, Counter::kIsIterationInvariantRate | Counter::kInvert);
    state.counters["steps"] = steps / runs / count;
    state.counters["solved_share"] = solved / runs / count;
    state.counters["mismatch_pu"] = mismatch;
}

void show(benchmark::State& state, const Work& work, int lanes) {
    state.counters["lanes"] = lanes;
    state.counters["flops"] = work.flops;
    state.counters["flops_single"] = work.flops_single;
    state.counters["bytes"] = work.bytes;
    state.counters["bytes_again"] = work.bytes_again;
}

template <class Call, class Before>
void time_calls(benchmark::State& state, Call call, Before before) {
    using Clock = std::chrono::steady_clock;
    for (auto _ : state) {
        before();
        const auto start = Clock::now();
        call();
        benchmark::ClobberMemory();
        state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
    }
}

/// A kernel that is measured after what leads up to it has been done once.
struct Kernel {
    const char* name;
    void (*powerflow::LaneKernels::*call)(const powerflow::LaneView&);
    Work (LaneBatch::*work)() const;
};
constexpr Kernel kOwn[] = {
    {"evaluate", &powerflow::LaneKernels::evaluate, &LaneBatch::evaluate_work},
    {"solve", &powerflow::LaneKernels::solve, &LaneBatch::solve_work},
    {"apply", &powerflow::LaneKernels::apply, &LaneBatch::apply_work},
};
constexpr Kernel kShared[] = {
    {"evaluate", &powerflow::LaneKernels::evaluate, &LaneBatch::evaluate_work},
    {"forward", &powerflow::LaneKernels::forward, &LaneBatch::forward_work},
    {"backward", &powerflow::LaneKernels::backward_and_apply, &LaneBatch::backward_work},
};

/// A Newton step of all lanes with the kernels that are timed must leave less mismatch than there was: what
/// is timed is what the engine does.
void require_progress(LaneBatch& batch, bool is_shared) {
    batch.rewind();
    const auto& kernels = batch.kernels();
    kernels.evaluate(batch.view());
    const double before = batch.worst();
    if (is_shared) {
        kernels.forward(batch.view());
        kernels.backward_and_apply(batch.view());
    } else {
        kernels.solve(batch.view());
        kernels.apply(batch.view());
    }
    kernels.evaluate(batch.view());
    // Without its compensation a shared factor knows nothing of the outages.
    if (!(batch.worst() < (is_shared ? 1e3 : 0.5) * before)) {
        throw std::runtime_error("the kernels make no progress: " + std::to_string(before) + " to " +
                                 std::to_string(batch.worst()) + " pu");
    }
    batch.rewind();
}

void time_kernel(benchmark::State& state, const BenchCase& bench, VectorUnit unit, LaneFactors factors,
                 const Kernel& kernel) {
    LaneBatch batch(bench, unit, factors);
    require_progress(batch, powerflow::is_shared(factors));
    auto* const call = batch.kernels().*kernel.call;
    time_calls(
        state, [&] { call(batch.view()); }, [&] { batch.rewind(); });
    show(state, (batch.*kernel.work)(), batch.lanes());
}

const KernelGroup lanes([](const std::shared_ptr<const BenchCase>& shared) {
    auto without = std::make_shared<States>(shared, false), with = std::make_shared<States>(shared, true);
    for (const VectorUnit unit : supported_units()) {
        const std::string of_unit = std::string("lanes/") + to_string(unit) + "/";
        for (const auto factors : {LaneFactors::shared_single, LaneFactors::shared_double,
                                   LaneFactors::own_single, LaneFactors::own_double}) {
            const std::string prefix = of_unit + kFactorNames[static_cast<std::size_t>(factors)] + "/";
            for (const auto& [name, states] : {std::pair{"states", without}, std::pair{"states_q", with}}) {
                add(prefix + name, shared,
                    [unit, factors, states = states](benchmark::State& state, const BenchCase&) {
                        solve_states(state, *states, unit, factors);
                    });
            }
            for (const Kernel& kernel : powerflow::is_shared(factors) ? kShared : kOwn) {
                add(prefix + kernel.name, shared,
                    [unit, factors, &kernel](benchmark::State& state, const BenchCase& bench) {
                        time_kernel(state, bench, unit, factors, kernel);
                    })
                    ->UseManualTime();
            }
        }
        add(of_unit + "flows", shared, [unit](benchmark::State& state, const BenchCase& bench) {
            const ScanBatch batch(bench);
            auto* const flows = powerflow::scan_kernels(unit).flows;
            time_calls(
                state, [&] { flows(batch.flows()); }, [] {});
            show(state, batch.flows_work(), 1);
        })->UseManualTime();
        add(of_unit + "phasors", shared, [unit](benchmark::State& state, const BenchCase& bench) {
            const ScanBatch batch(bench);
            auto* const phasors = powerflow::scan_kernels(unit).phasors;
            time_calls(
                state, [&] { phasors(batch.phasors()); }, [] {});
            show(state, batch.phasors_work(), 1);
        })->UseManualTime();
    }
});

}  // namespace
}  // namespace nodalroom::bench
