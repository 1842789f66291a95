// What the program's rows are made of: values, tangents and losses at a point.
#include <algorithm>
#include <cmath>

#include "nodalroom/headroom/redispatch_program.hpp"

namespace nodalroom::headroom {
namespace {

// Points closer to each other than this are one, MW.
constexpr double kOnePointMw = 1e-3;

}  // namespace

void RedispatchProgram::set_losses(const DispatchPoint& point, contingency::StateSolver& intact) {
    const auto& equations = point.base->equations();
    const auto& network = equations.network();
    const auto& units = network.units();
    std::vector<double> adjoint(static_cast<std::size_t>(equations.size()), 0.0);
    const BusRow reference = network.reference_of_island()[island_];
    adjoint[static_cast<std::size_t>(equations.angle_column(reference.pos()))] = 1.0;
    if (!intact.newton().factorise()) return;
    intact.newton().solve_adjoint(adjoint);
    const auto by_p = [&](BusRow bus) {
        return adjoint[static_cast<std::size_t>(equations.p_row(bus.pos()))];
    };
    const std::size_t k = candidate_.bus.pos();
    const bool holds = intact.newton().voltages().mode[k] == powerflow::QMode::regulating;
    const double by_q = holds ? 0.0 : adjoint[static_cast<std::size_t>(equations.q_row(k))];
    loss_by_load_ = -(by_p(candidate_.bus) + candidate_.mvar_per_mw * by_q);
    loss_constant_ = loss_by_load_ * point.load_mw;
    loss_by_others_ = 0.0;
    loss_by_unit_.clear();
    for (std::size_t i = 0; i < in_island_.size(); ++i) {
        const auto u = static_cast<std::size_t>(in_island_[i]);
        const double effect = by_p(units[u].bus);
        loss_constant_ += effect * (point.unit_p_mw()[u] - units[u].p_pu * network.base_mva());
        const std::size_t m = loss_by_unit_.size();
        if (m < movable_.size() && movable_[m] == in_island_[i]) {
            loss_by_unit_.push_back(effect);
        } else {
            loss_by_others_ += share_[i] * effect;
        }
    }
}

PairReading RedispatchProgram::read(const LimitPair& pair, const contingency::BaseCase& base,
                                    const contingency::SolvedState& solved) const {
    return {pair_quantity(base, pair, solved), solved.voltages->supply_pu[island_]};
}

double RedispatchProgram::value_of(const DispatchPoint& point, const LimitPair& pair,
                                   const PairReading& reading) const {
    const double base_mva = context_->base_mva();
    if (pair.type == LimitType::thermal) return std::abs(reading.quantity) * base_mva;
    if (pair.type != LimitType::voltage_change) return reading.quantity.real() * base_mva;
    const double intact = point.base->voltages().vm_pu[static_cast<std::size_t>(pair.element)];
    return std::abs(reading.quantity.real() - intact) * base_mva;
}

Tangent RedispatchProgram::linearise(const DispatchPoint& point, const LimitPair& pair,
                                     const PairReading& reading, const PairEffect& effect) const {
    const contingency::BaseCase& base = *point.base;
    const auto& network = base.network();
    const double base_mva = network.base_mva();
    double re = 1.0, im = 0.0;  // slope of the value by the quantity's parts
    if (pair.type == LimitType::thermal && std::abs(reading.quantity) > 0.0) {
        re = reading.quantity.real() / std::abs(reading.quantity);
        im = reading.quantity.imag() / std::abs(reading.quantity);
    } else if (pair.type == LimitType::voltage_change) {
        const double intact = base.voltages().vm_pu[static_cast<std::size_t>(pair.element)];
        re = reading.quantity.real() < intact ? -1.0 : 1.0;
    }
    const auto of = [&](const std::vector<float>& by_re, const std::vector<float>& by_im, BusRow bus) {
        const double im_part = by_im.empty() ? 0.0 : im * static_cast<double>(by_im[bus.pos()]);
        return re * static_cast<double>(by_re[bus.pos()]) + im_part;
    };
    const auto by_p = [&](BusRow bus) { return of(effect.re_by_p, effect.im_by_p, bus); };

    // The effect is of another dispatch's balance: taken anew for this one's, and for how the shares in it
    // change with the dispatch where they follow the spare.
    const auto& weights = base.unit_weights();
    const bool lost_unit = pair.outage.kind == contingency::OutageKind::unit;
    const std::int32_t lost = lost_unit ? pair.outage.row : -1;
    double weight_sum = 0.0, mean = 0.0;
    for (const std::int32_t unit : in_island_) {
        if (unit == lost) continue;
        const auto u = static_cast<std::size_t>(unit);
        weight_sum += weights[u];
        mean += weights[u] * by_p(network.units()[u].bus);
    }
    if (weight_sum > 0.0) mean /= weight_sum;
    const powerflow::Balance& balance = context_->options.balance;
    const bool by_spare = balance.rule == powerflow::BalanceRule::spare && weight_sum > 0.0;
    const double left = by_spare ? 1.0 - reading.supply_pu / weight_sum : 1.0;
    const auto of_unit = [&](std::int32_t unit) {
        if (unit == lost) return 0.0;
        const BusRow bus = network.units()[static_cast<std::size_t>(unit)].bus;
        const bool takes_part = !balance.area || network.bus(bus).area == *balance.area;
        return (by_p(bus) - mean) * (takes_part ? left : 1.0);
    };

    Tangent made;
    made.by_load = mean - by_p(candidate_.bus) -
                   candidate_.mvar_per_mw * of(effect.re_by_q, effect.im_by_q, candidate_.bus);
    made.value = value_of(point, pair, reading);
    made.load_mw = point.load_mw;
    made.supply_mw = supply_mw(point.unit_p_mw());
    made.change_mw = changes(point.unit_p_mw());
    made.at_zero = made.value - made.by_load * point.load_mw;
    std::size_t m = 0;
    for (std::size_t i = 0; i < in_island_.size(); ++i) {
        const auto u = static_cast<std::size_t>(in_island_[i]);
        const double by_unit = of_unit(in_island_[i]);
        made.at_zero -= by_unit * (point.unit_p_mw()[u] - network.units()[u].p_pu * base_mva);
        if (m < movable_.size() && movable_[m] == in_island_[i]) {
            made.by_unit.push_back(by_unit);
            ++m;
        } else {
            made.by_others += share_[i] * by_unit;
        }
    }
    return made;
}

double RedispatchProgram::supply_mw(std::span<const double> unit_p_mw) const {
    const auto& network = context_->base->network();
    double supply = 0.0;
    for (const std::int32_t unit : in_island_) {
        const auto u = static_cast<std::size_t>(unit);
        supply += unit_p_mw[u] - network.units()[u].p_pu * network.base_mva();
    }
    return supply;
}

std::vector<double> RedispatchProgram::rule_mw(std::span<const double> unit_p_mw) const {
    const double supply = supply_mw(unit_p_mw);
    const auto& network = context_->base->network();
    std::vector<double> rule(unit_p_mw.begin(), unit_p_mw.end());
    for (std::size_t i = 0; i < in_island_.size(); ++i) {
        const auto u = static_cast<std::size_t>(in_island_[i]);
        rule[u] = network.units()[u].p_pu * network.base_mva() + share_[i] * supply;
    }
    return rule;
}

double RedispatchProgram::moved_mw(std::span<const double> unit_p_mw) const {
    const std::vector<double> rule = rule_mw(unit_p_mw);
    double moved = 0.0;
    for (std::size_t u = 0; u < rule.size(); ++u) moved += std::max(unit_p_mw[u] - rule[u], 0.0);
    return moved;
}

std::vector<double> RedispatchProgram::changes(std::span<const double> unit_p_mw) const {
    const auto& network = context_->base->network();
    std::vector<double> change;
    for (const std::int32_t unit : movable_) {
        const auto u = static_cast<std::size_t>(unit);
        change.push_back(unit_p_mw[u] - network.units()[u].p_pu * network.base_mva());
    }
    return change;
}

bool RedispatchProgram::turn(Tangent& tangent, const DispatchPoint& point, double value) const {
    // Broyden's update: what is missing goes along the way between the points.
    std::vector<double> way = changes(point.unit_p_mw());
    for (std::size_t m = 0; m < way.size(); ++m) way[m] -= tangent.change_mw[m];
    const bool has_others = movable_.size() < in_island_.size();
    const double of_load = point.load_mw - tangent.load_mw;
    const double of_supply = has_others ? supply_mw(point.unit_p_mw()) - tangent.supply_mw : 0.0;
    double length_squared = of_load * of_load + of_supply * of_supply;
    for (const double w : way) length_squared += w * w;
    if (length_squared < kOnePointMw * kOnePointMw) return false;
    tangent.is_turned = true;
    const double by_way = (value - predict(tangent, point)) / length_squared;
    tangent.by_load += by_way * of_load;
    tangent.by_others += by_way * of_supply;
    tangent.at_zero =
        tangent.value - tangent.by_load * tangent.load_mw - tangent.by_others * tangent.supply_mw;
    for (std::size_t m = 0; m < way.size(); ++m) {
        tangent.by_unit[m] += by_way * way[m];
        tangent.at_zero -= tangent.by_unit[m] * tangent.change_mw[m];
    }
    return true;
}

double RedispatchProgram::predict(const Tangent& tangent, const DispatchPoint& point) const {
    const auto& network = context_->base->network();
    const double supply = supply_mw(point.unit_p_mw());
    double value = tangent.at_zero + tangent.by_others * supply + tangent.by_load * point.load_mw;
    for (std::size_t m = 0; m < movable_.size(); ++m) {
        const auto u = static_cast<std::size_t>(movable_[m]);
        value += tangent.by_unit[m] * (point.unit_p_mw()[u] - network.units()[u].p_pu * network.base_mva());
    }
    return value;
}

}  // namespace nodalroom::headroom
