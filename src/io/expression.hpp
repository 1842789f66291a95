#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "matrix_value.hpp"
#include "text_cursor.hpp"
#include "workspace.hpp"

namespace nodalroom::io {

/// Evaluates MATLAB expressions over real numbers while it reads them, left to right, in MATLAB's
/// precedence. What it does not know it refuses. Throws Problem.
class Expression {
public:
    Expression(TextCursor& cursor, const Workspace& workspace) : cursor_(cursor), workspace_(workspace) {}

    /// An expression of a statement; stops at what cannot continue it.
    [[nodiscard]] Matrix evaluate() { return evaluate(false); }
    /// An element of a matrix, where a blank may end it: [1 -2] has two, [1 - 2] one.
    [[nodiscard]] Matrix evaluate_element() { return evaluate(true); }
    /// "(…)" after a name.
    [[nodiscard]] std::vector<Subscript> take_subscripts();
    /// ".name" and further such parts after the name of the case; "a.b" for ".a.b".
    [[nodiscard]] std::string take_field_path();

private:
    class Nesting;
    enum class Level { either, both, element_or, element_and, comparison, range, sum, product, unary };

    [[nodiscard]] Matrix evaluate(bool in_brackets);
    [[nodiscard]] Matrix binary(Level level);
    [[nodiscard]] Matrix range();
    [[nodiscard]] Matrix unary();
    [[nodiscard]] Matrix power();
    [[nodiscard]] Matrix power_operand();
    [[nodiscard]] Matrix primary();
    [[nodiscard]] Matrix named();
    [[nodiscard]] Matrix brackets();
    [[nodiscard]] Matrix bracket_row();
    [[nodiscard]] std::optional<BinaryOperator> take_operator(Level level);
    [[nodiscard]] bool at_subscripts();
    [[nodiscard]] Matrix index_or_copy(const ValueView& value);
    void charge(std::size_t elements);
    [[nodiscard]] Matrix accounted(Matrix value);

    TextCursor& cursor_;
    const Workspace& workspace_;
    bool in_brackets_ = false;
    int depth_ = 0;
    std::size_t made_here_ = 0;    ///< elements of all values made by this evaluation
    std::size_t made_so_far_ = 0;  ///< and by all evaluations
};

/// Words with a meaning of their own, which are no names.
[[nodiscard]] bool is_keyword(std::string_view word) noexcept;

}  // namespace nodalroom::io
