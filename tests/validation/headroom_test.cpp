// Headroom against the independent referee (headroom_*) and collapse against MATPOWER's noses.

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "nodalroom/headroom/study.hpp"
#include "support/brute_force.hpp"
#include "support/case_files.hpp"
#include "support/csv_table.hpp"
#include "support/ratings.hpp"
#include "support/sanitized.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::Outage;
using contingency::OutageKind;
using model::Network;
using testing::CsvTable;
using testing::ValidationCase;

HeadroomOptions options_of(const ValidationCase& golden) {
    HeadroomOptions options;
    options.power_factor = golden.number("power_factor");
    options.balance.rule = powerflow::parse_balance_rule(golden.text("balance"));
    options.limits.rating_post = contingency::parse_rating_set(golden.text("rating_post"));
    options.attribution_mva_per_mw = golden.number("attribution");
    options.attribution_voltage_pu = golden.number("attribution_pu");
    options.max_mw = golden.number("max_mw");
    options.contingencies = contingency::parse_contingency_set(golden.text("contingencies"));
    options.enforce_q_limits = golden.number("q_limits") != 0.0;
    return options;
}

Network network_of(const ValidationCase& golden, const std::string& folder) {
    auto mpc = testing::read_case(golden.text("case"));
    if (!golden.text("ratings").empty()) testing::apply_ratings(mpc, folder);
    return Network::from_matpower(std::move(mpc));
}

/// "low voltage 3" of a tied element, as the referee names it.
std::string referee_name(const Network& network, const Binding& binding) {
    switch (binding.type) {
        case LimitType::thermal:
            return "thermal " + std::to_string(binding.element + 1);
        case LimitType::low_voltage:
            return "low voltage " + std::to_string(network.bus(BusRow(binding.element)).number.value());
        case LimitType::high_voltage:
            return "high voltage " + std::to_string(network.bus(BusRow(binding.element)).number.value());
        case LimitType::collapse:
            return "collapse 0";
        case LimitType::generation:
            return "generation 0";
        default:
            return "";
    }
}

std::string referee_name(Outage outage) {
    switch (outage.kind) {
        case OutageKind::branch:
            return "branch " + std::to_string(outage.row + 1);
        case OutageKind::unit:
            return "unit " + std::to_string(outage.row + 1);
        case OutageKind::none:
            break;
    }
    return "intact 0";
}

std::vector<std::string> listed(const std::string& cell) {
    std::vector<std::string> names;
    for (const std::string& name : CsvTable::split(cell, ';')) {
        const auto first = name.find_first_not_of(' ');
        if (first != std::string::npos) names.push_back(name.substr(first));
    }
    return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

class AgainstReferee : public ::testing::TestWithParam<const char*> {};

TEST_P(AgainstReferee, EveryBusAgrees) {
    const std::string folder = GetParam();
    const ValidationCase golden(folder);
    NODALROOM_NEEDS_CASE(golden.text("case"));
    const Network network = network_of(golden, folder);
    const CsvTable table = golden.table("headroom.csv");
    HeadroomOptions options = options_of(golden);
    std::vector<std::size_t> rows;  // of the table; a sample under a sanitizer
    for (std::size_t r = 0; r < table.rows(); r += testing::kSanitized ? 6 : 1) {
        rows.push_back(r);
        options.buses.push_back(testing::row_of(network, table.integer(r, "bus")));
    }
    const HeadroomResult result = headroom(network, options);
    ASSERT_TRUE(result.intact_solved) << result.reason;
    ASSERT_EQ(result.rows.size(), rows.size());

    const auto unsolvable = listed(golden.text("unsolvable"));
    EXPECT_EQ(result.unsolvable.size(), unsolvable.size());
    for (const Outage outage : result.unsolvable) {
        EXPECT_TRUE(contains(unsolvable, referee_name(outage))) << referee_name(outage);
    }

    testing::BruteForce states(network, options);  // asked only whether a state has a solution at a load
    for (std::size_t k = 0; k < rows.size(); ++k) {
        const std::size_t r = rows[k];
        const HeadroomRow& row = result.rows[k];
        SCOPED_TRACE(folder + " bus " + table.text(r, "bus"));
        const double expected = table.number(r, "headroom_mw");
        const double tolerance = golden.number(
            table.text(r, "limit_type") == "collapse" ? "tolerance_collapse_mw" : "tolerance_mw");
        EXPECT_EQ(to_string(row.status), table.text(r, "status"));
        EXPECT_NEAR(row.headroom_mw, expected, tolerance);
        EXPECT_EQ(row.states_total, table.integer(r, "states"));
        if (row.status == HeadroomStatus::limited || row.status == HeadroomStatus::already_limited) {
            // Ties are right answers: the referee lists the pairs, or the elements, within its step.
            const auto pairs = listed(table.text(r, "tied_pairs"));
            const std::string element = referee_name(network, row.binding);
            if (!pairs.empty()) {
                EXPECT_TRUE(contains(pairs, referee_name(row.binding.outage) + " " + element))
                    << referee_name(row.binding.outage) << " " << element << "; the referee has "
                    << table.text(r, "tied_pairs");
            } else if (!table.text(r, "tied_elements").empty()) {
                EXPECT_TRUE(contains(listed(table.text(r, "tied_elements")), element))
                    << element << "; the referee has " << table.text(r, "tied_elements");
            }
        }
        const struct {
            const char* column;
            double found, tolerance;
        } figures[] = {{"thermal_mw", row.thermal_mw, 0.1},
                       {"voltage_mw", row.voltage_mw, 0.1},
                       // case14's paths are turned back by reactive limits where another branch of
                       // solutions goes on; see tests/property/headroom_brute_force_test.cpp.
                       {"collapse_mw", row.collapse_mw, golden.text("case") == "case14" ? 3.5 : 1.0},
                       {"generation_mw", row.generation_mw, 0.1}};
        for (const auto& figure : figures) {
            const double theirs = table.number(r, figure.column);
            SCOPED_TRACE(figure.column);
            // Within 1 MW of the end of its state's path a limit may be taken for that end, by either side.
            const auto near_an_end = [&](double mw) {
                Binding end;  // of the intact state
                end.type = LimitType::collapse;
                return std::abs(mw - table.number(r, "collapse_mw")) < 1.0 ||
                       (figure.column == std::string("generation_mw") &&
                        states.counts(row.bus, end, mw + 1.0));
            };
            if (std::isnan(theirs)) {
                EXPECT_TRUE(!std::isfinite(figure.found) || near_an_end(figure.found))
                    << "found at " << figure.found << ", the referee has none";
            } else if (figure.found > theirs + figure.tolerance) {
                EXPECT_TRUE(near_an_end(theirs))
                    << "found at " << figure.found << ", the referee has " << theirs;
            } else {
                EXPECT_NEAR(figure.found, theirs, figure.tolerance);
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, AgainstReferee,
                         ::testing::Values("headroom_case9", "headroom_case9_pmax",
                                           "headroom_case9_reference_no_q", "headroom_case14",
                                           "headroom_case24_ieee_rts", "headroom_case24_ieee_rts_rate_a",
                                           "headroom_case30", "headroom_case30_ratings",
                                           "headroom_case30_ratings_reference", "headroom_case39",
                                           "headroom_case39_ratings", "headroom_case_ACTIVSg200"),
                         [](const auto& test) { return std::string(test.param); });

/// Noses of single buses: one supplier, no limits, no outages.
TEST(Collapse, IsMatpowersNose) {
    const ValidationCase golden("collapse");
    const CsvTable table = golden.table("single_bus.csv");
    int compared = 0;
    for (std::size_t r = 0; r < table.rows(); ++r) {
        if (!testing::find_case(table.text(r, "case"))) continue;
        const Network network = testing::load_case(table.text(r, "case"));
        HeadroomOptions options;
        options.power_factor = golden.number("power_factor");
        options.balance.rule = powerflow::BalanceRule::reference;
        options.enforce_q_limits = false;
        options.contingencies = contingency::ContingencySet::none;
        options.buses = {testing::row_of(network, table.integer(r, "bus"))};
        const auto result = headroom(network, options);
        ASSERT_TRUE(result.intact_solved);
        EXPECT_NEAR(result.rows[0].collapse_mw, table.number(r, "nose_mw"), 1.0)
            << table.text(r, "case") << " bus " << table.text(r, "bus");
        ++compared;
    }
    if (compared == 0) GTEST_SKIP() << "no case files in " << NODALROOM_DATA_DIR;
}

}  // namespace
}  // namespace nodalroom::headroom
