#pragma once

#include <optional>
#include <span>
#include <vector>

#include "nodalroom/numerics/ldl_solver.hpp"
#include "nodalroom/powerflow/operating_point.hpp"

namespace nodalroom::powerflow {

/// The DC power flow of a network (docs/math.md, eq. 12), losses left to the reference bus. Its matrix is the
/// network's own, factorised once in the equations' elimination order; immutable, so that threads may share
/// it. What it is made of must outlive it.
class DcAngles {
public:
    explicit DcAngles(const Equations& equations);

    /// Angles at this point in radians, by bus. They come in as those of reference and isolated buses, and
    /// stay as they are where the matrix is singular.
    void solve(const OperatingPoint& point, std::span<double> va_rad) const;

private:
    /// A branch to a bus whose angle is known.
    struct Boundary {
        std::int32_t bus, known_bus;
        double susceptance_pu;
    };

    [[nodiscard]] bool is_known(std::size_t bus) const noexcept;
    [[nodiscard]] bool solve_with_pivoting(std::span<double> rhs) const;

    const Equations* equations_;
    std::vector<double> diagonal_, upper_;  ///< as LdlSolver takes them
    std::vector<double> shift_pu_;          ///< what phase shifters push into each bus
    std::vector<Boundary> boundary_;
    std::optional<numerics::LdlSolver> factor_;
};

}  // namespace nodalroom::powerflow
