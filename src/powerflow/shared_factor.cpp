#include "nodalroom/powerflow/shared_factor.hpp"

#include <algorithm>
#include <cmath>

namespace nodalroom::powerflow {
namespace {

const double* block(const numerics::AlignedArray<double>& values, std::size_t at) {
    return values.data() + 4 * at;
}

/// Derivatives of the powers at bus i by angle and log-magnitude of bus k, for one admittance between
/// them (docs/math.md, eq. 10): P by θ is d, P by log V is a, Q by θ is -a, Q by log V is d.
struct Derivative {
    double a, d;
};
Derivative derivative(double ei, double fi, double ek, double fk, double g, double b) {
    const double c = ei * ek + fi * fk;
    const double s = fi * ek - ei * fk;
    return {c * g + s * b, s * g - c * b};
}

}  // namespace

SharedFactor::SharedFactor(const LaneStructure& structure, NewtonSolver& solver)
    : structure_(&structure), voltages_(solver.voltages()) {
    const Equations& equations = *structure.equations;
    solver.evaluate_mismatch();
    e_.assign(solver.v_real().begin(), solver.v_real().end());
    f_.assign(solver.v_imag().begin(), solver.v_imag().end());
    const OperatingPoint& point = solver.point();
    g_ = point.g;
    b_ = point.b;
    const std::size_t n = equations.bus_count();
    for (std::size_t i = 0; i < n; ++i) {
        const double vm = voltages_.vm_pu[i];
        const double p_load = point.p_load[i] + vm * (point.p_current[i] + vm * point.p_impedance[i]);
        const double q_load = point.q_load[i] + vm * (point.q_current[i] + vm * point.q_impedance[i]);
        p_injected_.push_back(solver.p_generation(i) - p_load);
        q_injected_.push_back(solver.q_generation(i) - q_load);
        q_by_v_load_.push_back(vm * (point.q_current[i] + 2.0 * vm * point.q_impedance[i]));
    }

    numerics::BlockLu lu(equations.factors(), equations.places_in_factors(), equations.vector_unit());
    is_sound_ = lu.factor(solver.jacobian_values());
    values_ = numerics::AlignedArray<double>(lu.values().size());
    std::copy(lu.values().begin(), lu.values().end(), values_.data());
    index_factors();
}

/// The elimination tree, and L by columns.
void SharedFactor::index_factors() {
    const auto& factors = structure_->factors();
    const auto start = factors.row_start();
    const auto columns = factors.columns();
    const auto diagonals = factors.diagonal();
    const std::size_t n = structure_->buses();
    parent_.assign(n, -1);
    std::vector<std::int32_t> l_count(n + 1, 0);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::int32_t p = start[i]; p < start[i] + diagonals[i]; ++p) {
            ++l_count[static_cast<std::size_t>(columns[static_cast<std::size_t>(p)]) + 1];
        }
        const std::int32_t above = start[i] + diagonals[i] + 1;
        if (above < start[i + 1]) parent_[i] = columns[static_cast<std::size_t>(above)];
    }
    l_start_ = l_count;
    for (std::size_t k = 0; k < n; ++k) l_start_[k + 1] += l_start_[k];
    std::vector<std::int32_t> fill(l_start_.begin(), l_start_.end() - 1);
    l_row_.resize(static_cast<std::size_t>(l_start_.back()));
    l_block_.resize(l_row_.size());
    for (std::size_t i = 0; i < n; ++i) {
        for (std::int32_t p = start[i]; p < start[i] + diagonals[i]; ++p) {
            const auto at = static_cast<std::size_t>(
                fill[static_cast<std::size_t>(columns[static_cast<std::size_t>(p)])]++);
            l_row_[at] = static_cast<std::int32_t>(i);
            l_block_[at] = p;
        }
    }
}

/// Ancestors of the positions in the elimination tree, themselves included, ascending.
void SharedFactor::collect_path(std::span<const std::int32_t> positions,
                                std::vector<std::int32_t>& path) const {
    path.clear();
    for (const std::int32_t position : positions) {
        const auto known = path.size();
        for (std::int32_t at = position; at >= 0; at = parent_[static_cast<std::size_t>(at)]) {
            // Chains that meet go on together.
            if (std::binary_search(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(known), at))
                break;
            path.push_back(at);
        }
        std::inplace_merge(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(known), path.end());
    }
}

namespace {

/// Dense scratch for one sparse solve with two right-hand sides, back to zero after each.
std::vector<double>& scratch_of(std::size_t buses) {
    thread_local std::vector<double> scratch;
    if (scratch.size() < 4 * buses) scratch.resize(4 * buses, 0.0);
    return scratch;
}

}  // namespace

/// (L D)⁻¹ times the two unit vectors of a bus.
void SharedFactor::left_columns(std::int32_t position, Compensation::Column& first,
                                Compensation::Column& second) const {
    collect_path({&position, 1}, first.position);
    second.position = first.position;
    first.value.resize(2 * first.position.size());
    second.value.resize(first.value.size());
    auto& y = scratch_of(structure_->buses());
    y[4 * static_cast<std::size_t>(position)] = 1.0;
    y[4 * static_cast<std::size_t>(position) + 3] = 1.0;
    const auto starts = structure_->factors().row_start();
    const auto diagonals = structure_->factors().diagonal();
    for (std::size_t step = 0; step < first.position.size(); ++step) {
        const auto k = static_cast<std::size_t>(first.position[step]);
        const double* inverse = block(values_, static_cast<std::size_t>(starts[k] + diagonals[k]));
        double* r = y.data() + 4 * k;  // components 0 and 1 of the first column, then of the second
        const double a0 = inverse[0] * r[0] + inverse[1] * r[1], a1 = inverse[2] * r[0] + inverse[3] * r[1];
        const double b0 = inverse[0] * r[2] + inverse[1] * r[3], b1 = inverse[2] * r[2] + inverse[3] * r[3];
        std::fill_n(r, 4, 0.0);
        first.value[2 * step] = a0;
        first.value[2 * step + 1] = a1;
        second.value[2 * step] = b0;
        second.value[2 * step + 1] = b1;
        for (auto p = static_cast<std::size_t>(l_start_[k]); p < static_cast<std::size_t>(l_start_[k + 1]);
             ++p) {
            const double* w = block(values_, static_cast<std::size_t>(l_block_[p]));
            double* to = y.data() + 4 * static_cast<std::size_t>(l_row_[p]);
            to[0] -= w[0] * a0 + w[1] * a1;
            to[1] -= w[2] * a0 + w[3] * a1;
            to[2] -= w[0] * b0 + w[1] * b1;
            to[3] -= w[2] * b0 + w[3] * b1;
        }
    }
}

/// U⁻ᵀ times vectors with these entries (row, value in the first, value in the second).
void SharedFactor::right_columns(std::span<const Entry> entries, Compensation::Column& first,
                                 Compensation::Column* second) const {
    thread_local std::vector<std::int32_t> positions;
    positions.clear();
    auto& z = scratch_of(structure_->buses());
    for (const Entry& entry : entries) {
        positions.push_back(entry.row / 2);
        double* at = z.data() + 4 * static_cast<std::size_t>(entry.row / 2);
        at[entry.row % 2] += entry.first;
        at[2 + entry.row % 2] += entry.second;
    }
    collect_path(positions, first.position);
    first.value.resize(2 * first.position.size());
    if (second != nullptr) {
        second->position = first.position;
        second->value.resize(first.value.size());
    }
    const auto& factors = structure_->factors();
    for (std::size_t step = 0; step < first.position.size(); ++step) {
        const auto k = static_cast<std::size_t>(first.position[step]);
        double* at = z.data() + 4 * k;
        const double a0 = at[0], a1 = at[1], b0 = at[2], b1 = at[3];
        std::fill_n(at, 4, 0.0);
        first.value[2 * step] = a0;
        first.value[2 * step + 1] = a1;
        if (second != nullptr) {
            second->value[2 * step] = b0;
            second->value[2 * step + 1] = b1;
        }
        for (auto p = static_cast<std::size_t>(factors.row_start()[k] + factors.diagonal()[k] + 1);
             p < static_cast<std::size_t>(factors.row_start()[k + 1]); ++p) {
            const double* u = block(values_, p);
            double* to = z.data() + 4 * static_cast<std::size_t>(factors.columns()[p]);
            to[0] -= u[0] * a0 + u[2] * a1;
            to[1] -= u[1] * a0 + u[3] * a1;
            to[2] -= u[0] * b0 + u[2] * b1;
            to[3] -= u[1] * b0 + u[3] * b1;
        }
    }
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
    made.m.assign(rank * rank, 0.0);
    const auto place = [&](std::int32_t bus) {
        return 2 *
               static_cast<std::size_t>(std::lower_bound(buses.begin(), buses.end(), bus) - buses.begin());
    };
    for (const std::int32_t bus : buses) {
        const std::size_t at = place(bus);
        const std::int32_t position = s.position(static_cast<std::size_t>(bus));
        left_columns(position, made.left[at], made.left[at + 1]);
        const Entry units[] = {{2 * position, 1.0, 0.0}, {2 * position + 1, 0.0, 1.0}};
        right_columns(units, made.right[at], &made.right[at + 1]);
    }
    for (const auto& entry : entries) {
        const auto p = static_cast<std::size_t>(s.y_to[static_cast<std::size_t>(entry.position)]);
        const auto i = static_cast<std::size_t>(s.bus_at[static_cast<std::size_t>(s.y_row[p])]);
        const auto k = static_cast<std::size_t>(s.bus_at[static_cast<std::size_t>(s.y_column[p])]);
        const double dg = entry.g - g_[static_cast<std::size_t>(entry.position)];
        const double db = entry.b - b_[static_cast<std::size_t>(entry.position)];
        const auto [a, d] = derivative(e_[i], f_[i], e_[k], f_[k], dg, db);
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
    Compensation::Column active;  // the one of the active balance, which stays as it is
    left_columns(row / 2, active, made.left[0]);
    // New row less old row: the reactive balance against the row that holds the voltage.
    const double sign = mode(bus) == QMode::regulating ? 1.0 : -1.0;
    std::vector<Entry> entries;
    const double vm = voltages_.vm_pu[bus];
    for (auto e = static_cast<std::size_t>(y.row_start[bus]);
         e < static_cast<std::size_t>(y.row_start[bus + 1]); ++e) {
        const auto k = static_cast<std::size_t>(y.column[e]);
        const std::int32_t column = 2 * s.position(k);
        if (k == bus) {
            if (!equations.is_reference(k)) {
                entries.push_back({column, sign * (p_injected_[bus] - g_[e] * vm * vm), 0.0});
            }
            entries.push_back(
                {column + 1, sign * (q_injected_[bus] - b_[e] * vm * vm + q_by_v_load_[bus] - vm), 0.0});
            continue;
        }
        const auto [a, d] = derivative(e_[bus], f_[bus], e_[k], f_[k], g_[e], b_[e]);
        if (!equations.is_reference(k)) entries.push_back({column, sign * -a, 0.0});
        entries.push_back({column + 1, sign * d, 0.0});
    }
    right_columns(entries, made.right[0], nullptr);
}

}  // namespace nodalroom::powerflow
