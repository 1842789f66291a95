#include "workspace.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace nodalroom::io {

namespace {

constexpr std::size_t kMostFields = 1000;

std::vector<std::size_t> resolve(const Subscript& subscript, std::size_t extent, std::string_view dimension) {
    if (!subscript.all) return positions(subscript.value, extent, dimension);
    std::vector<std::size_t> out(extent);
    std::iota(out.begin(), out.end(), std::size_t{0});
    return out;
}

Matrix pick_from_vector(const ValueView& value, const Subscript& subscript) {
    if (value.rows != 1 && value.columns != 1)
        throw ValueProblem{"one index into a table of several columns"};
    const std::size_t count = value.rows * value.columns;
    const std::vector<std::size_t> at = resolve(subscript, count, "elements");
    Matrix out;
    if (subscript.all) {
        out = Matrix(at.size(), 1);
    } else if (subscript.value.is_vector() && count != 1 && !subscript.value.is_empty()) {
        out = value.rows == 1 ? Matrix(1, at.size()) : Matrix(at.size(), 1);
    } else if (subscript.value.logical) {
        out = Matrix(at.size(), at.size());
    } else {
        out = Matrix(subscript.value.rows, subscript.value.columns);
    }
    for (std::size_t i = 0; i < at.size(); ++i) out.values[i] = value.values[at[i]];
    out.logical = value.logical;
    return out;
}

}  // namespace

Matrix ValueView::copy() const {
    Matrix out(rows, columns);
    out.values.assign(values, values + rows * columns);
    out.logical = logical;
    return out;
}

Matrix pick(const ValueView& value, const std::vector<Subscript>& subscripts) {
    if (subscripts.size() == 1) return pick_from_vector(value, subscripts[0]);
    if (subscripts.size() != 2)
        throw ValueProblem{std::to_string(subscripts.size()) + " indices; 2 are understood"};
    const std::vector<std::size_t> rows = resolve(subscripts[0], value.rows, "rows");
    const std::vector<std::size_t> columns = resolve(subscripts[1], value.columns, "columns");
    if (!columns.empty() && rows.size() > kMostElements / columns.size()) {
        throw ValueProblem{"a value of too many elements"};
    }
    Matrix out(rows.size(), columns.size());
    out.logical = value.logical;
    std::size_t to = 0;
    for (const std::size_t r : rows) {
        for (const std::size_t c : columns) out.values[to++] = value.values[r * value.columns + c];
    }
    return out;
}

std::optional<ValueView> Workspace::variable(std::string_view name) const {
    const auto found = variables_.find(name);
    if (found == variables_.end()) return std::nullopt;
    const Matrix& value = found->second;
    return ValueView{value.rows, value.columns, value.logical, value.values.data()};
}

void Workspace::charge(std::size_t elements) {
    computed_elements_ += elements;
    if (computed_elements_ > 4 * kMostElements)
        throw ValueProblem{"the statements of the file make too many numbers"};
}

void Workspace::set_variable(std::string_view name, Matrix value) {
    charge(value.values.size());
    variables_.insert_or_assign(std::string(name), std::move(value));
}

NumericTable* Workspace::table(std::string_view name) {
    if (name == "bus") return &mpc_.bus;
    if (name == "gen") return &mpc_.gen;
    if (name == "branch") return &mpc_.branch;
    const auto found = std::find_if(mpc_.other_tables.begin(), mpc_.other_tables.end(),
                                    [&](const NumericTable& other) { return other.name == name; });
    return found == mpc_.other_tables.end() ? nullptr : &*found;
}

std::optional<ValueView> Workspace::field(std::string_view name) const {
    if (!field_line(name)) return std::nullopt;
    if (name == "baseMVA") return ValueView{1, 1, false, &mpc_.base_mva};
    const NumericTable* found = mpc_.find_table(name);
    if (found == nullptr) return std::nullopt;
    return ValueView{found->rows(), found->columns, false, found->values.data()};
}

std::optional<int> Workspace::field_line(std::string_view name) const {
    const auto found = field_lines_.find(name);
    if (found == field_lines_.end()) return std::nullopt;
    return found->second;
}

void Workspace::claim_field(std::string_view name, int line) {
    const std::string full = struct_name_ + "." + std::string(name);
    if (const auto before = field_line(name)) {
        throw ValueProblem{full + " is assigned a second time; line " + std::to_string(*before) +
                           " assigned it first"};
    }
    for (const auto& [other, other_line] : field_lines_) {
        const bool inside =
            name.size() > other.size() && name.starts_with(other) && name[other.size()] == '.';
        const bool around =
            other.size() > name.size() && other.starts_with(name) && other[name.size()] == '.';
        if (inside || around) {
            throw ValueProblem{full + " and " + struct_name_ + "." + other + " (line " +
                               std::to_string(other_line) + ") cannot both be tables"};
        }
    }
    if (field_lines_.size() >= kMostFields)
        throw ValueProblem{"more than " + std::to_string(kMostFields) + " tables"};
    field_lines_.emplace(name, line);
}

void Workspace::set_base_mva(double value, int line) {
    mpc_.base_mva = value;
    mpc_.base_mva_line = line;
}

void Workspace::set_table(NumericTable table) {
    if (table.name == "bus") {
        mpc_.bus = std::move(table);
    } else if (table.name == "gen") {
        mpc_.gen = std::move(table);
    } else if (table.name == "branch") {
        mpc_.branch = std::move(table);
    } else {
        mpc_.other_tables.push_back(std::move(table));
    }
}

void Workspace::set_text(TextTable table) { mpc_.text_tables.push_back(std::move(table)); }

std::size_t Workspace::assign_part(std::string_view name, const std::vector<Subscript>& subscripts,
                                   const Matrix& value) {
    const std::string full = struct_name_ + "." + std::string(name);
    NumericTable* target = field_line(name) ? table(name) : nullptr;
    if (target == nullptr) throw ValueProblem{full + " is not a table that is assigned before this line"};
    if (subscripts.size() != 2)
        throw ValueProblem{"an assignment to a part of " + full + " needs a row and a column"};
    const std::vector<std::size_t> rows = resolve(subscripts[0], target->rows(), "rows");
    const std::vector<std::size_t> columns = resolve(subscripts[1], target->columns, "columns");
    if (value.is_empty() && value.rows == 0 && value.columns == 0) {
        throw ValueProblem{"rows or columns of " + full + " are deleted, which is not understood"};
    }
    if (!value.is_scalar() && (value.rows != rows.size() || value.columns != columns.size())) {
        throw ValueProblem{"a value of size " + value.size_text() + " for a part of size " +
                           std::to_string(rows.size()) + "x" + std::to_string(columns.size()) + " of " +
                           full};
    }
    if (!columns.empty() && rows.size() > kMostElements / columns.size()) {
        throw ValueProblem{"an assignment of too many elements"};
    }
    const std::size_t step = value.is_scalar() ? 0 : 1;
    std::size_t from = 0;
    for (const std::size_t r : rows) {
        for (const std::size_t c : columns) {
            const double x = value.values[from];
            target->at(r, c) = std::isnan(x) ? std::nan("") : x;
            from += step;
        }
    }
    return rows.size() * columns.size();
}

}  // namespace nodalroom::io
