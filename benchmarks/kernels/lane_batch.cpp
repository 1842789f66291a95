#include "lane_batch.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace nodalroom::bench {

using numerics::AlignedArray;
using numerics::VectorUnit;
using powerflow::LaneFactors;

int register_doubles(VectorUnit unit) {
    switch (unit) {
        case VectorUnit::avx512:
            return 8;
        case VectorUnit::avx2:
            return 4;
        default:
            return 2;
    }
}

std::vector<VectorUnit> supported_units() {
    std::vector<VectorUnit> units;
    for (const auto unit : {VectorUnit::plain, VectorUnit::neon, VectorUnit::avx2, VectorUnit::avx512}) {
        if (numerics::is_supported(unit)) units.push_back(unit);
    }
    return units;
}

LaneBatch::LaneBatch(const BenchCase& bench, VectorUnit unit, LaneFactors factors)
    : kernels_(powerflow::lane_kernels(unit, factors)),
      registers_(kernels_.lanes / register_doubles(unit)),
      structure_(&bench.base->lanes()),
      slots_(structure_->y_column.size(), kernels_.lanes, static_cast<std::size_t>(4 * kernels_.lanes)) {
    fill_structure(bench);
    fill_lanes(bench);
    kernels_.evaluate(view_);
    residual_before_ = AlignedArray<std::byte>(residual_.size());
    std::copy_n(residual_.data(), residual_.size(), residual_before_.data());
}

/// What all lanes have in common, and room for what they do not.
void LaneBatch::fill_structure(const BenchCase& bench) {
    const auto& s = *structure_;
    const auto& point = bench.base->point();
    const auto& pattern = s.factors();
    const std::size_t n = s.buses(), units = s.unit_buses();
    const auto lanes = static_cast<std::size_t>(kernels_.lanes);
    for (const std::int32_t p : s.y_from) {
        y_g_.push_back(point.g[static_cast<std::size_t>(p)]);
        y_b_.push_back(point.b[static_cast<std::size_t>(p)]);
    }
    for (const std::int32_t bus : s.bus_at) {
        p_load_.push_back(point.p_load[static_cast<std::size_t>(bus)]);
        q_load_.push_back(point.q_load[static_cast<std::size_t>(bus)]);
    }
    row_marks_.assign(n, 0);
    for (auto* values : {&p_gen_, &alpha_, &q_fixed_, &v_setpoint_, &regulates_, &q_min_, &q_max_,
                         &limit_side_, &q_unit_, &vm_unit_}) {
        *values = Array(units * lanes, 0.0);
    }
    supply_ = Array((n - static_cast<std::size_t>(s.first_reference)) * lanes, 0.0);
    for (auto* values : {&e_, &f_, &e_before_, &f_before_}) *values = Array(n * lanes, 0.0);
    for (auto* values : {&worst_, &off_limits_, &usable_, &fresh_}) *values = Array(lanes, 0.0);
    active_ = Array(lanes, 1.0);
    const std::size_t block = 4 * lanes * static_cast<std::size_t>(kernels_.bytes_per_factor);
    work_row_ = AlignedArray<std::byte>(block * static_cast<std::size_t>(pattern.longest_row()));
    u_ = AlignedArray<std::byte>(block * static_cast<std::size_t>(pattern.u_start().back()));
    step_ = AlignedArray<std::byte>(block / 2 * n);
    residual_ = AlignedArray<std::byte>(block / 2 * n, std::byte{0});

    powerflow::view_structure(s, view_);
    view_.y_g = y_g_.data();
    view_.y_b = y_b_.data();
    view_.row_marks = row_marks_.data();
    view_.p_load = p_load_.data();
    view_.q_load = q_load_.data();
    view_.p_gen = p_gen_.data();
    view_.alpha = alpha_.data();
    view_.q_fixed = q_fixed_.data();
    view_.v_setpoint = v_setpoint_.data();
    view_.regulates = regulates_.data();
    view_.q_min = q_min_.data();
    view_.q_max = q_max_.data();
    view_.limit_side = limit_side_.data();
    view_.off_limits = off_limits_.data();
    view_.supply = supply_.data();
    view_.e = e_.data();
    view_.f = f_.data();
    view_.residual = residual_.data();
    view_.q_unit = q_unit_.data();
    view_.vm_unit = vm_unit_.data();
    view_.worst = worst_.data();
    view_.work_row = work_row_.data();
    view_.u = u_.data();
    view_.step = step_.data();
    const auto& shared = bench.base->shared_factor();
    view_.shared = kernels_.bytes_per_factor == sizeof(float)
                       ? static_cast<const void*>(shared.values_single().data())
                       : static_cast<const void*>(shared.values().data());
    view_.fresh = fresh_.data();
    view_.active = active_.data();
    view_.usable = usable_.data();
}

/// Per lane an outage, and voltages near the intact ones.
void LaneBatch::fill_lanes(const BenchCase& bench) {
    const auto& s = *structure_;
    const auto& point = bench.base->point();
    const auto& voltages = bench.base->voltages();
    std::mt19937_64 generator(3);
    std::uniform_real_distribution<double> uniform(-1e-3, 1e-3);
    for (int lane = 0; lane < kernels_.lanes; ++lane) {
        for (std::size_t position = 0; position < s.buses(); ++position) {
            const auto bus = static_cast<std::size_t>(s.bus_at[position]);
            const double vm = voltages.vm_pu[bus] * (1.0 + uniform(generator));
            const double va = voltages.va_rad[bus] + uniform(generator);
            e_before_[at(position, lane)] = vm * std::cos(va);
            f_before_[at(position, lane)] = vm * std::sin(va);
        }
        for (std::size_t unit = 0; unit < s.unit_buses(); ++unit) {
            const auto bus = static_cast<std::size_t>(s.unit_bus[unit]);
            const auto values = point.units(bus);
            const std::size_t here = at(unit, lane);
            p_gen_[here] = values.p_gen;
            alpha_[here] = point.alpha(bus, static_cast<std::size_t>(s.unit_island[unit]));
            q_fixed_[here] = values.q_gen;
            v_setpoint_[here] = values.v_setpoint;
            regulates_[here] = voltages.mode[bus] == powerflow::QMode::regulating ? 1.0 : 0.0;
            q_min_[here] = values.q_min;
            q_max_[here] = values.q_max;
        }
        for (std::size_t island = 0; island < voltages.supply_pu.size(); ++island) {
            supply_[at(static_cast<std::size_t>(s.supply_row[island]), lane)] = voltages.supply_pu[island];
        }
        if (bench.outages.empty()) continue;
        powerflow::PointEdit edit;
        bench.base->make_edit(bench.outages[static_cast<std::size_t>(lane) % bench.outages.size()], edit);
        for (const auto& entry : edit.entries) {
            const std::int32_t p = s.y_to[static_cast<std::size_t>(entry.position)];
            const auto q = static_cast<std::size_t>(p);
            slots_.set(p, lane, entry.g, entry.b, y_g_[q], y_b_[q]);
            row_marks_[static_cast<std::size_t>(s.y_row[q])] = powerflow::kLanesDiffer;
        }
    }
    view_.y_slot = slots_.slot_of();
    view_.slot_g = slots_.first();
    view_.slot_b = slots_.second();
    std::copy_n(e_before_.data(), e_.size(), e_.data());
    std::copy_n(f_before_.data(), f_.size(), f_.data());
}

void LaneBatch::rewind() {
    std::copy_n(e_before_.data(), e_.size(), e_.data());
    std::copy_n(f_before_.data(), f_.size(), f_.data());
    std::copy_n(residual_before_.data(), residual_.size(), residual_.data());
}

double LaneBatch::worst() const { return *std::max_element(worst_.data(), worst_.data() + worst_.size()); }

ScanBatch::ScanBatch(const BenchCase& bench) {
    const auto branches = bench.network->branches();
    vm_ = bench.base->voltages().vm_pu;
    va_ = bench.base->voltages().va_rad;
    e_.resize(vm_.size());
    f_.resize(vm_.size());
    weight_.assign(branches.size(), 0.25);
    loading_.resize(branches.size());
    constexpr std::size_t kRegister = 8;  // the last branches are read in a whole one
    for (std::size_t part = 0; part < 8; ++part) {
        admittance_[part] = AlignedArray<double>(branches.size() + kRegister, 0.0);
        flows_.admittance[part] = admittance_[part].data();
    }
    for (std::size_t l = 0; l < branches.size(); ++l) {
        from_.push_back(static_cast<std::int32_t>(branches[l].from.value()));
        to_.push_back(static_cast<std::int32_t>(branches[l].to.value()));
        if (!branches[l].in_service) continue;
        const auto& y = bench.equations().branch_admittance()[l];
        std::size_t part = 0;
        for (const model::Complex value : {y.yff, y.yft, y.ytf, y.ytt}) {
            admittance_[part++][l] = value.real();
            admittance_[part++][l] = value.imag();
        }
    }
    phasors_.buses = static_cast<std::int64_t>(vm_.size());
    phasors_.vm = vm_.data();
    phasors_.va = va_.data();
    phasors_.e = e_.data();
    phasors_.f = f_.data();
    flows_.branches = static_cast<std::int64_t>(branches.size());
    flows_.from = from_.data();
    flows_.to = to_.data();
    flows_.weight = weight_.data();
    flows_.e = e_.data();
    flows_.f = f_.data();
    flows_.loading_squared = loading_.data();
    powerflow::scan_kernels(numerics::VectorUnit::plain).phasors(phasors_);
}

}  // namespace nodalroom::bench
