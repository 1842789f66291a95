#include "nodalroom/headroom/witness.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/core/number_text.hpp"
#include "nodalroom/headroom/dispatched_case.hpp"
#include "nodalroom/headroom/preparation.hpp"
#include "nodalroom/headroom/state_path.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::OutageKind;
using powerflow::QMode;

// A state is reached in so many steps at most.
constexpr int kMostSteps = 64;

std::string bus_number(const model::Network& network, std::size_t row) {
    return std::to_string(network.buses()[row].number.value());
}

std::string state_text(const model::Network& network, contingency::Outage outage) {
    const std::string row = std::to_string(outage.row + 1);
    if (outage.kind == OutageKind::branch) {
        const model::Branch& branch = network.branch(BranchRow(outage.row));
        return "branch row " + row + " (" + bus_number(network, branch.from.pos()) + "-" +
               bus_number(network, branch.to.pos()) + ") out of service";
    }
    if (outage.kind == OutageKind::unit) {
        return "gen row " + row + " (bus " +
               bus_number(network, network.unit(UnitRow(outage.row)).bus.pos()) + ") out of service";
    }
    return "all branches and units as in the case";
}

std::string limit_text(const model::Network& network, const Binding& binding) {
    switch (binding.type) {
        case LimitType::thermal: {
            const model::Branch& branch = network.branch(BranchRow(binding.element));
            return "the larger |S| of branch row " + std::to_string(binding.element + 1) + " (" +
                   bus_number(network, branch.from.pos()) + "-" + bus_number(network, branch.to.pos()) +
                   ") is " + fixed_text(binding.value, 4) + " MVA, its limit " +
                   fixed_text(binding.limit, 4) + " MVA";
        }
        case LimitType::low_voltage:
        case LimitType::high_voltage:
            return "Vm at bus " + bus_number(network, static_cast<std::size_t>(binding.element)) + " is " +
                   fixed_text(binding.value, 6) + " pu, its limit " + fixed_text(binding.limit, 6) + " pu";
        case LimitType::voltage_change:
            return "Vm at bus " + bus_number(network, static_cast<std::size_t>(binding.element)) +
                   " has moved " + fixed_text(binding.value, 6) +
                   " pu from the intact state, the most allowed " + fixed_text(binding.limit, 6) + " pu";
        case LimitType::collapse:
            return "this is the last load with a solution; a little more has none";
        case LimitType::generation:
            return "the common supply is " + fixed_text(binding.value, 4) +
                   " MW, all spare generation there is";
        case LimitType::none:
            break;
    }
    return "no limit is reached";
}

/// Whether the value stands beyond its limit by more than the search for it leaves.
bool is_past_limit(const Binding& binding) {
    constexpr double kPastMva = 0.01, kPastPu = 1e-5;
    switch (binding.type) {
        case LimitType::thermal:
            return binding.value > binding.limit + kPastMva;
        case LimitType::low_voltage:
            return binding.value < binding.limit - kPastPu;
        case LimitType::high_voltage:
        case LimitType::voltage_change:
            return binding.value > binding.limit + kPastPu;
        default:
            return false;
    }
}

/// The value without the new load, and what is reached where the limit itself has been passed.
std::vector<std::string> attribution_text(const HeadroomOptions& options, const Binding& binding,
                                          bool already_limited) {
    if (std::isnan(binding.value_without_load)) return {};
    const bool is_thermal = binding.type == LimitType::thermal;
    std::vector<std::string> lines{"Without the new load it is " +
                                   (is_thermal ? fixed_text(binding.value_without_load, 4) + " MVA"
                                               : fixed_text(binding.value_without_load, 6) + " pu") +
                                   " in this state"};
    if (!is_past_limit(binding)) return lines;
    const std::string moved =
        is_thermal ? "added " + number_text(options.attribution_mva_per_mw) + " MVA per MW to it"
                   : "moved it by " + number_text(options.attribution_voltage_pu) + " pu";
    if (already_limited) {
        lines.push_back("The limit was broken before the load came, and any load breaks it further");
    } else {
        lines.push_back("Not the limit is reached here but the attribution: the load has " + moved +
                        ", from where on a limit that is passed counts against it");
    }
    return lines;
}

bool has_unit_left(const model::Network& network, BusRow bus, contingency::Outage outage) {
    const auto units = network.units_at(bus);
    return std::any_of(units.begin(), units.end(), [&](UnitRow unit) {
        return outage.kind != OutageKind::unit || unit != UnitRow(outage.row);
    });
}

/// Holds every bus the way the solved state holds it, so that a tool without reactive limits or
/// distributed slack finds the same state.
void write_bus_types(const contingency::StateSolver& solver, io::MatpowerCase& mpc) {
    const auto& equations = solver.base().equations();
    const auto& network = equations.network();
    const auto& mode = solver.newton().voltages().mode;
    for (std::size_t i = 0; i < mode.size(); ++i) {
        if (mode[i] == QMode::de_energised || equations.is_reference(i)) continue;
        mpc.bus.at(i, io::bus_col::type) = mode[i] == QMode::regulating ? 2.0 : 1.0;
    }
    for (const BusRow reference : network.reference_of_island()) {
        if (mode[reference.pos()] != QMode::fixed) continue;
        // A reference bus needs a unit. The largest that regulates takes over, or else the largest there is:
        // it stands at the voltage it is to hold.
        const int island = network.island_of_bus()[reference.pos()];
        double largest = -1.0;
        bool regulates = false;
        std::size_t heir = reference.pos();
        for (const auto& supply : equations.supply_entries()) {
            const auto bus = static_cast<std::size_t>(supply.bus);
            if (supply.island != island || !has_unit_left(network, BusRow(supply.bus), solver.outage()))
                continue;
            const bool holds = mode[bus] == QMode::regulating;
            const double p = std::abs(solver.newton().point().p_gen[bus]);
            if (holds < regulates || (holds == regulates && !(p > largest))) continue;
            largest = p;
            regulates = holds;
            heir = bus;
        }
        if (heir != reference.pos()) mpc.bus.at(reference.pos(), io::bus_col::type) = 1.0;
        mpc.bus.at(heir, io::bus_col::type) = 3.0;
    }
}

/// Puts a solved state in place of the case's own: voltages, how buses are held, production, the outage.
void write_state(const contingency::StateSolver& solver, io::MatpowerCase& mpc) {
    const contingency::BaseCase& base = solver.base();
    const model::Network& network = base.network();
    const contingency::Outage outage = solver.outage();
    const auto& voltages = solver.newton().voltages();
    for (std::size_t i = 0; i < voltages.vm_pu.size(); ++i) {
        if (voltages.mode[i] == QMode::de_energised) continue;
        mpc.bus.at(i, io::bus_col::vm) = voltages.vm_pu[i];
        mpc.bus.at(i, io::bus_col::va) = voltages.va_rad[i] * 180.0 / std::numbers::pi;
    }
    write_bus_types(solver, mpc);
    const bool unit_lost = outage.kind == OutageKind::unit;
    const UnitRow lost = unit_lost ? UnitRow(outage.row) : UnitRow();
    std::vector<double> p_pu, q_pu;
    powerflow::split_among_units(solver.newton(), base.unit_weights(), lost, p_pu, q_pu, base.powers());
    for (std::size_t u = 0; u < network.units().size(); ++u) {
        if (!network.units()[u].in_service) continue;
        mpc.gen.at(u, io::gen_col::pg) = p_pu[u] * network.base_mva();
        mpc.gen.at(u, io::gen_col::qg) = q_pu[u] * network.base_mva();
        mpc.gen.at(u, io::gen_col::vg) = voltages.vm_pu[network.units()[u].bus.pos()];
    }
    if (unit_lost) {
        mpc.gen.at(lost.pos(), io::gen_col::status) = 0.0;
        mpc.gen.at(lost.pos(), io::gen_col::pg) = 0.0;
        mpc.gen.at(lost.pos(), io::gen_col::qg) = 0.0;
    }
    if (outage.kind == OutageKind::branch) {
        mpc.branch.at(static_cast<std::size_t>(outage.row), io::branch_col::status) = 0.0;
    }
}

/// Connects the load, and says so.
void add_load(const model::Network& network, BusRow bus, double mvar_per_mw, Witness& witness) {
    const std::size_t k = bus.pos();
    witness.mpc.bus.at(k, io::bus_col::pd) += witness.load_mw;
    witness.mpc.bus.at(k, io::bus_col::qd) += witness.load_mw * mvar_per_mw;
    witness.header.push_back("New load: " + fixed_text(witness.load_mw, 6) + " MW + " +
                             fixed_text(witness.load_mw * mvar_per_mw, 6) + " MVAr at bus " +
                             bus_number(network, k));
}

constexpr const char* kHowToCheck =
    "Check: run an AC power flow of this file, without reactive limits, and read that quantity.";

[[noreturn]] void refuse_unsolved(const model::Network& network, BusRow bus) {
    throw Error("bus " + bus_number(network, bus.pos()) +
                ": the state of this row could not be solved again; " +
                "was the study made from this network and these options?");
}

/// Brings the solver to the state at that load along its path: straight there, or from the far end of the
/// path, which the search has come from, or step by step.
bool reach_on_path(contingency::StateSolver& solver, const powerflow::Voltages& at_zero,
                   contingency::Outage outage, const Candidate& candidate, double load_mw, double max_mw) {
    const auto path = [&] { return StatePath(outage, candidate, at_zero); };
    if (path().reach(solver, load_mw)) return true;
    for (const double first_mw : {max_mw, 1.05 * load_mw, 1.02 * load_mw, 1.1 * load_mw}) {
        StatePath from_beyond = path();
        (void)from_beyond.reach(solver, first_mw);
        if (from_beyond.reach(solver, load_mw)) return true;
    }
    for (int steps = 4; steps <= kMostSteps; steps *= 4) {
        StatePath stepwise = path();
        for (int step = 1; step <= steps; ++step) {
            if (!stepwise.reach(solver, step == steps ? load_mw : load_mw * step / steps)) break;
            if (step == steps) return true;
        }
    }
    StatePath intact({}, candidate, solver.base().voltages());
    if (outage.is_intact() || !intact.reach(solver, load_mw)) return false;
    const powerflow::Voltages loaded = solver.newton().voltages();
    return solve_loaded(solver, outage, candidate, load_mw, loaded) ||
           solve_loaded(solver, outage, candidate, load_mw, loaded, Effort::thorough);
}

/// A state of a dispatch: solved, or reached from the case's own dispatch without the load.
struct DispatchedState {
    std::unique_ptr<contingency::BaseCase> base;
    std::unique_ptr<contingency::StateSolver> solver;
};

DispatchedState solve_dispatched(const contingency::BaseCase& base, const std::vector<double>& unit_p_mw,
                                 const Candidate& candidate, double load_mw, contingency::Outage outage) {
    DispatchedState state;
    state.base = solve_dispatch(base, unit_p_mw, candidate, load_mw);
    if (!state.base) return state;
    state.solver = std::make_unique<contingency::StateSolver>(*state.base);
    state.solver->set_outage(outage);
    if (state.solver->solve_from_base().converged()) return state;
    // Close to the end of what has a solution the intact state is no near start; the same state at a dispatch
    // and a load next to these is.
    contingency::StateSolver unloaded(base);
    unloaded.set_outage(outage);
    if (!unloaded.solve_from_base().converged()) return {};
    for (int steps = 4; steps <= kMostSteps; steps *= 4) {
        powerflow::Voltages last = unloaded.newton().voltages();
        for (int step = 1; step <= steps; ++step) {
            DispatchedState next;
            std::vector<double> part = unit_p_mw;
            const double share = static_cast<double>(step) / steps;
            for (std::size_t u = 0; step < steps && u < part.size(); ++u) {
                const double from = base.network().units()[u].p_pu * base.network().base_mva();
                part[u] = from + share * (part[u] - from);
            }
            next.base = solve_dispatch(base, part, candidate, step == steps ? load_mw : share * load_mw);
            if (!next.base) break;
            next.solver = std::make_unique<contingency::StateSolver>(*next.base);
            next.solver->set_outage(outage);
            if (!next.solver->solve_from(last).converged()) break;
            if (step == steps) return next;
            last = next.solver->newton().voltages();
        }
    }
    return {};
}

void say_last_clean(double figure_mw, Witness& witness) {
    if (witness.load_mw == figure_mw) return;
    witness.header.push_back("The figure is " + fixed_text(figure_mw, 6) +
                             " MW: at this load, the last that was found clean, the state has a solution");
}

}  // namespace

Witness make_witness(const model::Network& network, const HeadroomOptions& options, const HeadroomRow& row) {
    if (row.status == HeadroomStatus::not_run || row.status == HeadroomStatus::not_settled ||
        row.status == HeadroomStatus::unsolved) {
        throw OptionError("bus " + bus_number(network, row.bus.pos()) + " has no headroom figure (" +
                          to_string(row.status) + "), so there is no witness");
    }
    Witness witness;
    witness.load_mw = row.binding.type == LimitType::collapse ? row.feasible_mw : row.headroom_mw;

    const contingency::BaseCase base(network, power_flow_options(options));
    contingency::StateSolver solver(base);
    solver.set_outage(row.binding.outage);
    const double mvar_per_mw = mvar_per_mw_at(options.power_factor);
    bool solved = false;
    if (base.solved() && solver.solve_from_base().converged()) {
        const powerflow::Voltages at_zero = solver.newton().voltages();
        for (const double load_mw : {witness.load_mw, row.feasible_mw}) {
            if (solved || !std::isfinite(load_mw)) continue;
            witness.load_mw = load_mw;
            solved = reach_on_path(solver, at_zero, row.binding.outage, {row.bus, mvar_per_mw}, load_mw,
                                   options.max_mw);
        }
    }
    if (!solved) refuse_unsolved(network, row.bus);

    witness.mpc = network.as_modelled();
    write_state(solver, witness.mpc);
    witness.header = {"Witness of the headroom of bus " + bus_number(network, row.bus.pos()) + " in " +
                      network.name()};
    add_load(network, row.bus, mvar_per_mw, witness);
    if (row.binding.type != LimitType::collapse) say_last_clean(row.headroom_mw, witness);
    witness.header.push_back("State: " + state_text(network, row.binding.outage));
    witness.header.push_back("In this state " + limit_text(network, row.binding));
    for (std::string& line :
         attribution_text(options, row.binding, row.status == HeadroomStatus::already_limited))
        witness.header.push_back(std::move(line));
    witness.header.push_back("Dispatch: balance '" + options.balance.name() +
                             "', as solved; buses at a reactive limit are PQ.");
    witness.header.emplace_back(kHowToCheck);
    return witness;
}

Witness make_redispatch_witness(const model::Network& network, const HeadroomOptions& options,
                                const HeadroomRow& row, std::optional<contingency::Outage> outage) {
    const RedispatchRow& redispatch = row.redispatch;
    if (redispatch.unit_p_mw.empty()) {
        throw OptionError("bus " + bus_number(network, row.bus.pos()) + " has no redispatch figure (" +
                          to_string(redispatch.status) + "), so there is no witness");
    }
    const contingency::Outage shown = outage ? *outage
                                      : !redispatch.binding.empty()
                                          ? redispatch.binding.front().binding.outage
                                          : contingency::Outage{};
    Witness witness;
    // A figure no better than the rule's stands for its dispatch at the load that was checked clean.
    const bool is_rules_own = !(redispatch.redispatch_mw > row.headroom_mw);
    witness.load_mw =
        is_rules_own && row.binding.type == LimitType::collapse ? row.feasible_mw : redispatch.redispatch_mw;
    const Candidate candidate{row.bus, mvar_per_mw_at(options.power_factor)};
    const contingency::BaseCase base(network, power_flow_options(options));
    if (!base.solved()) refuse_unsolved(network, row.bus);
    DispatchedState state = solve_dispatched(base, redispatch.unit_p_mw, candidate, witness.load_mw, shown);
    if (!state.solver && is_rules_own && witness.load_mw != row.feasible_mw) {
        witness.load_mw = row.feasible_mw;
        state = solve_dispatched(base, redispatch.unit_p_mw, candidate, witness.load_mw, shown);
    }
    if (!state.solver) refuse_unsolved(network, row.bus);
    const contingency::StateSolver& solver = *state.solver;

    witness.mpc = network.as_modelled();
    write_state(solver, witness.mpc);
    witness.header = {"Witness of the redispatch headroom of bus " + bus_number(network, row.bus.pos()) +
                      " in " + network.name()};
    add_load(network, row.bus, candidate.mvar_per_mw, witness);
    say_last_clean(redispatch.redispatch_mw, witness);
    witness.header.push_back("State: " + state_text(network, shown));
    for (const BindingPair& pair : redispatch.binding) {
        if (!(pair.binding.outage == shown)) continue;
        witness.header.push_back("In this state " + limit_text(network, pair.binding));
        for (std::string& line : attribution_text(options, pair.binding, false))
            witness.header.push_back(std::move(line));
    }
    witness.header.push_back(
        "Dispatch: redispatched, " + std::to_string(redispatch.moves.size()) + " units beside balance '" +
        options.balance.name() + "', " + fixed_text(redispatch.moved_mw, 2) +
        " MW moved; after the outage by that balance. Buses at a reactive limit are PQ.");
    witness.header.emplace_back(kHowToCheck);
    return witness;
}

}  // namespace nodalroom::headroom
