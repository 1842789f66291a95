// Results of sweeps taken apart for files, and put together again.
#include "sweep_state.hpp"

#include "saved_columns.hpp"

namespace nodalroom::bindings {
using contingency::LimitKind;
using contingency::StateRow;
using contingency::Violation;

namespace {

void check_violation(const model::Network& network, const Violation& violation) {
    const bool is_branch = violation.kind == LimitKind::thermal;
    const std::size_t size = is_branch ? network.branches().size() : network.buses().size();
    static_cast<void>(position(violation.element, size, is_branch ? "branch row" : "bus row"));
}

constexpr auto of_states = [](auto& fields) {
    fields("outage", &StateRow::outage);
    fields("status", &StateRow::status);
    fields("iterations", &StateRow::iterations);
    fields("max_mismatch_pu", &StateRow::max_mismatch_pu);
    fields("worst_loading", &StateRow::worst_loading);
    fields.maybe("worst_branch", &StateRow::worst_branch);
    fields("vm_min_pu", &StateRow::vm_min_pu);
    fields.maybe("vm_min_bus", &StateRow::vm_min_bus);
    fields("vm_max_pu", &StateRow::vm_max_pu);
    fields.maybe("vm_max_bus", &StateRow::vm_max_bus);
    fields("supply_pu", &StateRow::supply_pu);
    fields("thermal_violations", &StateRow::thermal_violations);
    fields("voltage_violations", &StateRow::voltage_violations);
};
constexpr auto of_violations = [](auto& fields) {
    fields("state", &Violation::state);
    fields("kind", &Violation::kind);
    fields("element", &Violation::element);
    fields("value_pu", &Violation::value_pu);
    fields("limit_pu", &Violation::limit_pu);
    fields.check(&check_violation);
};

/// What stands once in a result, which is const where it is saved.
template <class Values, class Sweep>
void describe(Values& values, Sweep& sweep) {
    auto& result = sweep.result;
    values("reason", result.reason);
    values("intact_solved", result.intact_solved);
    values("complete", result.complete);
    values("interrupted", sweep.interrupted);
    values("bridges", result.bridges);
}

}  // namespace

Columns save_result(const Sweep& sweep) {
    Columns out;
    SavedValues values(*sweep.network, out);
    describe(values, sweep);
    out["states"] = save_table(*sweep.network, sweep.result.states, of_states);
    out["violations"] = save_table(*sweep.network, sweep.result.violations, of_violations);
    return out;
}

void restore_result(const Columns& saved, Sweep& sweep) {
    contingency::SweepResult& result = sweep.result;
    RestoredValues values(*sweep.network, saved);
    describe(values, sweep);
    restore_table(*sweep.network, saved, "states", result.states, false, of_states);
    restore_table(*sweep.network, saved, "violations", result.violations, false, of_violations);
    for (const Violation& violation : result.violations)
        static_cast<void>(position(violation.state, result.states.size(), "state", "file"));
}

}  // namespace nodalroom::bindings
