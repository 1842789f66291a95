#pragma once

#include <string>
#include <vector>

namespace nodalroom {

enum class Severity { note, warning };

/// Something legal but doubtful: what a reader assumed, dropped or found odd.
struct Diagnostic {
    Severity severity = Severity::note;
    std::string code;     ///< stable short name, e.g. "pg_above_pmax"
    int line = 0;         ///< 1-based line of the input file; 0 where none applies
    std::string message;  ///< names table, row, field and value
};

using Diagnostics = std::vector<Diagnostic>;

}  // namespace nodalroom
