#include "nodalroom/core/version.hpp"

namespace nodalroom {

std::string_view version() noexcept { return NODALROOM_VERSION; }

}  // namespace nodalroom
