#include "tables.hpp"

#include <pybind11/numpy.h>

namespace nodalroom::bindings {
namespace py = pybind11;

namespace {

template <class T>
py::object to_array(const std::vector<T>& values) {
    return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

py::object to_array(const std::vector<bool>& values) {
    py::array_t<bool> array(static_cast<py::ssize_t>(values.size()));
    std::copy(values.begin(), values.end(), array.mutable_data());
    return array;
}

py::object to_array(const std::vector<std::optional<std::int64_t>>& values) {
    const auto size = static_cast<py::ssize_t>(values.size());
    py::array_t<std::int64_t> numbers(size);
    py::array_t<bool> missing(size);
    for (std::size_t i = 0; i < values.size(); ++i) {
        numbers.mutable_data()[i] = values[i].value_or(0);
        missing.mutable_data()[i] = !values[i].has_value();
    }
    return py::make_tuple(std::move(numbers), std::move(missing));
}

/// Bytes that are not UTF-8 become U+FFFD; no text at all is None.
py::object to_text(const std::string& text) {
    if (text.empty()) return py::none();
    return py::reinterpret_steal<py::object>(
        PyUnicode_DecodeUTF8(text.data(), static_cast<py::ssize_t>(text.size()), "replace"));
}

py::object to_array(const std::vector<std::string>& values) {
    py::list list(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) list[i] = to_text(values[i]);
    return list;
}

/// (codes, words), as pandas.Categorical.from_codes takes them.
py::object to_array(const report::Words& values) {
    return py::make_tuple(to_array(values.codes), to_array(values.words));
}

}  // namespace

Columns to_columns(const report::Table& table) {
    Columns columns;
    for (const report::Column& column : table.columns) {
        columns[py::str(column.name)] =
            std::visit([](const auto& values) { return to_array(values); }, column.values);
    }
    return columns;
}

}  // namespace nodalroom::bindings
