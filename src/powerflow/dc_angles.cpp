#include "nodalroom/powerflow/dc_angles.hpp"

#include <cmath>

#include "nodalroom/numerics/klu_solver.hpp"

namespace nodalroom::powerflow {
namespace {

// Reactances below the first count as the second: a branch without one would tie two angles.
constexpr double kLeastReactance = 1e-9;
constexpr double kShortReactance = 1e-4;

}  // namespace

DcAngles::DcAngles(const Equations& equations)
    : equations_(&equations), shift_pu_(equations.bus_count(), 0.0) {
    const auto& factors = equations.factors();
    const auto& y = equations.y_bus();
    const auto branches = equations.network().branches();
    const auto block = equations.block_of_entry();
    diagonal_.assign(equations.bus_count(), 0.0);
    upper_.assign(static_cast<std::size_t>(factors.u_start().back()), 0.0);
    const auto row_of = [&](std::size_t bus) { return static_cast<std::size_t>(equations.p_row(bus) / 2); };
    for (std::size_t l = 0; l < branches.size(); ++l) {
        const model::Branch& branch = branches[l];
        if (!branch.in_service) continue;
        const double x = std::abs(branch.x_pu) > kLeastReactance ? branch.x_pu : kShortReactance;
        const double susceptance = 1.0 / (x * branch.tap);
        const std::size_t from = branch.from.pos(), to = branch.to.pos();
        shift_pu_[from] += susceptance * branch.shift_rad;
        shift_pu_[to] -= susceptance * branch.shift_rad;
        diagonal_[row_of(from)] += susceptance;
        diagonal_[row_of(to)] += susceptance;
        if (is_known(from) || is_known(to)) {
            const std::size_t free = is_known(from) ? to : from, known = is_known(from) ? from : to;
            if (!is_known(free)) {
                boundary_.push_back(
                    {static_cast<std::int32_t>(free), static_cast<std::int32_t>(known), susceptance});
            }
            continue;
        }
        const bool from_first = row_of(from) < row_of(to);
        const std::size_t row = row_of(from_first ? from : to);
        const auto entry = static_cast<std::size_t>(from_first ? y.branch[l].ft : y.branch[l].tf);
        const std::int32_t first_u = factors.row_start()[row] + factors.diagonal()[row] + 1;
        upper_[static_cast<std::size_t>(factors.u_start()[row] + block[entry] - first_u)] -= susceptance;
    }
    for (std::size_t bus = 0; bus < equations.bus_count(); ++bus) {
        if (is_known(bus)) diagonal_[row_of(bus)] = 1.0;
    }
    factor_.emplace(factors, diagonal_, upper_);
}

bool DcAngles::is_known(std::size_t bus) const noexcept {
    return equations_->is_reference(bus) || !equations_->is_energised(bus);
}

void DcAngles::solve(const OperatingPoint& point, std::span<double> va_rad) const {
    const auto bus_at = equations_->bus_at();
    std::vector<double> rhs(bus_at.size());
    for (std::size_t row = 0; row < bus_at.size(); ++row) {
        const auto i = static_cast<std::size_t>(bus_at[row]);
        rhs[row] = is_known(i) ? va_rad[i]
                               : point.p_gen[i] - point.p_load[i] - point.p_current[i] -
                                     point.p_impedance[i] + shift_pu_[i];
    }
    for (const Boundary& boundary : boundary_) {
        const auto row =
            static_cast<std::size_t>(equations_->p_row(static_cast<std::size_t>(boundary.bus)) / 2);
        rhs[row] += boundary.susceptance_pu * va_rad[static_cast<std::size_t>(boundary.known_bus)];
    }
    if (factor_->is_sound()) {
        factor_->solve(rhs);
    } else if (!solve_with_pivoting(rhs)) {
        return;
    }
    for (std::size_t row = 0; row < bus_at.size(); ++row)
        va_rad[static_cast<std::size_t>(bus_at[row])] = rhs[row];
}

/// Negative reactances can leave a diagonal without a usable pivot in a matrix that is not singular.
bool DcAngles::solve_with_pivoting(std::span<double> rhs) const {
    const auto& factors = equations_->factors();
    numerics::CscPattern pattern;
    pattern.size = factors.size();
    pattern.column_start.assign(1, 0);
    std::vector<double> values;
    const auto put = [&](std::int32_t row, double value) {
        pattern.row.push_back(row);
        values.push_back(value);
    };
    // Of a symmetric matrix, rows are columns; left of the diagonal stand the mirrored ones.
    std::vector<std::vector<std::pair<std::int32_t, double>>> left(diagonal_.size());
    for (std::size_t k = 0; k < diagonal_.size(); ++k) {
        const auto self = static_cast<std::int32_t>(k);
        for (const auto& [row, value] : left[k]) put(row, value);
        put(self, diagonal_[k]);
        auto at = static_cast<std::size_t>(factors.row_start()[k] + factors.diagonal()[k] + 1);
        for (auto u = factors.u_start()[k]; u < factors.u_start()[k + 1]; ++u, ++at) {
            const double value = upper_[static_cast<std::size_t>(u)];
            if (value == 0.0) continue;
            put(factors.columns()[at], value);
            left[static_cast<std::size_t>(factors.columns()[at])].emplace_back(self, value);
        }
        pattern.column_start.push_back(static_cast<std::int32_t>(pattern.row.size()));
    }
    numerics::KluSolver klu(pattern);
    if (!klu.factor(values)) return false;
    klu.solve(rhs);
    return true;
}

}  // namespace nodalroom::powerflow
