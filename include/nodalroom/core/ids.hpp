#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace nodalroom {

/// A whole number that names one kind of thing. Indices of different kinds do not mix: a row of
/// the bus table cannot be passed where a branch row or a file's bus number is meant.
template <class Tag>
class Index {
public:
    constexpr Index() noexcept = default;
    constexpr explicit Index(std::int64_t value) noexcept : value_(static_cast<std::int32_t>(value)) {}

    /// The bare number, for output and arithmetic.
    [[nodiscard]] constexpr std::int32_t value() const noexcept { return value_; }
    /// The position in a container of such rows; only for valid indices.
    [[nodiscard]] constexpr std::size_t pos() const noexcept { return static_cast<std::size_t>(value_); }
    /// False for a default-constructed index ("none").
    [[nodiscard]] constexpr bool valid() const noexcept { return value_ >= 0; }

    friend constexpr auto operator<=>(Index, Index) noexcept = default;

private:
    std::int32_t value_ = -1;
};

using BusRow = Index<struct BusRowTag>;        ///< row of the bus table and of Ybus, 0-based
using BranchRow = Index<struct BranchRowTag>;  ///< row of the branch table, 0-based
using UnitRow = Index<struct UnitRowTag>;      ///< row of the generating-unit table, 0-based
using BusNumber = Index<struct BusNumberTag>;  ///< label of a bus in the input file

}  // namespace nodalroom

template <class Tag>
struct std::hash<nodalroom::Index<Tag>> {
    std::size_t operator()(nodalroom::Index<Tag> index) const noexcept {
        return std::hash<std::int32_t>{}(index.value());
    }
};
