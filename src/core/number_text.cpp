#include "nodalroom/core/number_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace nodalroom {

std::string number_text(double value) {
    std::array<char, 32> text{};
    const bool whole = std::abs(value) < 1e15 && value == std::trunc(value);
    const auto end =
        whole ? std::to_chars(text.data(), text.data() + text.size(), static_cast<long long>(value))
              : std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), end.ptr};
}

std::string fixed_text(double value, int decimals) {
    std::array<char, 400> text{};  // the largest double has 309 digits before the point
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed,
                                   std::min(decimals, 64));
    return {text.data(), end.ptr};
}

}  // namespace nodalroom
