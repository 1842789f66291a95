#include "nodalroom/headroom/screen.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace nodalroom::headroom {
namespace {

// Reactive power, per unit of the load, that the load or what was lost asks of a bus: not looked at.
constexpr double kLeastAsked = 1e-3;
// Units of ModeResponses by which a bus acts otherwise: not looked at.
constexpr float kLeastSwitching = 1e-7F;

/// What of a change of a regulating bus's Q a state does not follow in which the bus stands at a limit, its
/// voltage `drop` below the one it holds (< 0: above; NaN: it has nothing left to hold it with): all of what
/// goes beyond the limit. What goes back is followed from where the bus holds its voltage again.
float unfollowed(float more_q, float drop, float voltage_loss) {
    if (std::isnan(drop)) return more_q;
    const bool goes_back = drop > 0.0F ? more_q < 0.0F : more_q > 0.0F;
    if (!goes_back || !(voltage_loss > 0.0F)) return more_q;
    const float lacking = std::abs(drop) / voltage_loss;
    return std::clamp(more_q, -lacking, lacking);
}

/// What of a change of voltage a state does not follow in which the bus regulates: as far as it has Q to hold
/// it.
float held(float more_v, const Footprint& footprint, std::size_t place, float voltage_loss) {
    return std::clamp(more_v, -footprint.q_to_max[place] * voltage_loss,
                      footprint.q_to_min[place] * voltage_loss);
}

}  // namespace

std::int32_t place_of(const std::vector<std::int32_t>& elements, const std::vector<std::int32_t>& by_row,
                      std::int32_t element) {
    const auto at =
        std::lower_bound(by_row.begin(), by_row.end(), element, [&](std::int32_t place, std::int32_t row) {
            return elements[static_cast<std::size_t>(place)] < row;
        });
    return at != by_row.end() && elements[static_cast<std::size_t>(*at)] == element ? *at : -1;
}

Screen::Screen(const StudyContext& context, std::vector<Footprint> footprints, ModeResponses modes,
               IntactPoint intact_at_zero, ScreenAllowance allowance)
    : data_{
          &context, std::move(footprints), std::move(modes), std::move(intact_at_zero), allowance, {}, {}, {},
          {}} {
    for (const Footprint& footprint : data_.footprints) {
        const auto largest = [](const std::vector<float>& values, float sign) {
            float found = 0.0F;
            for (const float value : values) found = std::max(found, sign * value);
            return found;
        };
        data_.branch_strength.push_back(largest(footprint.branch_strength, 1.0F));
        data_.bus_strength.push_back(largest(footprint.bus_strength, 1.0F));
        data_.q_strength.push_back(
            std::max(largest(footprint.q_response, 1.0F), largest(footprint.q_response, -1.0F)));
        data_.bus_lowering.push_back(largest(footprint.bus_shift, -1.0F));
    }
}

double Screen::lost_flow(const Footprint::Source& source, const IntactPoint& at) const {
    using Lost = Footprint::Lost;
    const auto row = static_cast<std::size_t>(source.row);
    const auto change = [&](auto&& part) { return part(at.flow[row]) - part(data_.intact.flow[row]); };
    switch (source.lost) {
        case Lost::p_from:
            return change([](const model::BranchFlow& flow) { return flow.s_from.real(); });
        case Lost::q_from:
            return change([](const model::BranchFlow& flow) { return flow.s_from.imag(); });
        case Lost::p_to:
            return change([](const model::BranchFlow& flow) { return flow.s_to.real(); });
        case Lost::q_to:
            return change([](const model::BranchFlow& flow) { return flow.s_to.imag(); });
        case Lost::supply_share:
            break;
    }
    return 0.0;
}

Screen::LostPower Screen::lost_unit(const Footprint::Source& source, const IntactPoint& at) const {
    const auto island = static_cast<std::size_t>(source.row);
    const NewSharing& sharing = at.sharing;
    if (sharing.unit_p_pu.empty())
        return {(at.supply_pu[island] - data_.intact.supply_pu[island]) * source.scale, 0.0};
    // Eq. 21a: the others share what the unit gives in proportion to what they have without it.
    const auto unit = static_cast<std::size_t>(source.unit);
    const double p_pu = sharing.unit_p_pu[unit] + sharing.unit_share[unit] * at.supply_pu[island];
    const double before =
        data_.context->base->network().units()[unit].p_pu + source.scale * data_.intact.supply_pu[island];
    const double of_rest = 1.0 - sharing.unit_share[unit], of_rest_before = 1.0 - source.scale;
    if (!(of_rest > 0.0) || !(of_rest_before > 0.0)) return {p_pu - before, 0.0};
    const double own = (1.0 / of_rest - 1.0 / of_rest_before) * of_rest_before;
    return {p_pu - before + own * p_pu, p_pu / of_rest};
}

void Screen::look_at(const IntactPoint& at, Look& look) const {
    look.at = &at;
    look.lost.clear();
    look.first.clear();
    look.lost_sum.clear();
    look.shared_otherwise.clear();
    look.switching.clear();
    look.switching_amount.clear();
    look.switching_first.assign(data_.footprints.size() + 1, 0);
    look.voltage_pu.assign(data_.footprints.size(), 0.0F);
    for (const Footprint& footprint : data_.footprints) {
        look.first.push_back(look.lost.size());
        float sum = 0.0F;
        double otherwise = 0.0;
        for (const Footprint::Source& source : footprint.sources) {
            if (source.lost == Footprint::Lost::supply_share) {
                const LostPower power = lost_unit(source, at);
                look.lost.push_back(static_cast<float>(power.amount));
                otherwise += power.shared_otherwise;
            } else {
                look.lost.push_back(static_cast<float>(lost_flow(source, at) * source.scale));
            }
            sum += std::abs(look.lost.back());
        }
        look.lost_sum.push_back(sum);
        look.shared_otherwise.push_back(static_cast<float>(otherwise));
    }
    look.first.push_back(look.lost.size());
}

void Screen::look_at_switching(Look& look) const {
    const ModeResponses& modes = data_.modes;
    const IntactPoint& at = *look.at;
    look.switching.clear();
    look.switching_amount.clear();
    look.switching_first.clear();

    // Per place in the mode responses: what the load asks of the bus in the intact state, what the bus acts
    // otherwise by where it regulates in one of both, and what others that do so ask of it.
    std::vector<float> more_q(modes.bus.size()), otherwise(modes.bus.size()), asked(modes.bus.size(), 0.0F);
    for (std::size_t j = 0; j < modes.bus.size(); ++j) {
        const auto i = static_cast<std::size_t>(modes.bus[j]);
        more_q[j] = static_cast<float>(at.q_generation[i] - data_.intact.q_generation[i]);
        otherwise[j] =
            modes.is_regulating[j] != 0 ? more_q[j] : static_cast<float>(at.vm_pu[i] - data_.intact.vm_pu[i]);
    }
    const auto least = static_cast<float>(kLeastAsked * at.load_mw / data_.context->base_mva());
    std::vector<std::int32_t> moved;  // places of buses of which the load asks anything
    for (std::size_t j = 0; j < modes.bus.size(); ++j) {
        if (std::abs(more_q[j]) >= least) moved.push_back(static_cast<std::int32_t>(j));
    }
    std::vector<float> shared_q(modes.bus.size(), 0.0F);  // per unit of power lost
    float largest_shared_q = 0.0F;
    for (std::size_t j = 0; j < modes.bus.size() && !at.sharing.q_generation.empty(); ++j) {
        shared_q[j] = static_cast<float>(at.sharing.q_generation[static_cast<std::size_t>(modes.bus[j])]);
        largest_shared_q = std::max(largest_shared_q, std::abs(shared_q[j]));
    }
    std::vector<std::int32_t> reached;
    std::vector<std::size_t> seen_in(modes.bus.size(), data_.footprints.size());
    for (std::size_t state = 0; state < data_.footprints.size(); ++state) {
        const Footprint& footprint = data_.footprints[state];
        look.switching_first.push_back(look.switching.size());
        // A state without a solution has left no footprint; nobody looks at it.
        if (footprint.q_to_max.size() != modes.bus.size()) continue;
        const auto act_otherwise = [&](std::int32_t place, float amount) {
            if (!(amount > kLeastSwitching)) return;
            look.switching.push_back(place);
            look.switching_amount.push_back(amount);
        };
        for (std::size_t s = 0; s < footprint.switched.size(); ++s) {
            const std::int32_t place = modes.place_of_bus[static_cast<std::size_t>(footprint.switched[s])];
            const auto j = static_cast<std::size_t>(place);
            const float other =
                modes.is_regulating[j] != 0
                    ? unfollowed(otherwise[j], footprint.switched_drop[s], modes.voltage_loss[j])
                    : held(otherwise[j], footprint, j, modes.voltage_loss[j]);
            act_otherwise(place, std::abs(other));
            // Support that the intact state gives the load, and this state does not.
            if (modes.is_regulating[j] != 0) {
                look.voltage_pu[state] += std::max(other, 0.0F) * modes.voltage_loss[j];
            }
            for (std::size_t e = modes.q.first[j]; e < modes.q.first[j + 1]; ++e) {
                const float q = modes.q.response[e] * other;
                if (std::abs(q) < least) break;
                asked[static_cast<std::size_t>(modes.q.source[e])] += q;
                reached.push_back(modes.q.source[e]);
            }
        }
        if (data_.q_strength[state] * look.lost_sum[state] >= least) {
            const float* const lost = look.lost.data() + look.first[state];
            const float* response = footprint.q_response.data();
            for (const std::int32_t place : footprint.q_place) {
                float& q = asked[static_cast<std::size_t>(place)];
                for (std::size_t j = 0; j < footprint.sources.size(); ++j) q += *response++ * lost[j];
                reached.push_back(place);
            }
        }
        const float shared = look.shared_otherwise[state];
        if (std::abs(shared) * largest_shared_q >= least) {
            for (std::size_t j = 0; j < modes.bus.size(); ++j) {
                const float q = shared_q[j] * shared;
                if (std::abs(q) < least) continue;
                asked[j] += q;
                reached.push_back(static_cast<std::int32_t>(j));
            }
        }
        const auto look_at_bus = [&](std::int32_t place) {
            const auto j = static_cast<std::size_t>(place);
            if (seen_in[j] == state) return;
            seen_in[j] = state;
            const float more = more_q[j] + asked[j];
            const float beyond = std::max(more - footprint.q_to_max[j], -more - footprint.q_to_min[j]);
            if (!(beyond > 0.0F)) return;
            const float voltage = beyond * modes.voltage_loss[j];
            look.voltage_pu[state] += voltage;
            act_otherwise(place, modes.is_regulating[j] != 0 ? beyond : voltage);
        };
        for (const std::int32_t place : reached) look_at_bus(place);
        for (const std::int32_t place : moved) look_at_bus(place);
        for (const std::int32_t place : reached) asked[static_cast<std::size_t>(place)] = 0.0F;
        reached.clear();
    }
    look.switching_first.push_back(look.switching.size());
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
    for (std::size_t state = 0; state < data_.footprints.size(); ++state) {
        if (listed[state]) continue;
        const Footprint& footprint = data_.footprints[state];
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
        if (is_wanted(
                1, std::max(data_.bus_strength[state] * power + data_.bus_lowering[state], 0.0F) + deficit)) {
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
            suspects.push_back({state, -static_cast<double>(strain)});
            ++taken;
        }
    }
}

}  // namespace nodalroom::headroom
