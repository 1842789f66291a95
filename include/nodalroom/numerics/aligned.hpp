#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

namespace nodalroom::numerics {

/// A fixed number of values of a trivial type, aligned for the widest vectors.
template <class T>
class AlignedArray {
public:
    AlignedArray() = default;
    explicit AlignedArray(std::size_t size, T value = T())
        : values_(static_cast<T*>(::operator new(std::max<std::size_t>(size, 1) * sizeof(T), kAlignment))),
          size_(size) {
        std::uninitialized_fill_n(values_.get(), size, value);
    }

    [[nodiscard]] T* data() noexcept { return values_.get(); }
    [[nodiscard]] const T* data() const noexcept { return values_.get(); }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] T& operator[](std::size_t i) noexcept { return values_.get()[i]; }
    [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return values_.get()[i]; }

private:
    static constexpr std::align_val_t kAlignment{64};
    struct Free {
        void operator()(T* values) const noexcept { ::operator delete(values, kAlignment); }
    };
    std::unique_ptr<T, Free> values_;
    std::size_t size_ = 0;
};

}  // namespace nodalroom::numerics
