#include "nodalroom/numerics/ldl_solver.hpp"

#include <cmath>
#include <utility>

namespace nodalroom::numerics {
namespace {

// A pivot this small beside what stood there has lost too many digits.
constexpr double kLeastPivot = 1e-10;

}  // namespace

LdlSolver::LdlSolver(const BlockLuPattern& pattern, std::vector<double> diagonal, std::vector<double> upper)
    : pattern_(&pattern), diagonal_(std::move(diagonal)), upper_(std::move(upper)), is_sound_(factor()) {}

bool LdlSolver::factor() {
    const auto columns = pattern_->columns();
    const auto row_start = pattern_->row_start(), place = pattern_->diagonal(), u_start = pattern_->u_start();
    const auto l_start = pattern_->l_start(), l_row = pattern_->l_row();
    const std::vector<double> before = diagonal_;
    for (std::size_t k = 0; k < diagonal_.size(); ++k) {
        const double pivot = diagonal_[k];
        if (!(std::abs(pivot) > kLeastPivot * std::abs(before[k])) || !std::isfinite(pivot)) return false;
        diagonal_[k] = 1.0 / pivot;
        double* const u = upper_.data() + u_start[k];
        const std::int32_t* const column = columns.data() + row_start[k] + place[k] + 1;
        const std::int32_t mirrored = l_start[k + 1] - l_start[k];
        for (std::int32_t q = 0; q < mirrored; ++q) {
            const auto p = static_cast<std::size_t>(l_start[k] + q);
            if (q >= u_start[k + 1] - u_start[k] || column[q] != l_row[p]) return false;
            const auto i = static_cast<std::size_t>(l_row[p]);
            const double l = u[q] * diagonal_[k];
            diagonal_[i] -= l * u[q];
            // Places in a work row count from its L blocks on.
            double* const row = upper_.data() + u_start[i] - place[i] - 1;
            const std::uint16_t* const destination =
                pattern_->destinations().data() + pattern_->l_update()[p];
            for (std::int32_t r = q + 1; r < mirrored; ++r) row[destination[r]] -= l * u[r];
        }
        for (std::int32_t q = 0; q < mirrored; ++q) u[q] *= diagonal_[k];
    }
    return true;
}

void LdlSolver::solve(std::span<double> x) const {
    const auto columns = pattern_->columns();
    const auto row_start = pattern_->row_start(), place = pattern_->diagonal(), u_start = pattern_->u_start();
    const auto column_of = [&](std::size_t k) { return columns.data() + row_start[k] + place[k] + 1; };
    for (std::size_t k = 0; k < diagonal_.size(); ++k) {
        const std::int32_t* column = column_of(k);
        for (auto q = u_start[k]; q < u_start[k + 1]; ++q, ++column)
            x[static_cast<std::size_t>(*column)] -= upper_[static_cast<std::size_t>(q)] * x[k];
    }
    for (std::size_t k = diagonal_.size(); k-- > 0;) {
        const std::int32_t* column = column_of(k);
        double sum = x[k] * diagonal_[k];
        for (auto q = u_start[k]; q < u_start[k + 1]; ++q, ++column)
            sum -= upper_[static_cast<std::size_t>(q)] * x[static_cast<std::size_t>(*column)];
        x[k] = sum;
    }
}

}  // namespace nodalroom::numerics
