#include "nodalroom/headroom/screen.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

namespace nodalroom::headroom {
namespace {

using model::Complex;

// Reactive power (per unit) by which no regulating bus of a state answers what was lost: not looked at.
constexpr float kLeastResponse = 1e-4F;

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

/// Where an element stands in a footprint; -1: nowhere.
std::int32_t place_of(const std::vector<std::int32_t>& elements, const std::vector<std::int32_t>& by_row,
                      std::int32_t element) {
    const auto at =
        std::lower_bound(by_row.begin(), by_row.end(), element, [&](std::int32_t place, std::int32_t row) {
            return elements[static_cast<std::size_t>(place)] < row;
        });
    return at != by_row.end() && elements[static_cast<std::size_t>(*at)] == element ? *at : -1;
}

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
      allowance_(allowance) {
    for (const Footprint& footprint : footprints_) {
        const auto largest = [](const std::vector<float>& values, float sign) {
            float found = 0.0F;
            for (const float value : values) found = std::max(found, sign * value);
            return found;
        };
        branch_strength_.push_back(largest(footprint.branch_strength, 1.0F));
        bus_strength_.push_back(largest(footprint.bus_strength, 1.0F));
        q_strength_.push_back(
            std::max(largest(footprint.q_response, 1.0F), largest(footprint.q_response, -1.0F)));
        bus_lowering_.push_back(largest(footprint.bus_shift, -1.0F));
    }
}

float Screen::lost_amount(const Footprint::Source& source, const IntactPoint& at) const {
    using Lost = Footprint::Lost;
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
            amount = at.vm_pu[row] - intact_.vm_pu[row];
            break;
    }
    return static_cast<float>(amount * source.scale);
}

void Screen::look_at(const IntactPoint& at, Look& look) const {
    look.at = &at;
    look.lost.clear();
    look.first.clear();
    look.lost_sum.clear();
    look.q_pu.assign(footprints_.size(), 0.0F);
    look.voltage_pu.assign(footprints_.size(), 0.0F);
    std::vector<float> more_q(at.q_generation.size()), more;
    for (std::size_t i = 0; i < more_q.size(); ++i) {
        more_q[i] = static_cast<float>(at.q_generation[i] - intact_.q_generation[i]);
    }
    for (std::size_t state = 0; state < footprints_.size(); ++state) {
        const Footprint& footprint = footprints_[state];
        look.first.push_back(look.lost.size());
        float sum = 0.0F;
        for (const Footprint::Source& source : footprint.sources) {
            look.lost.push_back(lost_amount(source, at));
            sum += std::abs(look.lost.back());
        }
        look.lost_sum.push_back(sum);

        const std::size_t units = footprint.source_bus.size();
        more.resize(units);
        for (std::size_t e = 0; e < units; ++e) {
            more[e] = more_q[static_cast<std::size_t>(footprint.source_bus[e])];
        }
        const bool responds = q_strength_[state] * sum > kLeastResponse;
        for (std::size_t j = 0; responds && j < footprint.sources.size(); ++j) {
            const float* const response = footprint.q_response.data() + units * j;
            const float lost = look.lost[look.first[state] + j];
            for (std::size_t e = 0; e < units; ++e) more[e] += response[e] * lost;
        }
        int any = 0;
        for (std::size_t e = 0; e < units; ++e) {
            any |= static_cast<int>(more[e] > footprint.q_to_max[e]) |
                   static_cast<int>(-more[e] > footprint.q_to_min[e]);
        }
        for (std::size_t e = 0; any != 0 && e < units; ++e) {
            const float beyond =
                std::max({more[e] - footprint.q_to_max[e], -more[e] - footprint.q_to_min[e], 0.0F});
            look.q_pu[state] += beyond;
            look.voltage_pu[state] +=
                beyond * voltage_loss_[static_cast<std::size_t>(footprint.source_bus[e])];
        }
    }
    look.first.push_back(look.lost.size());
}

void Screen::find_suspects(const Look& look, const LimitMask& mask, const std::vector<bool>& skip,
                           std::vector<Suspect>& suspects) const {
    suspects.clear();
    const IntactPoint& at = *look.at;
    const contingency::Limits& limits = context_->limits.post;
    const double load_mw = at.load_mw;
    const double attribution_s = context_->options.attribution_mva_per_mw * load_mw / context_->base_mva();
    const double attribution_v = context_->options.attribution_voltage_pu;

    double q_short = 0.0, v_short = 0.0;  // what allowing for reactive limits adds in the state in hand
    const auto thermal = [&](std::size_t l, bool at_to, Complex shift, Complex interplay, Prediction& out,
                             Prediction& allowed) {
        const double rating = limits.rating_pu[l];
        const Complex loaded = at_to ? at.flow[l].s_to : at.flow[l].s_from;
        const Complex unloaded = at_to ? intact_.flow[l].s_to : intact_.flow[l].s_from;
        const double now = magnitude(loaded + shift + interplay);
        const double before = magnitude(unloaded + shift);
        const double slack = allowance_.thermal_share_of_rating * rating +
                             allowance_.thermal_share_of_interplay * magnitude(interplay) +
                             allowance_.share_of_load_effect * std::abs(now - before) + q_short;
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
                             allowance_.share_of_load_effect * std::abs(now - before) + v_short;
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

    // Touched elements that can reach what is missing, by their place in the footprint.
    std::vector<std::int32_t> near;
    const auto find_near = [&near](const std::vector<std::int32_t>& element, const std::vector<float>& reach,
                                   float largest_reach, const std::vector<float>& strength,
                                   float largest_strength, const std::vector<float>& margin,
                                   float reach_of_all, float per_strength, float least) {
        // By growing margin: beyond the first that nothing reaches there is no other.
        const float furthest = reach_of_all + largest_reach + per_strength * largest_strength;
        const auto end = static_cast<std::size_t>(std::upper_bound(margin.begin(), margin.end(), furthest) -
                                                  margin.begin());
        const std::size_t looked_at = furthest < least ? 0 : std::min(end, element.size());
        near.resize(looked_at);
        std::size_t count = 0;
        for (std::size_t e = 0; e < looked_at; ++e) {
            const float here =
                reach_of_all + reach[static_cast<std::size_t>(element[e])] + per_strength * strength[e];
            near[count] = static_cast<std::int32_t>(e);
            count += static_cast<std::size_t>(here >= std::max(margin[e], least));
        }
        near.resize(count);
    };
    const auto is_touched = [](const std::vector<std::int32_t>& elements,
                               const std::vector<std::int32_t>& by_row,
                               std::int32_t element) { return place_of(elements, by_row, element) >= 0; };
    const float largest_branch_reach = *std::max_element(branch_reach.begin(), branch_reach.end());
    const float largest_bus_reach = *std::max_element(bus_reach.begin(), bus_reach.end());
    // A watched change of voltage may count anywhere.
    const std::vector<float> no_margin(watch_change ? limits.vmin_pu.size() : 0, -1.0F);
    const float least_change = watch_change ? -1.0F : static_cast<float>(attribution_v);
    for (std::size_t state = 0; state < footprints_.size(); ++state) {
        if (skip[state]) continue;
        const Footprint& footprint = footprints_[state];
        const std::span<const float> lost(look.lost.data() + look.first[state],
                                          look.first[state + 1] - look.first[state]);
        q_short = allowance_.share_of_q_deficit * look.q_pu[state];
        v_short = allowance_.share_of_q_deficit * look.voltage_pu[state];
        Prediction out, allowed;
        if (mask.thermal) {
            find_near(footprint.branch, branch_reach, largest_branch_reach, footprint.branch_strength,
                      branch_strength_[state], footprint.branch_margin, static_cast<float>(q_short),
                      branch_spread * look.lost_sum[state], static_cast<float>(attribution_s));
            for (const std::int32_t place : near) {
                const auto e = static_cast<std::size_t>(place);
                float re = 0.0F, im = 0.0F;
                const float* response = footprint.branch_response.data() + 2 * lost.size() * e;
                for (std::size_t j = 0; j < lost.size(); ++j) {
                    re += response[2 * j] * lost[j];
                    im += response[2 * j + 1] * lost[j];
                }
                thermal(static_cast<std::size_t>(footprint.branch[e]), footprint.at_to_end[e] != 0,
                        {footprint.branch_shift[2 * e], footprint.branch_shift[2 * e + 1]}, {re, im}, out,
                        allowed);
            }
            for (const std::int32_t l : hot_branches) {
                if (l == footprint.lost_branch || is_touched(footprint.branch, footprint.branch_by_row, l))
                    continue;
                untouched(static_cast<std::size_t>(l), out, allowed);
            }
        }
        if (mask.voltage) {
            find_near(footprint.bus, bus_reach, largest_bus_reach, footprint.bus_strength,
                      bus_strength_[state], watch_change ? no_margin : footprint.bus_margin,
                      static_cast<float>(v_short), bus_spread * look.lost_sum[state], least_change);
            for (const std::int32_t place : near) {
                const auto e = static_cast<std::size_t>(place);
                float interplay = 0.0F;
                const float* response = footprint.bus_response.data() + lost.size() * e;
                for (std::size_t j = 0; j < lost.size(); ++j) interplay += response[j] * lost[j];
                voltage(static_cast<std::size_t>(footprint.bus[e]), footprint.bus_shift[e], interplay, out,
                        allowed);
            }
            for (const std::int32_t i : hot_buses) {
                if (!is_touched(footprint.bus, footprint.bus_by_row, i))
                    voltage(static_cast<std::size_t>(i), 0.0, 0.0, out, allowed);
            }
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

void Screen::order_by_strain(const Look& look, BusRow bus, std::size_t most, std::vector<bool>& listed,
                             std::vector<Suspect>& suspects) const {
    // Per state, by kind: the lowered voltage at the load, the one lowered most, the power that was lost.
    // Of each kind the strongest, ordered, and no more than asked for.
    constexpr std::size_t kKinds = 3;
    // A state may stand under several kinds, and is taken once: more are kept than wanted of one kind.
    const std::size_t kept = kKinds * most;
    using Strained = std::pair<float, std::size_t>;
    std::array<std::vector<Strained>, kKinds> strained;
    const auto is_stronger = [](const Strained& a, const Strained& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
    };
    const auto is_wanted = [&](std::size_t kind, float strain) {
        return strain > 0.0F && (strained[kind].size() < kept || strain >= strained[kind].front().first);
    };
    const auto take = [&](std::size_t kind, float strain, std::size_t state) {
        auto& heap = strained[kind];  // the weakest in front
        heap.emplace_back(strain, state);
        std::push_heap(heap.begin(), heap.end(), is_stronger);
        if (heap.size() <= kept) return;
        std::pop_heap(heap.begin(), heap.end(), is_stronger);
        heap.pop_back();
    };
    for (std::size_t state = 0; state < footprints_.size(); ++state) {
        if (listed[state]) continue;
        const Footprint& footprint = footprints_[state];
        const std::size_t sources = look.first[state + 1] - look.first[state];
        const float* const lost = look.lost.data() + look.first[state];
        const float power = look.lost_sum[state], deficit = look.voltage_pu[state];
        const auto drop_at = [&](std::size_t e) {
            float drop = -footprint.bus_shift[e];
            const float* response = footprint.bus_response.data() + sources * e;
            for (std::size_t j = 0; j < sources; ++j) drop -= response[j] * lost[j];
            return drop;
        };
        const std::int32_t own =
            place_of(footprint.bus, footprint.bus_by_row, static_cast<std::int32_t>(bus.value()));
        const float at_load = own >= 0 ? std::max(drop_at(static_cast<std::size_t>(own)), 0.0F) : 0.0F;
        if (is_wanted(0, at_load + deficit)) take(0, at_load + deficit, state);
        if (is_wanted(1, std::max(bus_strength_[state] * power + bus_lowering_[state], 0.0F) + deficit)) {
            float anywhere = 0.0F;
            for (std::size_t e = 0; e < footprint.bus.size(); ++e) {
                // What the strongest response could add at most.
                if (footprint.bus_strength[e] * power - footprint.bus_shift[e] <= anywhere) continue;
                anywhere = std::max(anywhere, drop_at(e));
            }
            if (is_wanted(1, anywhere + deficit)) take(1, anywhere + deficit, state);
        }
        if (is_wanted(2, power)) take(2, power, state);
    }
    for (auto& states : strained) {
        std::sort(states.begin(), states.end(), is_stronger);
        std::size_t taken = 0;
        for (const auto& [strain, state] : states) {
            if (taken == most) break;
            if (listed[state]) continue;
            listed[state] = true;
            suspects.push_back({state, -static_cast<double>(strain), true});
            ++taken;
        }
    }
}

}  // namespace nodalroom::headroom
