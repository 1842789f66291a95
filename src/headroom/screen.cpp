#include "nodalroom/headroom/screen.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace nodalroom::headroom {
namespace {

using model::Complex;

/// What one limit of one state is predicted to do at the screened load.
struct Prediction {
    double excess = -std::numeric_limits<double>::infinity();  ///< > 0: expected to count
    double crossing_mw = std::numeric_limits<double>::infinity();

    void take(double new_excess, double new_crossing) {
        excess = std::max(excess, new_excess);
        crossing_mw = std::min(crossing_mw, new_crossing);
    }
};

/// |z|; std::abs guards against overflow at several times the cost.
double magnitude(Complex z) { return std::sqrt(std::norm(z)); }

/// Load at which a quantity that goes from `before` to `now` is expected to pass `limit`.
double crossing(double load_mw, double before, double now, double limit) {
    if (before >= limit || now <= before) return 0.0;
    return load_mw * (limit - before) / (now - before);
}

}  // namespace

Screen::Screen(const StudyContext& context, std::vector<Footprint> footprints, IntactPoint intact_at_zero,
               std::vector<float> voltage_loss, ScreenAllowance allowance)
    : context_(&context),
      footprints_(std::move(footprints)),
      intact_(std::move(intact_at_zero)),
      voltage_loss_(std::move(voltage_loss)),
      allowance_(allowance) {}

void Screen::lost_amounts(const Footprint& footprint, const IntactPoint& at,
                          std::vector<float>& amounts) const {
    using Lost = Footprint::Lost;
    amounts.resize(footprint.sources.size());
    for (std::size_t j = 0; j < amounts.size(); ++j) {
        const Footprint::Source& source = footprint.sources[j];
        const auto row = static_cast<std::size_t>(source.row);
        double amount = 0.0;
        switch (source.lost) {
            case Lost::p_from:
                amount = at.flow[row].s_from.real() - intact_.flow[row].s_from.real();
                break;
            case Lost::q_from:
                amount = at.flow[row].s_from.imag() - intact_.flow[row].s_from.imag();
                break;
            case Lost::p_to:
                amount = at.flow[row].s_to.real() - intact_.flow[row].s_to.real();
                break;
            case Lost::q_to:
                amount = at.flow[row].s_to.imag() - intact_.flow[row].s_to.imag();
                break;
            case Lost::supply_share:
                amount = at.supply_pu[row] - intact_.supply_pu[row];
                break;
            case Lost::q_of_bus:
                amount = at.q_generation[row] - intact_.q_generation[row];
                break;
            case Lost::v_of_bus:
                amount = (at.vm_pu[row] - intact_.vm_pu[row]);
                break;
        }
        amounts[j] = static_cast<float>(amount * source.scale);
    }
}

Screen::QDeficit Screen::q_deficit(const Footprint& footprint, const IntactPoint& at,
                                   const std::vector<float>& lost) const {
    QDeficit deficit;
    for (std::size_t e = 0; e < footprint.source_bus.size(); ++e) {
        const auto i = static_cast<std::size_t>(footprint.source_bus[e]);
        double more = at.q_generation[i] - intact_.q_generation[i];
        const float* response = footprint.q_response.data() + lost.size() * e;
        for (std::size_t j = 0; j < lost.size(); ++j) more += response[j] * lost[j];
        const double beyond = std::max(more - footprint.q_to_max[e], -more - footprint.q_to_min[e]);
        if (beyond <= 0.0) continue;
        deficit.q_pu += beyond;
        deficit.voltage_pu += beyond * voltage_loss_[i];
    }
    return deficit;
}

void Screen::find_suspects(const IntactPoint& at, const LimitMask& mask, const std::vector<bool>& skip,
                           std::vector<Suspect>& suspects) const {
    suspects.clear();
    const contingency::Limits& limits = context_->limits.post;
    const double load_mw = at.load_mw;
    const double attribution_s = context_->options.attribution_mva_per_mw * load_mw / context_->base_mva();
    const double attribution_v = context_->options.attribution_voltage_pu;

    QDeficit short_of;  // of the state in hand
    const auto thermal = [&](std::size_t l, bool at_to, Complex shift, Complex interplay, Prediction& out,
                             Prediction& allowed) {
        const double rating = limits.rating_pu[l];
        const Complex loaded = at_to ? at.flow[l].s_to : at.flow[l].s_from;
        const Complex unloaded = at_to ? intact_.flow[l].s_to : intact_.flow[l].s_from;
        const double now = magnitude(loaded + shift + interplay);
        const double before = magnitude(unloaded + shift);
        const double slack = allowance_.thermal_share_of_rating * rating +
                             allowance_.thermal_share_of_interplay * magnitude(interplay) +
                             allowance_.share_of_load_effect * std::abs(now - before) +
                             allowance_.share_of_q_deficit * short_of.q_pu;
        const double excess = std::min(now - rating, now - before - attribution_s);
        if (excess > 0.0) out.take(excess, crossing(load_mw, before, now, rating));
        if (excess + slack > 0.0)
            allowed.take(excess + slack, crossing(load_mw, before, now + slack, rating));
    };
    const auto untouched = [&](std::size_t l, Prediction& out, Prediction& allowed) {
        thermal(l, false, {}, {}, out, allowed);
        thermal(l, true, {}, {}, out, allowed);
    };
    const auto voltage = [&](std::size_t i, double shift, double interplay, Prediction& out,
                             Prediction& allowed) {
        const double now = at.vm_pu[i] + shift + interplay;
        const double before = intact_.vm_pu[i] + shift;
        const double slack = allowance_.voltage_pu +
                             allowance_.voltage_share_of_interplay * std::abs(interplay) +
                             allowance_.share_of_load_effect * std::abs(now - before) +
                             allowance_.share_of_q_deficit * short_of.voltage_pu;
        const double low = std::min(limits.vmin_pu[i] - now, before - now - attribution_v);
        const double high = std::min(now - limits.vmax_pu[i], now - before - attribution_v);
        if (low > 0.0) out.take(low, crossing(load_mw, -before, -now, -limits.vmin_pu[i]));
        if (high > 0.0) out.take(high, crossing(load_mw, before, now, limits.vmax_pu[i]));
        if (low + slack > 0.0)
            allowed.take(low + slack, crossing(load_mw, -before, -(now - slack), -limits.vmin_pu[i]));
        if (high + slack > 0.0)
            allowed.take(high + slack, crossing(load_mw, before, now + slack, limits.vmax_pu[i]));
        if (context_->limits.voltage_change_max_pu && std::isfinite(limits.vmin_pu[i])) {
            const double most = *context_->limits.voltage_change_max_pu;
            const double change = std::abs(shift + interplay);
            const double excess = std::min(change - most, change - std::abs(shift) - attribution_v);
            if (excess > 0.0) out.take(excess, crossing(load_mw, std::abs(shift), change, most));
            if (excess + slack > 0.0)
                allowed.take(excess + slack, crossing(load_mw, std::abs(shift), change + slack, most));
        }
    };

    // Elements that are near a post-outage limit already in the intact state: every state that does
    // not move them is suspect with them.
    std::vector<std::int32_t> hot_branches, hot_buses;
    if (mask.thermal) {
        for (std::size_t l = 0; l < limits.rating_pu.size(); ++l) {
            if (!std::isfinite(limits.rating_pu[l])) continue;
            Prediction out, allowed;
            untouched(l, out, allowed);
            if (allowed.excess > 0.0) hot_branches.push_back(static_cast<std::int32_t>(l));
        }
    }
    if (mask.voltage) {
        for (std::size_t i = 0; i < limits.vmin_pu.size(); ++i) {
            if (!std::isfinite(limits.vmin_pu[i]) && !std::isfinite(limits.vmax_pu[i])) continue;
            Prediction out, allowed;
            voltage(i, 0.0, 0.0, out, allowed);
            if (allowed.excess > 0.0) hot_buses.push_back(static_cast<std::int32_t>(i));
        }
    }

    // An element whose flow or voltage cannot move by what is missing, whichever way the outage and
    // the load combine, needs no closer look; `reach` is the furthest it can move, allowance included.
    std::vector<float> branch_reach(limits.rating_pu.size(), 0.0F), bus_reach(limits.vmin_pu.size(), 0.0F);
    const double spread = 1.0 + allowance_.share_of_load_effect;
    for (std::size_t l = 0; l < branch_reach.size(); ++l) {
        if (!std::isfinite(limits.rating_pu[l])) continue;
        const double moved = std::max(magnitude(at.flow[l].s_from - intact_.flow[l].s_from),
                                      magnitude(at.flow[l].s_to - intact_.flow[l].s_to));
        branch_reach[l] =
            static_cast<float>(spread * moved + allowance_.thermal_share_of_rating * limits.rating_pu[l]);
    }
    for (std::size_t i = 0; i < bus_reach.size(); ++i) {
        bus_reach[i] =
            static_cast<float>(spread * std::abs(at.vm_pu[i] - intact_.vm_pu[i]) + allowance_.voltage_pu);
    }
    const auto branch_spread = static_cast<float>(spread + allowance_.thermal_share_of_interplay);
    const auto bus_spread = static_cast<float>(spread + allowance_.voltage_share_of_interplay);
    const bool watch_change = context_->limits.voltage_change_max_pu.has_value();

    std::vector<float> lost;
    for (std::size_t state = 0; state < footprints_.size(); ++state) {
        if (skip[state]) continue;
        const Footprint& footprint = footprints_[state];
        lost_amounts(footprint, at, lost);
        const std::size_t sources = lost.size();
        float lost_sum = 0.0F;
        for (const float amount : lost) lost_sum += std::abs(amount);
        short_of = q_deficit(footprint, at, lost);
        const auto q_reach = static_cast<float>(allowance_.share_of_q_deficit * short_of.q_pu);
        const auto v_reach = static_cast<float>(allowance_.share_of_q_deficit * short_of.voltage_pu);
        Prediction out, allowed;
        if (mask.thermal) {
            std::size_t hot = 0;
            const auto take_hot = [&](std::int32_t l) {
                if (l != footprint.lost_branch) untouched(static_cast<std::size_t>(l), out, allowed);
            };
            for (std::size_t e = 0; e < footprint.branch.size(); ++e) {
                const std::int32_t l = footprint.branch[e];
                const float reach = q_reach + branch_reach[static_cast<std::size_t>(l)] +
                                    branch_spread * footprint.branch_strength[e] * lost_sum;
                for (; hot < hot_branches.size() && hot_branches[hot] <= l; ++hot) {
                    if (hot_branches[hot] < l) take_hot(hot_branches[hot]);
                }
                if (reach < footprint.branch_margin[e] || reach < attribution_s) continue;
                float re = 0.0F, im = 0.0F;
                const float* response = footprint.branch_response.data() + 2 * sources * e;
                for (std::size_t j = 0; j < sources; ++j) {
                    re += response[2 * j] * lost[j];
                    im += response[2 * j + 1] * lost[j];
                }
                thermal(static_cast<std::size_t>(l), footprint.at_to_end[e] != 0,
                        {footprint.branch_shift[2 * e], footprint.branch_shift[2 * e + 1]}, {re, im}, out,
                        allowed);
            }
            for (; hot < hot_branches.size(); ++hot) take_hot(hot_branches[hot]);
        }
        if (mask.voltage) {
            std::size_t hot = 0;
            for (std::size_t e = 0; e < footprint.bus.size(); ++e) {
                const std::int32_t i = footprint.bus[e];
                const float reach = v_reach + bus_reach[static_cast<std::size_t>(i)] +
                                    bus_spread * footprint.bus_strength[e] * lost_sum;
                for (; hot < hot_buses.size() && hot_buses[hot] <= i; ++hot) {
                    if (hot_buses[hot] < i)
                        voltage(static_cast<std::size_t>(hot_buses[hot]), 0.0, 0.0, out, allowed);
                }
                if (!watch_change && (reach < footprint.bus_margin[e] || reach < attribution_v)) continue;
                float interplay = 0.0F;
                const float* response = footprint.bus_response.data() + sources * e;
                for (std::size_t j = 0; j < sources; ++j) interplay += response[j] * lost[j];
                voltage(static_cast<std::size_t>(i), footprint.bus_shift[e], interplay, out, allowed);
            }
            for (; hot < hot_buses.size(); ++hot)
                voltage(static_cast<std::size_t>(hot_buses[hot]), 0.0, 0.0, out, allowed);
        }
        if (allowed.excess > 0.0) {
            const bool predicted = out.excess > 0.0;
            suspects.push_back({state, predicted ? out.crossing_mw : allowed.crossing_mw, predicted});
        }
    }
    std::sort(suspects.begin(), suspects.end(), [](const Suspect& a, const Suspect& b) {
        if (a.predicted != b.predicted) return a.predicted;
        if (a.crossing_mw != b.crossing_mw) return a.crossing_mw < b.crossing_mw;
        return a.state < b.state;
    });
}

void Screen::order_by_strain(const IntactPoint& at, BusRow bus, std::size_t most, std::vector<bool>& listed,
                             std::vector<Suspect>& suspects) const {
    // Per state, by kind: the lowered voltage at the load, the one lowered most, the power that was lost.
    constexpr std::size_t kKinds = 3;
    std::array<std::vector<std::pair<double, std::size_t>>, kKinds> strained;
    std::vector<float> lost;
    for (std::size_t state = 0; state < footprints_.size(); ++state) {
        if (listed[state]) continue;
        const Footprint& footprint = footprints_[state];
        lost_amounts(footprint, at, lost);
        float power = 0.0F;
        for (const float amount : lost) power += std::abs(amount);
        const auto drop_at = [&](std::size_t e) {
            float drop = -footprint.bus_shift[e];
            const float* response = footprint.bus_response.data() + lost.size() * e;
            for (std::size_t j = 0; j < lost.size(); ++j) drop -= response[j] * lost[j];
            return drop;
        };
        float at_load = 0.0F, anywhere = 0.0F;
        const auto own = std::lower_bound(footprint.bus.begin(), footprint.bus.end(), bus.value());
        if (own != footprint.bus.end() && *own == bus.value()) {
            at_load = drop_at(static_cast<std::size_t>(own - footprint.bus.begin()));
        }
        for (std::size_t e = 0; e < footprint.bus.size(); ++e) {
            // What the strongest response could add at most.
            if (footprint.bus_strength[e] * power - footprint.bus_shift[e] <= anywhere) continue;
            anywhere = std::max(anywhere, drop_at(e));
        }
        const double deficit = q_deficit(footprint, at, lost).voltage_pu;
        const std::array<double, kKinds> strain = {std::max(at_load, 0.0F) + deficit, anywhere + deficit,
                                                   power};
        for (std::size_t kind = 0; kind < kKinds; ++kind) {
            if (strain[kind] > 0.0) strained[kind].emplace_back(-strain[kind], state);
        }
    }
    for (auto& states : strained) {
        std::erase_if(states, [&](const auto& entry) { return listed[entry.second]; });
        const std::size_t count = std::min(most, states.size());
        std::partial_sort(states.begin(), states.begin() + static_cast<std::ptrdiff_t>(count), states.end());
        for (std::size_t i = 0; i < count; ++i) {
            listed[states[i].second] = true;
            suspects.push_back({states[i].second, states[i].first, true});
        }
    }
}

}  // namespace nodalroom::headroom
