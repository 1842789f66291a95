#pragma once

#include <string_view>

namespace nodalroom {

/// The library's version, "MAJOR.MINOR.PATCH".
[[nodiscard]] std::string_view version() noexcept;

}  // namespace nodalroom
