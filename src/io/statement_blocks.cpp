#include <algorithm>
#include <array>
#include <utility>

#include "statements.hpp"

namespace nodalroom::io {

namespace {

bool opens_block(std::string_view word) {
    constexpr std::array<std::string_view, 10> kWords{"if",     "for", "while",          "switch",   "try",
                                                      "parfor", "do",  "unwind_protect", "function", "spmd"};
    return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

bool closes_block(std::string_view word) { return word.starts_with("end") || word == "until"; }

}  // namespace

bool StatementRunner::run_condition() {
    const Matrix condition = expression_.evaluate();
    skip_statement_end();
    try {
        return is_true(condition);
    } catch (const ValueProblem& problem) {
        cursor_.fail(problem.text);
    }
}

void StatementRunner::run_if(int depth) {
    const int opened = statement_start_.line();
    bool holds = run_condition();
    bool done = false;
    for (;;) {
        const int from = cursor_.line();
        const bool run = holds && !done;
        const Stop stop = run ? run_block(depth + 1) : skip_block();
        done = done || run;
        if (!run) {
            note("skipped_statements", from,
                 "lines " + std::to_string(from) + " to " + std::to_string(cursor_.line()) +
                     " are not evaluated: their condition in the 'if' of line " + std::to_string(opened) +
                     " does not hold");
        }
        if (stop == Stop::end_of_file) {
            throw Problem{opened, "the 'if' opened here is not closed by an 'end'"};
        }
        if (stop == Stop::end_word) break;
        holds = stop == Stop::else_word || (!done && run_condition());
    }
    statement_start_ = cursor_;
    skip_statement_end();
}

StatementRunner::Stop StatementRunner::skip_block() {
    int blocks = 0;
    int brackets = 0;
    bool behind_operand = false;
    bool behind_dot = false;
    for (;;) {
        const bool blank = cursor_.skip_blanks();
        if (cursor_.at_end()) return Stop::end_of_file;
        if (cursor_.at_line_end()) {
            if (!cursor_.skip_line_end()) return Stop::end_of_file;
            behind_operand = behind_dot = false;
            continue;
        }
        const char c = cursor_.peek();
        const bool behind_field_dot = std::exchange(behind_dot, false);
        if (c == '\'' && behind_operand && blank && brackets == 0) {
            cursor_.fail("a quote behind a blank is ambiguous: a transposition or a text");
        }
        if (c == '"' || (c == '\'' && (!behind_operand || (blank && brackets > 0)))) {
            (void)cursor_.take_quoted();
            behind_operand = true;
        } else if (is_letter(c)) {
            const std::string_view word = cursor_.take_name();
            const bool keyword = !behind_field_dot && brackets == 0 && is_keyword(word);
            behind_operand = !keyword;
            if (keyword) {
                if (blocks == 0 && word == "else") return Stop::else_word;
                if (blocks == 0 && word == "elseif") return Stop::elseif_word;
                if (opens_block(word)) ++blocks;
                if (closes_block(word) && blocks-- == 0) return Stop::end_word;
            }
        } else if (cursor_.at_number()) {
            (void)cursor_.take_number();
            behind_operand = true;
        } else {
            if (c == '(' || c == '[' || c == '{') ++brackets;
            if (c == ')' || c == ']' || c == '}') --brackets;
            behind_operand = c == ')' || c == ']' || c == '}' || c == '\'';
            behind_dot = c == '.';
            cursor_.advance();
        }
    }
}

}  // namespace nodalroom::io
