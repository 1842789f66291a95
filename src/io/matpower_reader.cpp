#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/io/matpower_case.hpp"
#include "statements.hpp"
#include "table_columns.hpp"
#include "text_cursor.hpp"
#include "workspace.hpp"

namespace nodalroom::io {

namespace {

constexpr std::size_t kLargestFile = std::size_t{1} << 30U;

constexpr bool is_control(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20U && c != '\n' && c != '\r' && !is_blank(c)) || byte == 0x7FU;
}

void refuse_binary(std::string_view text) {
    int line = 1;
    for (const char c : text) {
        if (c == '\n') ++line;
        if (!is_control(c)) continue;
        constexpr std::string_view kHex = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        throw Problem{
            line, std::string("not a text file: it holds the byte 0x") + kHex[byte >> 4U] + kHex[byte & 15U]};
    }
}

struct FunctionLine {
    std::string struct_name;
    std::string function_name;
};

FunctionLine read_function_line(TextCursor& cursor) {
    cursor.skip_empty_lines();
    if (cursor.at_end()) throw Problem{0, "the file is empty"};
    const std::string found = cursor.describe_here();
    if (cursor.take_name() != "function")
        cursor.fail("a case file begins with 'function mpc = NAME', not with " + found);
    cursor.skip_blanks();
    if (cursor.peek() == '[') {
        cursor.fail(
            "a function of several outputs is version '1' of the case format; only version '2' is read");
    }
    FunctionLine out;
    out.struct_name = cursor.take_name();
    cursor.skip_blanks();
    const bool equals = !out.struct_name.empty() && cursor.take('=');
    cursor.skip_blanks();
    if (equals) out.function_name = cursor.take_name();
    if (out.function_name.empty() || is_keyword(out.struct_name) || is_keyword(out.function_name)) {
        cursor.fail("a case file begins with 'function mpc = NAME'");
    }
    cursor.skip_blanks();
    if (cursor.take('(')) {
        cursor.skip_blanks();
        if (!cursor.take(')')) cursor.fail("a case function with arguments is not understood");
        cursor.skip_blanks();
    }
    if (!cursor.take(';') && !cursor.take(',') && !cursor.at_line_end()) {
        cursor.fail(cursor.describe_here() + " is not understood behind the function line");
    }
    return out;
}

/// The comments of a stretch of text that holds nothing else, without their marks. With
/// `is_above_statement`, headings ("%% ...") right at its end belong to what follows.
void append_comments(std::string_view text, bool is_above_statement, std::vector<std::string>& comments) {
    constexpr std::string_view kBlanks = " \t\f\v";
    constexpr std::string_view kIndent = "   ";  // the writer's, "%   "
    std::size_t headings = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end);
        if (!text.empty()) text.remove_prefix(text.starts_with("\r\n") ? 2 : 1);
        const std::size_t begin = line.find_first_not_of(kBlanks);
        if (begin == std::string_view::npos) {
            headings = 0;
            continue;
        }
        const bool is_marked = line[begin] == '%' || line[begin] == '#';  // not so in a block comment
        if (is_marked) line.remove_prefix(begin + 1);
        headings = is_marked && line.starts_with('%') ? headings + 1 : 0;
        line = line.substr(0, line.find_last_not_of(kBlanks) + 1);
        if (is_marked && (line == "{" || line == "}")) continue;
        if (line.starts_with(kIndent)) {
            line.remove_prefix(kIndent.size());
        } else if (line.starts_with(' ') && !line.starts_with("  ")) {
            line.remove_prefix(1);
        }
        comments.emplace_back(line);
    }
    if (is_above_statement) comments.resize(comments.size() - headings);
}

bool may_be_infinite(std::string_view table, std::size_t column) {
    using namespace gen_col;
    return table == "gen" && (column == qmax || column == qmin || column == pmax || column == pmin);
}

void require_table(const Workspace& workspace, const NumericTable& table, std::string_view name,
                   std::size_t fewest_columns) {
    if (!workspace.field(name)) {
        throw Problem{0, "there is no table " + workspace.struct_name() + "." + std::string(name)};
    }
    if (name == "bus" && table.rows() == 0) throw Problem{table.line, "table bus has no rows"};
    if (table.columns < fewest_columns) {
        throw Problem{table.line, "table " + table.name + " has " + std::to_string(table.columns) +
                                      " columns; at least " + std::to_string(fewest_columns) +
                                      " are required (" + column_label(name, table.columns) + " is missing)"};
    }
    for (std::size_t r = 0; r < table.rows(); ++r) {
        for (std::size_t c = 0; c < table.columns; ++c) {
            const double value = table.at(r, c);
            if (std::isfinite(value) || (std::isinf(value) && may_be_infinite(name, c))) continue;
            const std::string shown = std::isnan(value) ? "NaN" : value > 0.0 ? "Inf" : "-Inf";
            throw Problem{table.lines[r], "table " + table.name + ", row " + std::to_string(r + 1) + ", " +
                                              column_label(name, c) + " = " + shown +
                                              "; must be a finite number"};
        }
    }
}

MatpowerCase parse_checked(std::string_view text, const std::string& source) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    refuse_binary(text);
    MatpowerCase mpc;
    mpc.source = source;
    mpc.bus.name = "bus";
    mpc.gen.name = "gen";
    mpc.branch.name = "branch";
    TextCursor cursor(text);
    cursor.skip_empty_lines();
    append_comments(cursor.text_between(0, cursor.position()), false, mpc.header);
    FunctionLine function = read_function_line(cursor);
    mpc.name = std::move(function.function_name);
    const std::size_t below = cursor.position();
    cursor.skip_empty_lines();
    append_comments(cursor.text_between(below, cursor.position()), true, mpc.header);
    Workspace workspace(mpc, std::move(function.struct_name));
    StatementRunner(cursor, workspace).run_to_end_of_file();

    const std::string& mpc_name = workspace.struct_name();
    if (!workspace.has_version()) {
        throw Problem{
            0, "there is no " + mpc_name + ".version = '2'; only version '2' of the case format is read"};
    }
    if (!workspace.field("baseMVA")) throw Problem{0, "there is no " + mpc_name + ".baseMVA"};
    require_table(workspace, mpc.bus, "bus", bus_col::minimum_count);
    require_table(workspace, mpc.gen, "gen", gen_col::minimum_count);
    require_table(workspace, mpc.branch, "branch", branch_col::minimum_count);
    return mpc;
}

}  // namespace

const NumericTable* MatpowerCase::find_table(std::string_view table_name) const noexcept {
    for (const NumericTable* table : {&bus, &gen, &branch}) {
        if (table->name == table_name) return table;
    }
    for (const NumericTable& table : other_tables) {
        if (table.name == table_name) return &table;
    }
    return nullptr;
}

const TextTable* MatpowerCase::find_text(std::string_view table_name) const noexcept {
    for (const TextTable& table : text_tables) {
        if (table.name == table_name) return &table;
    }
    return nullptr;
}

MatpowerCase parse_matpower(std::string_view text, std::string source) {
    try {
        return parse_checked(text, source);
    } catch (Problem& problem) {
        throw InputError(std::move(source), problem.line, std::move(problem.text));
    }
}

MatpowerCase read_matpower(const std::filesystem::path& path) {
    const std::string label = path.string();
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) throw InputError(label, 0, "the file does not exist");
    if (std::filesystem::is_directory(status)) throw InputError(label, 0, "this is a directory, not a file");
    std::ifstream file(path, std::ios::binary);
    if (!file) throw InputError(label, 0, "the file cannot be opened for reading");
    std::string text;
    std::array<char, std::size_t{1} << 16U> chunk{};
    if (const auto size = std::filesystem::file_size(path, error); !error && size <= kLargestFile)
        text.reserve(size);
    while (file) {
        file.read(chunk.data(), chunk.size());
        const std::string_view part(chunk.data(), static_cast<std::size_t>(file.gcount()));
        if (part.find('\0') != std::string_view::npos) {
            throw InputError(label, 0, "not a text file: it holds the byte 0x00");
        }
        if (text.size() + part.size() > kLargestFile)
            throw InputError(label, 0, "the file is larger than 1 GiB");
        text += part;
    }
    if (file.bad()) throw InputError(label, 0, "the file cannot be read to its end");
    return parse_matpower(text, label);
}

}  // namespace nodalroom::io
