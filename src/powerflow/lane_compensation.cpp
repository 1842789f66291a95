#include "lane_compensation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nodalroom::powerflow {
namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();
// A pivot below this means that the changed Jacobian is singular as far as the factor can tell.
constexpr double kSmallestPivot = 1e-12;

/// Of two sparse columns, by their common positions.
double product(const Compensation::Column& x, const Compensation::Column& y) {
    double sum = 0.0;
    std::size_t i = 0, k = 0;
    while (i < x.position.size() && k < y.position.size()) {
        if (x.position[i] < y.position[k]) {
            ++i;
        } else if (x.position[i] > y.position[k]) {
            ++k;
        } else {
            sum += x.value[2 * i] * y.value[2 * k] + x.value[2 * i + 1] * y.value[2 * k + 1];
            ++i;
            ++k;
        }
    }
    return sum;
}

}  // namespace

ModeCompensations::ModeCompensations(std::span<const std::int32_t> unit_bus)
    : unit_bus_(unit_bus), made_(unit_bus.size()), number_(unit_bus.size(), 0) {}

void ModeCompensations::reset(const SharedFactor& factor) {
    factor_ = &factor;
    for (auto& made : made_) made.reset();
    product_.clear();
}

const Compensation& ModeCompensations::of(std::size_t unit) {
    auto& made = made_[unit];
    if (!made) {
        made = std::make_unique<Compensation>();
        factor_->compensate_mode(static_cast<std::size_t>(unit_bus_[unit]), *made);
        number_[unit] = product_.size();
        product_.emplace_back();
    }
    return *made;
}

void ModeCompensations::products(std::size_t right_unit, std::span<const std::size_t> left_units,
                                 double* products) {
    auto& known = product_[number_[right_unit]];
    if (known.size() < product_.size()) known.resize(product_.size(), kNotKnown);
    for (std::size_t k = 0; k < left_units.size(); ++k) {
        double& value = known[number_[left_units[k]]];
        if (std::isnan(value)) {
            value = product(made_[right_unit]->right[0], made_[left_units[k]]->left[0]);
        }
        products[k] = value;
    }
}

void LaneCompensation::place(const Compensation::Column& column, std::vector<std::int32_t>& places) {
    places.clear();
    if (column.position.empty()) return;
    const auto most = static_cast<std::size_t>(column.position.back());
    if (place_of_.size() <= most) place_of_.resize(most + 1, -1);
    for (const std::int32_t position : column.position) {
        auto& here = place_of_[static_cast<std::size_t>(position)];
        if (here < 0) {
            here = static_cast<std::int32_t>(position_.size());
            position_.push_back(position);
        }
        places.push_back(here);
    }
}

void LaneCompensation::fit(Part& part, const Compensation::Column& left, const Compensation::Column& right) {
    part.left = &left;
    part.right = &right;
    place(left, part.left_place);
    place(right, part.right_place);
}

void LaneCompensation::begin(const Compensation* entries) {
    for (const std::int32_t position : position_) place_of_[static_cast<std::size_t>(position)] = -1;
    position_.clear();
    mode_count_ = 0;
    active_.clear();
    entries_ = entries;
    changed_ = entries != nullptr ? entries->rank() : 0;
    if (entry_parts_.size() < changed_) entry_parts_.resize(changed_);
    for (std::size_t r = 0; r < changed_; ++r) fit(entry_parts_[r], entries->left[r], entries->right[r]);
    entry_products_.resize(changed_ * changed_);
    for (std::size_t r = 0; r < changed_; ++r) {
        for (std::size_t c = 0; c < changed_; ++c) {
            entry_products_[r * changed_ + c] = product(entries->right[r], entries->left[c]);
        }
    }
}

/// The index of a bus among the mode parts of this state.
std::size_t LaneCompensation::part_of(std::int32_t unit, ModeCompensations& modes) {
    for (std::size_t k = 0; k < mode_count_; ++k) {
        if (mode_parts_[k].unit == unit) return k;
    }
    if (mode_parts_.size() == mode_count_) mode_parts_.emplace_back();
    ModePart& made = mode_parts_[mode_count_];
    made.unit = unit;
    const Compensation& mode = modes.of(static_cast<std::size_t>(unit));
    fit(made.part, mode.left[0], mode.right[0]);
    made.entries_right.resize(changed_);
    made.entries_left.resize(changed_);
    for (std::size_t r = 0; r < changed_; ++r) {
        made.entries_right[r] = product(entries_->right[r], mode.left[0]);
        made.entries_left[r] = product(mode.right[0], entries_->left[r]);
    }
    return mode_count_++;
}

const LaneCompensation::Part& LaneCompensation::part(std::size_t r) const {
    return r < changed_ ? entry_parts_[r] : mode_parts_[active_[r - changed_]].part;
}

bool LaneCompensation::set(std::span<const std::int32_t> units, ModeCompensations& modes) {
    active_.clear();
    units_.clear();
    for (const std::int32_t unit : units) {
        active_.push_back(part_of(unit, modes));
        units_.push_back(static_cast<std::size_t>(unit));
    }
    const std::size_t rank = changed_ + active_.size();
    // t = I + G M with G = rightᵀ left and M the identity but for the changed admittances.
    t_.resize(rank * rank);
    for (std::size_t r = 0; r < rank; ++r) {
        double* const row = t_.data() + r * rank;
        for (std::size_t c = 0; c < changed_; ++c) {
            row[c] = 0.0;
            for (std::size_t k = 0; k < changed_; ++k) {
                const double g = r < changed_ ? entry_products_[r * changed_ + k]
                                              : mode_parts_[active_[r - changed_]].entries_left[k];
                row[c] += g * entries_->m[k * changed_ + c];
            }
        }
        if (r < changed_) {
            for (std::size_t c = changed_; c < rank; ++c) {
                row[c] = mode_parts_[active_[c - changed_]].entries_right[r];
            }
        } else {
            modes.products(units_[r - changed_], units_, row + changed_);
        }
        row[r] += 1.0;
    }
    if (factor()) return true;
    changed_ = 0;
    active_.clear();
    return false;
}

/// LU with row pivoting, in place.
bool LaneCompensation::factor() {
    const std::size_t rank = changed_ + active_.size();
    pivot_.resize(rank);
    for (std::size_t k = 0; k < rank; ++k) {
        std::size_t pivot = k;
        for (std::size_t i = k + 1; i < rank; ++i) {
            if (std::abs(t_[i * rank + k]) > std::abs(t_[pivot * rank + k])) pivot = i;
        }
        pivot_[k] = static_cast<std::int32_t>(pivot);
        if (!(std::abs(t_[pivot * rank + k]) > kSmallestPivot)) return false;
        double* const upper = t_.data() + k * rank;
        if (pivot != k) std::swap_ranges(upper, upper + rank, t_.data() + pivot * rank);
        for (std::size_t i = k + 1; i < rank; ++i) {
            double* const row = t_.data() + i * rank;
            if (row[k] == 0.0) continue;
            const double factor = row[k] /= upper[k];
            for (std::size_t j = k + 1; j < rank; ++j) row[j] -= factor * upper[j];
        }
    }
    return true;
}

void LaneCompensation::solve(std::span<double> c) const {
    const std::size_t rank = c.size();
    for (std::size_t k = 0; k < rank; ++k) std::swap(c[k], c[static_cast<std::size_t>(pivot_[k])]);
    for (std::size_t i = 0; i < rank; ++i) {
        for (std::size_t k = 0; k < i; ++k) c[i] -= t_[i * rank + k] * c[k];
    }
    for (std::size_t i = rank; i-- > 0;) {
        for (std::size_t k = i + 1; k < rank; ++k) c[i] -= t_[i * rank + k] * c[k];
        c[i] /= t_[i * rank + i];
    }
}

template <class Real>
void LaneCompensation::apply(Real* y, std::size_t stride, std::span<const double> added) {
    const std::size_t rank = changed_ + active_.size();
    if (rank == 0) return;
    y_.resize(2 * position_.size());
    for (std::size_t i = 0; i < position_.size(); ++i) {
        const Real* from = y + 2 * static_cast<std::size_t>(position_[i]) * stride;
        y_[2 * i] = from[0];
        y_[2 * i + 1] = from[stride];
    }
    const auto add_left = [&](const Part& p, double share) {
        const double* const value = p.left->value.data();
        for (std::size_t i = 0; i < p.left_place.size(); ++i) {
            double* const at = y_.data() + 2 * static_cast<std::size_t>(p.left_place[i]);
            at[0] += value[2 * i] * share;
            at[1] += value[2 * i + 1] * share;
        }
    };
    for (std::size_t r = 0; r < added.size(); ++r) add_left(entry_parts_[r], added[r]);
    c_.resize(rank);
    for (std::size_t r = 0; r < rank; ++r) {
        const Part& p = part(r);
        const double* const value = p.right->value.data();
        double first = 0.0, second = 0.0;
        for (std::size_t i = 0; i < p.right_place.size(); ++i) {
            const double* const at = y_.data() + 2 * static_cast<std::size_t>(p.right_place[i]);
            first += value[2 * i] * at[0];
            second += value[2 * i + 1] * at[1];
        }
        c_[r] = first + second;
    }
    solve(c_);
    for (std::size_t r = 0; r < rank; ++r) {
        double d = r < changed_ ? 0.0 : c_[r];
        for (std::size_t k = 0; r < changed_ && k < changed_; ++k) d += entries_->m[r * changed_ + k] * c_[k];
        add_left(part(r), -d);
    }
    for (std::size_t i = 0; i < position_.size(); ++i) {
        Real* to = y + 2 * static_cast<std::size_t>(position_[i]) * stride;
        to[0] = static_cast<Real>(y_[2 * i]);
        to[stride] = static_cast<Real>(y_[2 * i + 1]);
    }
}

template void LaneCompensation::apply(float*, std::size_t, std::span<const double>);
template void LaneCompensation::apply(double*, std::size_t, std::span<const double>);

}  // namespace nodalroom::powerflow
