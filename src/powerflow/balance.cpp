#include "nodalroom/powerflow/balance.hpp"

#include <algorithm>
#include <cmath>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/core/number_text.hpp"

namespace nodalroom::powerflow {
namespace {

double raw_weight(const model::Unit& unit, double p_pu, const Balance& balance, std::size_t row) {
    switch (balance.rule) {
        case BalanceRule::spare:
            return unit.spare_pu(p_pu);
        case BalanceRule::pmax:
            return std::max(unit.p_max_pu, 0.0);
        case BalanceRule::given:
            return balance.weights[row];
        case BalanceRule::reference:
            break;
    }
    return 0.0;
}

bool takes_part(const model::Network& network, const model::Unit& unit, const Balance& balance) {
    return unit.in_service && (!balance.area || network.bus(unit.bus).area == *balance.area);
}

/// Weights of the units at an island's reference bus: by Pmax, in equal parts where that says nothing.
void weigh_reference_units(const model::Network& network, BusRow reference, std::vector<double>& weights) {
    double sum = 0.0;
    const auto units = network.units_at(reference);
    for (const UnitRow u : units) {
        const double p_max = network.unit(u).p_max_pu;
        weights[u.pos()] = std::isfinite(p_max) ? std::max(p_max, 0.0) : 0.0;
        sum += weights[u.pos()];
    }
    if (sum > 0.0) return;
    for (const UnitRow u : units) weights[u.pos()] = 1.0;
}

void check_given(const model::Network& network, const Balance& balance) {
    if (balance.weights.size() != network.units().size()) {
        throw OptionError("balance weights: " + std::to_string(balance.weights.size()) +
                          " given; the case has " + std::to_string(network.units().size()) +
                          " units, and one weight per unit is needed");
    }
    for (std::size_t row = 0; row < balance.weights.size(); ++row) {
        if (!(balance.weights[row] >= 0.0) || !std::isfinite(balance.weights[row])) {
            throw OptionError("balance weight of unit " + std::to_string(row + 1) + " = " +
                              number_text(balance.weights[row]) + "; must be finite and >= 0");
        }
    }
}

}  // namespace

std::optional<std::string> Powers::first_violation(const model::Network& network) const {
    struct Given {
        const char* name;
        const std::vector<double>* values;
        std::size_t rows;
        const char* what;
    };
    const std::size_t loads = network.loads().size(), units = network.units().size();
    for (const Given& given :
         {Given{"load_p_mw", &load_p_mw, loads, "load"}, Given{"load_q_mvar", &load_q_mvar, loads, "load"},
          Given{"unit_p_mw", &unit_p_mw, units, "unit"}, Given{"unit_q_mvar", &unit_q_mvar, units, "unit"}}) {
        const std::vector<double>& values = *given.values;
        if (values.empty()) continue;
        if (values.size() != given.rows) {
            return std::string(given.name) + " has " + std::to_string(values.size()) +
                   " values; the case has " + std::to_string(given.rows) + " " + given.what +
                   "s, and one value for each is needed";
        }
        for (std::size_t row = 0; row < values.size(); ++row) {
            if (std::isfinite(values[row])) continue;
            return std::string(given.name) + " of " + given.what + " row " + std::to_string(row + 1) + " = " +
                   number_text(values[row]) + "; must be finite";
        }
    }
    return std::nullopt;
}

std::string Balance::name() const {
    static constexpr const char* names[] = {"spare", "pmax", "reference", "weights"};
    std::string text = names[static_cast<std::size_t>(rule)];
    if (area) text += " in area " + std::to_string(*area);
    return text;
}

BalanceRule parse_balance_rule(std::string_view word) {
    if (word == "spare") return BalanceRule::spare;
    if (word == "pmax") return BalanceRule::pmax;
    if (word == "reference") return BalanceRule::reference;
    throw OptionError("balance = '" + std::string(word) + "'; must be 'spare', 'pmax' or 'reference'");
}

bool is_without_spare(const model::Network& network, const Balance& balance, const Powers& powers) {
    if (balance.rule != BalanceRule::spare) return false;
    const auto units = network.units();
    for (std::size_t row = 0; row < units.size(); ++row) {
        if (takes_part(network, units[row], balance) &&
            units[row].spare_pu(powers.unit_p_pu(network, row)) > 0.0)
            return false;
    }
    return true;
}

std::vector<double> balance_weights(const model::Network& network, const Balance& balance,
                                    const Powers& powers) {
    const auto units = network.units();
    std::vector<double> weights(units.size(), 0.0);
    if (balance.rule == BalanceRule::given) check_given(network, balance);
    if (balance.rule == BalanceRule::reference && !balance.area) {
        for (const BusRow reference : network.reference_of_island())
            weigh_reference_units(network, reference, weights);
        return weights;
    }

    std::vector<double> sum_of_island(network.reference_of_island().size(), 0.0);
    const auto weigh = [&](BalanceRule rule) {
        Balance by = balance;
        by.rule = rule;
        for (std::size_t row = 0; row < units.size(); ++row) {
            const model::Unit& unit = units[row];
            if (!takes_part(network, unit, balance)) continue;
            const int island = network.island_of_bus()[unit.bus.pos()];
            const bool at_reference =
                network.reference_of_island()[static_cast<std::size_t>(island)] == unit.bus;
            const double weight = rule == BalanceRule::reference
                                      ? (at_reference ? std::max(unit.p_max_pu, 0.0) : 0.0)
                                      : raw_weight(unit, powers.unit_p_pu(network, row), by, row);
            if (!std::isfinite(weight)) {
                throw OptionError("balance = " + balance.name() + ": unit " + std::to_string(row + 1) +
                                  " has an infinite Pmax; choose 'reference' or give weights");
            }
            weights[row] = weight;
            sum_of_island[static_cast<std::size_t>(island)] += weight;
        }
    };
    // A dispatch that leaves no spare is one all the same: what little it is off by is shared by Pmax.
    weigh(is_without_spare(network, balance, powers) ? BalanceRule::pmax : balance.rule);

    double total = 0.0;
    for (const double sum : sum_of_island) total += sum;
    if (total <= 0.0) {
        throw OptionError("balance = " + balance.name() +
                          ": no in-service unit can take part; choose another balance or give weights");
    }
    for (std::size_t island = 0; island < sum_of_island.size(); ++island) {
        if (sum_of_island[island] <= 0.0)
            weigh_reference_units(network, network.reference_of_island()[island], weights);
    }
    return weights;
}

}  // namespace nodalroom::powerflow
