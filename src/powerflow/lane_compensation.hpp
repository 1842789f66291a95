#pragma once

#include <memory>
#include <span>
#include <vector>

#include "nodalroom/powerflow/shared_factor.hpp"

namespace nodalroom::powerflow {

/// What it takes to compensate a shared factor for buses that regulate there and not in a lane, or the
/// other way round. Made when first asked for, and kept for all lanes.
class ModeCompensations {
public:
    explicit ModeCompensations(std::span<const std::int32_t> unit_bus);
    /// Forgets what was made for another factor.
    void reset(const SharedFactor& factor);
    [[nodiscard]] const Compensation& of(std::size_t unit);
    /// rightᵀ of one bus times left of each of these buses, all of which were asked for before.
    void products(std::size_t right_unit, std::span<const std::size_t> left_units, double* products);

private:
    const SharedFactor* factor_ = nullptr;
    std::span<const std::int32_t> unit_bus_;
    std::vector<std::unique_ptr<Compensation>> made_;  ///< per bus with units
    std::vector<std::vector<double>> product_;         ///< by number of the right bus, then the left's
    std::vector<std::size_t> number_;                  ///< of each bus, in the order they were made
};

/// What one lane adds between the passes through a shared factor's L and U, so that its step is a step
/// of its own Jacobian J₀ + E M Fᵀ (Woodbury's formula, docs/math.md, section 8). The columns of E and F
/// stay sparse: a bus far from the others meets them near the root of the elimination tree only.
class LaneCompensation {
public:
    /// For a new state: the change of its admittances, which must outlive it; null where there is none.
    void begin(const Compensation* entries);
    /// With these buses (ascending, counted among those with units) in the other mode. False where the
    /// changed Jacobian is singular, and nothing is compensated then.
    bool set(std::span<const std::int32_t> units, ModeCompensations& modes);
    /// y of one lane, its values `stride` apart: y -= left M (I + rightᵀ left M)⁻¹ rightᵀ y. Before that, y
    /// takes in what has been added to the residual where admittances changed: two numbers per bus, or none.
    template <class Real>
    void apply(Real* y, std::size_t stride, std::span<const double> added = {});

private:
    /// A column of left and of right, with the places of their entries in what apply() gathers.
    struct Part {
        const Compensation::Column *left = nullptr, *right = nullptr;
        std::vector<std::int32_t> left_place, right_place;
    };
    /// A bus whose mode has differed in this state, and its products with the changed admittances.
    struct ModePart {
        std::int32_t unit = -1;
        Part part;
        std::vector<double> entries_right, entries_left;
    };

    void fit(Part& part, const Compensation::Column& left, const Compensation::Column& right);
    void place(const Compensation::Column& column, std::vector<std::int32_t>& places);
    [[nodiscard]] std::size_t part_of(std::int32_t unit, ModeCompensations& modes);
    [[nodiscard]] const Part& part(std::size_t r) const;
    [[nodiscard]] bool factor();
    void solve(std::span<double> c) const;

    const Compensation* entries_ = nullptr;
    std::size_t changed_ = 0;             ///< rank of the changed admittances
    std::vector<Part> entry_parts_;       ///< the first changed_ of them
    std::vector<double> entry_products_;  ///< rightᵀ left of the changed admittances
    std::vector<ModePart> mode_parts_;    ///< the first mode_count_ of them, in the order they were met
    std::size_t mode_count_ = 0;
    std::vector<std::size_t> active_;  ///< those of mode_parts_ that differ now
    std::vector<std::size_t> units_;   ///< their buses
    std::vector<double> t_;            ///< factors of I + rightᵀ left M, by rows
    std::vector<std::int32_t> pivot_;
    std::vector<std::int32_t> position_;  ///< what apply() gathers
    std::vector<std::int32_t> place_of_;  ///< per position of the grid: index in position_, -1: not there
    std::vector<double> y_, c_;
};

}  // namespace nodalroom::powerflow
