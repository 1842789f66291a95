#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "expression.hpp"
#include "nodalroom/io/matpower_case.hpp"
#include "text_cursor.hpp"
#include "workspace.hpp"

namespace nodalroom::io {

/// Carries out the statements of a case function one after another. A statement of a kind it does
/// not know is refused, never skipped. Throws Problem.
class StatementRunner {
public:
    StatementRunner(TextCursor& cursor, Workspace& workspace)
        : cursor_(cursor), workspace_(workspace), expression_(cursor, workspace) {}

    void run_to_end_of_file();

private:
    enum class Stop { end_of_file, end_word, else_word, elseif_word };

    Stop run_block(int depth);
    void run_statement(int depth);
    void run_if(int depth);
    bool run_condition();
    void run_column_names();
    void define_all_constants();
    void run_field_statement();
    void assign_whole_field(const std::string& path);
    void assign_computed_field(const std::string& path, const Matrix& value, int line);
    void assign_version(const std::string& path);
    void assign_variable(std::string_view name);
    Stop skip_block();
    void skip_statement_end();
    void end_statement();
    void expect_assignment();
    void claim(const std::string& path, int line);
    [[nodiscard]] bool at_assignment();
    [[noreturn]] void refuse_statement();
    [[nodiscard]] std::string statement_text() const;
    void note(std::string code, int line, std::string message);

    TextCursor& cursor_;
    Workspace& workspace_;
    Expression expression_;
    TextCursor statement_start_{std::string_view{}};
    std::size_t statements_ = 0;
};

}  // namespace nodalroom::io
