#include "expression.hpp"

#include <algorithm>
#include <array>

namespace nodalroom::io {

namespace {

constexpr int kDeepestNesting = 60;
constexpr std::size_t kMostElementsOfExpression = 8 * kMostElements;
constexpr std::size_t kMostElementsOfFile = 64 * kMostElements;

}  // namespace

/// Enters parentheses, brackets or a chain of signs, and leaves again at the end of its scope.
class Expression::Nesting {
public:
    Nesting(Expression& owner, bool in_brackets) : owner_(owner), before_(owner.in_brackets_) {
        owner_.in_brackets_ = in_brackets;
        if (++owner_.depth_ > kDeepestNesting) owner_.cursor_.fail("an expression nested too deeply");
    }
    ~Nesting() {
        owner_.in_brackets_ = before_;
        --owner_.depth_;
    }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

private:
    Expression& owner_;
    bool before_;
};

bool is_keyword(std::string_view word) noexcept {
    constexpr std::array<std::string_view, 32> kWords{"break",
                                                      "case",
                                                      "catch",
                                                      "continue",
                                                      "do",
                                                      "else",
                                                      "elseif",
                                                      "end",
                                                      "endfor",
                                                      "endfunction",
                                                      "endif",
                                                      "endswitch",
                                                      "endwhile",
                                                      "end_try_catch",
                                                      "for",
                                                      "function",
                                                      "global",
                                                      "if",
                                                      "otherwise",
                                                      "parfor",
                                                      "persistent",
                                                      "return",
                                                      "spmd",
                                                      "switch",
                                                      "try",
                                                      "until",
                                                      "unwind_protect",
                                                      "while",
                                                      "unwind_protect_cleanup",
                                                      "end_unwind_protect",
                                                      "endparfor",
                                                      "endspmd"};
    return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

Matrix Expression::evaluate(bool in_brackets) {
    depth_ = 0;
    made_here_ = 0;
    in_brackets_ = in_brackets;
    try {
        return binary(Level::either);
    } catch (const ValueProblem& problem) {
        cursor_.fail(problem.text);
    }
}

void Expression::charge(std::size_t elements) {
    made_here_ += elements;
    made_so_far_ += elements;
    if (made_here_ > kMostElementsOfExpression || made_so_far_ > kMostElementsOfFile) {
        cursor_.fail("the expressions of the file make too many numbers");
    }
}

Matrix Expression::accounted(Matrix value) {
    charge(value.values.size());
    return value;
}

std::optional<BinaryOperator> Expression::take_operator(Level level) {
    using enum BinaryOperator;
    const TextCursor before = cursor_;
    const bool blank = cursor_.skip_blanks();
    const char c = cursor_.peek();
    const char next = cursor_.peek(1);
    std::optional<BinaryOperator> found;
    std::size_t length = 1;
    switch (level) {
        case Level::either:
            if (c == '|' && next == '|') found = element_or, length = 2;
            break;
        case Level::both:
            if (c == '&' && next == '&') found = element_and, length = 2;
            break;
        case Level::element_or:
            if (c == '|' && next != '|') found = element_or;
            break;
        case Level::element_and:
            if (c == '&' && next != '&') found = element_and;
            break;
        case Level::comparison:
            if (next == '=') length = 2;
            if (c == '<') found = length == 2 ? less_equal : less;
            if (c == '>') found = length == 2 ? greater_equal : greater;
            if (c == '=' && length == 2) found = equal;
            if ((c == '~' || c == '!') && length == 2) found = not_equal;
            break;
        case Level::sum:
            if (c != '+' && c != '-') break;
            if (next == c || next == '=') cursor_.fail(std::string("'") + c + next + "' is not understood");
            if (in_brackets_ && blank && !is_blank(next)) {
                if (next == '.' && cursor_.peek(2) == '.') {
                    cursor_.fail(std::string("a line continued right behind '") + c +
                                 "' in brackets is ambiguous: a sign or an operator");
                }
                break;
            }
            found = c == '+' ? add : subtract;
            break;
        case Level::product:
            if (c == '*') found = multiply;
            if (c == '/') found = divide;
            if (c == '.' && next == '*') found = element_multiply, length = 2;
            if (c == '.' && next == '/') found = element_divide, length = 2;
            break;
        case Level::range:
        case Level::unary:
            break;
    }
    if (found) {
        cursor_.advance(length);
    } else {
        cursor_ = before;
    }
    return found;
}

Matrix Expression::binary(Level level) {
    if (level == Level::unary) return unary();
    if (level == Level::range) return range();
    const auto tighter = static_cast<Level>(static_cast<int>(level) + 1);
    Matrix left = binary(tighter);
    while (const auto op = take_operator(level)) {
        const Matrix right = binary(tighter);
        if ((level == Level::either || level == Level::both) && (!left.is_scalar() || !right.is_scalar())) {
            cursor_.fail("'&&' and '||' are understood between single values only");
        }
        left = accounted(apply(*op, left, right));
    }
    return left;
}

Matrix Expression::range() {
    Matrix first = binary(Level::sum);
    std::vector<Matrix> bounds;
    for (;;) {
        const TextCursor before = cursor_;
        cursor_.skip_blanks();
        if (!cursor_.take(':')) {
            cursor_ = before;
            break;
        }
        if (bounds.size() == 2) cursor_.fail("a range of more than three parts");
        bounds.push_back(binary(Level::sum));
    }
    if (bounds.empty()) return first;
    if (bounds.size() == 1) return accounted(make_range(first, Matrix(1.0), bounds[0]));
    return accounted(make_range(first, bounds[0], bounds[1]));
}

Matrix Expression::unary() {
    cursor_.skip_blanks();
    const char c = cursor_.peek();
    if (c != '+' && c != '-' && c != '~' && c != '!') return power();
    if (cursor_.peek(1) == c && (c == '+' || c == '-')) {
        cursor_.fail(std::string("'") + c + c + "' is not understood");
    }
    cursor_.advance();
    const Nesting nesting(*this, in_brackets_);
    Matrix operand = unary();
    if (c == '-') return negate(std::move(operand));
    if (c == '+') {
        operand.logical = false;
        return operand;
    }
    return logical_not(std::move(operand));
}

Matrix Expression::power() {
    Matrix value = primary();
    for (;;) {
        const TextCursor before = cursor_;
        const bool blank = cursor_.skip_blanks();
        const std::size_t dot = cursor_.peek() == '.' ? 1 : 0;
        if (cursor_.peek(dot) == '^') {
            cursor_.advance(dot + 1);
            const Matrix exponent = power_operand();
            value = accounted(
                apply(dot == 1 ? BinaryOperator::element_power : BinaryOperator::power, value, exponent));
        } else if (cursor_.peek(dot) == '\'' && !(blank && in_brackets_)) {
            cursor_.advance(dot + 1);
            value = accounted(transpose(value));
        } else {
            cursor_ = before;
            return value;
        }
    }
}

Matrix Expression::power_operand() {
    cursor_.skip_blanks();
    const char c = cursor_.peek();
    if (c != '+' && c != '-') return primary();
    cursor_.advance();
    const Nesting nesting(*this, in_brackets_);
    Matrix operand = power_operand();
    return c == '-' ? negate(std::move(operand)) : operand;
}

Matrix Expression::primary() {
    cursor_.skip_blanks();
    if (cursor_.at_number()) return Matrix(cursor_.take_number());
    const char c = cursor_.peek();
    if (is_letter(c)) return named();
    if (c == '[') return brackets();
    if (c == '(') {
        const Nesting nesting(*this, false);
        cursor_.advance();
        Matrix value = binary(Level::either);
        cursor_.skip_blanks();
        if (!cursor_.take(')')) cursor_.fail("')' is missing before " + cursor_.describe_here());
        return value;
    }
    if (c == '\'' || c == '"') {
        const std::string text = cursor_.take_quoted();
        cursor_.fail("the text '" + for_message(text) + "' is not a number");
    }
    if (cursor_.at_line_end()) cursor_.fail("a value is missing before " + cursor_.describe_here());
    cursor_.fail(cursor_.describe_here() + " is not understood where a value belongs");
}

bool Expression::at_subscripts() {
    if (in_brackets_) return cursor_.peek() == '(';
    const TextCursor before = cursor_;
    cursor_.skip_blanks();
    if (cursor_.peek() == '(') return true;
    cursor_ = before;
    return false;
}

std::vector<Subscript> Expression::take_subscripts() {
    const Nesting nesting(*this, false);
    std::vector<Subscript> out;
    cursor_.advance();
    cursor_.skip_blanks();
    if (cursor_.take(')')) return out;
    for (;;) {
        cursor_.skip_blanks();
        Subscript& subscript = out.emplace_back();
        if (out.size() > 10) cursor_.fail("too many arguments");
        if (cursor_.peek() == ':') {
            cursor_.advance();
            subscript.all = true;
        } else {
            subscript.value = binary(Level::either);
        }
        cursor_.skip_blanks();
        if (cursor_.take(')')) return out;
        if (!cursor_.take(',')) cursor_.fail("')' is missing before " + cursor_.describe_here());
    }
}

Matrix Expression::index_or_copy(const ValueView& value) {
    if (at_subscripts()) return accounted(pick(value, take_subscripts()));
    return accounted(value.copy());
}

std::string Expression::take_field_path() {
    std::string path;
    while (cursor_.peek() == '.' && is_letter(cursor_.peek(1))) {
        cursor_.advance();
        if (!path.empty()) path += '.';
        path += cursor_.take_name();
        if (path.size() > 200) cursor_.fail("the name of a table is too long");
    }
    return path;
}

Matrix Expression::named() {
    const std::string_view name = cursor_.take_name();
    if (name == workspace_.struct_name() && cursor_.peek() == '.' && is_letter(cursor_.peek(1))) {
        const std::string path = take_field_path();
        const auto value = workspace_.field(path);
        if (!value)
            cursor_.fail(workspace_.struct_name() + "." + path + " is not a number or table assigned before");
        return index_or_copy(*value);
    }
    if (const auto value = workspace_.variable(name)) return index_or_copy(*value);
    if (name == "end") cursor_.fail("'end' as an index is not understood");
    if (!is_function(name)) {
        cursor_.fail("'" + for_message(name) + "' is neither a number nor a name that is known here");
    }
    std::vector<Matrix> arguments;
    if (at_subscripts()) {
        for (Subscript& subscript : take_subscripts()) {
            if (subscript.all)
                cursor_.fail("':' as an argument of " + std::string(name) + " is not understood");
            arguments.push_back(std::move(subscript.value));
        }
    }
    return accounted(call_function(name, arguments));
}

Matrix Expression::bracket_row() {
    Matrix row;
    bool comma_pending = false;
    for (bool first = true;; first = false) {
        const bool blank = cursor_.skip_blanks();
        if (cursor_.at_line_end() || cursor_.peek() == ';' || cursor_.peek() == ']') return row;
        if (cursor_.peek() == ',') {
            if (first || comma_pending) cursor_.fail("a value is missing before ','");
            cursor_.advance();
            comma_pending = true;
            continue;
        }
        if (!first && !comma_pending && !blank) cursor_.fail(cursor_.describe_here() + " is not understood");
        comma_pending = false;
        append_columns(row, binary(Level::either));
        if (row.rows > 1) charge(row.values.size());  // appending columns moves every row
    }
}

Matrix Expression::brackets() {
    const Nesting nesting(*this, true);
    const int opened = cursor_.line();
    cursor_.advance();
    Matrix value;
    for (;;) {
        append_rows(value, bracket_row());
        if (cursor_.take(']')) return accounted(std::move(value));
        if (cursor_.take(';')) continue;
        if (!cursor_.skip_line_end()) {
            cursor_.fail("the '[' of line " + std::to_string(opened) +
                         " is not closed at the end of the file");
        }
    }
}

}  // namespace nodalroom::io
