// How far the elements of a state may be moved, as the screen sees it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "nodalroom/headroom/screen.hpp"

namespace nodalroom::headroom {

/// What the buses of a state that act otherwise than in the intact state may change in an element: the sum
/// of what each does, whichever way it goes.
class Switching {
public:
    /// allowed_for: false where nothing is to change anything.
    Switching(const ModeResponses::Rows& responses, const std::vector<float>& strongest,
              const Screen::Look& look, bool allowed_for)
        : responses_(responses),
          strongest_(strongest),
          look_(look),
          allowed_for_(allowed_for),
          amount_(strongest.size(), 0.0F) {
        if (!allowed_for) {
            in_any_state_.assign(responses.first.size(), 0.0F);
            return;
        }
        // The most that any state does, so that most elements need no look at their own state. A bus may act
        // otherwise twice in one: for what it no longer gives, and for what it cannot give.
        std::vector<float> most(strongest.size(), 0.0F);
        for (std::size_t state = 0; state + 1 < look.switching_first.size(); ++state) {
            begin(state);
            for (const std::int32_t row : switched()) {
                const auto place = static_cast<std::size_t>(row);
                most[place] = std::max(most[place], amount_[place]);
            }
        }
        in_any_state_.reserve(responses.first.size());
        for (std::size_t e = 0; e + 1 < responses.first.size(); ++e) in_any_state_.push_back(sum(e, most));
    }

    void begin(std::size_t state) {
        if (!allowed_for_) return;
        for (const std::int32_t row : switched()) amount_[static_cast<std::size_t>(row)] = 0.0F;
        first_ = look_.switching_first[state];
        end_ = look_.switching_first[state + 1];
        largest_ = 0.0F;
        for (std::size_t s = first_; s < end_; ++s) {
            const auto row = static_cast<std::size_t>(look_.switching[s]);
            amount_[row] += look_.switching_amount[s];
            largest_ += look_.switching_amount[s] * strongest_[row];
        }
    }
    /// No element of the state is changed by more than this.
    [[nodiscard]] float largest() const noexcept { return largest_; }
    /// The element is not changed by more than this.
    [[nodiscard]] float most(std::size_t element) const noexcept {
        return std::min(in_any_state_[element], largest_);
    }
    [[nodiscard]] float of(std::size_t element) const noexcept {
        return most(element) < kNegligible ? most(element) : sum(element, amount_);
    }

private:
    static constexpr float kNegligible = 1e-5F;

    [[nodiscard]] std::span<const std::int32_t> switched() const noexcept {
        return std::span(look_.switching).subspan(first_, end_ - first_);
    }
    [[nodiscard]] float sum(std::size_t element, const std::vector<float>& amount) const noexcept {
        float total = 0.0F;
        for (std::size_t e = responses_.first[element]; e < responses_.first[element + 1]; ++e) {
            total += responses_.response[e] * amount[static_cast<std::size_t>(responses_.source[e])];
        }
        return total;
    }

    const ModeResponses::Rows& responses_;
    const std::vector<float>& strongest_;
    const Screen::Look& look_;
    bool allowed_for_;
    std::vector<float> amount_, in_any_state_;
    std::size_t first_ = 0, end_ = 0;
    float largest_ = 0.0F;
};

/// How far the load moves each element of one kind, allowance included, in a state that does not.
struct Reach {
    std::vector<float> of;  ///< per row
    float largest = 0.0F;
    float usual = 0.0F;                ///< what few go beyond
    std::vector<std::uint8_t> is_far;  ///< per row: goes beyond the usual

    void find_usual() {
        if (of.empty()) return;
        largest = *std::max_element(of.begin(), of.end());
        std::vector<float> ordered = of;
        const auto at =
            ordered.begin() + static_cast<std::ptrdiff_t>(kUsualShare * static_cast<double>(ordered.size()));
        std::nth_element(ordered.begin(), at, ordered.end());
        usual = *at;
        is_far.clear();
        for (const float reach : of) is_far.push_back(reach > usual ? 1 : 0);
    }

private:
    static constexpr double kUsualShare = 0.97;
};

}  // namespace nodalroom::headroom
