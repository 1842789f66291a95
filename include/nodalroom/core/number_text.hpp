#pragma once

#include <string>

namespace nodalroom {

/// A number as people write it: whole numbers in full, others in the fewest digits that read back as
/// the same double; "inf" and "nan" for what is no number.
[[nodiscard]] std::string number_text(double value);

}  // namespace nodalroom
