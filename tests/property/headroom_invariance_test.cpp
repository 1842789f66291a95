// What must not change an answer, and what may change it in one direction only.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>

#include "nodalroom/headroom/study.hpp"
#include "support/bits.hpp"
#include "support/brute_force.hpp"
#include "support/case_files.hpp"
#include "support/csv_table.hpp"
#include "support/random_grid.hpp"
#include "support/ratings.hpp"
#include "support/sanitized.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::Outage;
using model::Network;
using testing::same_bits;

/// A case of the tests: its own ratings, those of a validation folder, or, where it has none,
/// `worst_flow_factor` times each branch's largest MVA over all states.
struct Subject {
    const char* name;
    const char* case_name;
    const char* ratings = "";
    double worst_flow_factor = 0.0;
    std::size_t every = 1;  ///< every n-th bus is a candidate; under a sanitizer every 2n-th
};

std::ostream& operator<<(std::ostream& out, const Subject& subject) { return out << subject.name; }

/// Rates every branch by the worst of its flows over the intact state and all outages, without load.
void rate_by_worst_flow(io::MatpowerCase& mpc, double factor) {
    const Network network = Network::from_matpower(mpc);
    powerflow::PowerFlowOptions options;
    options.balance.rule = powerflow::BalanceRule::spare;
    const contingency::BaseCase base(network, options);
    contingency::StateSolver solver(base);
    std::vector<double> worst(network.branches().size(), 0.0);
    auto states = contingency::list_outages(network, contingency::ContingencySet::n_minus_1);
    states.push_back({});
    for (const Outage outage : states) {
        solver.set_outage(outage);
        if (!solver.solve_from_base().converged()) continue;
        for (std::size_t l = 0; l < worst.size(); ++l) {
            const bool out = outage == Outage::of(BranchRow(static_cast<std::int64_t>(l)));
            if (!network.branches()[l].in_service || out) continue;
            const auto flow = powerflow::flow_of(solver.newton(), l);
            worst[l] = std::max({worst[l], std::abs(flow.s_from), std::abs(flow.s_to)});
        }
    }
    for (std::size_t l = 0; l < worst.size(); ++l) {
        const double mva = std::ceil(factor * worst[l] * network.base_mva() + 5.0);
        for (const auto column : {io::branch_col::rate_a, io::branch_col::rate_b, io::branch_col::rate_c}) {
            mpc.branch.at(l, column) = mva;
        }
    }
}

io::MatpowerCase records_of(const Subject& subject) {
    auto mpc = testing::read_case(subject.case_name);
    if (*subject.ratings != '\0') testing::apply_ratings(mpc, subject.ratings);
    if (subject.worst_flow_factor > 0.0) rate_by_worst_flow(mpc, subject.worst_flow_factor);
    return mpc;
}

HeadroomOptions options_for(const Network& network, const Subject& subject, int threads = 1) {
    HeadroomOptions options;
    options.threads = threads;
    const std::size_t every = subject.every * (testing::kSanitized ? 2 : 1);
    for (std::size_t i = every / 2; i < network.buses().size(); i += every) {
        if (network.island_of_bus()[i] >= 0) options.buses.emplace_back(static_cast<std::int64_t>(i));
    }
    return options;
}

constexpr Subject kCase9{"case9", "case9"};
constexpr Subject kCase14{"case14", "case14", "headroom_case14"};
constexpr Subject kCase24{"case24", "case24_ieee_rts"};
constexpr Subject kCase30{"case30", "case30", "headroom_case30_ratings"};
constexpr Subject kCase39{"case39", "case39", "headroom_case39_ratings", 0.0, 5};
constexpr Subject kCase118{"case118", "case118", "", 1.15, 13};
constexpr Subject kActivsg200{"ACTIVSg200", "case_ACTIVSg200", "", 0.0, 17};
constexpr Subject kActivsg500{"ACTIVSg500", "case_ACTIVSg500", "", 0.0, 71};

/// The same case with fewer candidates.
constexpr Subject sampled(Subject subject, std::size_t every) {
    subject.every *= every;
    return subject;
}

std::string name_of(const ::testing::TestParamInfo<Subject>& test) { return test.param.name; }

bool same_row(const HeadroomRow& a, const HeadroomRow& b) {
    return a.bus == b.bus && a.status == b.status && same_bits(a.headroom_mw, b.headroom_mw) &&
           a.binding.type == b.binding.type && a.binding.outage == b.binding.outage &&
           a.binding.element == b.binding.element && same_bits(a.binding.value, b.binding.value) &&
           same_bits(a.binding.limit, b.binding.limit) && same_bits(a.binding.factor, b.binding.factor) &&
           same_bits(a.feasible_mw, b.feasible_mw) && same_bits(a.violated_mw, b.violated_mw) &&
           a.states_solved == b.states_solved && a.states_total == b.states_total &&
           same_bits(a.thermal_mw, b.thermal_mw) && same_bits(a.voltage_mw, b.voltage_mw) &&
           same_bits(a.collapse_mw, b.collapse_mw) && same_bits(a.generation_mw, b.generation_mw) &&
           a.radial_feed == b.radial_feed;
}

class ToTheBit : public ::testing::TestWithParam<Subject> {};

TEST_P(ToTheBit, ThreadsOrderAndCompanyOfCandidatesChangeNothing) {
    NODALROOM_NEEDS_CASE(GetParam().case_name);
    const Network network = Network::from_matpower(records_of(GetParam()));
    HeadroomOptions options = options_for(network, GetParam());
    const auto one = headroom(network, options);
    ASSERT_TRUE(one.complete);
    ASSERT_GE(one.rows.size(), 2U);
    for (const int threads : {2, 4}) {
        options.threads = threads;
        const auto many = headroom(network, options);
        for (std::size_t r = 0; r < one.rows.size(); ++r) {
            EXPECT_TRUE(same_row(one.rows[r], many.rows[r])) << threads << " threads, row " << r;
        }
    }
    // Another order, on two threads, without some of the candidates and with one twice.
    options.threads = 2;
    std::map<std::int32_t, const HeadroomRow*> expected;
    for (const HeadroomRow& row : one.rows) expected[row.bus.value()] = &row;
    std::shuffle(options.buses.begin(), options.buses.end(), std::mt19937(5));
    options.buses.resize(options.buses.size() - options.buses.size() / 3);
    options.buses.push_back(options.buses.front());
    const auto other = headroom(network, options);
    ASSERT_EQ(other.rows.size(), options.buses.size());
    for (std::size_t r = 0; r < other.rows.size(); ++r) {
        EXPECT_EQ(other.rows[r].bus, options.buses[r]);
        EXPECT_TRUE(same_row(other.rows[r], *expected.at(other.rows[r].bus.value()))) << "row " << r;
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, ToTheBit,
                         ::testing::Values(kCase9, kCase14, kCase24, kCase30, kCase39, kCase118, kActivsg200),
                         name_of);

double tolerance_mw(const HeadroomRow& row) { return row.binding.type == LimitType::collapse ? 1.0 : 0.02; }

class Certificates : public ::testing::TestWithParam<Subject> {};

TEST_P(Certificates, SolvingAllStatesFindsNothingTheScreenMissed) {
    NODALROOM_NEEDS_CASE(GetParam().case_name);
    const Network network = Network::from_matpower(records_of(GetParam()));
    HeadroomOptions options = options_for(network, GetParam());
    const auto screened = headroom(network, options);
    options.certify = Certify::all;
    const auto all = headroom(network, options);
    ASSERT_EQ(all.rows.size(), screened.rows.size());
    for (std::size_t r = 0; r < all.rows.size(); ++r) {
        const auto& row = all.rows[r];
        SCOPED_TRACE("bus " + std::to_string(network.bus(row.bus).number.value()));
        EXPECT_TRUE(row.certified());
        EXPECT_EQ(row.states_total, static_cast<int>(all.states_total - all.unsolvable.size()));
        EXPECT_LE(screened.rows[r].states_solved, screened.rows[r].states_total);
        EXPECT_EQ(screened.rows[r].status, row.status);
        EXPECT_NEAR(screened.rows[r].headroom_mw, row.headroom_mw, tolerance_mw(row));
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, Certificates,
                         ::testing::Values(kCase9, kCase14, kCase24, kCase30, kCase39, kCase118, kActivsg200,
                                           kActivsg500),
                         name_of);

class Bracket : public ::testing::TestWithParam<Subject> {};

TEST_P(Bracket, IsCleanInEveryStateBelowAndBrokenAbove) {
    NODALROOM_NEEDS_CASE(GetParam().case_name);
    const Network network = Network::from_matpower(records_of(GetParam()));
    const HeadroomOptions options = options_for(network, GetParam());
    const auto result = headroom(network, options);
    testing::BruteForce brute(network, options);
    for (const HeadroomRow& row : result.rows) {
        SCOPED_TRACE("bus " + std::to_string(network.bus(row.bus).number.value()));
        EXPECT_LE(row.feasible_mw, row.headroom_mw);
        if (row.feasible_mw > 0.0) {
            EXPECT_EQ(brute.states_not_clean(row.bus, row.feasible_mw), 0U);
        }
        if (row.status == HeadroomStatus::cap_reached) continue;
        EXPECT_GE(row.violated_mw, row.headroom_mw);
        EXPECT_LE(row.violated_mw - row.feasible_mw, row.binding.type == LimitType::collapse ? 1.0 : 0.2);
        EXPECT_TRUE(brute.counts(row.bus, row.binding, row.violated_mw));
        EXPECT_GT(brute.states_not_clean(row.bus, row.violated_mw), 0U);
        // The headline is the smallest of its types' figures.
        EXPECT_NEAR(row.headroom_mw,
                    std::min({row.thermal_mw, row.voltage_mw, row.collapse_mw, row.generation_mw}), 1e-9);
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, Bracket,
                         ::testing::Values(kCase9, kCase14, kCase24, kCase30, kCase39, kCase118, kActivsg200),
                         name_of);

class Renumbered : public ::testing::TestWithParam<Subject> {};

void shuffle_rows(io::NumericTable& table, const std::vector<std::size_t>& order) {
    std::vector<double> values;
    for (const std::size_t r : order) {
        const auto row = table.row(r);
        values.insert(values.end(), row.begin(), row.end());
    }
    table.values = std::move(values);
}

std::vector<std::size_t> shuffled(std::size_t count, std::mt19937& random) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), random);
    return order;
}

TEST_P(Renumbered, BusesBranchesAndUnitsGiveTheSameAnswers) {
    NODALROOM_NEEDS_CASE(GetParam().case_name);
    const auto mpc = records_of(GetParam());
    const Network network = Network::from_matpower(mpc);
    const auto result = headroom(network, options_for(network, GetParam()));

    std::mt19937 random(99);
    auto other = mpc;
    shuffle_rows(other.bus, shuffled(mpc.bus.rows(), random));
    shuffle_rows(other.branch, shuffled(mpc.branch.rows(), random));
    shuffle_rows(other.gen, shuffled(mpc.gen.rows(), random));  // units of one bus share their setpoint here
    other.other_tables.clear();
    other.text_tables.clear();
    std::map<double, double> new_number;
    for (std::size_t i = 0; i < other.bus.rows(); ++i) {
        double& number = other.bus.at(i, io::bus_col::number);
        const double fresh = 10000.0 - 7.0 * static_cast<double>(i);
        new_number[number] = fresh;
        number = fresh;
    }
    for (std::size_t l = 0; l < other.branch.rows(); ++l) {
        for (const auto end : {io::branch_col::from, io::branch_col::to}) {
            other.branch.at(l, end) = new_number.at(other.branch.at(l, end));
        }
    }
    for (std::size_t u = 0; u < other.gen.rows(); ++u) {
        other.gen.at(u, io::gen_col::bus) = new_number.at(other.gen.at(u, io::gen_col::bus));
    }
    const Network renumbered = Network::from_matpower(other);
    HeadroomOptions options = options_for(network, GetParam());
    for (BusRow& bus : options.buses) {
        const double number = new_number.at(static_cast<double>(network.bus(bus).number.value()));
        bus = testing::row_of(renumbered, static_cast<int>(number));
    }
    const auto again = headroom(renumbered, options);
    ASSERT_EQ(again.rows.size(), result.rows.size());
    EXPECT_EQ(again.unsolvable.size(), result.unsolvable.size());
    for (std::size_t r = 0; r < result.rows.size(); ++r) {
        SCOPED_TRACE("bus " + std::to_string(network.bus(result.rows[r].bus).number.value()));
        EXPECT_EQ(again.rows[r].status, result.rows[r].status);
        EXPECT_NEAR(again.rows[r].headroom_mw, result.rows[r].headroom_mw, tolerance_mw(result.rows[r]));
        EXPECT_EQ(again.rows[r].binding.type, result.rows[r].binding.type);
        EXPECT_EQ(again.rows[r].states_total, result.rows[r].states_total);
        EXPECT_EQ(again.rows[r].radial_feed.valid(), result.rows[r].radial_feed.valid());
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, Renumbered,
                         ::testing::Values(kCase9, kCase14, kCase24, kCase30, kCase39, kCase118, kActivsg200),
                         name_of);

/// Ratings do not enter the power flow, and a thermal limit counts where S > rating and the load
/// made it worse. So with larger ratings fewer thermal limits count at every load, and nothing else
/// changes: the thermal figure cannot fall, the others stay, and the headroom, their least, cannot fall.
class LargerRatings : public ::testing::TestWithParam<Subject> {};

TEST_P(LargerRatings, NeverLowerAnAnswerAndLeaveOtherLimitsAlone) {
    NODALROOM_NEEDS_CASE(GetParam().case_name);
    auto mpc = records_of(GetParam());
    const Network network = Network::from_matpower(mpc);
    const auto before = headroom(network, options_for(network, GetParam()));
    for (std::size_t l = 0; l < mpc.branch.rows(); ++l) {
        for (const auto column : {io::branch_col::rate_a, io::branch_col::rate_b, io::branch_col::rate_c}) {
            mpc.branch.at(l, column) *= 2.0;
        }
    }
    const Network doubled = Network::from_matpower(mpc);
    const auto after = headroom(doubled, options_for(doubled, GetParam()));
    std::size_t raised = 0;
    for (std::size_t r = 0; r < before.rows.size(); ++r) {
        const auto &a = before.rows[r], &b = after.rows[r];
        SCOPED_TRACE("bus " + std::to_string(network.bus(a.bus).number.value()));
        EXPECT_GE(b.thermal_mw, a.thermal_mw - 0.1);
        EXPECT_GE(b.headroom_mw, a.headroom_mw - tolerance_mw(a));
        if (std::isfinite(a.voltage_mw) && a.voltage_mw < a.collapse_mw - 1.0) {  // not at the end of a path
            EXPECT_NEAR(b.voltage_mw, a.voltage_mw, 0.1);
        }
        if (std::isfinite(a.generation_mw) && std::isfinite(b.generation_mw)) {
            EXPECT_NEAR(b.generation_mw, a.generation_mw, 0.1);
        }
        raised += b.headroom_mw > a.headroom_mw + 1.0 ? 1 : 0;
    }
    EXPECT_GT(raised, 0U);
}

INSTANTIATE_TEST_SUITE_P(Cases, LargerRatings, ::testing::Values(kCase9, kCase14, kCase24, kActivsg200),
                         name_of);

/// With both thresholds at 0 more counts at every load, so no figure can rise.
TEST(Attribution, StrictnessNeverRaisesAnAnswer) {
    for (const Subject& subject : {kCase9, sampled(kCase14, 3), sampled(kCase24, 3), sampled(kCase30, 4)}) {
        if (!testing::find_case(subject.case_name)) continue;
        const Network network = Network::from_matpower(records_of(subject));
        HeadroomOptions options = options_for(network, subject);
        const auto usual = headroom(network, options);
        options.attribution_mva_per_mw = 0.0;
        options.attribution_voltage_pu = 0.0;
        const auto strict = headroom(network, options);
        for (std::size_t r = 0; r < usual.rows.size(); ++r) {
            EXPECT_LE(strict.rows[r].headroom_mw, usual.rows[r].headroom_mw + tolerance_mw(usual.rows[r]))
                << subject.name << " row " << r;
        }
    }
}

/// Fewer states, fewer limits: the intact state alone bounds N-1 from above.
TEST(Contingencies, NeverRaiseAnAnswer) {
    using contingency::ContingencySet;
    for (const Subject& subject : {sampled(kCase14, 4), sampled(kCase24, 4), sampled(kCase30, 5)}) {
        if (!testing::find_case(subject.case_name)) continue;
        const Network network = Network::from_matpower(records_of(subject));
        HeadroomOptions options = options_for(network, subject);
        const auto n_minus_1 = headroom(network, options);
        std::vector<double> least(n_minus_1.rows.size(), 1e9);
        for (const auto set : {ContingencySet::none, ContingencySet::branches, ContingencySet::units}) {
            options.contingencies = set;
            const auto part = headroom(network, options);
            for (std::size_t r = 0; r < least.size(); ++r)
                least[r] = std::min(least[r], part.rows[r].headroom_mw);
        }
        for (std::size_t r = 0; r < least.size(); ++r) {
            EXPECT_NEAR(n_minus_1.rows[r].headroom_mw, least[r], tolerance_mw(n_minus_1.rows[r]))
                << subject.name << " row " << r;
        }
    }
}

}  // namespace
}  // namespace nodalroom::headroom
