#include "statements.hpp"

#include <cmath>
#include <utility>
#include <vector>

#include "nodalroom/core/number_text.hpp"
#include "table_columns.hpp"
#include "table_reader.hpp"

namespace nodalroom::io {

namespace {

constexpr std::size_t kMostStatements = 20000;
constexpr int kDeepestBlock = 50;

bool ends_block(std::string_view word) { return word == "end" || word == "endif" || word == "endfunction"; }

}  // namespace

void StatementRunner::note(std::string code, int line, std::string message) {
    workspace_.mpc().diagnostics.push_back({Severity::note, std::move(code), line, std::move(message)});
}

std::string StatementRunner::statement_text() const {
    TextCursor at = statement_start_;
    std::string text;
    while (at.position() < cursor_.position() && text.size() < 300) {
        if (at.skip_blanks()) text += ' ';
        if (at.position() >= cursor_.position()) break;
        if (at.at_line_end()) {
            (void)at.skip_line_end();
            continue;
        }
        text += at.peek();
        at.advance();
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return for_message(text, 160);
}

void StatementRunner::refuse_statement() {
    TextCursor at = statement_start_;
    while (!at.at_newline() && !at.at_end()) at.advance();
    std::string_view text = at.text_between(statement_start_.position(), at.position());
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    throw Problem{statement_start_.line(), "the statement '" + for_message(text) + "' is not understood"};
}

bool StatementRunner::at_assignment() {
    cursor_.skip_blanks();
    return cursor_.peek() == '=' && cursor_.peek(1) != '=';
}

void StatementRunner::expect_assignment() {
    if (!at_assignment()) refuse_statement();
    cursor_.advance();
    cursor_.skip_blanks();
}

void StatementRunner::skip_statement_end() {
    cursor_.skip_blanks();
    if (cursor_.take(';') || cursor_.take(',') || cursor_.at_line_end()) return;
    cursor_.fail(cursor_.describe_here() + " is not understood behind '" + statement_text() + "'");
}

void StatementRunner::run_to_end_of_file() {
    const Stop stop = run_block(0);
    if (stop == Stop::end_of_file) return;
    if (stop != Stop::end_word) refuse_statement();
    for (;;) {
        cursor_.skip_empty_lines();
        if (!cursor_.take(';')) break;
    }
    if (!cursor_.at_end()) {
        cursor_.fail(cursor_.describe_here() + " follows behind the end of the case function");
    }
}

StatementRunner::Stop StatementRunner::run_block(int depth) {
    if (depth > kDeepestBlock) cursor_.fail("'if' nested too deeply");
    for (;;) {
        cursor_.skip_empty_lines();
        if (cursor_.take(';') || cursor_.take(',')) continue;
        if (cursor_.at_end()) return Stop::end_of_file;
        statement_start_ = cursor_;
        TextCursor ahead = cursor_;
        const std::string_view word = ahead.take_name();
        if (ends_block(word) || word == "else" || word == "elseif") {
            cursor_ = ahead;
            if (word == "else") return Stop::else_word;
            if (word == "elseif") return Stop::elseif_word;
            return Stop::end_word;
        }
        if (++statements_ > kMostStatements) {
            cursor_.fail("more than " + std::to_string(kMostStatements) + " statements");
        }
        run_statement(depth);
    }
}

void StatementRunner::run_statement(int depth) {
    if (cursor_.peek() == '[') return run_column_names();
    const std::string_view name = cursor_.take_name();
    if (name == "if") return run_if(depth);
    if (name == "function") cursor_.fail("a second function in the file is not understood");
    if (name.empty() || is_keyword(name)) refuse_statement();
    if (name == workspace_.struct_name()) return run_field_statement();
    if (at_assignment()) return assign_variable(name);
    if (name != "define_constants") refuse_statement();
    define_all_constants();
    skip_statement_end();
}

void StatementRunner::define_all_constants() {
    for (const std::string_view function : {"idx_bus", "idx_brch", "idx_gen", "idx_cost"}) {
        for (const NamedConstant& constant : index_constants(function)) {
            workspace_.set_variable(constant.name, Matrix(constant.value));
        }
    }
}

void StatementRunner::run_column_names() {
    std::vector<std::string_view> names;
    cursor_.advance();
    for (;;) {
        cursor_.skip_blanks();
        if (cursor_.take(']')) break;
        if (cursor_.take(',')) continue;
        const TextCursor before = cursor_;
        if (!cursor_.take('~') && cursor_.take_name().empty()) refuse_statement();
        names.push_back(cursor_.text_between(before.position(), cursor_.position()));
        if (names.size() > 100 || names.back() == workspace_.struct_name()) refuse_statement();
    }
    expect_assignment();
    const std::string_view function = cursor_.take_name();
    const auto constants = index_constants(function);
    if (constants.empty()) refuse_statement();
    if (cursor_.take('(') && !cursor_.take(')')) refuse_statement();
    if (names.size() > constants.size()) {
        cursor_.fail(std::string(function) + " gives " + std::to_string(constants.size()) + " values, not " +
                     std::to_string(names.size()));
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] != "~") workspace_.set_variable(names[i], Matrix(constants[i].value));
    }
    skip_statement_end();
}

void StatementRunner::assign_variable(std::string_view name) {
    const int line = statement_start_.line();
    expect_assignment();
    Matrix value = expression_.evaluate();
    const std::string text = statement_text();
    skip_statement_end();
    const std::string result =
        value.is_scalar() ? number_text(value.scalar()) : "a value of size " + value.size_text();
    workspace_.set_variable(name, std::move(value));
    note("evaluated_statement", line, "evaluated '" + text + "': " + std::string(name) + " is " + result);
}

void StatementRunner::claim(const std::string& path, int line) {
    try {
        workspace_.claim_field(path, line);
    } catch (const ValueProblem& problem) {
        throw Problem{line, problem.text};
    }
}

void StatementRunner::run_field_statement() {
    const int line = statement_start_.line();
    const std::string path = expression_.take_field_path();
    if (path.empty()) refuse_statement();
    cursor_.skip_blanks();
    if (cursor_.peek() != '(') {
        expect_assignment();
        return assign_whole_field(path);
    }
    try {
        const std::vector<Subscript> subscripts = expression_.take_subscripts();
        expect_assignment();
        const Matrix value = expression_.evaluate();
        const std::string text = statement_text();
        skip_statement_end();
        const std::size_t count = workspace_.assign_part(path, subscripts, value);
        note("evaluated_statement", line,
             "evaluated '" + text + "': sets " + std::to_string(count) + " values of table " + path);
    } catch (const ValueProblem& problem) {
        throw Problem{line, problem.text};
    }
}

void StatementRunner::assign_whole_field(const std::string& path) {
    const int line = statement_start_.line();
    claim(path, line);
    const char c = cursor_.peek();
    if (path == "version") return assign_version(path);
    const bool text_follows = c == '{' || c == '\'' || c == '"';
    if (text_follows && (path == "bus" || path == "gen" || path == "branch" || path == "baseMVA")) {
        throw Problem{line, workspace_.struct_name() + "." + path + " is text; must be numbers"};
    }
    if (c == '{') {
        TextTable table = read_text_table(cursor_, path);
        skip_statement_end();
        workspace_.set_text(std::move(table));
        return;
    }
    if (c == '\'' || c == '"') {
        const std::string text = cursor_.take_quoted();
        if (path == "baseMVA")
            throw Problem{line, workspace_.struct_name() + ".baseMVA is a text; must be one number"};
        skip_statement_end();
        workspace_.mpc().diagnostics.push_back({Severity::warning, "dropped_field", line,
                                                workspace_.struct_name() + "." + path + " = '" +
                                                    for_message(text) + "' is not a table; it is dropped"});
        return;
    }
    if (c == '[') {
        NumericTable table = read_numeric_table(cursor_, expression_, path);
        skip_statement_end();
        if (path != "baseMVA") {
            if (table.values.empty() && path == "gen") table.columns = gen_col::minimum_count;
            if (table.values.empty() && path == "branch") table.columns = branch_col::minimum_count;
            workspace_.set_table(std::move(table));
            return;
        }
        Matrix value(table.rows(), table.columns);
        value.values = std::move(table.values);
        return assign_computed_field(path, value, line);
    }
    const Matrix value = expression_.evaluate();
    const std::string text = statement_text();
    skip_statement_end();
    assign_computed_field(path, value, line);
    if (!value.is_scalar() && !value.is_empty()) {
        note("evaluated_statement", line,
             "evaluated '" + text + "': table " + path + " is of size " + value.size_text());
    }
}

void StatementRunner::assign_version(const std::string& path) {
    const std::string field = workspace_.struct_name() + "." + path;
    if (cursor_.peek() != '\'' && cursor_.peek() != '"') cursor_.fail(field + " must be the text '2'");
    const std::string version = cursor_.take_quoted();
    if (version != "2") {
        cursor_.fail(field + " = '" + for_message(version) +
                     "'; only version '2' of the case format is read");
    }
    workspace_.set_version(statement_start_.line());
    skip_statement_end();
}

void StatementRunner::assign_computed_field(const std::string& path, const Matrix& value, int line) {
    if (path == "baseMVA") {
        const std::string field = workspace_.struct_name() + "." + path;
        if (!value.is_scalar())
            throw Problem{line, field + " is of size " + value.size_text() + "; must be one number"};
        if (!std::isfinite(value.scalar())) {
            throw Problem{line, field + " = " +
                                    (std::isnan(value.scalar()) ? "NaN"
                                     : value.scalar() > 0.0     ? "Inf"
                                                                : "-Inf") +
                                    "; must be a finite number"};
        }
        workspace_.set_base_mva(value.scalar(), line);
        return;
    }
    try {
        workspace_.charge(value.values.size() + value.rows);
    } catch (const ValueProblem& problem) {
        throw Problem{line, problem.text};
    }
    NumericTable table;
    table.name = path;
    table.columns = value.columns;
    table.values = value.values;
    for (double& x : table.values) x = std::isnan(x) ? std::nan("") : x;
    table.lines.assign(value.rows, line);
    table.line = line;
    workspace_.set_table(std::move(table));
}

}  // namespace nodalroom::io
