#include "network_doubts.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "case_table.hpp"
#include "nodalroom/core/number_text.hpp"

namespace nodalroom::model {
namespace {

/// Collects the rows one kind of doubt concerns.
class Tally {
public:
    void add(int line, std::string label) {
        if (count_++ == 0) line_ = line;
        if (labels_.size() < named) labels_.push_back(std::move(label));
    }
    /// Appends "COUNT ONE|MANY: LABEL; LABEL; … and N more" where anything was collected.
    void report(Diagnostics& diagnostics, Severity severity, std::string_view code, std::string_view one,
                std::string_view many) const {
        if (count_ == 0) return;
        std::string message = std::to_string(count_) + " ";
        message.append(count_ == 1 ? one : many).append(": ");
        for (std::size_t k = 0; k < labels_.size(); ++k)
            message.append(k == 0 ? "" : "; ").append(labels_[k]);
        if (count_ > labels_.size()) message += "; and " + std::to_string(count_ - labels_.size()) + " more";
        diagnostics.push_back({severity, std::string(code), line_, std::move(message)});
    }

private:
    static constexpr std::size_t named = 5;
    std::size_t count_ = 0;
    int line_ = 0;
    std::vector<std::string> labels_;
};

class Doubts {
public:
    Doubts(const Network& network, Diagnostics& diagnostics)
        : network_(network), mpc_(network.source()), out_(diagnostics) {}

    void find() {
        buses();
        dead_buses();
        references();
        isolated_elements();
        unit_limits();
        regulation();
        statuses();
        impedances();
        ratings_and_angles();
        tables_not_used();
    }

private:
    [[nodiscard]] int bus_line(std::size_t row) const { return mpc_.bus.lines[row]; }
    [[nodiscard]] int unit_line(std::size_t row) const { return mpc_.gen.lines[row]; }
    [[nodiscard]] int branch_line(std::size_t row) const { return mpc_.branch.lines[row]; }
    [[nodiscard]] std::string number_of(BusRow row) const {
        return std::to_string(network_.bus(row).number.value());
    }
    [[nodiscard]] std::string bus_label(std::size_t row) const {
        return "bus " + std::to_string(network_.buses()[row].number.value());
    }
    [[nodiscard]] std::string unit_label(std::size_t row) const {
        return "unit " + std::to_string(row + 1) + " at " + number_of(network_.units()[row].bus);
    }
    [[nodiscard]] std::string branch_label(std::size_t row) const {
        const Branch& branch = network_.branches()[row];
        return "branch " + std::to_string(row + 1) + ": " + number_of(branch.from) + "-" +
               number_of(branch.to) + " ckt " + std::to_string(branch.circuit);
    }
    [[nodiscard]] double type_in_file(std::size_t row) const { return mpc_.bus.at(row, io::bus_col::type); }
    static std::string field(std::string_view name, double value) {
        return std::string(", ").append(name).append(" = ").append(number_text(value));
    }

    void buses();
    void dead_buses();
    void references();
    void isolated_elements();
    void unit_limits();
    void regulation();
    void statuses();
    void impedances();
    void ratings_and_angles();
    void tables_not_used();

    const Network& network_;
    const io::MatpowerCase& mpc_;
    Diagnostics& out_;
};

void Doubts::buses() {
    Tally isolated, no_base_kv;
    for (std::size_t row = 0; row < network_.buses().size(); ++row) {
        const Bus& bus = network_.buses()[row];
        if (type_in_file(row) == 4.0) isolated.add(bus_line(row), bus_label(row));
        if (bus.base_kv == 0.0) no_base_kv.add(bus_line(row), bus_label(row));
    }
    isolated.report(out_, Severity::note, "isolated_buses", "bus is isolated (type 4)",
                    "buses are isolated (type 4)");
    no_base_kv.report(out_, Severity::warning, "base_kv_zero", "bus has baseKV 0, taken as unknown",
                      "buses have baseKV 0, taken as unknown");

    const io::TextTable* names = mpc_.find_text("bus_name");
    if (names != nullptr && names->cells.size() != network_.buses().size()) {
        out_.push_back({Severity::warning, "bus_names_ignored", names->line,
                        "bus_name has " + std::to_string(names->cells.size()) + " entries for " +
                            std::to_string(network_.buses().size()) + " buses and is ignored"});
    }
}

/// Buses with load are refused before they get here, or have type 4 by then.
void Doubts::dead_buses() {
    Tally dead;
    for (std::size_t row = 0; row < network_.buses().size(); ++row) {
        if (network_.buses()[row].type == BusType::isolated && type_in_file(row) != 4.0)
            dead.add(bus_line(row), bus_label(row));
    }
    dead.report(out_, Severity::warning, "dead_buses",
                "bus without load hangs on nothing that has a unit in service and is taken as isolated",
                "buses without load hang on nothing that has a unit in service and are taken as isolated");
}

void Doubts::references() {
    Tally others;
    for (std::size_t row = 0; row < network_.buses().size(); ++row) {
        if (type_in_file(row) != 3.0 || network_.buses()[row].type != BusType::pv) continue;
        const auto island = static_cast<std::size_t>(network_.island_of_bus()[row]);
        others.add(bus_line(row), bus_label(row) + ", where the reference is bus " +
                                      number_of(network_.reference_of_island()[island]));
    }
    others.report(out_, Severity::warning, "several_references",
                  "bus of type 3 is not the reference of its island and is taken as PV (type 2)",
                  "buses of type 3 are not the references of their islands and are taken as PV (type 2)");
}

void Doubts::isolated_elements() {
    Tally dead;
    const auto at_isolated = [&](BusRow bus) { return network_.bus(bus).type == BusType::isolated; };
    for (const Load& load : network_.loads()) {
        if (at_isolated(load.bus)) dead.add(bus_line(load.bus.pos()), "load at " + number_of(load.bus));
    }
    for (const Shunt& shunt : network_.shunts()) {
        if (at_isolated(shunt.bus)) dead.add(bus_line(shunt.bus.pos()), "shunt at " + number_of(shunt.bus));
    }
    for (std::size_t row = 0; row < network_.units().size(); ++row) {
        const bool on = mpc_.gen.at(row, io::gen_col::status) > 0.0;
        if (on && at_isolated(network_.units()[row].bus)) dead.add(unit_line(row), unit_label(row));
    }
    for (std::size_t row = 0; row < network_.branches().size(); ++row) {
        const Branch& branch = network_.branches()[row];
        const bool on = mpc_.branch.at(row, io::branch_col::status) != 0.0;
        if (on && (at_isolated(branch.from) || at_isolated(branch.to)))
            dead.add(branch_line(row), branch_label(row));
    }
    dead.report(out_, Severity::note, "out_of_service_at_isolated_bus",
                "element at an isolated bus is taken as out of service",
                "elements at isolated buses are taken as out of service");
}

void Doubts::unit_limits() {
    namespace col = io::gen_col;
    Tally outside, crossed, unlimited, dispatchable;
    bool any_in_service = false, any_spare = false;
    for (std::size_t row = 0; row < network_.units().size(); ++row) {
        const double p = mpc_.gen.at(row, col::pg), p_min = mpc_.gen.at(row, col::pmin),
                     p_max = mpc_.gen.at(row, col::pmax), q_min = mpc_.gen.at(row, col::qmin),
                     q_max = mpc_.gen.at(row, col::qmax);
        if (!network_.units()[row].in_service) {
            if (p_max < p_min) {
                crossed.add(unit_line(row), unit_label(row) + field("Pmax", p_max) + field("Pmin", p_min));
            }
            if (q_max < q_min) {
                crossed.add(unit_line(row), unit_label(row) + field("Qmax", q_max) + field("Qmin", q_min));
            }
            continue;
        }
        any_in_service = true;
        any_spare = any_spare || network_.units()[row].spare_pu(network_.units()[row].p_pu) > 0.0;
        if (p > p_max) outside.add(unit_line(row), unit_label(row) + field("Pg", p) + field("Pmax", p_max));
        if (p < p_min) outside.add(unit_line(row), unit_label(row) + field("Pg", p) + field("Pmin", p_min));
        if (network_.units()[row].is_dispatchable_load())
            dispatchable.add(unit_line(row), unit_label(row) + field("Pg", p) + field("Pmax", p_max));
        if (std::isinf(p_max)) unlimited.add(unit_line(row), unit_label(row) + field("Pmax", p_max));
        if (std::isinf(p_min)) unlimited.add(unit_line(row), unit_label(row) + field("Pmin", p_min));
    }
    if (any_in_service && !any_spare) {
        out_.push_back(
            {Severity::note, "no_spare", unit_line(0),
             "no unit in service has any spare (Pmax above Pg): under balance 'spare' they share by "
             "Pmax, and a new load is limited by generation at once"});
    }
    outside.report(out_, Severity::warning, "pg_outside_limits",
                   "unit in service has Pg outside [Pmin, Pmax]",
                   "units in service have Pg outside [Pmin, Pmax]");
    dispatchable.report(
        out_, Severity::note, "dispatchable_loads",
        "unit in service has Pmax <= 0: a load that balances nothing by spare or pmax and is "
        "redispatched only where it is named",
        "units in service have Pmax <= 0: loads that balance nothing by spare or pmax and are "
        "redispatched only where they are named");
    crossed.report(out_, Severity::warning, "limits_crossed_out_of_service",
                   "pair of limits of a unit out of service has its maximum below its minimum",
                   "pairs of limits of units out of service have their maximum below their minimum");
    unlimited.report(out_, Severity::warning, "p_limit_infinite",
                     "active power limit of a unit in service is infinite",
                     "active power limits of units in service are infinite");
}

void Doubts::regulation() {
    namespace col = io::gen_col;
    Tally vg_differs, vg_outside, not_regulating, no_q_range, pv_without_unit, reference_without_unit;
    for (std::size_t n = 0; n < network_.buses().size(); ++n) {
        const BusType type = network_.buses()[n].type;
        const auto units = network_.units_at(BusRow(static_cast<std::int64_t>(n)));
        if (units.empty()) {
            if (type == BusType::pv && type_in_file(n) == 2.0) pv_without_unit.add(bus_line(n), bus_label(n));
            if (type == BusType::reference) reference_without_unit.add(bus_line(n), bus_label(n));
            continue;
        }
        const auto of = [&](UnitRow unit, std::size_t column) { return mpc_.gen.at(unit.pos(), column); };
        if (type == BusType::pq) {
            for (const UnitRow unit : units)
                not_regulating.add(unit_line(unit.pos()), unit_label(unit.pos()));
            continue;
        }
        const double vg = of(units.front(), col::vg);
        const double v_min = mpc_.bus.at(n, io::bus_col::vmin), v_max = mpc_.bus.at(n, io::bus_col::vmax);
        if (vg < v_min || vg > v_max) {
            vg_outside.add(unit_line(units.front().pos()),
                           unit_label(units.front().pos()) + field("Vg", vg) +
                               (vg < v_min ? field("Vmin", v_min) : field("Vmax", v_max)));
        }
        const auto other = std::ranges::find_if(units, [&](UnitRow unit) { return of(unit, col::vg) != vg; });
        if (other != units.end()) {
            vg_differs.add(unit_line(other->pos()), unit_label(units.front().pos()) + field("Vg", vg) +
                                                        " and unit " + std::to_string(other->value() + 1) +
                                                        field("Vg", of(*other, col::vg)));
        }
        for (const UnitRow unit : units) {
            const double q_max = of(unit, col::qmax);
            if (q_max != of(unit, col::qmin)) continue;
            no_q_range.add(unit_line(unit.pos()), unit_label(unit.pos()) + field("Qmax = Qmin", q_max));
        }
    }
    vg_differs.report(out_, Severity::warning, "vg_differs_at_bus",
                      "bus has units in service with different Vg; its first one regulates",
                      "buses have units in service with different Vg; the first one of each regulates");
    vg_outside.report(out_, Severity::warning, "vg_outside_limits",
                      "unit in service regulates to a Vg outside [Vmin, Vmax] of its bus",
                      "units in service regulate to a Vg outside [Vmin, Vmax] of their buses");
    not_regulating.report(out_, Severity::note, "unit_at_pq_bus",
                          "unit in service is at a PQ bus (type 1) and does not regulate voltage",
                          "units in service are at PQ buses (type 1) and do not regulate voltage");
    no_q_range.report(out_, Severity::note, "no_reactive_range",
                      "unit in service at a regulated bus has no reactive range",
                      "units in service at regulated buses have no reactive range");
    pv_without_unit.report(out_, Severity::note, "pv_without_unit",
                           "PV bus (type 2) has no unit in service and acts as PQ",
                           "PV buses (type 2) have no unit in service and act as PQ");
    reference_without_unit.report(out_, Severity::warning, "reference_without_unit",
                                  "reference bus (type 3) has no unit in service",
                                  "reference buses (type 3) have no unit in service");
}

void Doubts::statuses() {
    Tally unusual;
    const auto is_unusual = [](double status) { return status != 0.0 && status != 1.0; };
    for (std::size_t row = 0; row < network_.units().size(); ++row) {
        const double status = mpc_.gen.at(row, io::gen_col::status);
        if (is_unusual(status)) {
            unusual.add(unit_line(row),
                        unit_label(row) + field("status", status) + (status > 0.0 ? " (on)" : " (off)"));
        }
    }
    for (std::size_t row = 0; row < network_.branches().size(); ++row) {
        const double status = mpc_.branch.at(row, io::branch_col::status);
        if (is_unusual(status))
            unusual.add(branch_line(row), branch_label(row) + field("status", status) + " (on)");
    }
    unusual.report(out_, Severity::warning, "unusual_status", "status is neither 0 nor 1",
                   "statuses are neither 0 nor 1");
}

void Doubts::impedances() {
    constexpr double tiny_pu = 1e-6;
    Tally negative_r, negative_x, tiny, none, levels;
    for (std::size_t row = 0; row < network_.branches().size(); ++row) {
        const Branch& branch = network_.branches()[row];
        if (!branch.in_service) continue;
        const auto label = [&] { return branch_label(row); };
        const int line = branch_line(row);
        if (branch.r_pu < 0.0) negative_r.add(line, label() + field("r", branch.r_pu));
        if (branch.x_pu < 0.0) negative_x.add(line, label() + field("x", branch.x_pu));
        if (mpc_.branch.at(row, io::branch_col::r) == 0.0 && mpc_.branch.at(row, io::branch_col::x) == 0.0) {
            none.add(line, label());
        } else if (std::hypot(branch.r_pu, branch.x_pu) < tiny_pu) {
            tiny.add(line, label() + field("r", branch.r_pu) + field("x", branch.x_pu));
        }
        const double from_kv = network_.bus(branch.from).base_kv, to_kv = network_.bus(branch.to).base_kv;
        const bool plain = mpc_.branch.at(row, io::branch_col::ratio) == 0.0 && branch.shift_rad == 0.0;
        if (plain && from_kv > 0.0 && to_kv > 0.0 && from_kv != to_kv) {
            levels.add(line, label() + ", " + number_text(from_kv) + " and " + number_text(to_kv) + " kV");
        }
    }
    negative_r.report(out_, Severity::warning, "negative_resistance", "branch in service has r < 0",
                      "branches in service have r < 0");
    negative_x.report(out_, Severity::note, "negative_reactance", "branch in service has x < 0",
                      "branches in service have x < 0");
    none.report(
        out_, Severity::warning, "zero_impedance",
        "branch in service has r = x = 0, taken as x = " + number_text(short_reactance_pu) + " pu",
        "branches in service have r = x = 0, taken as x = " + number_text(short_reactance_pu) + " pu");
    tiny.report(out_, Severity::warning, "tiny_impedance", "branch in service has |z| < 1e-6 pu",
                "branches in service have |z| < 1e-6 pu");
    levels.report(out_, Severity::warning, "base_kv_differs_without_tap",
                  "branch in service joins buses of different baseKV with ratio 0, taken as 1",
                  "branches in service join buses of different baseKV with ratio 0, taken as 1");
}

void Doubts::ratings_and_angles() {
    namespace col = io::branch_col;
    // MATPOWER: 0 and anything from ±360 on mean no limit.
    const auto binds_below = [](double degree) { return degree != 0.0 && degree > -360.0; };
    const auto binds_above = [](double degree) { return degree != 0.0 && degree < 360.0; };
    const bool has_angles = mpc_.branch.columns > col::angmax;
    Tally unlimited, falling, angles;
    for (std::size_t row = 0; row < network_.branches().size(); ++row) {
        const Branch& branch = network_.branches()[row];
        if (!branch.in_service) continue;
        if (branch.rate_a_pu == 0.0) unlimited.add(branch_line(row), branch_label(row));
        const double rate_a = mpc_.branch.at(row, col::rate_a), rate_b = mpc_.branch.at(row, col::rate_b),
                     rate_c = mpc_.branch.at(row, col::rate_c);
        const auto falls = [](double from, double to) { return from > 0.0 && to > 0.0 && to < from; };
        if (falls(rate_a, rate_b) || falls(rate_b, rate_c)) {
            falling.add(branch_line(row), branch_label(row) + field("rateA", rate_a) +
                                              field("rateB", rate_b) + field("rateC", rate_c));
        }
        if (!has_angles) continue;
        const double low = mpc_.branch.at(row, col::angmin), high = mpc_.branch.at(row, col::angmax);
        if (!binds_below(low) && !binds_above(high)) continue;
        angles.add(branch_line(row), branch_label(row) + field("angmin", low) + field("angmax", high));
    }
    unlimited.report(out_, Severity::note, "rating_unlimited",
                     "branch in service has rateA 0: no thermal limit",
                     "branches in service have rateA 0: no thermal limit");
    falling.report(out_, Severity::warning, "ratings_fall",
                   "branch in service has rateB below rateA, or rateC below rateB",
                   "branches in service have rateB below rateA, or rateC below rateB");
    angles.report(out_, Severity::note, "angle_limits_ignored",
                  "branch in service has an angle difference limit, which is not watched",
                  "branches in service have angle difference limits, which are not watched");
}

void Doubts::tables_not_used() {
    constexpr std::size_t from = 0, to = 1, status = 2;
    const io::NumericTable* links = mpc_.find_table("dcline");
    if (links == nullptr || links->columns <= status) return;
    if (links->values.size() != links->rows() * links->columns) return;
    Tally in_service;
    for (std::size_t row = 0; row < links->rows(); ++row) {
        if (!(links->at(row, status) > 0.0)) continue;
        in_service.add(links->lines[row], "dcline " + std::to_string(row + 1) + ": " +
                                              number_text(links->at(row, from)) + "-" +
                                              number_text(links->at(row, to)));
    }
    in_service.report(out_, Severity::warning, "dcline_not_modelled",
                      "dc line in service is left out of the model",
                      "dc lines in service are left out of the model");
}

}  // namespace

void add_doubts(const Network& network, Diagnostics& diagnostics) { Doubts(network, diagnostics).find(); }

}  // namespace nodalroom::model
