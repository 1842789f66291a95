#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "nodalroom/io/matpower_case.hpp"

namespace nodalroom::model {

/// One required table of a case, with the names its columns have in files, for checks that name
/// table, row, field and value.
class CaseTable {
public:
    /// Refuses a table that is malformed, lacks required columns, or holds a value that is not
    /// finite where a finite one is needed.
    CaseTable(const std::string& source, const io::NumericTable& table,
              std::span<const std::string_view> fields, std::size_t minimum_columns,
              std::span<const std::size_t> may_be_infinite);

    [[nodiscard]] std::size_t rows() const noexcept { return table_->rows(); }
    [[nodiscard]] bool has(std::size_t column) const noexcept { return column < table_->columns; }
    [[nodiscard]] double at(std::size_t row, std::size_t column) const { return table_->at(row, column); }
    [[nodiscard]] int line(std::size_t row) const { return table_->lines[row]; }
    [[nodiscard]] int line() const noexcept { return table_->line; }

    /// Throws InputError "TABLE row R: FIELD = VALUE, …; RULE" at the row's line.
    [[noreturn]] void refuse(std::size_t row, std::initializer_list<std::size_t> columns,
                             std::string_view rule) const;
    /// Throws InputError at the table's line.
    [[noreturn]] void refuse(std::string_view problem) const;

    /// The value as a whole number that fits 32 bits; refuses others.
    [[nodiscard]] int whole_number(std::size_t row, std::size_t column) const;

private:
    const std::string* source_;
    const io::NumericTable* table_;
    std::span<const std::string_view> fields_;
};

[[nodiscard]] CaseTable bus_table(const io::MatpowerCase& mpc);
[[nodiscard]] CaseTable unit_table(const io::MatpowerCase& mpc);
[[nodiscard]] CaseTable branch_table(const io::MatpowerCase& mpc);

}  // namespace nodalroom::model
