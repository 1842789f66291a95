#include "nodalroom/report/table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace nodalroom::report {
namespace {

void write_field(std::ostream& out, double value) {
    if (std::isnan(value)) return;
    if (std::isinf(value)) {
        out << (value > 0.0 ? "inf" : "-inf");
        return;
    }
    std::array<char, 40> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    out.write(buffer.data(), end - buffer.data());
}

void write_field(std::ostream& out, std::int64_t value) { out << value; }

void write_field(std::ostream& out, const std::optional<std::int64_t>& value) {
    if (value) out << *value;
}

void write_field(std::ostream& out, bool value) { out << (value ? "True" : "False"); }

void write_field(std::ostream& out, const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
        out << text;
        return;
    }
    out << '"';
    for (const char c : text) {
        if (c == '"') out << '"';
        out << c;
    }
    out << '"';
}

}  // namespace

void Words::push_back(const std::string& text) {
    if (text.empty()) {
        codes.push_back(-1);
        return;
    }
    const auto [place, is_new] = code_of_.try_emplace(text, static_cast<std::int32_t>(words.size()));
    if (is_new) words.push_back(text);
    codes.push_back(place->second);
}

const std::string& Words::operator[](std::size_t row) const noexcept {
    static const std::string missing;
    return codes[row] < 0 ? missing : words[static_cast<std::size_t>(codes[row])];
}

std::size_t Column::size() const noexcept {
    const auto* text = std::get_if<std::vector<std::string>>(&values);
    if (text != nullptr) return text->size();
    if (const auto* words = std::get_if<Words>(&values)) return words->size();
    if (const auto* numbers = std::get_if<std::vector<double>>(&values)) return numbers->size();
    if (const auto* whole = std::get_if<std::vector<std::int64_t>>(&values)) return whole->size();
    if (const auto* rows = std::get_if<std::vector<std::optional<std::int64_t>>>(&values))
        return rows->size();
    const auto* flags = std::get_if<std::vector<bool>>(&values);
    return flags != nullptr ? flags->size() : 0;
}

const Column* Table::find(std::string_view name) const noexcept {
    const auto found =
        std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == name; });
    return found == columns.end() ? nullptr : &*found;
}

void write_csv(const Table& table, std::ostream& out) {
    const auto separator = [&](std::size_t column) { return column + 1 < table.columns.size() ? ',' : '\n'; };
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
        write_field(out, table.columns[c].name);
        out << separator(c);
    }
    for (std::size_t r = 0; r < table.rows(); ++r) {
        for (std::size_t c = 0; c < table.columns.size(); ++c) {
            std::visit(
                [&](const auto& values) {
                    using Value = typename std::decay_t<decltype(values)>::value_type;
                    write_field(out, static_cast<const Value&>(values[r]));
                },
                table.columns[c].values);
            out << separator(c);
        }
    }
}

}  // namespace nodalroom::report
