#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nodalroom/numerics/aligned.hpp"
#include "nodalroom/powerflow/equations.hpp"

namespace nodalroom::powerflow {

/// Powers into every branch at both ends, per unit; 0 for branches out of service in the case.
struct BranchFlows {
    numerics::AlignedArray<double> p_from, q_from, p_to, q_to;
    numerics::AlignedArray<double> s_squared;  ///< |S|² of the larger end
};

/// Evaluates all branch flows of a state at once (docs/math.md, eq. 2). Built once per case, then only
/// read, from any thread.
class FlowScan {
public:
    explicit FlowScan(const Equations& equations);

    [[nodiscard]] std::size_t branches() const noexcept { return from_.size(); }
    /// An empty set of flows of the right size.
    [[nodiscard]] BranchFlows make_flows() const;
    /// Flows at these voltages, given by bus; 0 for the branch `lost` (invalid: none).
    void evaluate(std::span<const double> v_real, std::span<const double> v_imag, BranchRow lost,
                  BranchFlows& flows) const;

private:
    std::vector<std::int32_t> from_, to_;
    numerics::AlignedArray<double> admittance_[8];  ///< yff, yft, ytf, ytt: real and imaginary parts
    numerics::VectorUnit unit_;
};

}  // namespace nodalroom::powerflow
