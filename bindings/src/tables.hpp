#pragma once

#include <pybind11/pybind11.h>

#include "nodalroom/report/table.hpp"

namespace nodalroom::bindings {

/// Column name to values, in order: a numpy array of numbers or flags; a pair of arrays (numbers,
/// which are missing) for rows that may be missing; a list of texts (missing: None); a pair of codes and a
/// list of words for texts of which there are few (missing: -1).
using Columns = pybind11::typing::Dict<pybind11::str, pybind11::object>;
[[nodiscard]] Columns to_columns(const report::Table& table);

}  // namespace nodalroom::bindings
