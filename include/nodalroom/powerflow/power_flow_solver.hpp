#pragma once

#include "nodalroom/powerflow/solve.hpp"

namespace nodalroom::powerflow {

/// Solves one network again and again with other loads and dispatch. What follows from its branches and from
/// which units are in service is found once: elimination order, patterns, admittances, the DC power flow's
/// factors, and room to work in. Results are those of `solve` on a network that has these powers, bit for
/// bit, whatever was solved before. One per thread; the network must outlive it.
class PowerFlowSolver {
public:
    /// Throws OptionError on options out of range.
    explicit PowerFlowSolver(const model::Network& network, PowerFlowOptions options = {});

    [[nodiscard]] const PowerFlowOptions& options() const noexcept { return options_; }
    [[nodiscard]] const Equations& equations() const noexcept { return equations_; }

    /// With these powers, from the start of the options. Throws OptionError on powers that do not fit.
    [[nodiscard]] PowerFlowResult solve(const Powers& powers = {});
    /// The same from these voltages and ways of holding them, such as another result's. Throws OptionError
    /// where they do not fit or are not finite; those of de-energised buses are not looked at.
    [[nodiscard]] PowerFlowResult solve(const Powers& powers, const Voltages& start);

private:
    [[nodiscard]] Voltages checked(const Voltages& start) const;
    [[nodiscard]] PowerFlowResult solve_from(const Powers& powers, const Voltages* start);
    void put_flows(std::vector<model::BranchFlow>& flow_pu) const;

    PowerFlowOptions options_;
    Equations equations_;
    std::vector<double> unit_weights_;
    NewtonSolver newton_;
};

}  // namespace nodalroom::powerflow
