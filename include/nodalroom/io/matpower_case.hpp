#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nodalroom/core/diagnostics.hpp"

namespace nodalroom::io {

/// A numeric table of a case file, in file units, row after row.
struct NumericTable {
    std::string name;  ///< field name without "mpc.", e.g. "bus"
    std::size_t columns = 0;
    std::vector<double> values;  ///< rows x columns, row-major
    std::vector<int> lines;      ///< file line of each row, 1-based; 0 for rows made by a program
    int line = 0;                ///< file line on which the table opens

    [[nodiscard]] std::size_t rows() const noexcept { return lines.size(); }
    [[nodiscard]] double at(std::size_t row, std::size_t column) const {
        return values[row * columns + column];
    }
    [[nodiscard]] double& at(std::size_t row, std::size_t column) { return values[row * columns + column]; }
    [[nodiscard]] std::span<const double> row(std::size_t r) const {
        return {values.data() + r * columns, columns};
    }
    [[nodiscard]] bool operator==(const NumericTable& other) const {  // lines are provenance, not content
        return name == other.name && columns == other.columns && values == other.values;
    }
};

/// A cell array of strings of a case file (bus_name, gentype, genfuel, …).
struct TextTable {
    std::string name;
    std::size_t columns = 1;
    std::vector<std::string> cells;  ///< rows x columns, row-major
    int line = 0;
    [[nodiscard]] bool operator==(const TextTable& other) const {
        return name == other.name && columns == other.columns && cells == other.cells;
    }
};

/// A MATPOWER case, version 2, as the file has it: file units, file numbers, every table kept,
/// extra columns kept. Knows lines and columns, not physics.
struct MatpowerCase {
    std::string source;  ///< path or other label used in messages
    std::string name;    ///< function name in the file
    /// Comments the file begins with, without their marks: titles, credits, and terms of use that must
    /// travel with copies. Headings ("%% ...") right above the first statement are not among them.
    std::vector<std::string> header;
    double base_mva = 0.0;
    int base_mva_line = 0;
    NumericTable bus, gen, branch;
    std::vector<NumericTable> other_tables;  ///< gencost, dcline, areas, … in file order
    std::vector<TextTable> text_tables;      ///< bus_name, gentype, genfuel, … in file order
    Diagnostics diagnostics;                 ///< what the reader evaluated or skipped

    [[nodiscard]] const NumericTable* find_table(std::string_view table_name) const noexcept;
    [[nodiscard]] const TextTable* find_text(std::string_view table_name) const noexcept;
};

/// Columns of the three required tables, 0-based (MATPOWER User's Manual, appendix B).
namespace bus_col {
enum : std::size_t { number, type, pd, qd, gs, bs, area, vm, va, base_kv, zone, vmax, vmin, minimum_count };
}
namespace gen_col {
enum : std::size_t { bus, pg, qg, qmax, qmin, vg, mbase, status, pmax, pmin, minimum_count };
}
namespace branch_col {
enum : std::size_t {
    from,
    to,
    r,
    x,
    b,
    rate_a,
    rate_b,
    rate_c,
    ratio,
    angle,
    status,
    angmin,
    angmax,
    minimum_count = 11
};
}

/// Reads a MATPOWER .m case. Throws InputError (file, line, problem) on anything it cannot read
/// rightly; statements after the tables are evaluated where they are of a known kind (unit
/// conversions over columns), refused otherwise.
[[nodiscard]] MatpowerCase read_matpower(const std::filesystem::path& path);

/// The same for text in memory; `source` is the label used in messages.
[[nodiscard]] MatpowerCase parse_matpower(std::string_view text, std::string source);

/// The case as MATPOWER .m text. Every number is written so that reading it gives the same bits.
/// Under the function line stand the entries of `header` as comments, and then the case's own header.
[[nodiscard]] std::string format_matpower(const MatpowerCase& mpc, std::span<const std::string> header = {});

/// Writes format_matpower to a file; throws InputError naming the path when it cannot be written.
void write_matpower(const MatpowerCase& mpc, const std::filesystem::path& path,
                    std::span<const std::string> header = {});

}  // namespace nodalroom::io
