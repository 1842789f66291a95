#include "matrix_value.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "nodalroom/core/number_text.hpp"

namespace nodalroom::io {

namespace {

/// Octave's ^ of two scalars.
double scalar_power(double base, double exponent) {
    if (base < 0.0 && exponent != std::round(exponent)) throw ValueProblem{"a root of a negative number"};
    return std::pow(base, exponent);
}

bool is_whole(double value) noexcept { return std::isfinite(value) && value == std::round(value); }

/// Octave's .^ with one scalar exponent: small whole ones are products.
Matrix raise_elements(const Matrix& base, double exponent) {
    Matrix out = base;
    out.logical = false;
    for (double& x : out.values) {
        if (exponent == 2.0) {
            x = x * x;
        } else if (exponent == 3.0) {
            x = x * x * x;
        } else if (exponent == -1.0) {
            x = 1.0 / x;
        } else {
            x = scalar_power(x, exponent);
        }
    }
    return out;
}

template <class Operation>
Matrix element_by_element(const Matrix& a, const Matrix& b, bool logical, Operation operation) {
    if (!a.is_scalar() && !b.is_scalar() && (a.rows != b.rows || a.columns != b.columns)) {
        throw ValueProblem{"values of sizes " + a.size_text() + " and " + b.size_text() +
                           " do not go together"};
    }
    const Matrix& shape = a.is_scalar() ? b : a;
    Matrix out(shape.rows, shape.columns);
    out.logical = logical;
    const std::size_t step_a = a.is_scalar() ? 0 : 1;
    const std::size_t step_b = b.is_scalar() ? 0 : 1;
    for (std::size_t i = 0; i < out.values.size(); ++i) {
        out.values[i] = operation(a.values[i * step_a], b.values[i * step_b]);
    }
    return out;
}

double truth(double value) {
    if (std::isnan(value)) throw ValueProblem{"NaN is neither true nor false"};
    return value != 0.0 ? 1.0 : 0.0;
}

}  // namespace

std::string Matrix::size_text() const { return std::to_string(rows) + "x" + std::to_string(columns); }

Matrix apply(BinaryOperator op, const Matrix& a, const Matrix& b) {
    using enum BinaryOperator;
    switch (op) {
        case add:
            return element_by_element(a, b, false, [](double x, double y) { return x + y; });
        case subtract:
            return element_by_element(a, b, false, [](double x, double y) { return x - y; });
        case multiply:
            if (!a.is_scalar() && !b.is_scalar()) throw ValueProblem{"a product of two matrices"};
            [[fallthrough]];
        case element_multiply:
            return element_by_element(a, b, false, [](double x, double y) { return x * y; });
        case divide:
            if (!b.is_scalar()) throw ValueProblem{"a division by a matrix"};
            [[fallthrough]];
        case element_divide:
            return element_by_element(a, b, false, [](double x, double y) { return x / y; });
        case power:
            if (!a.is_scalar() || !b.is_scalar()) throw ValueProblem{"a power of a matrix"};
            return Matrix(scalar_power(a.scalar(), b.scalar()));
        case element_power:
            if (a.is_scalar() && b.is_scalar()) return Matrix(scalar_power(a.scalar(), b.scalar()));
            if (b.is_scalar()) return raise_elements(a, b.scalar());
            return element_by_element(a, b, false, scalar_power);
        case less:
            return element_by_element(a, b, true, [](double x, double y) { return x < y ? 1.0 : 0.0; });
        case less_equal:
            return element_by_element(a, b, true, [](double x, double y) { return x <= y ? 1.0 : 0.0; });
        case greater:
            return element_by_element(a, b, true, [](double x, double y) { return x > y ? 1.0 : 0.0; });
        case greater_equal:
            return element_by_element(a, b, true, [](double x, double y) { return x >= y ? 1.0 : 0.0; });
        case equal:
            return element_by_element(a, b, true, [](double x, double y) { return x == y ? 1.0 : 0.0; });
        case not_equal:
            return element_by_element(a, b, true, [](double x, double y) { return x != y ? 1.0 : 0.0; });
        case element_and:
            return element_by_element(a, b, true, [](double x, double y) { return truth(x) * truth(y); });
        case element_or:
            return element_by_element(a, b, true,
                                      [](double x, double y) { return std::max(truth(x), truth(y)); });
    }
    throw ValueProblem{"an unknown operator"};
}

Matrix negate(Matrix a) {
    for (double& x : a.values) x = -x;
    a.logical = false;
    return a;
}

Matrix logical_not(Matrix a) {
    for (double& x : a.values) x = 1.0 - truth(x);
    a.logical = true;
    return a;
}

Matrix transpose(const Matrix& a) {
    Matrix out(a.columns, a.rows);
    out.logical = a.logical;
    for (std::size_t r = 0; r < a.rows; ++r) {
        for (std::size_t c = 0; c < a.columns; ++c) out.values[c * a.rows + r] = a.values[r * a.columns + c];
    }
    return out;
}

Matrix make_range(const Matrix& first, const Matrix& step, const Matrix& last) {
    constexpr double kLargest = 9007199254740992.0;  // 2^53
    for (const Matrix* bound : {&first, &step, &last}) {
        if (!bound->is_scalar() || !is_whole(bound->scalar()) || std::abs(bound->scalar()) > kLargest) {
            throw ValueProblem{"a range with a bound or step that is not a whole number"};
        }
    }
    const double steps = step.scalar() == 0.0 ? -1.0 : (last.scalar() - first.scalar()) / step.scalar();
    if (steps < 0.0) return Matrix(1, 0);
    const double count = std::floor(steps) + 1.0;
    if (count > static_cast<double>(kMostElements)) throw ValueProblem{"a range of too many elements"};
    Matrix out(1, static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < out.columns; ++i) {
        out.values[i] = first.scalar() + static_cast<double>(i) * step.scalar();
    }
    return out;
}

bool is_true(const Matrix& a) {
    return !a.is_empty() &&
           std::all_of(a.values.begin(), a.values.end(), [](double x) { return truth(x) != 0.0; });
}

void append_columns(Matrix& left, const Matrix& right) {
    if (right.rows == 0 && right.columns == 0) return;
    if (left.rows == 0 && left.columns == 0) {
        left = right;
        return;
    }
    if (left.rows != right.rows) {
        throw ValueProblem{"values of sizes " + left.size_text() + " and " + right.size_text() +
                           " do not fit side by side"};
    }
    if (left.values.size() + right.values.size() > kMostElements)
        throw ValueProblem{"a value of too many elements"};
    left.logical = left.logical && right.logical;
    if (left.rows == 1) {
        left.values.insert(left.values.end(), right.values.begin(), right.values.end());
        left.columns += right.columns;
        return;
    }
    Matrix out(left.rows, left.columns + right.columns);
    out.logical = left.logical;
    for (std::size_t r = 0; r < left.rows; ++r) {
        const auto at =
            std::copy_n(left.values.begin() + static_cast<std::ptrdiff_t>(r * left.columns), left.columns,
                        out.values.begin() + static_cast<std::ptrdiff_t>(r * out.columns));
        std::copy_n(right.values.begin() + static_cast<std::ptrdiff_t>(r * right.columns), right.columns, at);
    }
    left = std::move(out);
}

void append_rows(Matrix& above, const Matrix& below) {
    if (below.rows == 0 && below.columns == 0) return;
    if (above.rows == 0 && above.columns == 0) {
        above = below;
        return;
    }
    if (above.columns != below.columns) {
        throw ValueProblem{"values of sizes " + above.size_text() + " and " + below.size_text() +
                           " do not fit one below the other"};
    }
    if (above.values.size() + below.values.size() > kMostElements)
        throw ValueProblem{"a value of too many elements"};
    above.logical = above.logical && below.logical;
    above.values.insert(above.values.end(), below.values.begin(), below.values.end());
    above.rows += below.rows;
}

std::vector<std::size_t> positions(const Matrix& index, std::size_t extent, std::string_view dimension) {
    std::vector<std::size_t> out;
    if (index.logical) {
        if (!index.is_vector() || index.values.size() != extent) {
            throw ValueProblem{"a mask of size " + index.size_text() + " for " + std::to_string(extent) +
                               " " + std::string(dimension)};
        }
        for (std::size_t i = 0; i < extent; ++i) {
            if (index.values[i] != 0.0) out.push_back(i);
        }
        return out;
    }
    out.reserve(index.values.size());
    for (const double x : index.values) {
        if (!is_whole(x) || x < 1.0 || x > static_cast<double>(extent)) {
            throw ValueProblem{"index " + number_text(x) + "; there are " + std::to_string(extent) + " " +
                               std::string(dimension)};
        }
        out.push_back(static_cast<std::size_t>(x) - 1);
    }
    return out;
}

}  // namespace nodalroom::io
