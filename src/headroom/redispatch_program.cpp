#include "nodalroom/headroom/redispatch_program.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace nodalroom::headroom {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// MW of load given for a MW of movement saved: so little that it only chooses among the best.
constexpr double kMovePrice = 2e-5;
// The same beside a point: of two that are nearly as good, the one nearby.
constexpr double kMovePriceBeside = 1e-3;
// With `spare`, units keep this much, so that there is always one that responds to an outage.
constexpr double kKeptSpareMw = 1e-3;
// A limit takes another form where the attribution exceeds it; the forms settle in this many rounds, or the
// best of them is taken.
constexpr int kFormRounds = 4;
// The supply whose shares movement is counted from settles to this width, or this share of it.
constexpr double kSupplyWidthMw = 25.0, kSupplyShare = 0.02;
// A unit outside its range by less than this is in it, MW.
constexpr double kOutsideMw = 1e-4;
// A dispatch with a unit further outside than this is not taken, MW.
constexpr double kInRangeMw = 1e-3;
// MW of load per unit of limit below which a price is none.
constexpr double kLeastPrice = 1e-6;

template <class Do>
void for_each_tangent(std::span<Cut> cuts, Do&& act) {
    for (Cut& cut : cuts) {
        for (Tangent& tangent : cut.tangents) act(tangent);
    }
}

enum Column : std::int32_t { load_column, supply_column, first_unit };

}  // namespace

RedispatchProgram::RedispatchProgram(const StudyContext& context, const Candidate& candidate)
    : context_(&context), candidate_(candidate) {
    const auto& network = context.base->network();
    const auto& weights = context.base->unit_weights();
    const auto& options = context.options;
    const int island = network.island_of_bus()[candidate.bus.pos()];
    island_ = static_cast<std::size_t>(island);
    std::vector<std::uint8_t> may_move(network.units().size(), 0);
    // Load that is written as a unit is shed only where somebody names it.
    for (std::size_t u = 0; u < may_move.size() && options.redispatch.movable.empty(); ++u)
        may_move[u] = network.units()[u].is_dispatchable_load() ? 0 : 1;
    for (const UnitRow unit : options.redispatch.movable) may_move[unit.pos()] = 1;
    double weight_sum = 0.0;
    for (std::size_t u = 0; u < network.units().size(); ++u) {
        const model::Unit& unit = network.units()[u];
        if (!unit.in_service || network.island_of_bus()[unit.bus.pos()] != island) continue;
        in_island_.push_back(static_cast<std::int32_t>(u));
        share_.push_back(weights[u]);
        weight_sum += weights[u];
        const double base = network.base_mva();
        // A unit that the case has outside its own range may stay there.
        in_island_low_mw_.push_back(base * std::min(unit.p_min_pu, unit.p_pu));
        in_island_high_mw_.push_back(base * std::max(unit.p_max_pu, unit.p_pu));
        if (may_move[u] == 0) continue;
        movable_.push_back(static_cast<std::int32_t>(u));
        const bool keeps_spare = options.balance.rule == powerflow::BalanceRule::spare && weights[u] > 0.0;
        low_mw_.push_back(base * std::min(unit.p_min_pu - unit.p_pu, 0.0));
        high_mw_.push_back(
            std::max(base * (unit.p_max_pu - unit.p_pu) - (keeps_spare ? kKeptSpareMw : 0.0), 0.0));
    }
    for (double& share : share_) share /= weight_sum;
    for (std::size_t m = 0, i = 0; m < movable_.size(); ++m) {
        while (in_island_[i] != movable_[m]) ++i;
        share_of_movable_.push_back(share_[i]);
    }
    // Units that follow the rule end the supply where one of them reaches the end of its range.
    for (std::size_t i = 0; i < in_island_.size(); ++i) {
        const auto u = static_cast<std::size_t>(in_island_[i]);
        if (may_move[u] != 0 || !(share_[i] > 0.0)) continue;
        const double in_case = network.units()[u].p_pu * network.base_mva();
        least_supply_mw_ = std::max(least_supply_mw_, (in_island_low_mw_[i] - in_case) / share_[i]);
        most_supply_mw_ = std::min(most_supply_mw_, (in_island_high_mw_[i] - in_case) / share_[i]);
    }
}

namespace {

/// A limit of a pair: the case's own, or where the attribution begins, whichever allows more.
struct Form {
    double limit = 0.0;    ///< at no load
    double by_load = 0.0;  ///< what it grows by per MW of load
};

Form form_of(const StudyContext& context, const Cut& cut, double load_mw) {
    const double base_mva = context.base_mva();
    const auto at = static_cast<std::size_t>(cut.pair.element);
    const contingency::Limits& limits = context.limits.of(cut.pair.outage.is_intact());
    const double before = cut.effect ? cut.effect->before_pu * base_mva : kNaN;
    const double moved = context.options.attribution_voltage_pu * base_mva;
    switch (cut.pair.type) {
        case LimitType::collapse:
            return {cut.limit, 0.0};
        case LimitType::thermal: {
            const double rating = limits.rating_pu[at] * base_mva;
            const double per_mw = context.options.attribution_mva_per_mw;
            if (before + per_mw * load_mw > rating) return {before, per_mw};
            return {rating, 0.0};
        }
        case LimitType::low_voltage:
            return {std::min(limits.vmin_pu[at] * base_mva, before - moved), 0.0};
        case LimitType::high_voltage:
            return {std::max(limits.vmax_pu[at] * base_mva, before + moved), 0.0};
        default:
            return {std::max(*context.limits.voltage_change_max_pu * base_mva, before + moved), 0.0};
    }
}

}  // namespace

bool RedispatchProgram::has_cap() const noexcept {
    return std::isfinite(context_->options.redispatch.max_moved_mw);
}

bool RedispatchProgram::put_in_range(std::vector<double>& unit_p_mw) const {
    const auto& network = context_->base->network();
    bool was_outside = false;
    double taken_mw = 0.0, share_of_others = 0.0;
    std::vector<std::size_t> others;
    for (std::size_t m = 0; m < movable_.size(); ++m) {
        const auto u = static_cast<std::size_t>(movable_[m]);
        const double in_case = network.units()[u].p_pu * network.base_mva();
        const double low = in_case + low_mw_[m], high = in_case + high_mw_[m];
        if (unit_p_mw[u] > low + kOutsideMw && unit_p_mw[u] < high - kOutsideMw) {
            others.push_back(m);
            share_of_others += share_of_movable_[m];
            continue;
        }
        const double in_range = std::clamp(unit_p_mw[u], low, high);
        was_outside = was_outside || std::abs(unit_p_mw[u] - in_range) > kOutsideMw;
        taken_mw += unit_p_mw[u] - in_range;
        unit_p_mw[u] = in_range;
    }
    if (!was_outside) return false;
    const auto range_of = [&](std::size_t m) {
        const double in_case =
            network.units()[static_cast<std::size_t>(movable_[m])].p_pu * network.base_mva();
        return std::pair(in_case + low_mw_[m], in_case + high_mw_[m]);
    };
    double left_mw = taken_mw;
    for (const std::size_t m : others) {
        if (!(share_of_others > 0.0)) break;
        double& p_mw = unit_p_mw[static_cast<std::size_t>(movable_[m])];
        const auto [low, high] = range_of(m);
        const double before_mw = p_mw;
        p_mw = std::clamp(p_mw + taken_mw * share_of_movable_[m] / share_of_others, low, high);
        left_mw -= p_mw - before_mw;
    }
    // What units with shares cannot take goes by the room that there is.
    const auto room_of = [&](std::size_t m) {
        const double p_mw = unit_p_mw[static_cast<std::size_t>(movable_[m])];
        const auto [low, high] = range_of(m);
        return taken_mw > 0.0 ? high - p_mw : p_mw - low;
    };
    double room_mw = 0.0;
    for (std::size_t m = 0; m < movable_.size(); ++m) room_mw += room_of(m);
    if (!(std::abs(left_mw) > kOutsideMw) || !(room_mw > 0.0)) return true;
    const double part = std::clamp(left_mw / room_mw, -1.0, 1.0);
    for (std::size_t m = 0; m < movable_.size(); ++m)
        unit_p_mw[static_cast<std::size_t>(movable_[m])] += part * room_of(m);
    return true;
}

bool RedispatchProgram::is_in_range(std::span<const double> unit_p_mw) const {
    for (std::size_t i = 0; i < in_island_.size(); ++i) {
        const double p_mw = unit_p_mw[static_cast<std::size_t>(in_island_[i])];
        if (p_mw < in_island_low_mw_[i] - kInRangeMw || p_mw > in_island_high_mw_[i] + kInRangeMw)
            return false;
    }
    return true;
}

double RedispatchProgram::limit_of(const Cut& cut, double load_mw) const {
    const Form form = form_of(*context_, cut, load_mw);
    return form.limit + form.by_load * load_mw;
}

std::vector<double> RedispatchProgram::origin_mw(const Ask& ask, double supply_mw) const {
    std::vector<double> origin(movable_.size(), 0.0);
    if (has_cap()) return origin;
    const auto& network = context_->base->network();
    for (std::size_t m = 0; m < movable_.size(); ++m) {
        const auto u = static_cast<std::size_t>(movable_[m]);
        origin[m] =
            ask.beside == nullptr
                ? share_of_movable_[m] * supply_mw
                : std::clamp(ask.beside->unit_p_mw()[u] - network.units()[u].p_pu * network.base_mva(),
                             low_mw_[m], high_mw_[m]);
    }
    return origin;
}

/// Columns: the load, the supply s, and per movable unit what it gives more, then less than its origin (as a
/// rule, the balance rule's share of the supply near by), so that its range is a bound on columns: with a row
/// for each the basis would be ten times as large. Where movement has a cap it is counted from the rule's
/// share of the supply itself, and ranges are rows; the origin is 0 then.
void RedispatchProgram::add_frame(numerics::LinearProgram& program, const Ask& ask,
                                  const std::vector<double>& origin_mw) const {
    const auto units = static_cast<std::int32_t>(movable_.size());
    const double spare_mw = context_->spare_pu[island_] * context_->base_mva();
    const double move_price = ask.pure ? 0.0 : ask.beside ? -kMovePriceBeside : -kMovePrice;
    program.add_column(1.0, 0.0, ask.most_mw);
    program.add_column(0.0, least_supply_mw_, std::min(spare_mw, most_supply_mw_));
    const bool capped = has_cap();
    const auto column_of = [&](double least, double most) {
        program.add_column(move_price, capped ? 0.0 : std::max(least, 0.0),
                           capped ? kInfinity : std::max(most, 0.0));
    };
    for (std::size_t m = 0; m < movable_.size(); ++m) {
        column_of(low_mw_[m] - origin_mw[m], high_mw_[m] - origin_mw[m]);
    }
    for (std::size_t m = 0; m < movable_.size(); ++m) {
        column_of(origin_mw[m] - high_mw_[m], origin_mw[m] - low_mw_[m]);
    }
    std::vector<std::int32_t> column;
    std::vector<double> value;
    const auto add = [&](std::int32_t c, double v) {
        column.push_back(c);
        value.push_back(v);
    };
    const auto put = [&](double least, double most) {
        program.add_row(least, most, column, value);
        column.clear();
        value.clear();
    };
    const std::int32_t less = first_unit + units;
    // The units' entries, and with them the supply's; what the origin makes.
    const auto add_units = [&](double of_supply, auto&& value_of_unit) {
        double at_origin = 0.0;
        for (std::size_t m = 0; m < movable_.size(); ++m) {
            const auto more = first_unit + static_cast<std::int32_t>(m);
            const double of_unit = value_of_unit(m);
            add(more, of_unit);
            add(more + units, -of_unit);
            at_origin += of_unit * origin_mw[m];
            if (capped) of_supply += of_unit * share_of_movable_[m];
        }
        add(supply_column, of_supply);
        return at_origin;
    };
    double share_sum = 0.0;
    for (const double share : share_of_movable_) share_sum += share;
    const double at_origin = add_units(-share_sum, [](std::size_t) { return 1.0; });
    put(-at_origin, -at_origin);
    add(load_column, loss_by_load_);
    const double loss_at_origin = add_units(loss_by_others_, [&](std::size_t m) { return loss_by_unit_[m]; });
    put(loss_constant_ - loss_at_origin, loss_constant_ - loss_at_origin);
    for (std::int32_t m = 0; m < units; ++m) add(less + m, 1.0);
    put(-kInfinity, std::min(ask.most_moved_mw, context_->options.redispatch.max_moved_mw));
    if (!capped) return;
    for (std::int32_t m = 0; m < units; ++m) {
        const auto at = static_cast<std::size_t>(m);
        add(supply_column, share_of_movable_[at]);
        add(first_unit + m, 1.0);
        add(less + m, -1.0);
        put(low_mw_[at], high_mw_[at]);
    }
}

void RedispatchProgram::add_cuts(numerics::LinearProgram& program, std::span<const Cut> cuts, const Ask& ask,
                                 double load_mw, const std::vector<double>& origin_mw,
                                 std::vector<double>& scale) const {
    std::vector<std::int32_t> column;
    std::vector<double> value;
    scale.clear();
    for (const Cut& cut : cuts) {
        const Form form = form_of(*context_, cut, load_mw);
        const double sign = cut.sign();
        for (const Tangent& tangent : cut.tangents) {
            double largest = 1e-6;
            for (const double effect : tangent.by_unit) largest = std::max(largest, std::abs(effect));
            double at_zero = tangent.at_zero, of_supply = sign * tangent.by_others;
            column.resize(first_unit + 2 * movable_.size());
            value.resize(column.size());
            std::size_t entries = first_unit;
            for (std::size_t m = 0; m < movable_.size(); ++m) {
                if (tangent.by_unit[m] == 0.0) continue;
                const auto more = first_unit + static_cast<std::int32_t>(m);
                column[entries] = more;
                value[entries++] = sign * tangent.by_unit[m];
                column[entries] = more + static_cast<std::int32_t>(movable_.size());
                value[entries++] = -sign * tangent.by_unit[m];
                at_zero += tangent.by_unit[m] * origin_mw[m];
                if (has_cap()) of_supply += sign * tangent.by_unit[m] * share_of_movable_[m];
            }
            column[0] = load_column;
            column[1] = supply_column;
            value[0] = sign * tangent.by_load - form.by_load;
            value[1] = of_supply;
            column.resize(entries);
            value.resize(entries);
            for (double& v : value) v /= largest;
            const double room = sign * (form.limit - at_zero) + ask.slack_of(cut) * std::abs(form.limit);
            program.add_row(-kInfinity, room / largest, column, value);
            scale.push_back(largest);
        }
    }
}

RedispatchProgram::Answer RedispatchProgram::solve(std::span<Cut> cuts, const Ask& ask) {
    Answer best;
    double load_mw = ask.near_mw, supply_mw = has_cap() ? 0.0 : ask.near_supply_mw;
    std::vector<double> scale;
    for (int round = 0; round < kFormRounds; ++round) {
        program_.clear();
        const std::vector<double> origin = origin_mw(ask, supply_mw);
        add_frame(program_, ask, origin);
        const std::int32_t frame_rows = program_.rows();
        add_cuts(program_, cuts, ask, load_mw, origin, scale);
        const bool warm = !basis_.column.empty();
        if (warm) {
            basis_.row.resize(static_cast<std::size_t>(frame_rows));
            for_each_tangent(cuts, [&](Tangent& tangent) { basis_.row.push_back(tangent.place); });
        }
        numerics::LpSolution found =
            warm ? numerics::maximise_by_parts(program_, basis_) : numerics::maximise(program_);
        // Near a basis with rows of very different size the simplex method may lose its way.
        if (warm && found.status != numerics::LpStatus::optimal) found = numerics::maximise(program_);
        if (found.status != numerics::LpStatus::optimal) {
            if (best.status == numerics::LpStatus::not_run) best.status = found.status;
            break;
        }
        basis_ = std::move(found.basis);
        auto place = basis_.row.begin() + frame_rows;
        for_each_tangent(cuts, [&](Tangent& tangent) {
            tangent.place = *place++;
            tangent.idle = tangent.place == numerics::BasisPlace::basic ? tangent.idle + 1 : 0;
        });
        const double reached = found.x[load_column], supply = found.x[supply_column];
        const double width = std::max(kSupplyWidthMw, kSupplyShare * supply);
        const bool fits = has_cap() || ask.beside || std::abs(supply - supply_mw) < width;
        const bool keeps_forms = std::all_of(cuts.begin(), cuts.end(), [&](const Cut& cut) {
            return form_of(*context_, cut, load_mw).by_load == form_of(*context_, cut, reached).by_load;
        });
        load_mw = reached;
        if (best.status != numerics::LpStatus::optimal || fits || reached > best.point.load_mw) {
            read_answer(found, cuts, frame_rows, scale, ask, origin, best);
        }
        supply_mw = has_cap() ? 0.0 : supply;
        if (fits && keeps_forms) break;
    }
    return best;
}

void RedispatchProgram::read_answer(const numerics::LpSolution& found, std::span<const Cut> cuts,
                                    std::int32_t frame_rows, const std::vector<double>& scale, const Ask& ask,
                                    const std::vector<double>& origin_mw, Answer& answer) const {
    answer.status = found.status;
    read_point(found.x, origin_mw, answer.point);
    answer.promised_mw = answer.point.load_mw;
    answer.price.clear();
    answer.is_exact = true;
    std::size_t row = 0;
    for (const Cut& cut : cuts) {
        double price = 0.0;
        for (const Tangent& tangent : cut.tangents) {
            const double of_row = found.row_price[static_cast<std::size_t>(frame_rows) + row] / scale[row];
            price += of_row;
            ++row;
            if (of_row > kLeastPrice && !tangent.is_exact) answer.is_exact = false;
        }
        answer.price.push_back(price);
        answer.promised_mw -= price * ask.slack_of(cut) * std::abs(limit_of(cut, answer.point.load_mw));
    }
    answer.moved_mw = 0.0;
    for (std::size_t m = 0; m < movable_.size(); ++m)
        answer.moved_mw += found.x[first_unit + movable_.size() + m];
}

void RedispatchProgram::read_point(const std::vector<double>& x, const std::vector<double>& origin_mw,
                                   ProgramPoint& point) const {
    const auto& network = context_->base->network();
    point.load_mw = x[load_column] > 0.0 ? x[load_column] : 0.0;  // no -0
    point.unit_p_mw.clear();
    for (const model::Unit& unit : network.units()) point.unit_p_mw.push_back(unit.p_pu * network.base_mva());
    std::vector<std::uint8_t> moves(point.unit_p_mw.size(), 0);
    for (std::size_t m = 0; m < movable_.size(); ++m) {
        const auto u = static_cast<std::size_t>(movable_[m]);
        moves[u] = 1;
        point.unit_p_mw[u] += (has_cap() ? share_of_movable_[m] * x[supply_column] : origin_mw[m]) +
                              x[first_unit + m] - x[first_unit + movable_.size() + m];
    }
    for (std::size_t i = 0; i < in_island_.size(); ++i) {
        const auto u = static_cast<std::size_t>(in_island_[i]);
        if (moves[u] == 0) point.unit_p_mw[u] += share_[i] * x[supply_column];
    }
}

}  // namespace nodalroom::headroom
