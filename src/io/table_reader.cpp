#include "table_reader.hpp"

#include <cmath>
#include <optional>
#include <utility>

#include "table_columns.hpp"

namespace nodalroom::io {

namespace {

constexpr std::size_t kMostColumns = std::size_t{1} << 20U;

std::string counted(std::size_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

/// Walks over the separators of "[…]" or "{…}" and hands each element and each row's end to the
/// reader of the kind of table at hand.
class RowWalker {
public:
    RowWalker(TextCursor& cursor, const std::string& table, char closing)
        : cursor_(cursor), table_(table), closing_(closing), opened_(cursor.line()) {
        cursor_.advance();
    }

    /// True at the next element; false behind the closing bracket. Calls end_row where a row ends.
    template <class EndRow>
    [[nodiscard]] bool next_element(EndRow end_row) {
        for (;;) {
            const bool blank = cursor_.skip_blanks();
            const char c = cursor_.peek();
            if (c == closing_ || c == ';' || cursor_.at_line_end()) {
                if (elements_in_row_ != 0) {
                    if (cursor_.at_end()) fail_unclosed();
                    end_row();
                    elements_in_row_ = 0;
                    ++rows_;
                } else if (comma_pending_) {
                    fail_missing_value();
                }
                comma_pending_ = false;
                if (cursor_.take(closing_)) return false;
                if (cursor_.take(';')) continue;
                if (!cursor_.skip_line_end()) fail_unclosed();
                continue;
            }
            if (c == ',') {
                if (elements_in_row_ == 0 || comma_pending_) fail_missing_value();
                comma_pending_ = true;
                cursor_.advance();
                continue;
            }
            if (elements_in_row_ != 0 && !blank && !comma_pending_) {
                fail_here(cursor_.describe_here() + " is not understood behind a value");
            }
            if (elements_in_row_ == 0) row_line_ = cursor_.line();
            comma_pending_ = false;
            refuse_assignment();
            if (++elements_in_row_ > kMostColumns) {
                fail_here("more than " + std::to_string(kMostColumns) + " values in a row");
            }
            return true;
        }
    }

    [[nodiscard]] std::size_t row() const noexcept { return rows_ + 1; }  ///< 1-based
    [[nodiscard]] int row_line() const noexcept { return row_line_; }
    [[nodiscard]] std::string row_label() const {
        return "table " + table_ + ", row " + std::to_string(row());
    }
    /// Row and field of the element handed out last.
    [[nodiscard]] std::string element_label() const {
        return row_label() + ", " + column_label(table_, elements_in_row_ - 1);
    }

    /// The first row sets the number of columns; the others must have as many.
    void check_width(std::size_t count, std::size_t& columns, std::string_view what) const {
        if (columns == 0) columns = count;
        if (count == columns) return;
        throw Problem{row_line_,
                      row_label() + ": " + counted(count, what) + "; row 1 has " + std::to_string(columns)};
    }

private:
    [[noreturn]] void fail_here(const std::string& text) const { cursor_.fail(row_label() + ": " + text); }
    [[noreturn]] void fail_missing_value() const {
        fail_here("a value is missing before " + cursor_.describe_here());
    }
    [[noreturn]] void fail_unclosed() const {
        const std::string where = "table " + table_ + ", opened in line " + std::to_string(opened_);
        if (elements_in_row_ != 0) {
            cursor_.fail(where + ", is not closed: the file ends in row " + std::to_string(row()));
        }
        cursor_.fail(where + ", is not closed: the file ends after " + counted(rows_, "row"));
    }

    /// "name =" inside a table: the bracket before it was left open.
    void refuse_assignment() const {
        if (!is_letter(cursor_.peek())) return;
        TextCursor ahead = cursor_;
        const std::string_view name = ahead.take_name();
        while (ahead.peek() == '.' && is_letter(ahead.peek(1))) {
            ahead.advance();
            (void)ahead.take_name();
        }
        const std::string target(cursor_.text_between(cursor_.position(), ahead.position()));
        ahead.skip_blanks();
        if (name == "function" || (ahead.peek() == '=' && ahead.peek(1) != '=')) {
            cursor_.fail("table " + table_ + ", opened in line " + std::to_string(opened_) +
                         ", is not closed: '" + for_message(target) + "' follows after " +
                         counted(rows_, "row"));
        }
    }

    TextCursor& cursor_;
    const std::string& table_;
    char closing_;
    int opened_;
    std::size_t rows_ = 0;
    std::size_t elements_in_row_ = 0;
    int row_line_ = 0;
    bool comma_pending_ = false;
};

/// A plain number that is the whole element, or nothing; then the cursor has not moved.
std::optional<double> take_plain_number(TextCursor& cursor) {
    const TextCursor before = cursor;
    const char sign = cursor.peek();
    if (sign == '-' || sign == '+') cursor.advance();
    if (cursor.at_number()) {
        const double value = cursor.take_number();
        const char c = cursor.peek();
        if (c == '\t' || c == ' ') {
            const TextCursor behind = cursor;
            cursor.skip_blanks();
            const char d = cursor.peek();
            const bool next_is_element = is_digit(d) || ((d == '-' || d == '+') && is_digit(cursor.peek(1)));
            const bool ends = d == ';' || d == ',' || d == ']' || cursor.at_line_end();
            if (next_is_element || ends) {
                cursor = behind;
                return sign == '-' ? -value : value;
            }
        } else if (c == ';' || c == ',' || c == ']' || cursor.at_line_end()) {
            return sign == '-' ? -value : value;
        }
    }
    cursor = before;
    return std::nullopt;
}

double take_element(TextCursor& cursor, Expression& expression) {
    if (const auto plain = take_plain_number(cursor)) return *plain;
    const Matrix value = expression.evaluate_element();
    if (!value.is_scalar()) cursor.fail("a value of size " + value.size_text() + " where one number belongs");
    return value.scalar();
}

}  // namespace

NumericTable read_numeric_table(TextCursor& cursor, Expression& expression, std::string name) {
    NumericTable table;
    table.name = std::move(name);
    table.line = cursor.line();
    RowWalker walker(cursor, table.name, ']');
    std::size_t row_start = 0;
    const auto end_row = [&] {
        walker.check_width(table.values.size() - row_start, table.columns, "value");
        table.lines.push_back(walker.row_line());
        row_start = table.values.size();
    };
    while (walker.next_element(end_row)) {
        try {
            const double value = take_element(cursor, expression);
            table.values.push_back(std::isnan(value) ? std::nan("") : value);
        } catch (Problem& problem) {
            throw Problem{problem.line, walker.element_label() + ": " + problem.text};
        }
    }
    return table;
}

TextTable read_text_table(TextCursor& cursor, std::string name) {
    TextTable table;
    table.name = std::move(name);
    table.line = cursor.line();
    table.columns = 0;
    RowWalker walker(cursor, table.name, '}');
    std::size_t row_start = 0;
    const auto end_row = [&] {
        walker.check_width(table.cells.size() - row_start, table.columns, "text");
        row_start = table.cells.size();
    };
    while (walker.next_element(end_row)) {
        try {
            if (cursor.peek() != '\'' && cursor.peek() != '"') {
                cursor.fail(cursor.describe_here() + " is not a text in quotes");
            }
            table.cells.push_back(cursor.take_quoted());
        } catch (Problem& problem) {
            throw Problem{problem.line, walker.element_label() + ": " + problem.text};
        }
    }
    if (table.columns == 0) table.columns = 1;
    return table;
}

}  // namespace nodalroom::io
