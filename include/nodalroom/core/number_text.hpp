#pragma once

#include <string>

namespace nodalroom {

/// A number as people write it: whole numbers in full, others in the fewest digits that read back as
/// the same double; "inf" and "nan" for what is no number.
[[nodiscard]] std::string number_text(double value);

/// A number with so many decimals and a point before them, whatever the locale of the process.
[[nodiscard]] std::string fixed_text(double value, int decimals);

}  // namespace nodalroom
