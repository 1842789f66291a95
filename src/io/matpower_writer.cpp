#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <string>

#include "expression.hpp"
#include "nodalroom/core/errors.hpp"
#include "nodalroom/io/matpower_case.hpp"
#include "table_columns.hpp"
#include "text_cursor.hpp"

namespace nodalroom::io {

namespace {

void append_number(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
    } else if (std::isinf(value)) {
        out += value > 0.0 ? "Inf" : "-Inf";
    } else {
        std::array<char, 40> buffer{};
        const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
        out.append(buffer.data(), result.ptr);
    }
}

bool is_name(std::string_view name) {
    return !name.empty() && is_letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

/// "reserves.zones" is the table zones of the struct mpc.reserves.
bool is_field_path(std::string_view path) {
    for (;;) {
        const std::size_t dot = path.find('.');
        if (!is_name(path.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        path.remove_prefix(dot + 1);
    }
}

std::string function_name(const MatpowerCase& mpc) {
    if (is_name(mpc.name) && mpc.name.front() != '_' && !is_keyword(mpc.name)) return mpc.name;
    std::string name = "case_";
    for (const char c : mpc.name) name += is_letter(c) || is_digit(c) ? c : '_';
    return name;
}

void append_comment(std::string& out, std::string_view text) {
    for (;;) {
        const std::size_t end = text.find_first_of("\r\n");
        out += "%   ";
        std::string line(text.substr(0, end));
        for (std::size_t bad; (bad = find_invalid_utf8(line)) != std::string::npos;) line[bad] = '?';
        for (const char c : line) {
            const auto byte = static_cast<unsigned char>(c);
            out += (byte < 0x20U && c != '\t') || byte == 0x7FU ? '?' : c;
        }
        out += '\n';
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

void append_table(std::string& out, const NumericTable& table, std::string_view title) {
    if (!is_field_path(table.name))
        throw OptionError("table name '" + for_message(table.name) + "': not a field name");
    if (table.values.size() != table.rows() * table.columns) {
        throw OptionError("table " + table.name + ": " + std::to_string(table.values.size()) +
                          " values for " + std::to_string(table.rows()) + " rows of " +
                          std::to_string(table.columns) + " columns");
    }
    out += "\n%% ";
    out += title;
    out += '\n';
    if (table.values.empty()) {
        out += "mpc." + table.name + " = ";
        if (table.rows() == 0 && table.columns == 0) {
            out += "[];\n";
        } else {
            out += "zeros(" + std::to_string(table.rows()) + ", " + std::to_string(table.columns) + ");\n";
        }
        return;
    }
    const auto names = column_names(table.name);
    if (!names.empty()) {
        out += '%';
        for (std::size_t c = 0; c < std::min(names.size(), table.columns); ++c) {
            out += '\t';
            out += names[c];
        }
        out += '\n';
    }
    out += "mpc." + table.name + " = [\n";
    for (std::size_t r = 0; r < table.rows(); ++r) {
        for (std::size_t c = 0; c < table.columns; ++c) {
            out += '\t';
            append_number(out, table.at(r, c));
        }
        out += ";\n";
    }
    out += "];\n";
}

void append_text_table(std::string& out, const TextTable& table) {
    if (!is_field_path(table.name))
        throw OptionError("table name '" + for_message(table.name) + "': not a field name");
    if (table.columns == 0 || table.cells.size() % table.columns != 0) {
        throw OptionError("table " + table.name + ": " + std::to_string(table.cells.size()) +
                          " texts in rows of " + std::to_string(table.columns));
    }
    out += "\n%% " + table.name + "\nmpc." + table.name + " = {\n";
    for (std::size_t i = 0; i < table.cells.size(); ++i) {
        const std::string& cell = table.cells[i];
        const bool control = std::any_of(cell.begin(), cell.end(), [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return (byte < 0x20U && !is_blank(c)) || byte == 0x7FU;
        });
        if (control || find_invalid_utf8(cell) != std::string::npos) {
            throw OptionError("table " + table.name + ", row " + std::to_string(i / table.columns + 1) +
                              ": the text '" + for_message(cell) +
                              "' holds a line end, a control character or bytes that are not UTF-8");
        }
        out += "\t'";
        for (const char c : cell) {
            out += c;
            if (c == '\'') out += c;
        }
        out += '\'';
        if ((i + 1) % table.columns == 0) out += ";\n";
    }
    out += "};\n";
}

}  // namespace

std::string format_matpower(const MatpowerCase& mpc, std::span<const std::string> header) {
    std::string out = "function mpc = " + function_name(mpc) + "\n";
    for (const std::string& line : header) append_comment(out, line);
    if (!header.empty() && !mpc.header.empty()) append_comment(out, "");
    for (const std::string& line : mpc.header) append_comment(out, line);
    out += "\n%% MATPOWER Case Format : Version 2\nmpc.version = '2';\n";
    out += "\n%% system MVA base\nmpc.baseMVA = ";
    append_number(out, mpc.base_mva);
    out += ";\n";
    append_table(out, mpc.bus, "bus data");
    append_table(out, mpc.gen, "generator data");
    append_table(out, mpc.branch, "branch data");
    for (const NumericTable& table : mpc.other_tables) append_table(out, table, table.name);
    for (const TextTable& table : mpc.text_tables) append_text_table(out, table);
    return out;
}

void write_matpower(const MatpowerCase& mpc, const std::filesystem::path& path,
                    std::span<const std::string> header) {
    const std::string text = format_matpower(mpc, header);
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    if (!file) throw InputError(path.string(), 0, "the file cannot be opened for writing");
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    file.close();
    if (!file) throw InputError(path.string(), 0, "the file cannot be written to its end");
}

}  // namespace nodalroom::io
