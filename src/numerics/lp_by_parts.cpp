#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "nodalroom/numerics/linear_program.hpp"

namespace nodalroom::numerics {
namespace {

// What a row is passed by, and what a column would gain per unit, where less counts as nothing: the solver's
// own tolerances.
constexpr double kFeasible = 1e-7, kOptimal = 1e-7;
// What rows are passed by in all, where less may be the solver's tolerance.
constexpr double kNoRoom = 1e-4;
// Parts solved at most, before the whole is.
constexpr int kMostParts = 60;

/// The value of a column off the basis.
double standing(BasisPlace place, double lower, double upper) {
    const BasisPlace stands = place_at_bound(place, lower, upper);
    if (stands == BasisPlace::at_upper) return upper;
    return stands == BasisPlace::at_lower ? lower : 0.0;
}

/// The rows and columns of a program that are solved together; rows left out are taken to hold nothing back,
/// columns left out to stand at their bounds.
class Part {
public:
    Part(const LinearProgram& whole, const LpBasis& start)
        : whole_(&whole),
          has_row_(start.row.size(), 0),
          has_column_(start.column.size(), 0),
          x_(start.column.size(), 0.0),
          price_(start.row.size(), 0.0),
          basis_(start) {
        for (std::size_t r = 0; r < has_row_.size(); ++r) has_row_[r] = start.row[r] != BasisPlace::basic;
        for (std::size_t c = 0; c < has_column_.size(); ++c) {
            const bool is_free = !std::isfinite(whole.lower[c]) && !std::isfinite(whole.upper[c]);
            has_column_[c] = is_free || start.column[c] == BasisPlace::basic;
            if (has_column_[c] == 0) x_[c] = standing(start.column[c], whole.lower[c], whole.upper[c]);
        }
    }

    [[nodiscard]] LpStatus solve() {
        list();
        LpBasis start;
        const LinearProgram part = make_program(start);
        LpSolution found = maximise(part, &start);
        if (found.status != LpStatus::optimal) return found.status;
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            x_[columns_[c]] = found.x[c];
            basis_.column[columns_[c]] = found.basis.column[c];
        }
        for (std::size_t r = 0; r < rows_.size(); ++r) {
            price_[rows_[r]] = found.row_price[r];
            basis_.row[rows_[r]] = found.basis.row[r];
        }
        return LpStatus::optimal;
    }

    /// Where its rows leave no room for its columns: takes in the columns which would make some, those that
    /// lessen what rows are passed by in all (optimal). Infeasible where there are none, which proves that
    /// the whole leaves no room either; failed where that is too close to tell.
    [[nodiscard]] LpStatus make_room() {
        LpBasis unused;
        const LinearProgram strict = make_program(unused);
        LinearProgram part;
        for (std::size_t c = 0; c < columns_.size(); ++c)
            part.add_column(0.0, strict.lower[c], strict.upper[c]);
        std::vector<std::int32_t> column;
        std::vector<double> value;
        for (std::size_t r = 0; r < rows_.size(); ++r) {
            column.assign(strict.column.begin() + strict.row_start[r],
                          strict.column.begin() + strict.row_start[r + 1]);
            value.assign(strict.value.begin() + strict.row_start[r],
                         strict.value.begin() + strict.row_start[r + 1]);
            for (const double sign : {-1.0, 1.0}) {
                column.push_back(part.add_column(-1.0, 0.0, std::numeric_limits<double>::infinity()));
                value.push_back(sign);
            }
            part.add_row(strict.row_lower[r], strict.row_upper[r], column, value);
        }
        const LpSolution found = maximise(part);
        if (found.status != LpStatus::optimal) return LpStatus::failed;
        std::vector<double> gain(has_column_.size(), 0.0);
        for (std::size_t r = 0; r < rows_.size(); ++r) {
            if (found.row_price[r] == 0.0) continue;
            for_each_entry(rows_[r], [&](std::size_t c, double v) { gain[c] -= v * found.row_price[r]; });
        }
        if (take_columns(gain)) return LpStatus::optimal;
        // Nearly enough room is for the whole to decide.
        return found.objective < -kNoRoom ? LpStatus::infeasible : LpStatus::failed;
    }

    /// Takes in the rows that are passed and the columns that would gain. False where there are none.
    [[nodiscard]] bool grow() {
        bool grew = false;
        std::vector<double> gain = whole_->cost;
        for (std::size_t r = 0; r < has_row_.size(); ++r) {
            if (has_row_[r] != 0) {
                if (price_[r] == 0.0) continue;
                for_each_entry(r, [&](std::size_t c, double value) { gain[c] -= value * price_[r]; });
                continue;
            }
            double activity = 0.0;
            for_each_entry(r, [&](std::size_t c, double value) { activity += value * x_[c]; });
            // What is no number is not kept, either: the solver refuses it.
            if (activity <= whole_->row_upper[r] + kFeasible && activity >= whole_->row_lower[r] - kFeasible)
                continue;
            has_row_[r] = 1;
            grew = true;
        }
        return take_columns(gain) || grew;
    }

    [[nodiscard]] LpSolution solution() const {
        LpSolution solution;
        solution.status = LpStatus::optimal;
        for (std::size_t c = 0; c < x_.size(); ++c) solution.objective += whole_->cost[c] * x_[c];
        solution.x = x_;
        solution.row_price = price_;
        solution.basis = basis_;
        return solution;
    }

private:
    template <class Do>
    void for_each_entry(std::size_t row, Do&& act) const {
        const auto end = static_cast<std::size_t>(whole_->row_start[row + 1]);
        for (auto k = static_cast<std::size_t>(whole_->row_start[row]); k < end; ++k)
            act(static_cast<std::size_t>(whole_->column[k]), whole_->value[k]);
    }

    /// Takes in the columns that would move for these gains per unit. False where there are none.
    bool take_columns(const std::vector<double>& gain) {
        bool took = false;
        for (std::size_t c = 0; c < has_column_.size(); ++c) {
            if (has_column_[c] != 0 || whole_->lower[c] == whole_->upper[c]) continue;
            const bool may_rise = x_[c] < whole_->upper[c];
            const bool may_fall = x_[c] > whole_->lower[c];
            if ((may_rise && gain[c] > kOptimal) || (may_fall && gain[c] < -kOptimal)) {
                has_column_[c] = 1;
                took = true;
            }
        }
        return took;
    }

    void list() {
        rows_.clear();
        columns_.clear();
        for (std::size_t r = 0; r < has_row_.size(); ++r) {
            if (has_row_[r] != 0) rows_.push_back(r);
        }
        for (std::size_t c = 0; c < has_column_.size(); ++c) {
            if (has_column_[c] != 0) columns_.push_back(c);
        }
    }

    [[nodiscard]] LinearProgram make_program(LpBasis& start) const {
        LinearProgram part;
        std::vector<std::int32_t> place(has_column_.size(), -1);
        for (const std::size_t c : columns_) {
            place[c] = part.add_column(whole_->cost[c], whole_->lower[c], whole_->upper[c]);
            start.column.push_back(basis_.column[c]);
        }
        std::vector<std::int32_t> column;
        std::vector<double> value;
        for (const std::size_t r : rows_) {
            double fixed = 0.0;
            column.clear();
            value.clear();
            for_each_entry(r, [&](std::size_t c, double v) {
                if (place[c] < 0) {
                    fixed += v * x_[c];
                } else {
                    column.push_back(place[c]);
                    value.push_back(v);
                }
            });
            part.add_row(whole_->row_lower[r] - fixed, whole_->row_upper[r] - fixed, column, value);
            start.row.push_back(basis_.row[r]);
        }
        return part;
    }

    const LinearProgram* whole_;
    std::vector<std::uint8_t> has_row_, has_column_;
    std::vector<std::size_t> rows_, columns_;  ///< those it has
    std::vector<double> x_, price_;            ///< of the whole
    LpBasis basis_;
};

}  // namespace

LpSolution maximise_by_parts(const LinearProgram& program, const LpBasis& start) {
    if (start.column.size() != program.cost.size() || start.row.size() != program.row_lower.size())
        return maximise(program, &start);
    Part part(program, start);
    for (int solved = 0; solved < kMostParts; ++solved) {
        // A part may be without a solution, or without an end, where the whole is not.
        LpStatus status = part.solve();
        if (status == LpStatus::infeasible) {
            status = part.make_room();
            if (status == LpStatus::optimal) continue;
            if (status == LpStatus::infeasible) {
                LpSolution none;
                none.status = status;
                return none;
            }
        }
        if (status != LpStatus::optimal) break;
        if (!part.grow()) return part.solution();
    }
    return maximise(program, &start);
}

}  // namespace nodalroom::numerics
