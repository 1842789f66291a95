// A witness is a case file. Read back and solved as any tool would, without reactive limits and with one
// slack, it has to show the limiting quantity at its limit.

#include "nodalroom/headroom/witness.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/headroom/study.hpp"
#include "support/case_files.hpp"
#include "support/random_grid.hpp"
#include "support/ratings.hpp"
#include "support/witness_reading.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::OutageKind;
using model::Network;
using testing::read_back;

constexpr double kShare = 1e-4;  // 0.01 %

/// Voltage of the intact state with the row's load, under the study's own rules.
double intact_voltage(const Network& network, const HeadroomOptions& options, const HeadroomRow& row,
                      double load_mw) {
    powerflow::PowerFlowOptions power_flow;
    power_flow.balance = options.balance;
    power_flow.enforce_q_limits = options.enforce_q_limits;
    const contingency::BaseCase base(network, power_flow);
    contingency::StateSolver solver(base);
    const double p = load_mw / network.base_mva();
    solver.set_load(row.bus, p, p * std::tan(std::acos(options.power_factor)));
    EXPECT_TRUE(solver.solve_from(base.voltages()).converged());
    return solver.newton().voltages().vm_pu[static_cast<std::size_t>(row.binding.element)];
}

void expect_shown(const Network& network, const HeadroomOptions& options, const HeadroomRow& row) {
    const Witness witness = make_witness(network, options, row);
    const testing::Reading seen = read_back(witness);
    ASSERT_TRUE(seen.result.converged()) << seen.result.reason;
    const auto& source = network.source();

    // What differs from the case is the load, the outage, the dispatch and how voltages are held.
    const std::size_t k = row.bus.pos();
    EXPECT_NEAR(witness.mpc.bus.at(k, io::bus_col::pd) - source.bus.at(k, io::bus_col::pd), witness.load_mw,
                1e-9);
    EXPECT_EQ(witness.load_mw, row.binding.type == LimitType::collapse ? row.feasible_mw : row.headroom_mw);
    for (std::size_t l = 0; l < source.branch.rows(); ++l) {
        const bool lost =
            row.binding.outage.kind == OutageKind::branch && row.binding.outage.row == static_cast<int>(l);
        EXPECT_EQ(witness.mpc.branch.at(l, io::branch_col::status),
                  lost ? 0.0 : source.branch.at(l, io::branch_col::status));
    }
    for (std::size_t u = 0; u < source.gen.rows(); ++u) {
        const bool lost =
            row.binding.outage.kind == OutageKind::unit && row.binding.outage.row == static_cast<int>(u);
        EXPECT_EQ(witness.mpc.gen.at(u, io::gen_col::status),
                  lost ? 0.0 : source.gen.at(u, io::gen_col::status));
    }
    // The slack has nothing left to do: every production is the one written.
    double moved = 0.0;
    for (std::size_t u = 0; u < source.gen.rows(); ++u) {
        if (!seen.network.units()[u].in_service) continue;
        moved +=
            std::abs(seen.result.unit_p_pu[u] * network.base_mva() - witness.mpc.gen.at(u, io::gen_col::pg));
    }
    EXPECT_LT(moved, 1e-4 * network.base_mva());

    const auto element = static_cast<std::size_t>(std::max(row.binding.element, 0));
    const auto vm = [&] { return seen.result.voltages.vm_pu[element]; };
    switch (row.binding.type) {
        case LimitType::thermal: {
            const auto& flow = seen.result.branch_flow_pu[element];
            const double mva = network.base_mva() * std::max(std::abs(flow.s_from), std::abs(flow.s_to));
            // A row limited from the start says what a hair of load makes of it.
            const double hair =
                row.status == HeadroomStatus::already_limited ? 0.01 * row.binding.factor : 0.0;
            EXPECT_NEAR(mva, row.binding.value, kShare * mva + hair);
            break;
        }
        case LimitType::low_voltage:
        case LimitType::high_voltage:
            EXPECT_NEAR(vm(), row.binding.value, kShare);
            break;
        case LimitType::voltage_change:
            EXPECT_NEAR(std::abs(vm() - intact_voltage(network, options, row, witness.load_mw)),
                        row.binding.value, kShare);
            break;
        case LimitType::generation: {
            double supplied = 0.0;
            for (std::size_t u = 0; u < source.gen.rows(); ++u) {
                if (network.units()[u].in_service) {
                    supplied += witness.mpc.gen.at(u, io::gen_col::pg) - source.gen.at(u, io::gen_col::pg);
                }
            }
            EXPECT_NEAR(supplied, row.binding.limit, kShare * row.binding.limit);
            break;
        }
        case LimitType::collapse:
            EXPECT_NEAR(vm(), row.binding.value, 5e-3);  // steep at the end of a path

            break;
        case LimitType::none:
            break;
    }
    // At the limit, unless the limit had been broken before and what was reached is the threshold.
    const double limit = row.binding.limit;
    if (row.status != HeadroomStatus::limited || std::isnan(limit)) return;
    const bool below = row.binding.type == LimitType::low_voltage;
    const double excess = below ? limit - row.binding.value : row.binding.value - limit;
    EXPECT_GT(excess, -kShare * limit);
}

struct Scenario {
    const char* name;
    const char* case_name;
    const char* ratings;
    LimitType expected;  ///< at least one row is held by this
    std::function<void(HeadroomOptions&)> change;
    std::size_t every = 1;
};

std::ostream& operator<<(std::ostream& out, const Scenario& scenario) { return out << scenario.name; }

void without_voltage_limits(HeadroomOptions& options) {
    options.limits.band_intact = options.limits.band_post = contingency::VoltageBand{0.01, 2.0};
}

class Witnesses : public ::testing::TestWithParam<Scenario> {};

TEST_P(Witnesses, ShowTheLimitWhenReadBack) {
    const Scenario& scenario = GetParam();
    NODALROOM_NEEDS_CASE(scenario.case_name);
    auto mpc = testing::read_case(scenario.case_name);
    if (std::string(scenario.ratings) == "none") {
        for (std::size_t l = 0; l < mpc.branch.rows(); ++l) {
            for (const auto column :
                 {io::branch_col::rate_a, io::branch_col::rate_b, io::branch_col::rate_c}) {
                mpc.branch.at(l, column) = 0.0;
            }
        }
    } else if (*scenario.ratings != '\0') {
        testing::apply_ratings(mpc, scenario.ratings);
    }
    const Network network = Network::from_matpower(std::move(mpc));
    HeadroomOptions options;
    options.threads = 1;
    if (scenario.change) scenario.change(options);
    for (std::size_t i = 0; i < network.buses().size(); i += scenario.every) {
        options.buses.emplace_back(static_cast<std::int64_t>(i));
    }
    const auto result = headroom(network, options);
    std::map<LimitType, int> seen;
    for (const HeadroomRow& row : result.rows) {
        SCOPED_TRACE("bus " + std::to_string(network.bus(row.bus).number.value()) + ", " +
                     to_string(row.status) + " " + to_string(row.binding.type));
        ++seen[row.binding.type];
        expect_shown(network, options, row);
    }
    EXPECT_GT(seen[scenario.expected], 0);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Witnesses,
    ::testing::Values(
        Scenario{"thermal", "case14", "headroom_case14", LimitType::thermal, {}},
        Scenario{"high_voltage", "case14", "headroom_case14", LimitType::high_voltage, {}},
        Scenario{"low_voltage", "case24_ieee_rts", "", LimitType::low_voltage, {}},
        Scenario{"low_voltage_39", "case39", "headroom_case39_ratings", LimitType::low_voltage, {}, 4},
        Scenario{"already_limited", "case30", "", LimitType::thermal, {}},
        Scenario{"unit_outages", "case30", "headroom_case30_ratings", LimitType::low_voltage,
                 [](auto& o) { o.contingencies = contingency::ContingencySet::units; }},
        Scenario{"voltage_change", "case30", "headroom_case30_ratings", LimitType::voltage_change,
                 [](auto& o) {
                     without_voltage_limits(o);
                     o.limits.voltage_change_max_pu = 0.04;
                 }},
        Scenario{"collapse", "case24_ieee_rts", "none", LimitType::collapse, without_voltage_limits},
        Scenario{"collapse_118", "case118", "none", LimitType::collapse,
                 [](auto& o) {
                     without_voltage_limits(o);
                     o.balance.rule = powerflow::BalanceRule::pmax;
                     o.contingencies = contingency::ContingencySet::none;
                 },
                 19},
        Scenario{"generation", "case24_ieee_rts", "none", LimitType::generation,
                 [](auto& o) {
                     without_voltage_limits(o);
                     o.contingencies = contingency::ContingencySet::none;
                 }},
        Scenario{"cap", "case118", "none", LimitType::none,
                 [](auto& o) {
                     without_voltage_limits(o);
                     o.max_mw = 20.0;
                 },
                 23},
        Scenario{"strict", "case24_ieee_rts", "", LimitType::low_voltage,
                 [](auto& o) {
                     o.attribution_mva_per_mw = 0.0;
                     o.attribution_voltage_pu = 0.0;
                 }},
        Scenario{"reference_no_q", "case9", "", LimitType::thermal,
                 [](auto& o) {
                     o.balance.rule = powerflow::BalanceRule::reference;
                     o.enforce_q_limits = false;
                 }},
        Scenario{"activsg200", "case_ACTIVSg200", "", LimitType::low_voltage, {}, 13}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Witness, StandsUpAlsoWhereTheReferenceUnitIsLost) {
    auto records = testing::ring_of_three();
    records.set_bus(1, io::bus_col::type, 2).set_bus(2, io::bus_col::type, 2).unit(2, 40.0).unit(3, 20.0);
    for (std::size_t l = 0; l < 3; ++l) records.set_branch(l, io::branch_col::rate_a, 110.0);
    const Network network = Network::from_matpower(records.mpc());
    HeadroomOptions options;
    options.threads = 1;
    options.contingencies = contingency::ContingencySet::units;
    int reference_lost = 0;
    for (const HeadroomRow& row : headroom(network, options).rows) {
        SCOPED_TRACE(network.bus(row.bus).number.value());
        reference_lost += row.binding.outage.kind == OutageKind::unit && row.binding.outage.row == 0 ? 1 : 0;
        expect_shown(network, options, row);
    }
    EXPECT_GT(reference_lost, 0);
}

TEST(Witness, IsRefusedWhereThereIsNoAnswer) {
    const Network network = Network::from_matpower(testing::ring_of_three().mpc());
    HeadroomOptions options;
    options.threads = 1;
    HeadroomRow row;
    row.bus = BusRow(1);
    EXPECT_THROW((void)make_witness(network, options, row), OptionError);
    row.status = HeadroomStatus::unsolved;
    try {
        (void)make_witness(network, options, row);
        FAIL();
    } catch (const OptionError& error) {
        EXPECT_NE(std::string(error.what()).find("bus 2"), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("unsolved"), std::string::npos);
    }
}

TEST(Witness, IsRefusedForARowOfAnotherStudy) {
    auto records = testing::ring_of_three();
    const Network network = Network::from_matpower(records.mpc());
    HeadroomOptions options;
    options.threads = 1;
    auto row = headroom(network, options).rows.at(1);
    ASSERT_EQ(row.status, HeadroomStatus::limited);
    row.headroom_mw = 1e5;  // no state carries that
    row.feasible_mw = 1e5;
    EXPECT_THROW((void)make_witness(network, options, row), Error);
}

}  // namespace
}  // namespace nodalroom::headroom
