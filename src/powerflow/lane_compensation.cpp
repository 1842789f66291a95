#include "lane_compensation.hpp"

#include <algorithm>
#include <cmath>

namespace nodalroom::powerflow {
namespace {

/// Solves X T = M for X by elimination with column pivoting (a system for each row of M); X overwrites M.
/// False where T is singular.
bool divide_from_the_right(std::vector<double>& m, std::vector<double>& t, std::size_t rank) {
    // Xᵀ solves Tᵀ Xᵀ = Mᵀ; t is read as its transpose.
    const auto at = [rank](std::size_t row, std::size_t column) { return column * rank + row; };
    for (std::size_t k = 0; k < rank; ++k) {
        std::size_t pivot = k;
        for (std::size_t i = k + 1; i < rank; ++i) {
            if (std::abs(t[at(i, k)]) > std::abs(t[at(pivot, k)])) pivot = i;
        }
        if (!(std::abs(t[at(pivot, k)]) > 1e-12)) return false;
        if (pivot != k) {
            for (std::size_t j = 0; j < rank; ++j) {
                std::swap(t[at(k, j)], t[at(pivot, j)]);
                std::swap(m[at(k, j)], m[at(pivot, j)]);
            }
        }
        for (std::size_t i = k + 1; i < rank; ++i) {
            const double factor = t[at(i, k)] / t[at(k, k)];
            if (factor == 0.0) continue;
            for (std::size_t j = k; j < rank; ++j) t[at(i, j)] -= factor * t[at(k, j)];
            for (std::size_t j = 0; j < rank; ++j) m[at(i, j)] -= factor * m[at(k, j)];
        }
    }
    for (std::size_t k = rank; k-- > 0;) {
        for (std::size_t j = 0; j < rank; ++j) {
            double sum = m[at(k, j)];
            for (std::size_t i = k + 1; i < rank; ++i) sum -= t[at(k, i)] * m[at(i, j)];
            m[at(k, j)] = sum / t[at(k, k)];
        }
    }
    return true;
}

}  // namespace

void LaneCompensation::include(const std::vector<std::int32_t>& positions) {
    if (positions.empty()) return;
    const auto most = static_cast<std::size_t>(positions.back());
    if (index_of_.size() <= most) index_of_.resize(most + 1, -1);
    for (const std::int32_t position : positions) {
        auto& index = index_of_[static_cast<std::size_t>(position)];
        if (index >= 0) continue;
        index = 0;
        position_.push_back(position);
    }
}

bool LaneCompensation::set(std::span<const Compensation* const> parts) {
    rank_ = 0;
    for (const std::int32_t position : position_) index_of_[static_cast<std::size_t>(position)] = -1;
    position_.clear();
    for (const Compensation* part : parts) {
        rank_ += part->rank();
        for (const auto* side : {&part->left, &part->right}) {
            for (const auto& column : *side) include(column.position);
        }
    }
    if (rank_ == 0) return true;
    std::sort(position_.begin(), position_.end());
    for (std::size_t i = 0; i < position_.size(); ++i) {
        index_of_[static_cast<std::size_t>(position_[i])] = static_cast<std::int32_t>(i);
    }
    const std::size_t length = 2 * position_.size();
    left_.assign(rank_ * length, 0.0);
    right_.assign(rank_ * length, 0.0);
    m_.assign(rank_ * rank_, 0.0);
    std::size_t first = 0;
    for (const Compensation* part : parts) {
        const std::size_t rank = part->rank();
        for (std::size_t r = 0; r < rank; ++r) {
            const auto put = [&](const Compensation::Column& column, std::vector<double>& rows) {
                double* const to = rows.data() + (first + r) * length;
                for (std::size_t i = 0; i < column.position.size(); ++i) {
                    const auto index =
                        static_cast<std::size_t>(index_of_[static_cast<std::size_t>(column.position[i])]);
                    to[2 * index] = column.value[2 * i];
                    to[2 * index + 1] = column.value[2 * i + 1];
                }
            };
            put(part->left[r], left_);
            put(part->right[r], right_);
            for (std::size_t c = 0; c < rank; ++c)
                m_[(first + r) * rank_ + first + c] = part->m[r * rank + c];
        }
        first += rank;
    }
    // G = rightᵀ left, then t = I + G M.
    std::vector<double>& g = core_;
    g.assign(rank_ * rank_, 0.0);
    for (std::size_t r = 0; r < rank_; ++r) {
        for (std::size_t c = 0; c < rank_; ++c) {
            double sum = 0.0;
            for (std::size_t i = 0; i < length; ++i) sum += right_[r * length + i] * left_[c * length + i];
            g[r * rank_ + c] = sum;
        }
    }
    t_.assign(rank_ * rank_, 0.0);
    for (std::size_t r = 0; r < rank_; ++r) {
        t_[r * rank_ + r] = 1.0;
        for (std::size_t k = 0; k < rank_; ++k) {
            for (std::size_t c = 0; c < rank_; ++c) t_[r * rank_ + c] += g[r * rank_ + k] * m_[k * rank_ + c];
        }
    }
    core_ = m_;
    if (!divide_from_the_right(core_, t_, rank_)) {
        rank_ = 0;
        return false;
    }
    y_.assign(length, 0.0);
    c_.assign(rank_, 0.0);
    d_.assign(rank_, 0.0);
    return true;
}

void LaneCompensation::apply(double* y, std::size_t stride) {
    if (rank_ == 0) return;
    const std::size_t length = 2 * position_.size();
    for (std::size_t i = 0; i < position_.size(); ++i) {
        const double* from = y + 2 * static_cast<std::size_t>(position_[i]) * stride;
        y_[2 * i] = from[0];
        y_[2 * i + 1] = from[stride];
    }
    for (std::size_t r = 0; r < rank_; ++r) {
        double sum = 0.0;
        for (std::size_t i = 0; i < length; ++i) sum += right_[r * length + i] * y_[i];
        c_[r] = sum;
    }
    for (std::size_t r = 0; r < rank_; ++r) {
        d_[r] = 0.0;
        for (std::size_t k = 0; k < rank_; ++k) d_[r] += core_[r * rank_ + k] * c_[k];
    }
    for (std::size_t r = 0; r < rank_; ++r) {
        for (std::size_t i = 0; i < length; ++i) y_[i] -= left_[r * length + i] * d_[r];
    }
    for (std::size_t i = 0; i < position_.size(); ++i) {
        double* to = y + 2 * static_cast<std::size_t>(position_[i]) * stride;
        to[0] = y_[2 * i];
        to[stride] = y_[2 * i + 1];
    }
}

}  // namespace nodalroom::powerflow
