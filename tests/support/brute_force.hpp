#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <vector>

#include "nodalroom/contingency/state_solver.hpp"
#include "nodalroom/headroom/options.hpp"
#include "nodalroom/headroom/result.hpp"
#include "support/by_hand.hpp"

namespace nodalroom::testing {

/// Headroom by brute force, written from the definition: every state is followed from its solution
/// without load in strides, everything is compared with every limit at every stride, and the first
/// load at which something counts is bisected. Of the library only the solver of single states is
/// used; limits, flows, attribution and search are this file's own.
class BruteForce {
public:
    enum Type : std::size_t { thermal, voltage, collapse, generation, type_count };

    struct Limit {
        headroom::LimitType type = headroom::LimitType::none;
        int element = -1;
    };
    /// The first load at which something of a type counts: broken at `mw`, whole `resolution` below.
    struct First {
        double mw = std::numeric_limits<double>::infinity();
        contingency::Outage outage;
        Limit limit;
    };
    struct Answer {
        First first[type_count];
        [[nodiscard]] Type headline() const {
            std::size_t best = thermal;
            for (std::size_t t = 0; t < type_count; ++t) {
                if (first[t].mw < first[best].mw) best = t;
            }
            return static_cast<Type>(best);
        }
    };

    static constexpr double kResolutionMw = 0.005;
    static constexpr double kCollapseWidthMw = 0.1;
    static constexpr double kStrides = 5.0;  ///< per path, at least
    static constexpr double kShortStrideMw = 0.5;
    static constexpr double kJumpPu = 0.04;  ///< a stride that moves a voltage further is cut

    /// `short_strides`: walk in strides of half a MW, so that no gap in a path is stepped over.
    BruteForce(const model::Network& network, const headroom::HeadroomOptions& options,
               bool short_strides = false)
        : network_(network),
          options_(options),
          short_strides_(short_strides),
          base_(network, power_flow_of(options)),
          solver_(base_) {
        states_.push_back({});
        for (const auto& outage : contingency::list_outages(network, options.contingencies)) {
            State state;
            state.outage = outage;
            states_.push_back(state);
        }
        std::vector<State> solvable;
        for (State& state : states_) {
            solver_.clear_load();
            solver_.set_outage(state.outage);
            if (!solver_.solve_from_base().converged()) continue;
            state.voltages = solver_.newton().voltages();
            state.flow_mva = larger_flows(network_, state.voltages, state.outage);
            solvable.push_back(state);
        }
        unsolvable_ = states_.size() - solvable.size();
        states_ = std::move(solvable);
        for (std::size_t u = 0; u < network.units().size(); ++u) {
            const auto& unit = network.units()[u];
            if (unit.in_service) spare_mw_ += std::max(unit.p_max_pu - unit.p_pu, 0.0) * network.base_mva();
        }
    }

    [[nodiscard]] std::size_t states() const { return states_.size(); }
    [[nodiscard]] std::size_t unsolvable() const { return unsolvable_; }

    [[nodiscard]] Answer headroom(BusRow bus) {
        Answer answer;
        bus_ = bus;
        for (const State& state : states_) follow(state, answer);
        return answer;
    }

    /// Whether this limit counts in this state at this load; for collapse, whether there is no solution.
    [[nodiscard]] bool counts(BusRow bus, const headroom::Binding& binding, double load_mw) {
        bus_ = bus;
        const State& state = *std::find_if(states_.begin(), states_.end(),
                                           [&](const State& s) { return s.outage == binding.outage; });
        powerflow::Voltages at = state.voltages;
        double reached = 0.0;
        if (!advance(state, at, reached, load_mw)) return true;
        for (const Limit& found : counted(state, at, load_mw)) {
            if (found.type == binding.type && (found.element == binding.element || binding.element < 0))
                return true;
        }
        return false;
    }

    /// Whether any pattern of regulating buses and buses held at a limit solves a state with a load and keeps
    /// to eq. 5: all of them are tried, from the state without load. For grids of a few units.
    [[nodiscard]] bool has_solution(BusRow bus, contingency::Outage outage, double load_mw) {
        using powerflow::QMode;
        const State& state =
            *std::find_if(states_.begin(), states_.end(), [&](const State& s) { return s.outage == outage; });
        solver_.set_outage(outage);
        const double p = load_mw / network_.base_mva();
        const double power_factor = options_.power_factor;
        solver_.set_load(bus, p, p * std::sqrt(1.0 - power_factor * power_factor) / power_factor);
        const powerflow::OperatingPoint point = solver_.newton().point();
        std::vector<std::size_t> regulated;
        for (std::size_t i = 0; i < point.regulates.size(); ++i) {
            if (point.regulates[i] != 0) regulated.push_back(i);
        }
        std::vector<int> choice(regulated.size(), 0);  // 0: regulates, 1: at its minimum, 2: at its maximum
        for (;;) {
            powerflow::OperatingPoint fixed = point;
            for (std::size_t k = 0; k < regulated.size(); ++k) {
                const std::size_t i = regulated[k];
                if (choice[k] == 0) continue;
                fixed.regulates[i] = 0;
                fixed.q_gen[i] = choice[k] == 1 ? point.q_min[i] : point.q_max[i];
            }
            powerflow::NewtonSolver newton(base_.equations(), fixed);
            newton.start_from(state.voltages);
            powerflow::NewtonOptions options;
            options.enforce_q_limits = false;
            bool good = newton.solve(options).converged();
            for (std::size_t k = 0; good && k < regulated.size(); ++k) {
                const std::size_t i = regulated[k];
                const double q = newton.q_generation(i), v = newton.voltages().vm_pu[i];
                good = choice[k] == 0   ? q <= point.q_max[i] && q >= point.q_min[i]
                       : choice[k] == 1 ? v >= point.v_setpoint[i]
                                        : v <= point.v_setpoint[i];
            }
            if (good) return true;
            std::size_t next = 0;
            while (next < choice.size() && ++choice[next] == 3) choice[next++] = 0;
            if (next == choice.size()) return false;
        }
    }

    /// How many states are not clean at a load.
    [[nodiscard]] std::size_t states_not_clean(BusRow bus, double load_mw) {
        bus_ = bus;
        std::size_t count = 0;
        for (const State& state : states_) {
            powerflow::Voltages at = state.voltages;
            double reached = 0.0;
            if (!advance(state, at, reached, load_mw) || !counted(state, at, load_mw).empty()) ++count;
        }
        return count;
    }

private:
    /// What is no more beyond a limit, or made worse, than power flows are solved to (definition, section 7).
    static double dead_band(double limit, double unit = 1.0) { return 1e-7 * std::max(limit, 0.1 * unit); }

    struct State {
        contingency::Outage outage;
        powerflow::Voltages voltages;  ///< without load
        std::vector<double> flow_mva;  ///< per branch row, larger end
    };

    /// What counts against the load in one solved state (definition, sections 5 and 6).
    [[nodiscard]] std::vector<Limit> counted(const State& state, const powerflow::Voltages& v,
                                             double load_mw) {
        using headroom::LimitType;
        std::vector<Limit> found;
        const bool intact = state.outage.is_intact();
        const auto s = larger_flows(network_, v, state.outage);
        for (std::size_t l = 0; l < s.size(); ++l) {
            const double rating = rating_mva(network_, options_, l, intact);
            const double band = dead_band(rating, network_.base_mva());
            if (s[l] > rating + band &&
                s[l] - state.flow_mva[l] > options_.attribution_mva_per_mw * load_mw + band) {
                found.push_back({LimitType::thermal, static_cast<int>(l)});
            }
        }
        const auto& band = intact ? options_.limits.band_intact : options_.limits.band_post;
        const auto* loaded_intact = intact ? nullptr : intact_voltages(load_mw);
        for (std::size_t i = 0; i < v.vm_pu.size(); ++i) {
            const auto& bus = network_.buses()[i];
            if (bus.type == model::BusType::isolated || bus.base_kv < options_.limits.monitor_min_kv)
                continue;
            const double low = band ? band->min_pu : bus.vmin_pu, high = band ? band->max_pu : bus.vmax_pu;
            const double now = v.vm_pu[i], before = state.voltages.vm_pu[i];
            const double threshold = options_.attribution_voltage_pu;
            if (now < low - dead_band(low) && before - now > threshold + dead_band(low))
                found.push_back({LimitType::low_voltage, static_cast<int>(i)});
            if (now > high + dead_band(high) && now - before > threshold + dead_band(high))
                found.push_back({LimitType::high_voltage, static_cast<int>(i)});
            if (loaded_intact == nullptr) continue;
            const double change = std::abs(now - (*loaded_intact)[i]);
            const double change_before = std::abs(before - states_.front().voltages.vm_pu[i]);
            if (change > *options_.limits.voltage_change_max_pu && change - change_before > threshold) {
                found.push_back({LimitType::voltage_change, static_cast<int>(i)});
            }
        }
        if (intact && options_.balance.rule == powerflow::BalanceRule::spare && !options_.balance.area) {
            double supplied = 0.0;
            for (const double s_pu : v.supply_pu) supplied += s_pu * network_.base_mva();
            if (supplied > spare_mw_) found.push_back({LimitType::generation, -1});
        }
        return found;
    }

    /// Voltages of the intact state with this load; null where the voltage-change limit is off.
    const std::vector<double>* intact_voltages(double load_mw) {
        if (!options_.limits.voltage_change_max_pu) return nullptr;
        powerflow::Voltages v = states_.front().voltages;
        double reached = 0.0;
        if (!advance(states_.front(), v, reached, load_mw)) return nullptr;
        intact_vm_ = v.vm_pu;
        return &intact_vm_;
    }

    void load(const State& state, double load_mw) {
        const double p = load_mw / network_.base_mva();
        solver_.set_outage(state.outage);
        solver_.set_load(bus_, p, p * std::tan(std::acos(options_.power_factor)));
    }

    [[nodiscard]] bool solve(const State& state, const powerflow::Voltages& from, double load_mw,
                             bool thorough, powerflow::Voltages& result) {
        load(state, load_mw);
        if (!(thorough ? solver_.solve_from(from) : solver_.solve_near(from)).converged()) return false;
        result = solver_.newton().voltages();
        double jump = 0.0;
        for (std::size_t i = 0; i < result.vm_pu.size(); ++i) {
            jump = std::max(jump, std::abs(result.vm_pu[i] - from.vm_pu[i]));
        }
        return jump < kJumpPu;
    }

    /// Raises the load from `reached` to `target` in strides that solve; false where the path ends.
    bool advance(const State& state, powerflow::Voltages& at, double& reached, double target) {
        double stride = target - reached;
        while (reached < target) {
            const double next = std::min(reached + stride, target);
            powerflow::Voltages there;
            if (solve(state, at, next, next - reached < 1.0, there)) {
                at = std::move(there);
                reached = next;
                stride *= 1.5;
            } else {
                stride = 0.5 * (next - reached);
                if (stride < kCollapseWidthMw) return false;
            }
        }
        return true;
    }

    [[nodiscard]] static bool has(const std::vector<Limit>& found, Type type) {
        return std::any_of(found.begin(), found.end(),
                           [&](const Limit& limit) { return type_of(limit) == type; });
    }
    [[nodiscard]] static Type type_of(const Limit& limit) {
        using headroom::LimitType;
        return limit.type == LimitType::thermal      ? thermal
               : limit.type == LimitType::generation ? generation
               : limit.type == LimitType::collapse   ? collapse
                                                     : voltage;
    }

    /// Follows one state as far as it can still lower an answer.
    void follow(const State& state, Answer& answer) {
        const auto far_enough = [&](double load_mw) {
            for (std::size_t t = 0; t < type_count; ++t) {
                if (t == generation && !state.outage.is_intact()) continue;
                if (load_mw < answer.first[t].mw) return false;
            }
            return true;
        };
        double top = 0.0;
        for (std::size_t t = 0; t < type_count; ++t) {
            if (t == generation && !state.outage.is_intact()) continue;
            top = std::max(top, std::min(answer.first[t].mw, options_.max_mw));
        }
        // The first stride is short, so that what counts at once is seen as such.
        powerflow::Voltages at = state.voltages;
        double reached = 0.0;
        double stride = 1e-3;
        while (reached < top && !far_enough(reached)) {
            const double target = std::min(reached + stride, top);
            powerflow::Voltages next = at;
            double next_mw = reached;
            if (!advance(state, next, next_mw, target)) {
                note(state, at, reached, next, next_mw, answer);
                if (next_mw + kCollapseWidthMw < answer.first[collapse].mw) {
                    answer.first[collapse] = {
                        next_mw + 0.5 * kCollapseWidthMw, state.outage, {headroom::LimitType::collapse, -1}};
                }
                return;
            }
            note(state, at, reached, next, next_mw, answer);
            at = std::move(next);
            reached = next_mw;
            stride = short_strides_ ? kShortStrideMw : top / kStrides;
        }
    }

    /// Types that count at the upper end of a stride and not at its lower end are bisected between.
    void note(const State& state, const powerflow::Voltages& below, double below_mw,
              const powerflow::Voltages& above, double above_mw, Answer& answer) {
        if (above_mw <= below_mw) return;
        const auto found = counted(state, above, above_mw);
        for (std::size_t t = 0; t < type_count; ++t) {
            const auto type = static_cast<Type>(t);
            if (!has(found, type) || below_mw >= answer.first[t].mw) continue;
            powerflow::Voltages low = below;
            double low_mw = below_mw, high_mw = above_mw;
            auto at_high = found;
            while (high_mw - low_mw > kResolutionMw) {
                const double middle_mw = 0.5 * (low_mw + high_mw);
                powerflow::Voltages middle = low;
                double reached = low_mw;
                if (!advance(state, middle, reached, middle_mw)) break;
                auto now = counted(state, middle, middle_mw);
                if (has(now, type)) {
                    high_mw = middle_mw;
                    at_high = std::move(now);
                } else {
                    low = std::move(middle);
                    low_mw = middle_mw;
                }
            }
            if (high_mw >= answer.first[t].mw) continue;
            const auto which = std::find_if(at_high.begin(), at_high.end(),
                                            [&](const Limit& limit) { return type_of(limit) == type; });
            answer.first[t] = {high_mw, state.outage, *which};
        }
    }

    const model::Network& network_;
    headroom::HeadroomOptions options_;
    bool short_strides_;
    contingency::BaseCase base_;
    contingency::StateSolver solver_;
    std::vector<State> states_;  ///< those with a solution without load, the intact one first
    std::size_t unsolvable_ = 0;
    double spare_mw_ = 0.0;
    BusRow bus_;
    std::vector<double> intact_vm_;
};

}  // namespace nodalroom::testing
