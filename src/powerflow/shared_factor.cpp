#include "nodalroom/powerflow/shared_factor.hpp"

#include <algorithm>
#include <cmath>

#include "power_derivative.hpp"

namespace nodalroom::powerflow {
SharedFactor::SharedFactor(const LaneStructure& structure, NewtonSolver& solver)
    : structure_(&structure),
      lu_(structure.factors(), structure.equations->places_in_factors(), structure.equations->vector_unit()),
      q_by_v_load_(structure.buses(), 0.0) {
    take(solver);
}

void SharedFactor::take(NewtonSolver& solver) {
    voltages_ = solver.voltages();
    is_sound_ = lu_.factor(solver.jacobian_values());
    residual_.assign(solver.residual().begin(), solver.residual().end());
    const auto values = lu_.values();
    if (values_single_.size() != values.size()) values_single_ = numerics::AlignedArray<float>(values.size());
    for (std::size_t k = 0; k < values.size(); ++k) values_single_[k] = static_cast<float>(values[k]);
    e_.assign(solver.v_real().begin(), solver.v_real().end());
    f_.assign(solver.v_imag().begin(), solver.v_imag().end());
    const OperatingPoint& point = solver.point();
    g_ = point.g;
    b_ = point.b;
    for (std::size_t i = 0; i < e_.size(); ++i) {
        const double vm = voltages_.vm_pu[i];
        q_by_v_load_[i] = vm * (point.q_current[i] + 2.0 * vm * point.q_impedance[i]);
    }
}

namespace {

/// Room for sparse solves; zero between them.
struct Scratch {
    numerics::AlignedArray<double> rhs, result;
    std::vector<std::int32_t> rows, path;
};
Scratch& scratch_of(std::size_t buses) {
    thread_local Scratch scratch;
    if (scratch.rhs.size() < 4 * buses) {
        scratch.rhs = numerics::AlignedArray<double>(4 * buses, 0.0);
        scratch.result = numerics::AlignedArray<double>(4 * buses, 0.0);
    }
    return scratch;
}

void take_column(const Scratch& scratch, int side, Compensation::Column& column) {
    column.position = scratch.path;
    column.value.resize(2 * scratch.path.size());
    for (std::size_t i = 0; i < scratch.path.size(); ++i) {
        column.value[2 * i] = scratch.result[4 * i + static_cast<std::size_t>(side)];
        column.value[2 * i + 1] = scratch.result[4 * i + 2 + static_cast<std::size_t>(side)];
    }
}

}  // namespace

/// (L D)⁻¹ times the two unit vectors of a bus; null where one is not wanted.
void SharedFactor::left_columns(std::int32_t position, Compensation::Column* first,
                                Compensation::Column* second) const {
    Scratch& scratch = scratch_of(structure_->buses());
    structure_->factors().collect_path({&position, 1}, scratch.path);
    scratch.rhs[4 * static_cast<std::size_t>(position)] = 1.0;
    scratch.rhs[4 * static_cast<std::size_t>(position) + 3] = 1.0;
    lu_.solve_left(scratch.path, {scratch.rhs.data(), scratch.rhs.size()},
                   {scratch.result.data(), scratch.result.size()});
    if (first != nullptr) take_column(scratch, 0, *first);
    if (second != nullptr) take_column(scratch, 1, *second);
}

/// U⁻ᵀ times two vectors with these entries.
void SharedFactor::right_columns(std::span<const Entry> entries, Compensation::Column* first,
                                 Compensation::Column* second) const {
    Scratch& scratch = scratch_of(structure_->buses());
    scratch.rows.clear();
    for (const Entry& entry : entries) {
        scratch.rows.push_back(entry.row / 2);
        double* at = scratch.rhs.data() + 4 * static_cast<std::size_t>(entry.row / 2) + 2 * (entry.row % 2);
        at[0] += entry.first;
        at[1] += entry.second;
    }
    structure_->factors().collect_path(scratch.rows, scratch.path);
    lu_.solve_right(scratch.path, {scratch.rhs.data(), scratch.rhs.size()},
                    {scratch.result.data(), scratch.result.size()});
    if (first != nullptr) take_column(scratch, 0, *first);
    if (second != nullptr) take_column(scratch, 1, *second);
}

void SharedFactor::compensate_entries(std::span<const PointEdit::Entry> entries, Compensation& made) const {
    const LaneStructure& s = *structure_;
    thread_local std::vector<std::int32_t> buses;
    buses.clear();
    for (const auto& entry : entries) {
        const auto p = static_cast<std::size_t>(s.y_to[static_cast<std::size_t>(entry.position)]);
        buses.push_back(s.bus_at[static_cast<std::size_t>(s.y_row[p])]);
    }
    std::sort(buses.begin(), buses.end());
    buses.erase(std::unique(buses.begin(), buses.end()), buses.end());
    const std::size_t rank = 2 * buses.size();
    made.left.resize(rank);
    made.right.resize(rank);
    made.bus_position.clear();
    made.m.assign(rank * rank, 0.0);
    const auto place = [&](std::int32_t bus) {
        return 2 *
               static_cast<std::size_t>(std::lower_bound(buses.begin(), buses.end(), bus) - buses.begin());
    };
    for (const std::int32_t bus : buses) {
        const std::size_t at = place(bus);
        const std::int32_t position = s.position(static_cast<std::size_t>(bus));
        made.bus_position.push_back(position);
        left_columns(position, &made.left[at], &made.left[at + 1]);
        const Entry units[] = {{2 * position, 1.0, 0.0}, {2 * position + 1, 0.0, 1.0}};
        right_columns(units, &made.right[at], &made.right[at + 1]);
    }
    for (const auto& entry : entries) {
        const auto p = static_cast<std::size_t>(s.y_to[static_cast<std::size_t>(entry.position)]);
        const auto i = static_cast<std::size_t>(s.bus_at[static_cast<std::size_t>(s.y_row[p])]);
        const auto k = static_cast<std::size_t>(s.bus_at[static_cast<std::size_t>(s.y_column[p])]);
        const double dg = entry.g - g_[static_cast<std::size_t>(entry.position)];
        const double db = entry.b - b_[static_cast<std::size_t>(entry.position)];
        const auto [a, d] = power_derivative(e_[i], f_[i], e_[k], f_[k], dg, db);
        const bool balance = mode(i) != QMode::regulating;
        const auto m = [&](std::size_t row, std::size_t column) -> double& {
            return made.m[row * rank + column];
        };
        const std::size_t ri = place(static_cast<std::int32_t>(i)), rk = place(static_cast<std::int32_t>(k));
        const auto& equations = *s.equations;
        // What flows over the entry also moves with the own voltage: powers are products of both.
        if (i != k) {
            if (!equations.is_reference(i)) {
                m(ri, ri) += -d;
                if (balance) m(ri + 1, ri) += a;
            }
            m(ri, ri + 1) += a;
            if (balance) m(ri + 1, ri + 1) += d;
            if (!equations.is_reference(k)) {
                m(ri, rk) += d;
                if (balance) m(ri + 1, rk) += -a;
            }
            m(ri, rk + 1) += a;
            if (balance) m(ri + 1, rk + 1) += d;
        } else {
            m(ri, ri + 1) += 2.0 * a;
            if (balance) m(ri + 1, ri + 1) += 2.0 * d;
        }
    }
}

void SharedFactor::compensate_mode(std::size_t bus, Compensation& made) const {
    const LaneStructure& s = *structure_;
    const Equations& equations = *s.equations;
    const auto& y = equations.y_bus();
    made.left.resize(1);
    made.right.resize(1);
    made.m.assign(1, 1.0);
    const std::int32_t row = 2 * s.position(bus);
    left_columns(row / 2, nullptr, &made.left[0]);
    // New row less old row: the reactive balance against the row that holds the voltage.
    const double sign = mode(bus) == QMode::regulating ? 1.0 : -1.0;
    std::vector<Entry> entries;
    // By the bus's own angle and voltage: what goes over its branches, and into its own admittance.
    double by_angle = 0.0, by_voltage = q_by_v_load_[bus] - voltages_.vm_pu[bus];
    for (auto e = static_cast<std::size_t>(y.row_start[bus]);
         e < static_cast<std::size_t>(y.row_start[bus + 1]); ++e) {
        const auto k = static_cast<std::size_t>(y.column[e]);
        const auto [a, d] = power_derivative(e_[bus], f_[bus], e_[k], f_[k], g_[e], b_[e]);
        if (k == bus) {
            by_voltage += 2.0 * d;
            continue;
        }
        by_angle += a;
        by_voltage += d;
        const std::int32_t column = 2 * s.position(k);
        if (!equations.is_reference(k)) entries.push_back({column, sign * -a, 0.0});
        entries.push_back({column + 1, sign * d, 0.0});
    }
    if (!equations.is_reference(bus)) entries.push_back({row, sign * by_angle, 0.0});
    entries.push_back({row + 1, sign * by_voltage, 0.0});
    right_columns(entries, &made.right[0], nullptr);
}

}  // namespace nodalroom::powerflow
