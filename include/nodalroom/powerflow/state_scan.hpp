#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nodalroom/numerics/aligned.hpp"
#include "nodalroom/powerflow/equations.hpp"

namespace nodalroom::powerflow {

struct ScanKernels;

/// Looks over a solved state: all branch flows at both ends (docs/math.md, eq. 2) and all voltages, against
/// what they may be. Built once per case, then only read, from any thread.
class StateScan {
public:
    StateScan(const Equations& equations, numerics::VectorUnit unit);

    [[nodiscard]] std::size_t branches() const noexcept { return from_.size(); }

    /// (apparent power of the larger end / rating)² of every branch, at voltages given by bus; 0 for branches
    /// out of service in the case, for the branch `lost` (invalid: none), and where the weight is 0.
    /// `weight`: 1 / rating² per branch (per unit). Returns the largest.
    double loadings(std::span<const double> v_real, std::span<const double> v_imag, BranchRow lost,
                    std::span<const double> weight, std::vector<double>& loading_squared) const;

    struct Voltages {
        double lowest_pu = 0.0, highest_pu = 0.0;  ///< of the watched buses
        double margin_to_vmin_pu = 0.0,
               margin_to_vmax_pu = 0.0;  ///< the least there is; < 0: a limit is passed
    };
    /// Magnitudes and limits by bus; a bus with two infinite limits is not watched.
    [[nodiscard]] Voltages voltages(std::span<const double> vm_pu, std::span<const double> vmin_pu,
                                    std::span<const double> vmax_pu) const;

private:
    std::vector<std::int32_t> from_, to_;
    numerics::AlignedArray<double> admittance_[8];  ///< yff, yft, ytf, ytt: real and imaginary parts
    numerics::VectorUnit unit_;
};

}  // namespace nodalroom::powerflow
