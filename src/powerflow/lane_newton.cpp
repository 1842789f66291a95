#include "nodalroom/powerflow/lane_newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lane_compensation.hpp"
#include "lane_slots.hpp"
#include "lane_view.hpp"
#include "nodalroom/numerics/aligned.hpp"

namespace nodalroom::powerflow {
namespace {

using numerics::AlignedArray;

// A lane that needs more steps than this between two switches of limits is handed back; a shared factor
// converges by a constant share per step.
constexpr int kLaneSteps = 12;
constexpr int kSharedSteps = 16;
// Steps that are always taken, and the mismatch above which later ones must halve it.
constexpr int kFreeSteps = 4;
constexpr double kStallMismatch = 1e-4;
// With a shared factor every later step must leave less than this share.
constexpr double kSharedShare = 0.5;
// Buses whose mode may differ from the shared factor's before the lane is handed back.
constexpr std::size_t kSharedModes = 24;
constexpr double kRunawayMismatch = 1e8;

LaneFactors kernel_factors(LaneOptions::Factors factors) noexcept {
    switch (factors) {
        case LaneOptions::Factors::own_single:
            return LaneFactors::own_single;
        case LaneOptions::Factors::own_double:
            return LaneFactors::own_double;
        case LaneOptions::Factors::shared:
            return LaneFactors::shared;
        case LaneOptions::Factors::one_lane:
            break;
    }
    return LaneFactors::one_lane;
}

}  // namespace

class LaneNewton::Impl {
public:
    Impl(const LaneStructure& structure, const OperatingPoint& point, const LaneOptions& options);

    [[nodiscard]] int lanes() const noexcept { return kernels_.lanes; }
    void share(const SharedFactor& factor) {
        options_.shared = &factor;
        for (auto& made : mode_compensation_) made.reset();
    }
    void run(const std::function<bool(LaneTask&)>& next, const std::function<void(const LaneResult&)>& done);

private:
    /// What a lane is doing. idle lanes go through the motions with the voltages they last had.
    struct Lane {
        bool busy = false;
        LaneTask task;
        NewtonReport report;
        int rounds = 0;
        int steps_since_switch = 0;
        double previous = 0.0;
        std::vector<std::uint8_t> switches;  ///< per bus with units
        Compensation entries;                ///< with a shared factor: for the edit's entries of Ybus
        LaneCompensation compensation;
    };
    enum class Verdict : std::uint8_t { step, leave };

    void load(int lane, const LaneTask& task);
    void load_units(int lane, const PointEdit* edit, const Voltages& start);
    void unload(int lane);
    void set_mode(std::size_t unit, int lane, QMode mode);
    [[nodiscard]] Verdict judge(int lane);
    bool switch_modes(int lane, double mismatch);
    [[nodiscard]] RegulatedBus regulated(std::size_t unit, int lane) const;
    [[nodiscard]] bool compensate(int lane);
    void step();
    bool begin(int lane, const LaneTask& task, const std::function<void(const LaneResult&)>& done);
    void finish(int lane, const std::function<void(const LaneResult&)>& done);
    void hand_over(int lane, const std::function<void(const LaneResult&)>& done);
    void mark(std::int32_t position, RowMark bit, bool on);
    void refresh_view();
    [[nodiscard]] std::size_t at(std::int32_t row, int lane) const noexcept {
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(kernels_.lanes) +
               static_cast<std::size_t>(lane);
    }

    const LaneStructure* structure_;
    const OperatingPoint* point_;
    LaneOptions options_;
    LaneKernels kernels_;
    LaneView view_;
    std::vector<double> y_g_, y_b_;  ///< by permuted entry
    std::vector<double> p_load_, q_load_, p_current_, q_current_, p_impedance_,
        q_impedance_;  ///< by position
    std::vector<std::uint8_t> row_marks_;
    std::vector<int> entries_that_differ_;  ///< per row
    LaneSlots y_slots_, load_slots_;
    AlignedArray<double> p_gen_, alpha_, q_fixed_, v_setpoint_, regulates_;
    std::vector<double> q_gen_, q_min_, q_max_;  ///< per bus with units and lane
    std::vector<QMode> mode_;
    AlignedArray<double> supply_, e_, f_, va_, residual_, q_unit_, vm_unit_;
    AlignedArray<double> worst_, active_, usable_;
    AlignedArray<std::byte> work_row_, u_, step_;
    std::vector<Lane> lane_;
    std::vector<std::unique_ptr<Compensation>> mode_compensation_;  ///< per bus with units, once needed
    std::vector<const Compensation*> parts_;
    // A finished lane, by bus.
    Voltages voltages_;
    std::vector<double> v_real_, v_imag_;
};

LaneNewton::Impl::Impl(const LaneStructure& structure, const OperatingPoint& point,
                       const LaneOptions& options)
    : structure_(&structure),
      point_(&point),
      options_(options),
      kernels_(lane_kernels(options.unit, kernel_factors(options.factors))),
      y_slots_(structure.y_column.size(), kernels_.lanes, static_cast<std::size_t>(4 * kernels_.lanes)),
      load_slots_(structure.bus_at.size(), kernels_.lanes, static_cast<std::size_t>(kernels_.lanes)) {
    if (options.factors != LaneOptions::Factors::shared) options_.shared = nullptr;
    const std::size_t n = structure.bus_at.size();
    const auto lanes = static_cast<std::size_t>(kernels_.lanes);
    const std::size_t units = structure.unit_bus.size();
    const std::size_t islands = n - static_cast<std::size_t>(structure.first_reference);
    for (const std::int32_t p : structure.y_from) {
        y_g_.push_back(point.g[static_cast<std::size_t>(p)]);
        y_b_.push_back(point.b[static_cast<std::size_t>(p)]);
    }
    for (const std::int32_t b : structure.bus_at) {
        const auto bus = static_cast<std::size_t>(b);
        p_load_.push_back(point.p_load[bus]);
        q_load_.push_back(point.q_load[bus]);
        p_current_.push_back(point.p_current[bus]);
        q_current_.push_back(point.q_current[bus]);
        p_impedance_.push_back(point.p_impedance[bus]);
        q_impedance_.push_back(point.q_impedance[bus]);
        for (const auto* part : {&p_current_, &q_current_, &p_impedance_, &q_impedance_}) {
            if (part->back() != 0.0) view_.has_voltage_loads = true;
        }
    }
    row_marks_.assign(n, 0);
    entries_that_differ_.assign(n, 0);
    for (auto* values : {&p_gen_, &alpha_, &q_fixed_, &v_setpoint_, &regulates_, &q_unit_, &vm_unit_}) {
        *values = AlignedArray<double>(units * lanes, 0.0);
    }
    for (auto* values : {&q_gen_, &q_min_, &q_max_}) values->assign(units * lanes, 0.0);
    mode_.assign(units * lanes, QMode::fixed);
    supply_ = AlignedArray<double>(islands * lanes, 0.0);
    e_ = AlignedArray<double>(n * lanes, 1.0);
    f_ = AlignedArray<double>(n * lanes, 0.0);
    va_ = AlignedArray<double>(options_.angles ? n * lanes : 0, 0.0);
    residual_ = AlignedArray<double>(2 * n * lanes, 0.0);
    for (auto* values : {&worst_, &active_, &usable_}) *values = AlignedArray<double>(lanes, 0.0);
    const auto& factors = structure.factors();
    const std::size_t block = 4 * lanes * static_cast<std::size_t>(kernels_.bytes_per_factor);
    if (options_.shared == nullptr) {
        work_row_ = AlignedArray<std::byte>(block * static_cast<std::size_t>(factors.longest_row()));
        u_ = AlignedArray<std::byte>(block * static_cast<std::size_t>(factors.u_start().back()));
        step_ = AlignedArray<std::byte>(block / 2 * n);
    }
    lane_.resize(lanes);
    for (Lane& lane : lane_) lane.switches.assign(units, 0);
    mode_compensation_.resize(units);
    voltages_.vm_pu.assign(n, 0.0);
    voltages_.va_rad.assign(n, std::numeric_limits<double>::quiet_NaN());
    voltages_.supply_pu.assign(islands, 0.0);
    voltages_.mode.assign(n, QMode::fixed);
    for (auto* values : {&v_real_, &v_imag_}) values->assign(n, 0.0);
    refresh_view();
}

/// The view's pointers; slots may have moved since.
void LaneNewton::Impl::refresh_view() {
    const LaneStructure& s = *structure_;
    view_.buses = static_cast<std::int32_t>(s.bus_at.size());
    view_.first_reference = s.first_reference;
    view_.y_start = s.y_start.data();
    view_.y_column = s.y_column.data();
    view_.y_g = y_g_.data();
    view_.y_b = y_b_.data();
    view_.y_diagonal = s.y_diagonal.data();
    view_.y_place = s.y_place.data();
    view_.row_marks = row_marks_.data();
    view_.y_slot = y_slots_.slot_of();
    view_.slot_g = y_slots_.first();
    view_.slot_b = y_slots_.second();
    view_.load_slot = load_slots_.slot_of();
    view_.added_p = load_slots_.first();
    view_.added_q = load_slots_.second();
    view_.energised = s.energised.data();
    view_.p_load = p_load_.data();
    view_.q_load = q_load_.data();
    view_.p_current = p_current_.data();
    view_.q_current = q_current_.data();
    view_.p_impedance = p_impedance_.data();
    view_.q_impedance = q_impedance_.data();
    view_.unit_of = s.unit_of.data();
    view_.unit_island = s.unit_supply.data();
    view_.supply_place = s.supply_place.data();
    view_.p_gen = p_gen_.data();
    view_.alpha = alpha_.data();
    view_.q_fixed = q_fixed_.data();
    view_.v_setpoint = v_setpoint_.data();
    view_.regulates = regulates_.data();
    view_.supply = supply_.data();
    view_.e = e_.data();
    view_.f = f_.data();
    view_.va = options_.angles ? va_.data() : nullptr;
    view_.q_unit = q_unit_.data();
    view_.vm_unit = vm_unit_.data();
    view_.residual = residual_.data();
    view_.worst = worst_.data();
    view_.lu_start = s.factors().row_start().data();
    view_.lu_column = s.factors().columns().data();
    view_.lu_diagonal = s.factors().diagonal().data();
    view_.u_start = s.factors().u_start().data();
    view_.destination = s.factors().destinations().data();
    if (options_.shared != nullptr) view_.shared = options_.shared->values().data();
    view_.work_row = work_row_.data();
    view_.u = u_.data();
    view_.step = step_.data();
    view_.active = active_.data();
    view_.usable = usable_.data();
}

void LaneNewton::Impl::mark(std::int32_t position, RowMark bit, bool on) {
    auto& marks = row_marks_[static_cast<std::size_t>(position)];
    marks = static_cast<std::uint8_t>(on ? marks | bit : marks & ~bit);
}

void LaneNewton::Impl::set_mode(std::size_t unit, int lane, QMode mode) {
    const std::size_t here = at(static_cast<std::int32_t>(unit), lane);
    mode_[here] = mode;
    regulates_[here] = mode == QMode::regulating ? 1.0 : 0.0;
    q_fixed_[here] = mode == QMode::at_min   ? q_min_[here]
                     : mode == QMode::at_max ? q_max_[here]
                                             : q_gen_[here];
}

void LaneNewton::Impl::load_units(int lane, const PointEdit* edit, const Voltages& start) {
    const LaneStructure& s = *structure_;
    for (std::size_t unit = 0; unit < s.unit_bus.size(); ++unit) {
        const auto bus = static_cast<std::size_t>(s.unit_bus[unit]);
        const auto island = static_cast<std::size_t>(s.unit_island[unit]);
        UnitsAtBus values = point_->units(bus);
        double weight_sum = point_->weight_sum[island];
        if (edit != nullptr) {
            for (const auto& changed : edit->units) {
                if (changed.island == static_cast<std::int32_t>(island)) weight_sum = changed.weight_sum;
                if (changed.bus == static_cast<std::int32_t>(bus)) values = changed.values;
            }
        }
        const std::size_t here = at(static_cast<std::int32_t>(unit), lane);
        p_gen_[here] = values.p_gen;
        q_gen_[here] = values.q_gen;
        q_min_[here] = values.q_min;
        q_max_[here] = values.q_max;
        v_setpoint_[here] = values.v_setpoint;
        alpha_[here] = weight_sum > 0.0 ? values.weight / weight_sum : 0.0;
        set_mode(unit, lane,
                 fitted_mode(start.mode[bus], values.regulates != 0, options_.newton.enforce_q_limits));
    }
}

void LaneNewton::Impl::load(int lane, const LaneTask& task) {
    const LaneStructure& s = *structure_;
    Lane& state = lane_[static_cast<std::size_t>(lane)];
    state.busy = true;
    state.task = task;
    state.report = NewtonReport();
    state.rounds = 0;
    state.steps_since_switch = 0;
    state.previous = std::numeric_limits<double>::infinity();
    std::fill(state.switches.begin(), state.switches.end(), std::uint8_t{0});
    const Voltages& start = task.start->voltages();
    for (std::size_t position = 0; position < s.bus_at.size(); ++position) {
        const std::size_t here = at(static_cast<std::int32_t>(position), lane);
        e_[here] = task.start->e_[position];
        f_[here] = task.start->f_[position];
        if (options_.angles) va_[here] = task.start->va_[position];
    }
    const auto references = s.equations->network().reference_of_island();
    for (std::size_t island = 0; island < references.size(); ++island) {
        const std::int32_t row = s.supply_row[island];
        supply_[at(row, lane)] = start.supply_pu[island];
    }
    load_units(lane, task.edit, start);
    if (task.edit != nullptr) {
        for (const auto& entry : task.edit->entries) {
            const std::int32_t p = s.y_to[static_cast<std::size_t>(entry.position)];
            const auto q = static_cast<std::size_t>(p);
            const std::int32_t row = s.y_row[q];
            if (y_slots_.set(p, lane, entry.g, entry.b, y_g_[q], y_b_[q]) &&
                entries_that_differ_[static_cast<std::size_t>(row)]++ == 0) {
                mark(row, kLanesDiffer, true);
            }
        }
    }
    if (task.load.bus >= 0) {
        const std::int32_t row = s.position(static_cast<std::size_t>(task.load.bus));
        load_slots_.set(row, lane, task.load.p_pu, task.load.q_pu, 0.0, 0.0);
        mark(row, kAddedLoad, true);
    }
}

void LaneNewton::Impl::unload(int lane) {
    const LaneStructure& s = *structure_;
    Lane& state = lane_[static_cast<std::size_t>(lane)];
    state.busy = false;
    if (state.task.edit != nullptr) {
        for (const auto& entry : state.task.edit->entries) {
            const std::int32_t p = s.y_to[static_cast<std::size_t>(entry.position)];
            const auto q = static_cast<std::size_t>(p);
            const std::int32_t row = s.y_row[q];
            if (y_slots_.clear(p, lane, y_g_[q], y_b_[q]) &&
                --entries_that_differ_[static_cast<std::size_t>(row)] == 0) {
                mark(row, kLanesDiffer, false);
            }
        }
    }
    if (state.task.load.bus >= 0) {
        const std::int32_t row = s.position(static_cast<std::size_t>(state.task.load.bus));
        if (load_slots_.clear(row, lane, 0.0, 0.0)) mark(row, kAddedLoad, false);
    }
}

/// Fits what is compensated to the lane's edit and modes. False where that is more than a shared factor
/// can carry.
bool LaneNewton::Impl::compensate(int lane) {
    Lane& state = lane_[static_cast<std::size_t>(lane)];
    const SharedFactor& shared = *options_.shared;
    parts_.clear();
    if (state.task.edit != nullptr && !state.task.edit->entries.empty()) parts_.push_back(&state.entries);
    std::size_t modes = 0;
    for (std::size_t unit = 0; unit < structure_->unit_buses(); ++unit) {
        const auto bus = static_cast<std::size_t>(structure_->unit_bus[unit]);
        const bool regulates = mode_[at(static_cast<std::int32_t>(unit), lane)] == QMode::regulating;
        if (regulates == (shared.mode(bus) == QMode::regulating)) continue;
        if (++modes > kSharedModes) return false;
        auto& made = mode_compensation_[unit];
        if (!made) {
            made = std::make_unique<Compensation>();
            shared.compensate_mode(bus, *made);
        }
        parts_.push_back(made.get());
    }
    return state.compensation.set(parts_);
}

/// One Newton step of every busy lane.
void LaneNewton::Impl::step() {
    if (options_.shared == nullptr) {
        kernels_.solve(view_);
        kernels_.apply(view_);
    } else {
        kernels_.forward(view_);
        for (int lane = 0; lane < kernels_.lanes; ++lane) {
            Lane& state = lane_[static_cast<std::size_t>(lane)];
            if (!state.busy) continue;
            state.compensation.apply(residual_.data() + lane, static_cast<std::size_t>(kernels_.lanes));
        }
        kernels_.backward_and_apply(view_);
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
        residual_[at(2 * position + 1, lane)] =
            mode == QMode::regulating ? v_setpoint_[here] - bus.vm_pu : q_fixed_[here] - bus.q_pu;
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
        switched = switch_modes(lane, mismatch);
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

void LaneNewton::Impl::hand_over(int lane, const std::function<void(const LaneResult&)>& done) {
    const LaneStructure& s = *structure_;
    const Lane& state = lane_[static_cast<std::size_t>(lane)];
    LaneResult result;
    result.id = state.task.id;
    result.report = state.report;
    if (result.report.converged()) {
        for (std::size_t position = 0; position < s.bus_at.size(); ++position) {
            const auto bus = static_cast<std::size_t>(s.bus_at[position]);
            const std::size_t here = at(static_cast<std::int32_t>(position), lane);
            voltages_.vm_pu[bus] = std::sqrt(e_[here] * e_[here] + f_[here] * f_[here]);
            if (options_.angles) voltages_.va_rad[bus] = va_[here];
            voltages_.mode[bus] = s.energised[position] != 0 ? QMode::fixed : QMode::de_energised;
            v_real_[bus] = e_[here];
            v_imag_[bus] = f_[here];
        }
        for (std::size_t unit = 0; unit < s.unit_bus.size(); ++unit) {
            voltages_.mode[static_cast<std::size_t>(s.unit_bus[unit])] =
                mode_[at(static_cast<std::int32_t>(unit), lane)];
        }
        const auto references = s.equations->network().reference_of_island();
        for (std::size_t island = 0; island < references.size(); ++island) {
            const std::int32_t row = s.supply_row[island];
            voltages_.supply_pu[island] = supply_[at(row, lane)];
        }
    }
    result.voltages = &voltages_;
    result.v_real = v_real_;
    result.v_imag = v_imag_;
    done(result);
}

/// Gives a lane its next state; a state that cannot be begun is handed over at once.
bool LaneNewton::Impl::begin(int lane, const LaneTask& task,
                             const std::function<void(const LaneResult&)>& done) {
    load(lane, task);
    Lane& state = lane_[static_cast<std::size_t>(lane)];
    if (task.edit != nullptr) {
        for (const auto& units : task.edit->units) {
            if (!(units.weight_sum > 0.0)) state.report.status = SolveStatus::no_balance;
        }
        if (options_.shared != nullptr && !task.edit->entries.empty()) {
            options_.shared->compensate_entries(task.edit->entries, state.entries);
        }
    }
    if (state.report.status == SolveStatus::not_run && options_.shared != nullptr && !compensate(lane)) {
        state.report.status = SolveStatus::iteration_limit;
    }
    if (state.report.status == SolveStatus::not_run) return true;
    finish(lane, done);
    return false;
}

void LaneNewton::Impl::finish(int lane, const std::function<void(const LaneResult&)>& done) {
    hand_over(lane, done);
    unload(lane);
}

void LaneNewton::Impl::run(const std::function<bool(LaneTask&)>& next,
                           const std::function<void(const LaneResult&)>& done) {
    bool more = true;
    for (;;) {
        bool busy = false;
        for (int lane = 0; lane < kernels_.lanes; ++lane) {
            bool& is_busy = lane_[static_cast<std::size_t>(lane)].busy;
            LaneTask task;
            while (!is_busy && more && (more = next(task))) begin(lane, task, done);
            busy = busy || is_busy;
        }
        if (!busy) return;
        refresh_view();
        kernels_.evaluate(view_);
        bool any_steps = false;
        for (int lane = 0; lane < kernels_.lanes; ++lane) {
            auto& active = active_[static_cast<std::size_t>(lane)];
            active = 0.0;
            if (!lane_[static_cast<std::size_t>(lane)].busy) continue;
            if (judge(lane) == Verdict::leave) {
                finish(lane, done);
            } else {
                active = 1.0;
                any_steps = true;
            }
        }
        if (!any_steps) continue;
        step();
        for (int lane = 0; lane < kernels_.lanes; ++lane) {
            Lane& state = lane_[static_cast<std::size_t>(lane)];
            if (!state.busy) continue;
            ++state.report.iterations;
            ++state.report.factorisations;
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
