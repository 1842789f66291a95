#include "network_builder.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <unordered_map>
#include <utility>

#include "network_doubts.hpp"
#include "nodalroom/core/errors.hpp"
#include "nodalroom/core/number_text.hpp"
#include "nodalroom/model/branch_model.hpp"

namespace nodalroom::model {
namespace {

constexpr double rad_per_degree = std::numbers::pi / 180.0;

bool is_finite(Complex value) { return std::isfinite(value.real()) && std::isfinite(value.imag()); }

io::MatpowerCase with_label(io::MatpowerCase mpc) {
    if (mpc.source.empty()) mpc.source = mpc.name.empty() ? "case" : mpc.name;
    return mpc;
}

}  // namespace

NetworkBuilder::NetworkBuilder(io::MatpowerCase mpc)
    : mpc_(*(network_.source_ = std::make_shared<const io::MatpowerCase>(with_label(std::move(mpc))))),
      buses_(bus_table(mpc_)),
      units_(unit_table(mpc_)),
      branches_(branch_table(mpc_)) {}

Network NetworkBuilder::build() {
    read_base();
    read_buses();
    read_units();
    read_branches();
    find_islands();
    take_dead_islands_out();
    find_reference_buses();
    find_feeding_bridges();
    network_.diagnostics_ = mpc_.diagnostics;
    add_doubts(network_, network_.diagnostics_);
    return std::move(network_);
}

void NetworkBuilder::read_base() {
    if (!std::isfinite(mpc_.base_mva) || mpc_.base_mva <= 0.0) {
        throw InputError(mpc_.source, mpc_.base_mva_line,
                         "baseMVA = " + number_text(mpc_.base_mva) + "; must be a finite number > 0");
    }
    network_.base_mva_ = mpc_.base_mva;
}

void NetworkBuilder::read_buses() {
    if (buses_.rows() == 0) buses_.refuse("has no rows; a network needs at least one bus");
    network_.buses_.reserve(buses_.rows());
    network_.row_of_number_.reserve(buses_.rows());
    for (std::size_t row = 0; row < buses_.rows(); ++row) read_bus(row);
    read_bus_names();
}

void NetworkBuilder::read_bus(std::size_t row) {
    namespace col = io::bus_col;
    const double number = buses_.at(row, col::number);
    if (number < 1.0 || number > std::numeric_limits<std::int32_t>::max() || number != std::trunc(number)) {
        buses_.refuse(row, {col::number}, "a bus number must be a whole number from 1 to 2147483647");
    }
    const double type = buses_.at(row, col::type);
    if (type != 1.0 && type != 2.0 && type != 3.0 && type != 4.0) {
        buses_.refuse(row, {col::number, col::type}, "must be 1 (PQ), 2 (PV), 3 (reference) or 4 (isolated)");
    }

    Bus bus;
    bus.number = BusNumber(static_cast<std::int64_t>(number));
    bus.type = type == 1.0   ? BusType::pq
               : type == 2.0 ? BusType::pv
               : type == 3.0 ? BusType::reference
                             : BusType::isolated;
    bus.base_kv = buses_.at(row, col::base_kv);
    bus.vm_start_pu = buses_.at(row, col::vm);
    bus.va_start_rad = buses_.at(row, col::va) * rad_per_degree;
    bus.vmin_pu = buses_.at(row, col::vmin);
    bus.vmax_pu = buses_.at(row, col::vmax);
    bus.area = buses_.whole_number(row, col::area);
    bus.zone = buses_.whole_number(row, col::zone);
    if (bus.base_kv < 0.0) buses_.refuse(row, {col::number, col::base_kv}, "must be >= 0");
    if (bus.vmax_pu < bus.vmin_pu) {
        buses_.refuse(row, {col::number, col::vmax, col::vmin}, "Vmax must be >= Vmin");
    }
    // A dead bus may say 0: it has no voltage to start from.
    const bool isolated = bus.type == BusType::isolated;
    if (bus.vm_start_pu < 0.0 || (bus.vm_start_pu == 0.0 && !isolated)) {
        buses_.refuse(row, {col::number, col::vm}, "the voltage to start from must be > 0");
    }

    const BusRow bus_row(static_cast<std::int64_t>(row));
    const auto [known, is_new] = network_.row_of_number_.emplace(bus.number, bus_row);
    if (!is_new) {
        const std::size_t first = known->second.pos();
        std::string rule = "bus numbers must differ, and row " + std::to_string(first + 1);
        if (buses_.line(first) > 0) rule += " (line " + std::to_string(buses_.line(first)) + ")";
        buses_.refuse(row, {col::number}, rule + " has the same");
    }
    network_.buses_.push_back(std::move(bus));

    const Complex s_load(buses_.at(row, col::pd) / network_.base_mva_,
                         buses_.at(row, col::qd) / network_.base_mva_);
    if (s_load != 0.0) network_.loads_.push_back({bus_row, !isolated, s_load, 0.0, 0.0});
    const Complex y_shunt(buses_.at(row, col::gs) / network_.base_mva_,
                          buses_.at(row, col::bs) / network_.base_mva_);
    if (y_shunt != 0.0) network_.shunts_.push_back({bus_row, !isolated, y_shunt});
}

void NetworkBuilder::read_bus_names() {
    const io::TextTable* names = mpc_.find_text("bus_name");
    if (names == nullptr || names->cells.size() != buses_.rows()) return;
    for (std::size_t row = 0; row < buses_.rows(); ++row) network_.buses_[row].name = names->cells[row];
}

BusRow NetworkBuilder::bus_row(const CaseTable& table, std::size_t row, std::size_t column) const {
    const double number = table.at(row, column);
    if (number >= 1.0 && number <= std::numeric_limits<std::int32_t>::max() && number == std::trunc(number)) {
        const auto found = network_.find_bus(BusNumber(static_cast<std::int64_t>(number)));
        if (found) return *found;
    }
    table.refuse(row, {column}, "there is no such bus in the bus table");
}

void NetworkBuilder::read_units() {
    namespace col = io::gen_col;
    const double base = network_.base_mva_;
    network_.units_.reserve(units_.rows());
    network_.units_at_.resize(network_.buses_.size());
    for (std::size_t row = 0; row < units_.rows(); ++row) {
        Unit unit;
        unit.bus = bus_row(units_, row, col::bus);
        unit.in_service = units_.at(row, col::status) > 0.0 && energised(unit.bus);
        unit.p_pu = units_.at(row, col::pg) / base;
        unit.q_pu = units_.at(row, col::qg) / base;
        unit.p_min_pu = units_.at(row, col::pmin) / base;
        unit.p_max_pu = units_.at(row, col::pmax) / base;
        unit.q_min_pu = units_.at(row, col::qmin) / base;
        unit.q_max_pu = units_.at(row, col::qmax) / base;
        unit.v_setpoint_pu = units_.at(row, col::vg);
        if (unit.in_service) {
            constexpr double infinity = std::numeric_limits<double>::infinity();
            if (unit.p_max_pu < unit.p_min_pu) {
                units_.refuse(row, {col::bus, col::pmax, col::pmin}, "Pmax must be >= Pmin");
            }
            if (unit.q_max_pu < unit.q_min_pu) {
                units_.refuse(row, {col::bus, col::qmax, col::qmin}, "Qmax must be >= Qmin");
            }
            if (unit.p_max_pu == -infinity || unit.p_min_pu == infinity) {
                units_.refuse(row, {col::bus, col::pmax, col::pmin}, "the limits must leave a finite output");
            }
            if (unit.q_max_pu == -infinity || unit.q_min_pu == infinity) {
                units_.refuse(row, {col::bus, col::qmax, col::qmin}, "the limits must leave a finite output");
            }
            if (unit.v_setpoint_pu <= 0.0) {
                units_.refuse(row, {col::bus, col::vg},
                              "the voltage setpoint of a unit in service must be > 0");
            }
            network_.units_at_[unit.bus.pos()].push_back(UnitRow(static_cast<std::int64_t>(row)));
        }
        network_.units_.push_back(unit);
    }
}

void NetworkBuilder::read_branches() {
    network_.branches_.reserve(branches_.rows());
    for (std::size_t row = 0; row < branches_.rows(); ++row) network_.branches_.push_back(read_branch(row));
    number_circuits();
}

Branch NetworkBuilder::read_branch(std::size_t row) const {
    namespace col = io::branch_col;
    const auto value = [&](std::size_t column) { return branches_.at(row, column); };
    const double base = network_.base_mva_;
    Branch branch;
    branch.from = bus_row(branches_, row, col::from);
    branch.to = bus_row(branches_, row, col::to);
    if (branch.from == branch.to) {
        branches_.refuse(row, {col::from, col::to}, "a branch must join two different buses");
    }
    branch.in_service = value(col::status) != 0.0 && energised(branch.from) && energised(branch.to);
    branch.r_pu = value(col::r);
    branch.x_pu = value(col::x);
    branch.b_pu = value(col::b);
    if (branch.r_pu == 0.0 && branch.x_pu == 0.0) branch.x_pu = short_reactance_pu;
    for (const std::size_t rate :
         {std::size_t{col::rate_a}, std::size_t{col::rate_b}, std::size_t{col::rate_c}}) {
        if (value(rate) < 0.0) {
            branches_.refuse(row, {col::from, col::to, rate}, "a rating must be >= 0 (0: no limit)");
        }
    }
    branch.rate_a_pu = value(col::rate_a) / base;
    branch.rate_b_pu = value(col::rate_b) / base;
    branch.rate_c_pu = value(col::rate_c) / base;
    if (value(col::ratio) < 0.0) {
        branches_.refuse(row, {col::from, col::to, col::ratio},
                         "a tap ratio must be >= 0 (0: no transformer)");
    }
    branch.tap = value(col::ratio) == 0.0 ? 1.0 : value(col::ratio);
    branch.shift_rad = value(col::angle) * rad_per_degree;
    // A base voltage of 0 is unknown, and says nothing about the kind of branch.
    const double from_kv = network_.bus(branch.from).base_kv, to_kv = network_.bus(branch.to).base_kv;
    const bool joins_levels = from_kv > 0.0 && to_kv > 0.0 && from_kv != to_kv;
    if (value(col::ratio) != 0.0 || branch.shift_rad != 0.0 || joins_levels)
        branch.kind = BranchKind::transformer;

    const BranchAdmittance y = branch_admittance(branch);
    if (!is_finite(y.yff) || !is_finite(y.yft) || !is_finite(y.ytf) || !is_finite(y.ytt) || y.yft == 0.0) {
        branches_.refuse(row, {col::from, col::to, col::r, col::x, col::b, col::ratio},
                         "these give an admittance out of the range of numbers");
    }
    return branch;
}

void NetworkBuilder::number_circuits() {
    std::unordered_map<std::uint64_t, int> circuits;
    circuits.reserve(network_.branches_.size());
    for (Branch& branch : network_.branches_) {
        const BusRow low = std::min(branch.from, branch.to), high = std::max(branch.from, branch.to);
        branch.circuit = ++circuits[(std::uint64_t{low.pos()} << 32) | std::uint64_t{high.pos()}];
    }
}

}  // namespace nodalroom::model
