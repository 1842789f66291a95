#pragma once

#include <string>

#include "expression.hpp"
#include "nodalroom/io/matpower_case.hpp"
#include "text_cursor.hpp"

namespace nodalroom::io {

/// Reads "[ … ]" as a table of numbers, row after row; the cursor is at the bracket. Problems name
/// table, row and field. Throws Problem.
[[nodiscard]] NumericTable read_numeric_table(TextCursor& cursor, Expression& expression, std::string name);

/// Reads "{ … }" as a table of texts in quotes; the cursor is at the brace. Throws Problem.
[[nodiscard]] TextTable read_text_table(TextCursor& cursor, std::string name);

}  // namespace nodalroom::io
