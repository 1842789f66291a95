#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace nodalroom::numerics {

/// Maximise cost·x subject to lower <= x <= upper and row_lower <= A x <= row_upper. Bounds may be
/// infinite. Plain data: rows are added and taken away between solves.
struct LinearProgram {
    std::vector<double> cost, lower, upper;  ///< per column
    std::vector<double> row_lower, row_upper;
    std::vector<std::int32_t> row_start{0};  ///< rows() + 1 entries
    std::vector<std::int32_t> column;        ///< of each nonzero, by rows
    std::vector<double> value;

    [[nodiscard]] std::int32_t columns() const noexcept { return static_cast<std::int32_t>(cost.size()); }
    [[nodiscard]] std::int32_t rows() const noexcept { return static_cast<std::int32_t>(row_lower.size()); }
    /// Each returns the index of what it added.
    std::int32_t add_column(double cost_of_it, double at_least, double at_most);
    std::int32_t add_row(double at_least, double at_most, std::span<const std::int32_t> columns_of_it,
                         std::span<const double> values_of_it);
    /// Takes away all there is; the memory stays.
    void clear();
    /// Takes away every row from this one on.
    void drop_rows(std::int32_t first);
};

enum class LpStatus : std::uint8_t {
    not_run,
    optimal,
    infeasible,
    unbounded,
    failed  ///< the solver gave up
};
[[nodiscard]] const char* to_string(LpStatus status) noexcept;

/// Where a column or row stands in a basic solution.
enum class BasisPlace : std::uint8_t { at_lower, basic, at_upper, free_at_zero };

/// Where a column or row that is said to be there stands off the basis: a place needs a bound, and a start
/// made for other bounds may name one that is none.
[[nodiscard]] BasisPlace place_at_bound(BasisPlace place, double lower, double upper) noexcept;

/// A basis to start from: one entry per column and row of the program it is for.
struct LpBasis {
    std::vector<BasisPlace> column, row;
};

struct LpSolution {
    LpStatus status = LpStatus::not_run;
    double objective = 0.0;  ///< meaningful when optimal, as all that follows
    std::vector<double> x;
    /// Per row: growth of the objective per unit by which the bound that holds it is raised; >= 0 where the
    /// upper bound does, <= 0 where the lower one does, so that its size is the gain from widening.
    std::vector<double> row_price;
    LpBasis basis;
};

/// Whether this build has a solver for linear programs (HiGHS); it works without one, too.
[[nodiscard]] bool has_lp_solver() noexcept;
/// "HiGHS 1.15.1", or an empty text.
[[nodiscard]] const char* lp_solver_name() noexcept;

/// Solves a program by the simplex method in one thread. Keeps nothing: the same program and start give the
/// same solution, whatever was solved before. `start`: null, or a basis of its size. Throws OptionError in a
/// build without a solver.
[[nodiscard]] LpSolution maximise(const LinearProgram& program, const LpBasis* start = nullptr);

/// The same optimum from a start that is near it, faster where few rows of many hold anything back and few
/// columns leave their bounds: solves the part that the start has in its basis, takes in the rows which that
/// passes and the columns which it would move, until there are none.
[[nodiscard]] LpSolution maximise_by_parts(const LinearProgram& program, const LpBasis& start);

}  // namespace nodalroom::numerics
