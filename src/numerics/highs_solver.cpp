#include <interfaces/highs_c_api.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/numerics/linear_program.hpp"

namespace nodalroom::numerics {
namespace {

struct Destroy {
    void operator()(void* highs) const noexcept { Highs_destroy(highs); }
};
using Solver = std::unique_ptr<void, Destroy>;

std::vector<HighsInt> as_highs_integers(const std::vector<std::int32_t>& numbers) {
    return {numbers.begin(), numbers.end()};
}

/// HiGHS would read past the end of what does not fit together.
void require_whole(const LinearProgram& lp, const LpBasis* start) {
    const std::size_t columns = lp.cost.size(), rows = lp.row_lower.size();
    const bool sizes_fit = lp.lower.size() == columns && lp.upper.size() == columns &&
                           lp.row_upper.size() == rows && lp.row_start.size() == rows + 1 &&
                           lp.value.size() == lp.column.size();
    if (!sizes_fit || lp.row_start.front() != 0 ||
        !std::is_sorted(lp.row_start.begin(), lp.row_start.end()) ||
        static_cast<std::size_t>(lp.row_start.back()) != lp.column.size()) {
        throw OptionError("the parts of the linear program do not fit together: " + std::to_string(columns) +
                          " columns, " + std::to_string(rows) + " rows");
    }
    for (const std::int32_t column : lp.column) {
        if (column < 0 || column >= lp.columns()) {
            throw OptionError("the linear program has an entry in column " + std::to_string(column) + " of " +
                              std::to_string(columns));
        }
    }
    if (start != nullptr && (start->column.size() != columns || start->row.size() != rows)) {
        throw OptionError("the basis to start from is not one of this linear program: " +
                          std::to_string(start->column.size()) + " columns for " + std::to_string(columns) +
                          ", " + std::to_string(start->row.size()) + " rows for " + std::to_string(rows));
    }
}

bool all_finite(const std::vector<double>& values) {
    return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

bool some_nan(const std::vector<double>& values) {
    return std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); });
}

/// HiGHS has a meaning of its own for infinite costs.
bool has_usable_numbers(const LinearProgram& lp) {
    return all_finite(lp.cost) && all_finite(lp.value) && !some_nan(lp.lower) && !some_nan(lp.upper) &&
           !some_nan(lp.row_lower) && !some_nan(lp.row_upper);
}

/// HiGHS takes a start at its word, so that one made for other bounds would stand at infinity.
HighsInt to_highs(BasisPlace place, double lower, double upper) {
    if (place == BasisPlace::basic) return kHighsBasisStatusBasic;
    const BasisPlace stands = place_at_bound(place, lower, upper);
    if (stands == BasisPlace::at_upper) return kHighsBasisStatusUpper;
    return stands == BasisPlace::at_lower ? kHighsBasisStatusLower : kHighsBasisStatusZero;
}

std::vector<HighsInt> to_highs(const std::vector<BasisPlace>& places, const std::vector<double>& lower,
                               const std::vector<double>& upper) {
    std::vector<HighsInt> statuses(places.size());
    for (std::size_t i = 0; i < places.size(); ++i) statuses[i] = to_highs(places[i], lower[i], upper[i]);
    return statuses;
}

std::vector<BasisPlace> from_highs(const std::vector<HighsInt>& statuses) {
    std::vector<BasisPlace> places(statuses.size());
    std::transform(statuses.begin(), statuses.end(), places.begin(), [](HighsInt status) {
        if (status == kHighsBasisStatusBasic) return BasisPlace::basic;
        if (status == kHighsBasisStatusUpper) return BasisPlace::at_upper;
        return status == kHighsBasisStatusZero ? BasisPlace::free_at_zero : BasisPlace::at_lower;
    });
    return places;
}

/// Null where HiGHS does not take the program.
Solver make_solver(const LinearProgram& lp) {
    Solver highs(Highs_create());
    if (highs == nullptr) return nullptr;
    void* h = highs.get();
    const auto start = as_highs_integers(lp.row_start), column = as_highs_integers(lp.column);
    const bool taken =
        Highs_setBoolOptionValue(h, "output_flag", 0) == kHighsStatusOk &&
        Highs_setIntOptionValue(h, "threads", 1) == kHighsStatusOk &&
        Highs_setStringOptionValue(h, "parallel", "off") == kHighsStatusOk &&
        Highs_setStringOptionValue(h, "solver", "simplex") == kHighsStatusOk &&
        Highs_passLp(h, lp.columns(), lp.rows(), static_cast<HighsInt>(column.size()),
                     kHighsMatrixFormatRowwise, kHighsObjSenseMaximize, 0.0, lp.cost.data(), lp.lower.data(),
                     lp.upper.data(), lp.row_lower.data(), lp.row_upper.data(), start.data(), column.data(),
                     lp.value.data()) != kHighsStatusError;
    return taken ? std::move(highs) : nullptr;
}

LpStatus status_of(const void* highs) {
    const HighsInt status = Highs_getModelStatus(highs);
    if (status == kHighsModelStatusOptimal) return LpStatus::optimal;
    if (status == kHighsModelStatusInfeasible) return LpStatus::infeasible;
    if (status == kHighsModelStatusUnbounded) return LpStatus::unbounded;
    return LpStatus::failed;
}

LpSolution solve(const LinearProgram& lp, const LpBasis* start) {
    LpSolution solution;
    solution.status = LpStatus::failed;
    const Solver highs = make_solver(lp);
    if (highs == nullptr) return solution;
    void* h = highs.get();
    if (start != nullptr) {
        const auto columns = to_highs(start->column, lp.lower, lp.upper);
        const auto rows = to_highs(start->row, lp.row_lower, lp.row_upper);
        // What presolve leaves is another program, of which the start is no basis.
        if (Highs_setStringOptionValue(h, "presolve", "off") != kHighsStatusOk ||
            Highs_setBasis(h, columns.data(), rows.data()) == kHighsStatusError) {
            return solution;
        }
    }
    if (Highs_run(h) == kHighsStatusError) return solution;
    const LpStatus status = status_of(h);
    if (status != LpStatus::optimal) {
        solution.status = status;
        return solution;
    }

    const std::size_t columns = lp.cost.size(), rows = lp.row_lower.size();
    std::vector<double> reduced_cost(columns), activity(rows);
    solution.x.resize(columns);
    solution.row_price.resize(rows);
    std::vector<HighsInt> column_place(columns), row_place(rows);
    if (Highs_getSolution(h, solution.x.data(), reduced_cost.data(), activity.data(),
                          solution.row_price.data()) == kHighsStatusError ||
        Highs_getBasis(h, column_place.data(), row_place.data()) == kHighsStatusError) {
        return solution;
    }
    solution.objective = Highs_getObjectiveValue(h);
    solution.basis = {from_highs(column_place), from_highs(row_place)};
    if (std::isfinite(solution.objective) && all_finite(solution.x) && all_finite(solution.row_price)) {
        solution.status = LpStatus::optimal;
    }
    return solution;
}

/// HiGHS calls a program without columns empty and looks no further.
LpSolution solve_without_columns(const LinearProgram& lp) {
    LpSolution solution;
    solution.status = LpStatus::optimal;
    for (std::size_t r = 0; r < lp.row_lower.size(); ++r) {
        if (lp.row_lower[r] > 0.0 || lp.row_upper[r] < 0.0) solution.status = LpStatus::infeasible;
    }
    solution.row_price.assign(lp.row_lower.size(), 0.0);
    solution.basis.row.assign(lp.row_lower.size(), BasisPlace::basic);
    return solution;
}

}  // namespace

bool has_lp_solver() noexcept { return true; }

const char* lp_solver_name() noexcept {
    static const std::string name = std::string("HiGHS ") + Highs_version();
    return name.c_str();
}

LpSolution maximise(const LinearProgram& program, const LpBasis* start) {
    require_whole(program, start);
    LpSolution solution;
    solution.status = LpStatus::failed;
    if (!has_usable_numbers(program)) return solution;
    if (program.columns() == 0) return solve_without_columns(program);
    if (start != nullptr) solution = solve(program, start);
    // A start is advice: what is no basis, or leads nowhere, does not decide.
    if (solution.status == LpStatus::failed) solution = solve(program, nullptr);
    return solution;
}

}  // namespace nodalroom::numerics
