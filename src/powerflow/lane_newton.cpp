#include "nodalroom/powerflow/lane_newton.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>

#include "lane_newton_impl.hpp"

namespace nodalroom::powerflow {
namespace {

// A lane that needs more steps than this between two switches of limits is handed back; a shared factor
// converges by a constant share per step.
constexpr int kLaneSteps = 12;
constexpr int kSharedSteps = 16;
// Steps that are always taken before a mismatch above kStallMismatch must halve.
constexpr int kFreeSteps = 4;
// With a shared factor every later step must leave less than this share.
constexpr double kSharedShare = 0.5;
// Buses whose mode may differ from the shared factor's before the lane is handed back.
constexpr std::size_t kSharedModes = 128;

}  // namespace

/// Fits what is compensated to the lane's edit and modes. False where that is more than a shared factor
/// can carry.
bool LaneNewton::Impl::compensate(int lane) {
    Lane& state = lane_[static_cast<std::size_t>(lane)];
    const SharedFactor& shared = *options_.shared;
    units_that_differ_.clear();
    for (std::size_t unit = 0; unit < structure_->unit_bus.size(); ++unit) {
        const auto bus = static_cast<std::size_t>(structure_->unit_bus[unit]);
        const bool regulates = mode_[at(static_cast<std::int32_t>(unit), lane)] == QMode::regulating;
        if (regulates == (shared.mode(bus) == QMode::regulating)) continue;
        if (units_that_differ_.size() == kSharedModes) return false;
        units_that_differ_.push_back(static_cast<std::int32_t>(unit));
    }
    return state.compensation.set(units_that_differ_, mode_compensations_);
}

/// One Newton step of every busy lane.
void LaneNewton::Impl::step() {
    if (options_.shared == nullptr) {
        kernels_.solve(view_);
        kernels_.apply(view_);
    } else {
        view_.any_fresh = std::any_of(fresh_.data(), fresh_.data() + fresh_.size(),
                                      [](double fresh) { return fresh > 0.0; });
        kernels_.forward(view_);
        if (kernels_.bytes_per_factor == sizeof(float)) {
            compensate_lanes<float>();
        } else {
            compensate_lanes<double>();
        }
        kernels_.backward_and_apply(view_);
        std::fill_n(fresh_.data(), fresh_.size(), 0.0);
    }
}

template <class Real>
void LaneNewton::Impl::compensate_lanes() {
    Real* const y = reinterpret_cast<Real*>(residual_.data());
    for (std::size_t lane = 0; lane < lane_.size(); ++lane) {
        if (active_[lane] == 0.0) continue;
        lane_[lane].compensation.apply(y + lane, lane_.size(),
                                       fresh_[lane] > 0.0 ? lane_[lane].added : std::span<const double>());
    }
}

RegulatedBus LaneNewton::Impl::regulated(std::size_t unit, int lane) const {
    const std::size_t here = at(static_cast<std::int32_t>(unit), lane);
    return {mode_[here], q_unit_[here], vm_unit_[here], q_min_[here], q_max_[here], v_setpoint_[here]};
}

/// As NewtonSolver does it, on one lane. True if any bus switched.
bool LaneNewton::Impl::switch_modes(int lane, double mismatch) {
    Lane& state = lane_[static_cast<std::size_t>(lane)];
    const std::size_t units = structure_->unit_bus.size();
    std::size_t worst = units;
    double worst_excess = 0.0;
    bool any = false;
    const auto change = [&](std::size_t unit, QMode mode) {
        set_mode(unit, lane, mode);
        const std::int32_t position = structure_->unit_position[unit];
        const std::size_t here = at(static_cast<std::int32_t>(unit), lane);
        const RegulatedBus bus = regulated(unit, lane);
        const double residual =
            mode == QMode::regulating ? v_setpoint_[here] - bus.vm_pu : q_fixed_[here] - bus.q_pu;
        const std::size_t row = at(2 * position + 1, lane);
        if (kernels_.bytes_per_factor == sizeof(float)) {
            reinterpret_cast<float*>(residual_.data())[row] = static_cast<float>(residual);
        } else {
            reinterpret_cast<double*>(residual_.data())[row] = residual;
        }
        state.switched.push_back(static_cast<std::int32_t>(unit));
        ++state.report.q_switches;
        any = true;
    };
    for (std::size_t unit = 0; unit < units; ++unit) {
        const QMode now = mode_[at(static_cast<std::int32_t>(unit), lane)];
        if (now == QMode::fixed) continue;
        double excess = 0.0;
        const QMode mode = wanted_mode(regulated(unit, lane), excess);
        if (mode == now || excess < 0.0) continue;
        if (state.switches[unit] >= kFreeSwitches) {
            if (mismatch < kSettledMismatch && excess > worst_excess) {
                worst_excess = excess;
                worst = unit;
            }
            continue;
        }
        ++state.switches[unit];
        change(unit, mode);
    }
    if (!any && worst < units) {
        double excess = 0.0;
        change(worst, wanted_mode(regulated(worst, lane), excess));
    }
    return any;
}

/// Looks at a lane whose residual has just been evaluated.
LaneNewton::Impl::Verdict LaneNewton::Impl::judge(int lane) {
    Lane& state = lane_[static_cast<std::size_t>(lane)];
    NewtonReport& report = state.report;
    const double mismatch = worst_[static_cast<std::size_t>(lane)];
    report.max_mismatch_pu = mismatch;
    const auto leave = [&](SolveStatus status) {
        report.status = status;
        return Verdict::leave;
    };
    if (!(mismatch < kRunawayMismatch)) return leave(SolveStatus::diverged);
    const NewtonOptions& newton = options_.newton;
    // The first look waits for a step: the start may stand on another state's limits.
    const double look_below =
        report.iterations == 0 ? newton.mismatch_tolerance_pu : newton.switch_mismatch_pu;
    bool switched = false;
    if (newton.enforce_q_limits && mismatch < std::max(look_below, newton.mismatch_tolerance_pu)) {
        switched = off_limits_[static_cast<std::size_t>(lane)] > 0.0 && switch_modes(lane, mismatch);
    }
    if (switched) {
        state.steps_since_switch = 0;
        state.previous = std::numeric_limits<double>::infinity();
        if (++state.rounds > kMaxSwitchRounds) return leave(SolveStatus::q_limits_cycling);
        if (options_.shared != nullptr && !compensate(lane)) return leave(SolveStatus::iteration_limit);
    } else if (mismatch < newton.mismatch_tolerance_pu) {
        return leave(SolveStatus::converged);
    }
    const bool is_shared = options_.shared != nullptr;
    const int step = state.steps_since_switch++;
    if (step >= std::min(newton.max_iterations, is_shared ? kSharedSteps : kLaneSteps)) {
        return leave(SolveStatus::iteration_limit);
    }
    const bool must_halve = is_shared || mismatch > kStallMismatch;
    if (step > kFreeSteps && must_halve && mismatch > kSharedShare * state.previous) {
        return leave(SolveStatus::iteration_limit);
    }
    state.previous = mismatch;
    return Verdict::step;
}

/// Whether a voltage of an island is held at a bus other than this one.
bool LaneNewton::Impl::is_held_without(std::int32_t bus, std::int32_t island) const {
    for (std::size_t unit = 0; unit < structure_->unit_bus.size(); ++unit) {
        if (structure_->unit_island[unit] == island && structure_->unit_bus[unit] != bus &&
            units_[unit].regulates != 0) {
            return true;
        }
    }
    return false;
}

/// Gives a lane its next state; a state that cannot be begun is handed over at once.
void LaneNewton::Impl::begin(int lane, const LaneTask& task,
                             const std::function<void(const LaneResult&)>& done) {
    load(lane, task);
    Lane& state = lane_[static_cast<std::size_t>(lane)];
    if (task.edit != nullptr) {
        for (const auto& units : task.edit->units) {
            if (!(units.weight_sum > 0.0)) {
                state.report.status = SolveStatus::no_balance;
            } else if (units.values.regulates == 0 && !is_held_without(units.bus, units.island)) {
                state.report.status = SolveStatus::no_voltage_control;
            }
        }
    }
    if (state.report.status == SolveStatus::not_run && options_.shared != nullptr) {
        const bool is_changed = task.edit != nullptr && !task.edit->entries.empty();
        if (is_changed) options_.shared->compensate_entries(task.edit->entries, state.entries);
        state.compensation.begin(is_changed ? &state.entries : nullptr);
        if (!compensate(lane)) {
            state.report.status = SolveStatus::iteration_limit;
        } else if (is_changed && load_fresh(lane)) {
            active_[static_cast<std::size_t>(lane)] = 1.0;
            return;
        }
    }
    if (state.report.status != SolveStatus::not_run) {
        finish(lane, done);
    } else {
        load_voltages(lane, task);
    }
}

void LaneNewton::Impl::finish(int lane, const std::function<void(const LaneResult&)>& done) {
    hand_over(lane, done);
    unload(lane);
}

/// Idle lanes take the next states. Those that are fresh take part in the step that follows, the others have
/// to be evaluated first.
void LaneNewton::Impl::refill(const std::function<bool(LaneTask&)>& next,
                              const std::function<void(const LaneResult&)>& done) {
    for (int lane = 0; lane < kernels_.lanes; ++lane) {
        LaneTask task;
        const bool& is_busy = lane_[static_cast<std::size_t>(lane)].busy;
        while (!is_busy && more_ && (more_ = next(task))) begin(lane, task, done);
    }
}

void LaneNewton::Impl::run(const std::function<bool(LaneTask&)>& next,
                           const std::function<void(const LaneResult&)>& done) {
    more_ = true;
    std::fill_n(active_.data(), active_.size(), 0.0);
    const auto is_busy = [](const Lane& lane) { return lane.busy; };
    for (;;) {
        if (std::any_of(lane_.begin(), lane_.end(), is_busy)) {
            refresh_slots();
            view_.units_are_common = std::all_of(lane_.begin(), lane_.end(), [](const Lane& lane) {
                return !lane.busy || lane.units_are_usual;
            });
            kernels_.evaluate(view_);
        }
        leaving_.clear();
        for (int lane = 0; lane < kernels_.lanes; ++lane) {
            auto& active = active_[static_cast<std::size_t>(lane)];
            active = 0.0;
            const Lane& state = lane_[static_cast<std::size_t>(lane)];
            if (!state.busy) continue;
            if (judge(lane) == Verdict::step) {
                active = 1.0;
            } else if (state.report.converged()) {
                leaving_.push_back(lane);
            } else {
                finish(lane, done);
            }
        }
        if (!leaving_.empty()) extract();
        for (const std::int32_t lane : leaving_) finish(lane, done);
        refill(next, done);
        if (std::none_of(lane_.begin(), lane_.end(), is_busy)) return;
        if (std::none_of(active_.data(), active_.data() + active_.size(), [](double a) { return a > 0.0; })) {
            continue;
        }
        refresh_slots();
        step();
        for (int lane = 0; lane < kernels_.lanes; ++lane) {
            Lane& state = lane_[static_cast<std::size_t>(lane)];
            if (active_[static_cast<std::size_t>(lane)] == 0.0) continue;
            ++state.report.iterations;
            if (options_.shared == nullptr) ++state.report.factorisations;
            if (usable_[static_cast<std::size_t>(lane)] > 0.5) continue;
            state.report.status = SolveStatus::diverged;
            finish(lane, done);
        }
    }
}

LaneStart::LaneStart(const LaneStructure& structure, const Voltages& voltages) : voltages_(voltages) {
    for (const std::int32_t b : structure.bus_at) {
        const auto bus = static_cast<std::size_t>(b);
        const double vm = voltages.vm_pu[bus], va = voltages.va_rad[bus];
        e_.push_back(vm * std::cos(va));
        f_.push_back(vm * std::sin(va));
        va_.push_back(va);
    }
}

LaneShift::LaneShift(const LaneStructure& structure, const Voltages& solved, std::span<const double> v_real,
                     std::span<const double> v_imag, const LaneStart& other) {
    for (std::size_t position = 0; position < structure.buses(); ++position) {
        const auto bus = static_cast<std::size_t>(structure.bus_at[position]);
        const std::complex<double> from(other.e_[position], other.f_[position]);
        const auto to = std::complex<double>(v_real[bus], v_imag[bus]) / from;
        ratio.push_back(static_cast<float>(to.real()));
        ratio.push_back(static_cast<float>(to.imag()));
    }
    for (std::size_t unit = 0; unit < structure.unit_buses(); ++unit) {
        const auto bus = static_cast<std::size_t>(structure.unit_bus[unit]);
        if (solved.mode[bus] == other.voltages().mode[bus]) continue;
        modes.emplace_back(static_cast<std::int32_t>(unit), solved.mode[bus]);
    }
    for (std::size_t island = 0; island < solved.supply_pu.size(); ++island) {
        supply_pu.push_back(solved.supply_pu[island] - other.voltages().supply_pu[island]);
    }
}

LaneNewton::LaneNewton(const LaneStructure& structure, const OperatingPoint& point,
                       const LaneOptions& options)
    : impl_(std::make_unique<Impl>(structure, point, options)) {}
LaneNewton::~LaneNewton() = default;
LaneNewton::LaneNewton(LaneNewton&&) noexcept = default;
void LaneNewton::share(const SharedFactor& factor) { impl_->share(factor); }
int LaneNewton::lanes() const noexcept { return impl_->lanes(); }
void LaneNewton::run(const std::function<bool(LaneTask&)>& next,
                     const std::function<void(const LaneResult&)>& done) {
    impl_->run(next, done);
}

}  // namespace nodalroom::powerflow
