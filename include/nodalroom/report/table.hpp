#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace nodalroom::report {

/// Texts of which there are few in many rows: each is kept once. Codes are positions in `words`; -1: missing.
struct Words {
    using value_type = std::string;
    std::vector<std::string> words;  ///< distinct, none of them empty, in the order of their first row
    std::vector<std::int32_t> codes;

    void push_back(const std::string& text);
    [[nodiscard]] std::size_t size() const noexcept { return codes.size(); }
    /// The text of a row; empty where it is missing.
    [[nodiscard]] const std::string& operator[](std::size_t row) const noexcept;

private:
    std::unordered_map<std::string, std::int32_t> code_of_;
};

/// The values of a column. A missing number is NaN, a missing text is empty, a missing row is nullopt.
using Values =
    std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::optional<std::int64_t>>,
                 std::vector<bool>, std::vector<std::string>, Words>;

struct Column {
    std::string name;  ///< the field's word with its unit, e.g. "p_mw"
    Values values;
    [[nodiscard]] std::size_t size() const noexcept;
};

/// Named columns of one length, in file units and file numbers: what is shown outside.
struct Table {
    std::vector<Column> columns;

    [[nodiscard]] std::size_t rows() const noexcept { return columns.empty() ? 0 : columns.front().size(); }
    /// The column of that name; null if there is none.
    [[nodiscard]] const Column* find(std::string_view name) const noexcept;
};

/// Comma-separated values with a line of column names. Numbers are written so that reading them
/// gives the same bits; what is missing is an empty field; infinity is "inf".
void write_csv(const Table& table, std::ostream& out);

}  // namespace nodalroom::report
