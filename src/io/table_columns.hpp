#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace nodalroom::io {

/// The names MATPOWER gives to the columns of a table, in order; empty for tables it does not name.
[[nodiscard]] std::span<const std::string_view> column_names(std::string_view table) noexcept;

/// "Vmin", or "column 15" where the column has no name. The column is 0-based.
[[nodiscard]] std::string column_label(std::string_view table, std::size_t column);

/// One constant that idx_bus and its like return, e.g. BASE_KV = 10.
struct NamedConstant {
    std::string_view name;
    double value;
};

/// The constants of idx_bus, idx_brch, idx_gen or idx_cost in the order the function returns them;
/// empty for any other name.
[[nodiscard]] std::span<const NamedConstant> index_constants(std::string_view function) noexcept;

}  // namespace nodalroom::io
