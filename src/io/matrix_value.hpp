#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nodalroom::io {

/// A numeric value of a MATLAB expression, row-major.
struct Matrix {
    std::size_t rows = 0;
    std::size_t columns = 0;
    bool logical = false;  ///< made by a comparison: as an index it is a mask
    std::vector<double> values;

    Matrix() = default;
    Matrix(std::size_t row_count, std::size_t column_count, double fill = 0.0)
        : rows(row_count), columns(column_count), values(row_count * column_count, fill) {}
    explicit Matrix(double scalar) : Matrix(1, 1, scalar) {}

    [[nodiscard]] bool is_scalar() const noexcept { return rows == 1 && columns == 1; }
    [[nodiscard]] bool is_empty() const noexcept { return values.empty(); }
    [[nodiscard]] bool is_vector() const noexcept { return rows == 1 || columns == 1; }
    [[nodiscard]] double scalar() const noexcept { return values.front(); }
    [[nodiscard]] std::string size_text() const;  ///< "3x2"
};

/// The most elements a computed value may have.
inline constexpr std::size_t kMostElements = std::size_t{1} << 22U;

// The operations below give the bits Octave gives: the same libm call or IEEE operation per element.
// On operands they do not know they throw ValueProblem.

/// What an operation cannot do, in words.
struct ValueProblem {
    std::string text;
};

enum class BinaryOperator {
    add,
    subtract,
    multiply,
    element_multiply,
    divide,
    element_divide,
    power,
    element_power,
    less,
    less_equal,
    greater,
    greater_equal,
    equal,
    not_equal,
    element_and,
    element_or,
};

[[nodiscard]] Matrix apply(BinaryOperator op, const Matrix& a, const Matrix& b);
[[nodiscard]] Matrix negate(Matrix a);
[[nodiscard]] Matrix logical_not(Matrix a);
[[nodiscard]] Matrix transpose(const Matrix& a);
/// first : step : last, of whole numbers only.
[[nodiscard]] Matrix make_range(const Matrix& first, const Matrix& step, const Matrix& last);
/// True where MATLAB's `if` is: no element is zero and there is at least one.
[[nodiscard]] bool is_true(const Matrix& a);

/// Puts `right` beside / `below` under what is there; an empty value adds nothing.
void append_columns(Matrix& left, const Matrix& right);
void append_rows(Matrix& above, const Matrix& below);

[[nodiscard]] bool is_function(std::string_view name) noexcept;
[[nodiscard]] Matrix call_function(std::string_view name, std::span<const Matrix> arguments);

/// The 0-based positions an index value picks along a dimension of the given extent.
[[nodiscard]] std::vector<std::size_t> positions(const Matrix& index, std::size_t extent,
                                                 std::string_view dimension);

}  // namespace nodalroom::io
