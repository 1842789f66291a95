#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "nodalroom/contingency/state_solver.hpp"
#include "nodalroom/headroom/options.hpp"
#include "nodalroom/headroom/result.hpp"
#include "support/by_hand.hpp"

namespace nodalroom::testing {

/// What a dispatch and a new load break, written from the definition: both are put into the case's records,
/// the network is built from them, and each of its states is solved one by one and compared with the same
/// state of the case as it was. Of the library only the solver of single states is used.
class DispatchReferee {
public:
    struct Found {
        double share = -1.0;  ///< excess of what counts most, as a share of its limit; <= 0: nothing counts
        headroom::Binding at;
        int states = 0;          ///< solved
        int unsolved = 0;        ///< without a solution, though the case without load has one
        double supply_mw = 0.0;  ///< s of the intact state, of the island where it is largest
        bool solved = false;     ///< the intact state
        [[nodiscard]] bool is_clean(double allowed_share) const {
            return solved && unsolved == 0 && share <= allowed_share;
        }
        [[nodiscard]] std::string text() const {
            return std::string(to_string(at.type)) + " at row " + std::to_string(at.element) + " by " +
                   std::to_string(share) + " after " +
                   (at.outage.is_intact()                               ? "nothing"
                    : at.outage.kind == contingency::OutageKind::branch ? "branch "
                                                                        : "unit ") +
                   std::to_string(at.outage.row) + ", " + std::to_string(unsolved) + " unsolved";
        }
    };

    DispatchReferee(io::MatpowerCase mpc, const headroom::HeadroomOptions& options)
        : mpc_(std::move(mpc)),
          network_(model::Network::from_matpower(mpc_)),
          options_(options),
          base_(network_, power_flow_of(options)) {
        contingency::StateSolver solver(base_);
        outages_.push_back({});
        for (const auto& outage : contingency::list_outages(network_, options.contingencies))
            outages_.push_back(outage);
        for (const auto& outage : outages_) {
            before_.push_back(read(solver, outage));
            solvable_ += before_.back().vm_pu.empty() ? 0 : 1;
        }
    }

    [[nodiscard]] const model::Network& network() const { return network_; }
    [[nodiscard]] int states() const { return solvable_; }

    /// The case's records with this dispatch and load.
    [[nodiscard]] io::MatpowerCase edited(const std::vector<double>& unit_p_mw, BusRow bus,
                                          double load_mw) const {
        io::MatpowerCase mpc = mpc_;
        mpc.bus.at(bus.pos(), io::bus_col::pd) += load_mw;
        mpc.bus.at(bus.pos(), io::bus_col::qd) += load_mw * std::tan(std::acos(options_.power_factor));
        for (std::size_t u = 0; u < unit_p_mw.size(); ++u) mpc.gen.at(u, io::gen_col::pg) = unit_p_mw[u];
        return mpc;
    }

    /// Every state, or only those of these outages beside the intact one.
    [[nodiscard]] Found check(const std::vector<double>& unit_p_mw, BusRow bus, double load_mw,
                              const std::vector<contingency::Outage>* only = nullptr) const {
        const auto network = model::Network::from_matpower(edited(unit_p_mw, bus, load_mw));
        const contingency::BaseCase base(network, power_flow_of(options_));
        Found found;
        found.solved = base.solved();
        if (!found.solved) return found;
        for (const double s : base.voltages().supply_pu) {
            if (std::abs(s) * network_.base_mva() > std::abs(found.supply_mw))
                found.supply_mw = s * network_.base_mva();
        }
        contingency::StateSolver solver(base);
        for (std::size_t k = 0; k < outages_.size(); ++k) {
            if (before_[k].vm_pu.empty()) continue;
            if (k > 0 && only != nullptr && std::find(only->begin(), only->end(), outages_[k]) == only->end())
                continue;
            const State now = read(solver, outages_[k]);
            if (now.vm_pu.empty()) {
                ++found.unsolved;
                found.at.type = headroom::LimitType::collapse;
                found.at.outage = outages_[k];
                continue;
            }
            ++found.states;
            compare(k, now, base.voltages().vm_pu, load_mw, found);
        }
        return found;
    }

private:
    struct State {
        std::vector<double> vm_pu;     ///< empty: no solution
        std::vector<double> flow_mva;  ///< per branch row, larger end
    };

    [[nodiscard]] State read(contingency::StateSolver& solver, contingency::Outage outage) const {
        State state;
        solver.set_outage(outage);
        if (!solver.solve_from_base().converged()) return state;
        const auto& v = solver.newton().voltages();
        state.vm_pu = v.vm_pu;
        state.flow_mva = larger_flows(network_, v, outage);
        return state;
    }

    void compare(std::size_t k, const State& now, const std::vector<double>& intact_vm, double load_mw,
                 Found& found) const {
        using headroom::LimitType;
        const State& before = before_[k];
        const bool intact = outages_[k].is_intact();
        const auto note = [&](LimitType type, std::size_t element, double beyond, double grown,
                              double limit) {
            const double share = std::min(beyond, grown) / limit;
            if (share <= found.share) return;
            found.share = share;
            found.at.type = type;
            found.at.outage = outages_[k];
            found.at.element = static_cast<std::int32_t>(element);
            found.at.limit = limit;
        };
        for (std::size_t l = 0; l < now.flow_mva.size(); ++l) {
            const double rating = rating_mva(network_, options_, l, intact), s = now.flow_mva[l];
            if (!std::isfinite(rating)) continue;
            note(LimitType::thermal, l, s - rating,
                 s - before.flow_mva[l] - options_.attribution_mva_per_mw * load_mw, rating);
        }
        const auto& band = intact ? options_.limits.band_intact : options_.limits.band_post;
        const double moved = options_.attribution_voltage_pu;
        for (std::size_t i = 0; i < now.vm_pu.size(); ++i) {
            const auto& bus = network_.buses()[i];
            if (bus.type == model::BusType::isolated) continue;
            const double low = band ? band->min_pu : bus.vmin_pu, high = band ? band->max_pu : bus.vmax_pu;
            const double v = now.vm_pu[i], v_before = before.vm_pu[i];
            note(LimitType::low_voltage, i, low - v, v_before - v - moved, low);
            note(LimitType::high_voltage, i, v - high, v - v_before - moved, high);
            if (intact || !options_.limits.voltage_change_max_pu) continue;
            const double change = std::abs(v - intact_vm[i]);
            const double change_before = std::abs(v_before - before_.front().vm_pu[i]);
            const double most = *options_.limits.voltage_change_max_pu;
            note(LimitType::voltage_change, i, change - most, change - change_before - moved, most);
        }
    }

    io::MatpowerCase mpc_;
    model::Network network_;
    headroom::HeadroomOptions options_;
    contingency::BaseCase base_;
    std::vector<contingency::Outage> outages_;  ///< the intact state first
    std::vector<State> before_;                 ///< per outage, of the case as it is
    int solvable_ = 0;
};

}  // namespace nodalroom::testing
