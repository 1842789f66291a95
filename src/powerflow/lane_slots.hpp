#pragma once

#include <cstdint>
#include <vector>

#include "nodalroom/numerics/aligned.hpp"

namespace nodalroom::powerflow {

/// Values that are the same in all lanes but for a few places: each such place has a slot with a pair of
/// values per lane while any lane differs there. A lane that leaves gets the common values put back.
class LaneSlots {
public:
    LaneSlots(std::size_t places, int lanes, std::size_t first_capacity)
        : lanes_(static_cast<std::size_t>(lanes)), slot_of_(places, -1) {
        grow(first_capacity);
    }

    [[nodiscard]] const std::int32_t* slot_of() const noexcept { return slot_of_.data(); }
    [[nodiscard]] const double* first() const noexcept { return first_.data(); }
    [[nodiscard]] const double* second() const noexcept { return second_.data(); }

    /// True if the place had no slot before.
    bool set(std::int32_t place, int lane, double first, double second, double common_first,
             double common_second) {
        std::int32_t& slot = slot_of_[static_cast<std::size_t>(place)];
        const bool is_new = slot < 0;
        if (is_new) {
            if (free_.empty()) grow(2 * users_.size());
            slot = free_.back();
            free_.pop_back();
            for (std::size_t l = 0; l < lanes_; ++l) {
                first_[at(slot) + l] = common_first;
                second_[at(slot) + l] = common_second;
            }
        }
        ++users_[static_cast<std::size_t>(slot)];
        first_[at(slot) + static_cast<std::size_t>(lane)] = first;
        second_[at(slot) + static_cast<std::size_t>(lane)] = second;
        return is_new;
    }
    /// True if no lane differs there any more.
    bool clear(std::int32_t place, int lane, double common_first, double common_second) {
        std::int32_t& slot = slot_of_[static_cast<std::size_t>(place)];
        first_[at(slot) + static_cast<std::size_t>(lane)] = common_first;
        second_[at(slot) + static_cast<std::size_t>(lane)] = common_second;
        if (--users_[static_cast<std::size_t>(slot)] > 0) return false;
        free_.push_back(slot);
        slot = -1;
        return true;
    }

private:
    [[nodiscard]] std::size_t at(std::int32_t slot) const noexcept {
        return static_cast<std::size_t>(slot) * lanes_;
    }
    void grow(std::size_t capacity) {
        const std::size_t before = users_.size();
        numerics::AlignedArray<double> first(capacity * lanes_), second(capacity * lanes_);
        std::copy_n(first_.data(), before * lanes_, first.data());
        std::copy_n(second_.data(), before * lanes_, second.data());
        first_ = std::move(first);
        second_ = std::move(second);
        users_.resize(capacity, 0);
        for (std::size_t slot = capacity; slot-- > before;) free_.push_back(static_cast<std::int32_t>(slot));
    }

    std::size_t lanes_;
    std::vector<std::int32_t> slot_of_;
    std::vector<std::int32_t> free_;
    std::vector<int> users_;
    numerics::AlignedArray<double> first_, second_;
};

}  // namespace nodalroom::powerflow
