// How states come into lanes.
#include <algorithm>
#include <cmath>
#include <limits>

#include "lane_newton_impl.hpp"

namespace nodalroom::powerflow {

using numerics::AlignedArray;

LaneNewton::Impl::Impl(const LaneStructure& structure, const OperatingPoint& point,
                       const LaneOptions& options)
    : structure_(&structure),
      point_(&point),
      options_(options),
      kernels_(lane_kernels(options.unit, options.factors)),
      y_slots_(structure.y_column.size(), kernels_.lanes, static_cast<std::size_t>(4 * kernels_.lanes)),
      load_slots_(structure.bus_at.size(), kernels_.lanes, static_cast<std::size_t>(kernels_.lanes)),
      mode_compensations_(structure.unit_bus) {
    if (!is_shared(options.factors)) options_.shared = nullptr;
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
    for (auto* values : {&p_gen_, &alpha_, &q_fixed_, &v_setpoint_, &regulates_, &q_min_, &q_max_,
                         &limit_side_, &q_unit_, &vm_unit_}) {
        *values = AlignedArray<double>(units * lanes, 0.0);
    }
    q_gen_.assign(units * lanes, 0.0);
    mode_.assign(units * lanes, QMode::fixed);
    supply_ = AlignedArray<double>(islands * lanes, 0.0);
    e_ = AlignedArray<double>(n * lanes, 1.0);
    f_ = AlignedArray<double>(n * lanes, 0.0);
    va_ = AlignedArray<double>(options_.angles ? n * lanes : 0, 0.0);
    for (auto* values : {&worst_, &off_limits_, &active_, &usable_, &fresh_})
        *values = AlignedArray<double>(lanes, 0.0);
    const auto& factors = structure.factors();
    const std::size_t block = 4 * lanes * static_cast<std::size_t>(kernels_.bytes_per_factor);
    residual_ = AlignedArray<std::byte>(block / 2 * n, std::byte{0});
    if (options_.shared == nullptr) {
        work_row_ = AlignedArray<std::byte>(block * static_cast<std::size_t>(factors.longest_row()));
        u_ = AlignedArray<std::byte>(block * static_cast<std::size_t>(factors.u_start().back()));
        step_ = AlignedArray<std::byte>(block / 2 * n);
    }
    lane_.resize(lanes);
    for (Lane& lane : lane_) lane.switches.assign(units, 0);
    voltages_.vm_pu.assign(n, 0.0);
    voltages_.va_rad.assign(n, std::numeric_limits<double>::quiet_NaN());
    voltages_.supply_pu.assign(islands, 0.0);
    // Buses with units are filled in with each finished lane.
    voltages_.mode.assign(n, QMode::fixed);
    for (std::size_t position = 0; position < n; ++position) {
        if (structure.energised[position] != 0) continue;
        voltages_.mode[static_cast<std::size_t>(structure.bus_at[position])] = QMode::de_energised;
    }
    for (const std::int32_t bus : structure.unit_bus)
        units_.push_back(point.units(static_cast<std::size_t>(bus)));
    magnitudes_ = scan_kernels(options.unit).magnitudes;
    extracted_ = AlignedArray<double>((options_.angles ? 3 : 2) * n * lanes, 0.0);
    lay_out_view();
    lay_out_common_units();
    if (options_.shared != nullptr) {
        take_factor(*options_.shared);
        starts_at_factor_ = is_factor_at_usual_start();
    }
    if (starts_at_factor_) {
        const auto left = options_.shared->residual();
        const auto bytes = static_cast<std::size_t>(kernels_.bytes_per_factor);
        start_residual_ = AlignedArray<std::byte>(left.size() * bytes);
        if (bytes == sizeof(float)) {
            std::copy(left.begin(), left.end(), reinterpret_cast<float*>(start_residual_.data()));
        } else {
            std::copy(left.begin(), left.end(), reinterpret_cast<double*>(start_residual_.data()));
        }
        view_.start_residual = start_residual_.data();
        view_.start_e = options_.usual_start->e_.data();
        view_.start_f = options_.usual_start->f_.data();
        view_.start_va = options_.usual_start->va_.data();
    }
}

/// What buses with units are like in a state that starts at the usual start and has lost none of them.
void LaneNewton::Impl::lay_out_common_units() {
    if (options_.usual_start == nullptr) return;
    const std::size_t count = units_.size();
    common_units_.assign(7 * count, 0.0);
    const double** const arrays[] = {&view_.common_p_gen,      &view_.common_alpha,     &view_.common_q_fixed,
                                     &view_.common_v_setpoint, &view_.common_regulates, &view_.common_q_min,
                                     &view_.common_q_max};
    for (std::size_t unit = 0; unit < count; ++unit) {
        const UnitsAtBus& units = units_[unit];
        const double weight_sum = point_->weight_sum[static_cast<std::size_t>(structure_->unit_island[unit])];
        const double values[] = {units.p_gen,
                                 weight_sum > 0.0 ? units.weight / weight_sum : 0.0,
                                 units.q_gen,
                                 units.v_setpoint,
                                 units.regulates != 0 ? 1.0 : 0.0,
                                 units.q_min,
                                 units.q_max};
        for (std::size_t k = 0; k < 7; ++k) common_units_[k * count + unit] = values[k];
    }
    for (std::size_t k = 0; k < 7; ++k) *arrays[k] = common_units_.data() + k * count;
    view_.enforce_q_limits = options_.newton.enforce_q_limits;
}

bool LaneNewton::Impl::is_factor_at_usual_start() const {
    if (options_.usual_start == nullptr) return false;
    const Voltages& start = options_.usual_start->voltages();
    if (!options_.shared->is_at(start)) return false;
    for (std::size_t unit = 0; unit < units_.size(); ++unit) {
        const auto bus = static_cast<std::size_t>(structure_->unit_bus[unit]);
        const QMode mode =
            fitted_mode(start.mode[bus], units_[unit].regulates != 0, options_.newton.enforce_q_limits);
        if (mode != options_.shared->mode(bus)) return false;
    }
    return true;
}

void LaneNewton::Impl::take_factor(const SharedFactor& factor) {
    options_.shared = &factor;
    view_.shared = kernels_.bytes_per_factor == sizeof(float)
                       ? static_cast<const void*>(factor.values_single().data())
                       : static_cast<const void*>(factor.values().data());
    mode_compensations_.reset(factor);
}

void view_structure(const LaneStructure& structure, LaneView& view) {
    const numerics::BlockLuPattern& factors = structure.factors();
    view.buses = static_cast<std::int32_t>(structure.buses());
    view.first_reference = structure.first_reference;
    view.y_start = structure.y_start.data();
    view.y_column = structure.y_column.data();
    view.y_diagonal = structure.y_diagonal.data();
    view.y_place = structure.y_place.data();
    view.energised = structure.energised.data();
    view.unit_of = structure.unit_of.data();
    view.unit_island = structure.unit_supply.data();
    view.supply_place = structure.supply_place.data();
    view.lu_start = factors.row_start().data();
    view.lu_column = factors.columns().data();
    view.lu_diagonal = factors.diagonal().data();
    view.u_start = factors.u_start().data();
    view.destination = factors.destinations().data();
}

/// The view's pointers, but for those to slots.
void LaneNewton::Impl::lay_out_view() {
    view_structure(*structure_, view_);
    view_.y_g = y_g_.data();
    view_.y_b = y_b_.data();
    view_.row_marks = row_marks_.data();
    view_.p_load = p_load_.data();
    view_.q_load = q_load_.data();
    view_.p_current = p_current_.data();
    view_.q_current = q_current_.data();
    view_.p_impedance = p_impedance_.data();
    view_.q_impedance = q_impedance_.data();
    view_.p_gen = p_gen_.data();
    view_.alpha = alpha_.data();
    view_.q_fixed = q_fixed_.data();
    view_.v_setpoint = v_setpoint_.data();
    view_.regulates = regulates_.data();
    view_.q_min = q_min_.data();
    view_.q_max = q_max_.data();
    view_.limit_side = limit_side_.data();
    view_.supply = supply_.data();
    view_.e = e_.data();
    view_.f = f_.data();
    view_.va = options_.angles ? va_.data() : nullptr;
    view_.q_unit = q_unit_.data();
    view_.vm_unit = vm_unit_.data();
    view_.residual = residual_.data();
    view_.worst = worst_.data();
    view_.off_limits = off_limits_.data();
    view_.work_row = work_row_.data();
    view_.u = u_.data();
    view_.step = step_.data();
    view_.active = active_.data();
    view_.usable = usable_.data();
    view_.fresh = fresh_.data();
}

/// Slots move when there come to be more of them.
void LaneNewton::Impl::refresh_slots() {
    view_.y_slot = y_slots_.slot_of();
    view_.slot_g = y_slots_.first();
    view_.slot_b = y_slots_.second();
    view_.load_slot = load_slots_.slot_of();
    view_.added_p = load_slots_.first();
    view_.added_q = load_slots_.second();
}

void LaneNewton::Impl::mark(std::int32_t position, RowMark bit, bool on) {
    auto& marks = row_marks_[static_cast<std::size_t>(position)];
    marks = static_cast<std::uint8_t>(on ? marks | bit : marks & ~bit);
}

void LaneNewton::Impl::set_mode(std::size_t unit, int lane, QMode mode) {
    const std::size_t here = at(static_cast<std::int32_t>(unit), lane);
    mode_[here] = mode;
    regulates_[here] = mode == QMode::regulating ? 1.0 : 0.0;
    const bool may_go_back = regulated(unit, lane).has_range();
    limit_side_[here] = !may_go_back ? 0.0 : mode == QMode::at_max ? 1.0 : mode == QMode::at_min ? -1.0 : 0.0;
    q_fixed_[here] = mode == QMode::at_min   ? q_min_[here]
                     : mode == QMode::at_max ? q_max_[here]
                                             : q_gen_[here];
}

void LaneNewton::Impl::load_units(int lane, const LaneTask& task) {
    const LaneStructure& s = *structure_;
    Lane& state = lane_[static_cast<std::size_t>(lane)];
    const PointEdit* const edit = task.edit;
    const Voltages& start = task.start->voltages();
    const bool is_usual = task.start == options_.usual_start && task.shift == nullptr &&
                          (edit == nullptr || edit->units.empty());
    const auto start_mode = [&](std::size_t unit, const UnitsAtBus& values) {
        return fitted_mode(start.mode[static_cast<std::size_t>(s.unit_bus[unit])], values.regulates != 0,
                           options_.newton.enforce_q_limits);
    };
    if (is_usual && state.units_are_usual) {
        for (const std::int32_t row : state.switched) {
            const auto unit = static_cast<std::size_t>(row);
            set_mode(unit, lane, start_mode(unit, units_[unit]));
        }
        state.switched.clear();
        return;
    }
    state.switched.clear();
    state.units_are_usual = is_usual;
    for (std::size_t unit = 0; unit < s.unit_bus.size(); ++unit) {
        const auto bus = static_cast<std::size_t>(s.unit_bus[unit]);
        const auto island = static_cast<std::size_t>(s.unit_island[unit]);
        const UnitsAtBus* values = &units_[unit];
        double weight_sum = point_->weight_sum[island];
        if (edit != nullptr) {
            for (const auto& changed : edit->units) {
                if (changed.island == static_cast<std::int32_t>(island)) weight_sum = changed.weight_sum;
                if (changed.bus == static_cast<std::int32_t>(bus)) values = &changed.values;
            }
        }
        const std::size_t here = at(static_cast<std::int32_t>(unit), lane);
        p_gen_[here] = values->p_gen;
        q_gen_[here] = values->q_gen;
        q_min_[here] = values->q_min;
        q_max_[here] = values->q_max;
        v_setpoint_[here] = values->v_setpoint;
        alpha_[here] = weight_sum > 0.0 ? values->weight / weight_sum : 0.0;
        set_mode(unit, lane, start_mode(unit, *values));
    }
    if (task.shift != nullptr && options_.newton.enforce_q_limits) {
        for (const auto& [unit, mode] : task.shift->modes) {
            // Not where the outage took the units that regulated.
            const QMode now = mode_[at(unit, lane)];
            if (now != QMode::fixed) set_mode(static_cast<std::size_t>(unit), lane, mode);
        }
    }
}

void LaneNewton::Impl::load_voltages(int lane, const LaneTask& task) {
    const LaneShift* const shift = task.shift;
    for (std::size_t position = 0; position < structure_->bus_at.size(); ++position) {
        const std::size_t here = at(static_cast<std::int32_t>(position), lane);
        double e = task.start->e_[position], f = task.start->f_[position];
        if (shift != nullptr) {
            const double re = shift->ratio[2 * position], im = shift->ratio[2 * position + 1];
            const double turned = e * re - f * im;
            f = e * im + f * re;
            e = turned;
        }
        e_[here] = e;
        f_[here] = f;
        if (options_.angles) va_[here] = shift == nullptr ? task.start->va_[position] : std::atan2(f, e);
    }
}

/// Leaves the voltages of a state that starts where the shared factor was taken to the kernels, and its first
/// evaluation to what the changed admittances do to the start's residual. False where that will not do: the
/// state carries more changes, or it may be solved as it is.
bool LaneNewton::Impl::load_fresh(int lane) {
    Lane& state = lane_[static_cast<std::size_t>(lane)];
    const LaneTask& task = state.task;
    if (!starts_at_factor_ || task.start != options_.usual_start || task.shift != nullptr ||
        task.load.bus >= 0 || task.edit == nullptr || !task.edit->units.empty()) {
        return false;
    }
    const auto& buses = state.entries.bus_position;
    const auto start = options_.shared->residual();
    state.added.assign(2 * buses.size(), 0.0);
    double worst = 0.0;
    for (std::size_t k = 0; k < buses.size(); ++k) {
        const auto i = static_cast<std::size_t>(buses[k]);
        double i_re = 0.0, i_im = 0.0;
        for (const auto& entry : task.edit->entries) {
            const auto p =
                static_cast<std::size_t>(structure_->y_to[static_cast<std::size_t>(entry.position)]);
            if (structure_->y_row[p] != buses[k]) continue;
            const auto other = static_cast<std::size_t>(structure_->y_column[p]);
            const double g = entry.g - y_g_[p], b = entry.b - y_b_[p];
            i_re += g * task.start->e_[other] - b * task.start->f_[other];
            i_im += g * task.start->f_[other] + b * task.start->e_[other];
        }
        const std::int32_t unit = structure_->unit_of[i];
        const bool regulates = unit >= 0 && mode_[at(unit, lane)] == QMode::regulating;
        const double e = task.start->e_[i], f = task.start->f_[i];
        state.added[2 * k] = -(e * i_re + f * i_im);
        if (!regulates) state.added[2 * k + 1] = -(f * i_re - e * i_im);
        for (std::size_t row = 0; row < 2; ++row) {
            worst = std::max(worst, std::abs(start[2 * i + row] + state.added[2 * k + row]));
        }
    }
    if (!(worst >= options_.newton.mismatch_tolerance_pu && worst < kRunawayMismatch)) return false;
    state.previous = worst;
    state.steps_since_switch = 1;
    fresh_[static_cast<std::size_t>(lane)] = 1.0;
    return true;
}

/// The state of a task, but for its voltages.
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
    const LaneShift* const shift = task.shift;
    const auto references = s.equations->network().reference_of_island();
    for (std::size_t island = 0; island < references.size(); ++island) {
        const std::int32_t row = s.supply_row[island];
        supply_[at(row, lane)] =
            start.supply_pu[island] + (shift != nullptr ? shift->supply_pu[island] : 0.0);
    }
    load_units(lane, task);
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

}  // namespace nodalroom::powerflow
