#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nodalroom::report {

/// The values of a column. A missing number is NaN, a missing text is empty, a missing row is nullopt.
using Values =
    std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::optional<std::int64_t>>,
                 std::vector<bool>, std::vector<std::string>>;

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
