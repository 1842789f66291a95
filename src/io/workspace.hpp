#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "matrix_value.hpp"
#include "nodalroom/io/matpower_case.hpp"

namespace nodalroom::io {

/// Reads a value where it lies.
struct ValueView {
    std::size_t rows = 0;
    std::size_t columns = 0;
    bool logical = false;
    const double* values = nullptr;

    [[nodiscard]] Matrix copy() const;
};

/// One subscript of an index: ':' or a value.
struct Subscript {
    bool all = false;
    Matrix value;
};

/// What a statement of a case file can see and set: the fields of the case and plain variables.
/// Throws ValueProblem.
class Workspace {
public:
    Workspace(MatpowerCase& mpc, std::string struct_name) : mpc_(mpc), struct_name_(std::move(struct_name)) {}

    /// The name the file gives to the case, "mpc" as a rule.
    [[nodiscard]] const std::string& struct_name() const noexcept { return struct_name_; }

    [[nodiscard]] std::optional<ValueView> variable(std::string_view name) const;
    void set_variable(std::string_view name, Matrix value);

    [[nodiscard]] std::optional<ValueView> field(std::string_view name) const;
    /// The line on which a field was assigned; nullopt if it was not.
    [[nodiscard]] std::optional<int> field_line(std::string_view name) const;
    /// Marks a field as assigned; throws if it was before.
    void claim_field(std::string_view name, int line);

    void set_base_mva(double value, int line);
    void set_table(NumericTable table);
    void set_text(TextTable table);
    void set_version(int line) noexcept { version_line_ = line; }
    [[nodiscard]] bool has_version() const noexcept { return version_line_ != 0; }

    /// mpc.NAME(subscripts) = value. Returns how many numbers were set.
    std::size_t assign_part(std::string_view name, const std::vector<Subscript>& subscripts,
                            const Matrix& value);

    [[nodiscard]] MatpowerCase& mpc() noexcept { return mpc_; }

    /// Counts numbers made by computing against a common limit.
    void charge(std::size_t elements);

private:
    [[nodiscard]] NumericTable* table(std::string_view name);

    MatpowerCase& mpc_;
    std::string struct_name_;
    std::map<std::string, Matrix, std::less<>> variables_;
    std::map<std::string, int, std::less<>> field_lines_;
    std::size_t computed_elements_ = 0;
    int version_line_ = 0;
};

/// value(subscripts).
[[nodiscard]] Matrix pick(const ValueView& value, const std::vector<Subscript>& subscripts);

}  // namespace nodalroom::io
