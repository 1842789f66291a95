// Which states a screen cannot rule out at a load.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "nodalroom/headroom/screen.hpp"

#include "reach.hpp"

namespace nodalroom::headroom {
namespace {

using model::Complex;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What the limits of one state are predicted to do at the screened load.
struct Prediction {
    double excess = -kInfinity;  ///< > 0: may count
    double crossing_mw = kInfinity;

    void take(double new_excess, double new_crossing) {
        excess = std::max(excess, new_excess);
        crossing_mw = std::min(crossing_mw, new_crossing);
    }
};

/// |z|; std::abs guards against overflow at several times the cost.
double magnitude(Complex z) { return std::sqrt(std::norm(z)); }

/// Load at which a quantity that goes from `before` to `now` is expected to pass `limit`, and to have grown
/// by `growth`.
double crossing(double load_mw, double before, double now, double limit, double growth) {
    const double missing = std::max(limit - before, growth);
    return missing <= 0.0 || now <= before ? 0.0 : load_mw * std::min(1.0, missing / (now - before));
}

/// The touched elements of one kind in a footprint, and what all footprints share about that kind.
struct Touched {
    const std::vector<std::int32_t>& element;
    const std::vector<float>& margin;
    const std::vector<float>& strength;
    float largest_strength;
};

/// How much each element of one kind moves per unit of power that units share otherwise.
struct SharingMoves {
    std::vector<float> of;
    float largest = 0.0F;
};

/// What a look multiplies its quantities by, for one kind of element in one state; and what the load has to
/// move an element by to count.
struct Weights {
    float of_switching, of_strength, of_sharing, least;
};

/// Finds the suspects of one look.
class SuspectFinder {
public:
    SuspectFinder(const ScreenData& data, const Screen::Look& look, const LimitMask& mask, Screen::Find find)
        : data_(data),
          allows_(find == Screen::Find::all),
          allowance_(allows_ ? data.allowance : ScreenAllowance{0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}),
          look_(look),
          at_(*look.at),
          limits_(data.context->limits.post),
          mask_(mask),
          attribution_s_(data.context->options.attribution_mva_per_mw * at_.load_mw /
                         data.context->base_mva()),
          attribution_v_(data.context->options.attribution_voltage_pu),
          switching_s_(data.modes.branch, data.modes.branch_strongest, look, allows_ && mask.thermal),
          switching_v_(data.modes.voltage, data.modes.voltage_strongest, look, allows_ && mask.voltage) {
        const double spread = 1.0 + allowance_.share_of_load_effect;
        branch_spread_ = static_cast<float>(spread + allowance_.thermal_share_of_interplay);
        bus_spread_ = static_cast<float>(spread + allowance_.voltage_share_of_interplay);
        watches_change_ = data.context->limits.voltage_change_max_pu.has_value();
        const bool shares = !at_.sharing.flow.empty();
        for (const auto& flow : at_.sharing.flow)
            branch_sharing_.of.push_back(
                static_cast<float>(std::max(magnitude(flow.s_from), magnitude(flow.s_to))));
        for (const double v : at_.sharing.vm_pu) bus_sharing_.of.push_back(static_cast<float>(std::abs(v)));
        branch_sharing_.of.resize(at_.flow.size(), 0.0F);
        bus_sharing_.of.resize(at_.vm_pu.size(), 0.0F);
        if (shares) {
            for (SharingMoves* moves : {&branch_sharing_, &bus_sharing_})
                moves->largest = *std::max_element(moves->of.begin(), moves->of.end());
        }
        if (mask.thermal) look_at_branches(spread);
        if (mask.voltage) look_at_buses(spread);
    }

    /// What is predicted of a touched branch, at the end of which the footprint tells.
    struct TouchedFlow {
        bool at_to = false;
        Complex loaded, shift, interplay;
    };

    /// Whether the state is a suspect, and what is predicted of it.
    bool examine(std::size_t state, Prediction& found) {
        found = {};
        if (mask_.thermal) {
            switching_s_.begin(state);
            examine_branches(state, found, [](std::size_t, const TouchedFlow&) {});
        }
        if (mask_.voltage) {
            switching_v_.begin(state);
            examine_buses(state, found);
        }
        return found.excess > 0.0;
    }

    /// Whether flows make the state a suspect, and what is predicted of it; adds what they pass their ratings
    /// by more than this share in.
    bool examine_flows(std::size_t state, double least_share, std::vector<PredictedOverload>& overloads,
                       Prediction& found) {
        found = {};
        switching_s_.begin(state);
        examine_branches(state, found, [&](std::size_t l, const TouchedFlow& flow) {
            const double rating = limits_.rating_pu[l];
            const Complex now = flow.loaded + flow.shift + flow.interplay;
            if (magnitude(now) > (1.0 + least_share) * rating)
                overloads.push_back(
                    {state, static_cast<std::int32_t>(l), flow.at_to, now, magnitude(now) / rating - 1.0});
        });
        return found.excess > 0.0;
    }

private:
    /// An element no footprint need touch, and how much allowance it takes to make it count (per unit).
    struct Untouched {
        float reserve;
        std::int32_t element;
    };

    void look_at_branches(double spread) {
        branch_reach_.of.assign(limits_.rating_pu.size(), 0.0F);
        branch_reserve_.assign(branch_reach_.of.size(), 0.0F);
        for (std::size_t l = 0; l < branch_reach_.of.size(); ++l) {
            if (!std::isfinite(limits_.rating_pu[l])) continue;
            const double moved = std::max(magnitude(at_.flow[l].s_from - data_.intact.flow[l].s_from),
                                          magnitude(at_.flow[l].s_to - data_.intact.flow[l].s_to));
            branch_reach_.of[l] = static_cast<float>(spread * moved + allowance_.thermal_share_of_rating *
                                                                          limits_.rating_pu[l]);
            Prediction intact;
            const double unknown = unknown_shift(l);
            const double excess = std::max(predict_flow(l, false, {}, {}, unknown, intact),
                                           predict_flow(l, true, {}, {}, unknown, intact));
            branches_.push_back({static_cast<float>(-excess), static_cast<std::int32_t>(l)});
            branch_reserve_[l] = static_cast<float>(-excess);
        }
        branch_reach_.find_usual();
        order(branches_);
        order_by_sharing(branches_, branch_sharing_.of, branches_by_sharing_);
    }

    void look_at_buses(double spread) {
        bus_reach_.of.assign(limits_.vmin_pu.size(), 0.0F);
        bus_reserve_.assign(bus_reach_.of.size(), 0.0F);
        for (std::size_t i = 0; i < bus_reach_.of.size(); ++i) {
            bus_reach_.of[i] = static_cast<float>(spread * std::abs(at_.vm_pu[i] - data_.intact.vm_pu[i]) +
                                                  allowance_.voltage_pu);
            if (!std::isfinite(limits_.vmin_pu[i]) && !std::isfinite(limits_.vmax_pu[i])) continue;
            Prediction intact;
            const double excess = predict_voltage(i, 0.0, 0.0, allows_ ? kLeastVoltageShiftPu : 0.0, intact);
            buses_.push_back({static_cast<float>(-excess), static_cast<std::int32_t>(i)});
            bus_reserve_[i] = static_cast<float>(-excess);
        }
        bus_reach_.find_usual();
        if (watches_change_) no_margin_.assign(bus_reach_.of.size(), -1.0F);
        order(buses_);
        order_by_sharing(buses_, bus_sharing_.of, buses_by_sharing_);
    }

    /// By how much an outage may shift the flow of a branch its footprint leaves out.
    [[nodiscard]] double unknown_shift(std::size_t l) const noexcept {
        return allows_ ? kLeastShiftOfRating * limits_.rating_pu[l] : 0.0;
    }

    static void order(std::vector<Untouched>& elements) {
        std::sort(elements.begin(), elements.end(), [](const Untouched& a, const Untouched& b) {
            return a.reserve != b.reserve ? a.reserve < b.reserve : a.element < b.element;
        });
    }

    /// By growing share of an element's reserve that a unit of power shared otherwise takes up.
    void order_by_sharing(const std::vector<Untouched>& elements, const std::vector<float>& sharing,
                          std::vector<Untouched>& ordered) const {
        ordered.clear();
        if (at_.sharing.flow.empty()) return;
        for (const Untouched& element : elements) {
            const float by = sharing[static_cast<std::size_t>(element.element)];
            if (by > 0.0F) ordered.push_back({element.reserve / by, element.element});
        }
        order(ordered);
    }

    /// Calls look(element) for those whose reserve may be less than `slack` and what sharing takes up
    /// together: one of both is half of it at least. Some it calls for twice.
    template <class LookAt>
    static void visit_untouched(const std::vector<Untouched>& by_reserve,
                                const std::vector<Untouched>& by_sharing, float slack, float shared,
                                LookAt&& look) {
        const float most = shared > 0.0F ? 2.0F * slack : slack;
        for (const Untouched& element : by_reserve) {
            if (element.reserve >= most) break;
            look(element.element);
        }
        for (const Untouched& element : by_sharing) {
            if (!(element.reserve < 2.0F * shared)) break;
            look(element.element);
        }
    }

    /// Eqs. 16 and 20 for one end of a branch; returns the excess with all of the allowance.
    double predict_flow(std::size_t l, bool at_to, Complex shift, Complex interplay, double more_slack,
                        Prediction& found) const {
        const double rating = limits_.rating_pu[l];
        const Complex loaded = at_to ? at_.flow[l].s_to : at_.flow[l].s_from;
        const Complex unloaded = at_to ? data_.intact.flow[l].s_to : data_.intact.flow[l].s_from;
        const double now = magnitude(loaded + shift + interplay);
        const double before = magnitude(unloaded + shift);
        const double slack = allowance_.thermal_share_of_rating * rating +
                             allowance_.thermal_share_of_interplay * magnitude(interplay) +
                             allowance_.share_of_load_effect * std::abs(now - before) + more_slack;
        const double excess = std::min(now - rating, now - before - attribution_s_);
        if (excess + slack > 0.0)
            found.take(excess + slack, crossing(at_.load_mw, before, now + slack, rating, 0.0));
        return excess + slack;
    }

    /// The same for a bus.
    double predict_voltage(std::size_t i, double shift, double interplay, double more_slack,
                           Prediction& found) const {
        const double now = at_.vm_pu[i] + shift + interplay;
        const double before = data_.intact.vm_pu[i] + shift;
        const double slack = allowance_.voltage_pu +
                             allowance_.voltage_share_of_interplay * std::abs(interplay) +
                             allowance_.share_of_load_effect * std::abs(now - before) + more_slack;
        double most = -kInfinity;
        const auto take = [&](double excess, double from, double to, double limit) {
            most = std::max(most, excess + slack);
            if (excess + slack > 0.0)
                found.take(excess + slack, crossing(at_.load_mw, from, to + slack, limit, attribution_v_));
        };
        take(std::min(limits_.vmin_pu[i] - now, before - now - attribution_v_), -before, -now,
             -limits_.vmin_pu[i]);
        take(std::min(now - limits_.vmax_pu[i], now - before - attribution_v_), before, now,
             limits_.vmax_pu[i]);
        if (watches_change_ && std::isfinite(limits_.vmin_pu[i])) {
            const double limit = *data_.context->limits.voltage_change_max_pu;
            const double change = std::abs(shift + interplay);
            take(std::min(change - limit, change - std::abs(shift) - attribution_v_), std::abs(shift), change,
                 limit);
        }
        return most;
    }

    /// Touched elements that can reach their limit, whichever way the outage and the load combine, by their
    /// place: eq. 21. Valid until the next call.
    std::span<const std::int32_t> find_near(const Touched& touched, const Reach& reach,
                                            const Switching& switching, const SharingMoves& sharing,
                                            const Weights& weights) {
        const auto furthest = [&](float reached) {
            return weights.of_switching * switching.largest() + reached +
                   weights.of_strength * touched.largest_strength + weights.of_sharing * sharing.largest;
        };
        const float usual = furthest(reach.usual), largest = furthest(reach.largest);
        if (largest < weights.least) return {};
        const std::size_t touches = touched.element.size();
        if (near_.size() < touches) near_.resize(touches);
        std::size_t count = 0;
        const auto look = [&](std::size_t e) {
            const auto row = static_cast<std::size_t>(touched.element[e]);
            const float here = weights.of_switching * switching.most(row) + reach.of[row] +
                               weights.of_strength * touched.strength[e] +
                               weights.of_sharing * sharing.of[row];
            near_[count] = static_cast<std::int32_t>(e);
            count += static_cast<std::size_t>(here >= std::max(touched.margin[e], weights.least));
        };
        // By growing margin: beyond the first that nothing reaches there is no other. From the front, as a
        // search by halves waits for memory at each step.
        std::size_t e = 0;
        for (; e < touches && touched.margin[e] <= usual; ++e) look(e);
        for (; e < touches && touched.margin[e] <= largest; ++e) {
            if (reach.is_far[static_cast<std::size_t>(touched.element[e])] != 0) look(e);
        }
        return std::span(near_).first(count);
    }

    /// What moves in a branch because units share otherwise, at that end.
    [[nodiscard]] Complex shared_flow(std::size_t l, bool at_to, float otherwise) const noexcept {
        if (otherwise == 0.0F) return {};
        const auto& flow = at_.sharing.flow[l];
        return static_cast<double>(otherwise) * (at_to ? flow.s_to : flow.s_from);
    }

    [[nodiscard]] TouchedFlow touched_flow(std::size_t state, std::size_t e) const {
        const Footprint& footprint = data_.footprints[state];
        const float* const lost = look_.lost.data() + look_.first[state];
        const std::size_t sources = footprint.sources.size();
        const float* response = footprint.branch_response.data() + 2 * sources * e;
        float re = 0.0F, im = 0.0F;
        for (std::size_t j = 0; j < sources; ++j) {
            re += response[2 * j] * lost[j];
            im += response[2 * j + 1] * lost[j];
        }
        const auto l = static_cast<std::size_t>(footprint.branch[e]);
        const bool at_to = footprint.at_to_end[e] != 0;
        return {at_to,
                at_to ? at_.flow[l].s_to : at_.flow[l].s_from,
                {footprint.branch_shift[2 * e], footprint.branch_shift[2 * e + 1]},
                Complex(re, im) + shared_flow(l, at_to, sharing_of(state))};
    }

    /// Calls take(branch row, flow) for touched branches that are predicted to count.
    template <class Take>
    void examine_branches(std::size_t state, Prediction& found, Take&& take) {
        const Footprint& footprint = data_.footprints[state];
        const auto share = static_cast<float>(allowance_.thermal_share_of_switching);
        const float otherwise = sharing_of(state);
        const auto near =
            find_near({footprint.branch, footprint.branch_margin, footprint.branch_strength,
                       data_.branch_strength[state]},
                      branch_reach_, switching_s_, branch_sharing_,
                      {share, branch_spread_ * look_.lost_sum[state], branch_spread_ * std::abs(otherwise),
                       static_cast<float>(attribution_s_)});
        for (const std::int32_t place : near) {
            const auto e = static_cast<std::size_t>(place);
            const auto l = static_cast<std::size_t>(footprint.branch[e]);
            const TouchedFlow flow = touched_flow(state, e);
            const double slack = share * switching_s_.of(l);
            if (predict_flow(l, flow.at_to, flow.shift, flow.interplay, slack, found) > 0.0) {
                take(l, flow);
            } else if (allows_) {
                // The load may make the other end the larger one; what enters there leaves here.
                (void)predict_flow(l, !flow.at_to, -flow.shift, -flow.interplay, slack, found);
            }
        }
        const float response = allows_ ? kLeastBranchResponse * branch_spread_ * look_.lost_sum[state] : 0.0F;
        const float by_sharing = branch_spread_ * std::abs(otherwise);
        const auto look = [&](std::int32_t branch) {
            const auto l = static_cast<std::size_t>(branch);
            if (branch_reserve_[l] >=
                    response + share * switching_s_.most(l) + by_sharing * branch_sharing_.of[l] ||
                branch == footprint.lost_branch ||
                place_of(footprint.branch, footprint.branch_by_row, branch) >= 0)
                return;
            const float unknown = response + share * switching_s_.of(l);
            const double slack = unknown + unknown_shift(l);
            (void)predict_flow(l, false, {}, shared_flow(l, false, otherwise), slack, found);
            (void)predict_flow(l, true, {}, shared_flow(l, true, otherwise), slack, found);
        };
        visit_untouched(branches_, branches_by_sharing_, response + share * switching_s_.largest(),
                        by_sharing, look);
    }

    void examine_buses(std::size_t state, Prediction& found) {
        const Footprint& footprint = data_.footprints[state];
        const float otherwise = sharing_of(state);
        const auto shared_voltage = [&](std::size_t i) {
            return otherwise == 0.0F ? 0.0 : static_cast<double>(otherwise) * at_.sharing.vm_pu[i];
        };
        const auto share = static_cast<float>(allowance_.voltage_share_of_switching);
        const float* const lost = look_.lost.data() + look_.first[state];
        const std::size_t sources = footprint.sources.size();
        // A watched change of voltage may count anywhere.
        const auto near =
            find_near({footprint.bus, watches_change_ ? no_margin_ : footprint.bus_margin,
                       footprint.bus_strength, data_.bus_strength[state]},
                      bus_reach_, switching_v_, bus_sharing_,
                      {share, bus_spread_ * look_.lost_sum[state], bus_spread_ * std::abs(otherwise),
                       watches_change_ ? -1.0F : static_cast<float>(attribution_v_)});
        for (const std::int32_t place : near) {
            const auto e = static_cast<std::size_t>(place);
            float interplay = 0.0F;
            const float* response = footprint.bus_response.data() + sources * e;
            for (std::size_t j = 0; j < sources; ++j) interplay += response[j] * lost[j];
            const auto i = static_cast<std::size_t>(footprint.bus[e]);
            (void)predict_voltage(i, footprint.bus_shift[e], interplay + shared_voltage(i),
                                  share * switching_v_.of(i), found);
        }
        const float response = allows_ ? kLeastVoltageResponse * bus_spread_ * look_.lost_sum[state] : 0.0F;
        const float by_sharing = bus_spread_ * std::abs(otherwise);
        const auto look = [&](std::int32_t bus) {
            const auto i = static_cast<std::size_t>(bus);
            if (bus_reserve_[i] >=
                    response + share * switching_v_.most(i) + by_sharing * bus_sharing_.of[i] ||
                place_of(footprint.bus, footprint.bus_by_row, bus) >= 0)
                return;
            const float unknown = response + share * switching_v_.of(i);
            (void)predict_voltage(i, 0.0, shared_voltage(i), unknown + (allows_ ? kLeastVoltageShiftPu : 0.0),
                                  found);
        };
        visit_untouched(buses_, buses_by_sharing_, response + share * switching_v_.largest(), by_sharing,
                        look);
    }

    [[nodiscard]] float sharing_of(std::size_t state) const noexcept {
        return at_.sharing.flow.empty() ? 0.0F : look_.shared_otherwise[state];
    }

    const ScreenData& data_;
    bool allows_;
    ScreenAllowance allowance_;
    const Screen::Look& look_;
    const IntactPoint& at_;
    const contingency::Limits& limits_;
    LimitMask mask_;
    double attribution_s_, attribution_v_;
    Switching switching_s_, switching_v_;
    float branch_spread_ = 0.0F, bus_spread_ = 0.0F;
    bool watches_change_ = false;
    Reach branch_reach_, bus_reach_;
    std::vector<float> no_margin_;
    /// Per element: what moves in it, per unit of power lost, because units share otherwise.
    SharingMoves branch_sharing_, bus_sharing_;
    std::vector<Untouched> branches_, buses_;                        ///< by growing reserve
    std::vector<Untouched> branches_by_sharing_, buses_by_sharing_;  ///< see order_by_sharing
    std::vector<float> branch_reserve_, bus_reserve_;                ///< per element
    std::vector<std::int32_t> near_;
};

}  // namespace

static void order_by_crossing(std::vector<Suspect>& suspects) {
    std::sort(suspects.begin(), suspects.end(), [](const Suspect& a, const Suspect& b) {
        if (a.crossing_mw != b.crossing_mw) return a.crossing_mw < b.crossing_mw;
        return a.state < b.state;
    });
}

void Screen::find_suspects(const Look& look, const LimitMask& mask, Find find, const std::vector<bool>& skip,
                           std::vector<Suspect>& suspects) const {
    suspects.clear();
    SuspectFinder finder(data_, look, mask, find);
    Prediction found;
    for (std::size_t state = 0; state < data_.footprints.size(); ++state) {
        if (!skip[state] && finder.examine(state, found)) suspects.push_back({state, found.crossing_mw});
    }
    order_by_crossing(suspects);
}

void Screen::find_overloads(const Look& look, double least_share, const std::vector<bool>& skip,
                            std::vector<PredictedOverload>& overloads, std::vector<Suspect>& suspects) const {
    overloads.clear();
    suspects.clear();
    SuspectFinder finder(data_, look, {true, false}, Find::expected);
    Prediction found;
    for (std::size_t state = 0; state < data_.footprints.size(); ++state) {
        if (!skip[state] && finder.examine_flows(state, least_share, overloads, found))
            suspects.push_back({state, found.crossing_mw});
    }
}

void Screen::add_suspects(const std::vector<Suspect>& others, std::vector<Suspect>& suspects) {
    suspects.insert(suspects.end(), others.begin(), others.end());
    std::sort(suspects.begin(), suspects.end(), [](const Suspect& a, const Suspect& b) {
        return a.state != b.state ? a.state < b.state : a.crossing_mw < b.crossing_mw;
    });
    const auto is_same = [](const Suspect& a, const Suspect& b) { return a.state == b.state; };
    suspects.erase(std::unique(suspects.begin(), suspects.end(), is_same), suspects.end());
    order_by_crossing(suspects);
}

}  // namespace nodalroom::headroom
