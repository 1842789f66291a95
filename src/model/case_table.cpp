#include "case_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/core/number_text.hpp"

namespace nodalroom::model {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array bus_fields = {"bus_i"sv, "type"sv, "Pd"sv,     "Qd"sv,   "Gs"sv,   "Bs"sv,  "area"sv,
                                   "Vm"sv,    "Va"sv,   "baseKV"sv, "zone"sv, "Vmax"sv, "Vmin"sv};
constexpr std::array unit_fields = {"bus"sv, "Pg"sv,    "Qg"sv,     "Qmax"sv, "Qmin"sv,
                                    "Vg"sv,  "mBase"sv, "status"sv, "Pmax"sv, "Pmin"sv};
constexpr std::array branch_fields = {"fbus"sv,   "tbus"sv,   "r"sv,     "x"sv,     "b"sv,
                                      "rateA"sv,  "rateB"sv,  "rateC"sv, "ratio"sv, "angle"sv,
                                      "status"sv, "angmin"sv, "angmax"sv};
constexpr std::array unbounded_unit_columns = {std::size_t{io::gen_col::qmax}, std::size_t{io::gen_col::qmin},
                                               std::size_t{io::gen_col::pmax},
                                               std::size_t{io::gen_col::pmin}};

}  // namespace

CaseTable::CaseTable(const std::string& source, const io::NumericTable& table,
                     std::span<const std::string_view> fields, std::size_t minimum_columns,
                     std::span<const std::size_t> may_be_infinite)
    : source_(&source), table_(&table), fields_(fields) {
    if (table.values.size() != table.rows() * table.columns) {
        refuse(std::to_string(table.values.size()) + " values do not fill " + std::to_string(table.rows()) +
               " rows of " + std::to_string(table.columns) + " columns");
    }
    if (table.rows() == 0) return;
    if (table.columns < minimum_columns) {
        refuse("has " + std::to_string(table.columns) + " columns; at least " +
               std::to_string(minimum_columns) + " are required");
    }
    constexpr auto most_rows = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()) / 4;
    if (table.rows() > most_rows) {
        refuse("has " + std::to_string(table.rows()) + " rows; at most " + std::to_string(most_rows) +
               " can be numbered");
    }
    const std::size_t known = std::min(table.columns, fields.size());
    for (std::size_t row = 0; row < table.rows(); ++row) {
        for (std::size_t column = 0; column < known; ++column) {
            const double value = table.at(row, column);
            if (std::isfinite(value)) continue;
            const bool unbounded = std::ranges::find(may_be_infinite, column) != may_be_infinite.end();
            if (std::isnan(value) || !unbounded) {
                refuse(row, {column}, unbounded ? "must be a number or Inf" : "must be a finite number");
            }
        }
    }
}

void CaseTable::refuse(std::size_t row, std::initializer_list<std::size_t> columns,
                       std::string_view rule) const {
    std::string problem = table_->name + " row " + std::to_string(row + 1) + ": ";
    bool first = true;
    for (const std::size_t column : columns) {
        if (!first) problem += ", ";
        first = false;
        problem.append(fields_[column]).append(" = ").append(number_text(at(row, column)));
    }
    throw InputError(*source_, line(row), problem.append("; ").append(rule));
}

void CaseTable::refuse(std::string_view problem) const {
    throw InputError(*source_, table_->line, (table_->name + " table: ").append(problem));
}

int CaseTable::whole_number(std::size_t row, std::size_t column) const {
    const double value = at(row, column);
    if (value != std::trunc(value) || std::abs(value) > std::numeric_limits<int>::max()) {
        refuse(row, {column}, "must be a whole number");
    }
    return static_cast<int>(value);
}

CaseTable bus_table(const io::MatpowerCase& mpc) {
    return {mpc.source, mpc.bus, bus_fields, io::bus_col::minimum_count, {}};
}

CaseTable unit_table(const io::MatpowerCase& mpc) {
    return {mpc.source, mpc.gen, unit_fields, io::gen_col::minimum_count, unbounded_unit_columns};
}

CaseTable branch_table(const io::MatpowerCase& mpc) {
    return {mpc.source, mpc.branch, branch_fields, io::branch_col::minimum_count, {}};
}

}  // namespace nodalroom::model
