#include "nodalroom/report/upgrade_tables.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "nodalroom/headroom/study.hpp"
#include "nodalroom/report/names.hpp"
#include "support/case_files.hpp"

namespace nodalroom::report {
namespace {

using contingency::LimitUpgrade;
using MaybeWhole = std::optional<std::int64_t>;

template <class T>
std::vector<T> column(const Table& table, std::string_view name) {
    const Column* found = table.find(name);
    if (found == nullptr) throw std::runtime_error("no column " + std::string(name));
    return std::get<std::vector<T>>(found->values);
}

headroom::HeadroomOptions on_one_thread() {
    headroom::HeadroomOptions options;
    options.threads = 1;
    return options;
}

TEST(UpgradeTables, SayAnUpgradeInWords) {
    const auto network = testing::load_case("case24_ieee_rts");
    EXPECT_EQ(upgrade_text(network, LimitUpgrade{true, 5}),
              "remove the rating of " + branch_name(network, BranchRow(5)));
    EXPECT_EQ(upgrade_text(network, {true, 5, 1.1}),
              "rating of " + branch_name(network, BranchRow(5)) + " x 1.1");
    EXPECT_EQ(upgrade_text(network, LimitUpgrade{false, 2}), "lift the voltage limits of bus 3");
}

TEST(UpgradeTables, HoldARowPerRung) {
    const auto network = testing::load_case("case24_ieee_rts");
    headroom::LadderOptions options;
    options.target_mw = 100.0;
    const auto ladder =
        headroom::upgrade_ladder(network, on_one_thread(), testing::row_of(network, 3), options);
    const Table table = ladder_table(network, ladder);
    ASSERT_EQ(table.rows(), ladder.rungs.size());
    for (std::size_t r = 0; r < table.rows(); ++r) {
        const auto& rung = ladder.rungs[r];
        EXPECT_EQ(column<std::int64_t>(table, "rung")[r], static_cast<std::int64_t>(r));
        EXPECT_EQ(column<double>(table, "certified_mw")[r], rung.certified_mw);
        EXPECT_EQ(column<std::string>(table, "status")[r], headroom::to_string(rung.row.status));
        EXPECT_EQ(column<std::string>(table, "upgrade")[r],
                  rung.upgrade ? upgrade_text(network, *rung.upgrade) : "");
        if (rung.row.binding.type != headroom::LimitType::thermal) continue;
        // The file's own figure.
        EXPECT_EQ(column<double>(table, "limit")[r],
                  network.source().branch.at(static_cast<std::size_t>(rung.row.binding.element),
                                             io::branch_col::rate_b));
        EXPECT_EQ(column<MaybeWhole>(table, "element_row")[r], rung.row.binding.element + 1);
    }
    EXPECT_EQ(column<std::string>(table, "status").back(), "cap_reached");
    EXPECT_EQ(column<std::string>(table, "contingency").back(), "");

    const Table needs = ladder_needs_table(network, ladder);
    ASSERT_GE(needs.rows(), ladder.needs.needs.size());
    EXPECT_EQ(column<std::string>(needs, "element_kind")[0], "bus");
    EXPECT_EQ(column<std::string>(needs, "quantity")[0], "lowest voltage");
    EXPECT_EQ(column<double>(needs, "value")[0], ladder.needs.needs[0].lowest_pu.value);
    EXPECT_EQ(column<double>(needs, "limit")[0], 0.95);
    EXPECT_EQ(column<std::string>(needs, "contingency")[0],
              outage_name(network, ladder.needs.needs[0].lowest_pu.outage));
    auto cancelled = ladder;
    cancelled.needs.complete = false;
    EXPECT_EQ(ladder_needs_table(network, cancelled).rows(), 0U);
}

TEST(UpgradeTables, ShowTheRaisedRatingAtARung) {
    const auto network = testing::load_case("case24_ieee_rts");
    headroom::HeadroomOptions options = on_one_thread();
    options.limits.band_intact = options.limits.band_post = contingency::VoltageBand{0.3, 1.8};
    headroom::LadderOptions steps;
    steps.target_mw = 500.0;
    steps.rating_factor = 1.05;
    steps.max_rungs = 1;
    const auto ladder = headroom::upgrade_ladder(network, options, testing::row_of(network, 18), steps);
    const Table table = ladder_table(network, ladder);
    ASSERT_EQ(table.rows(), 2U);
    const auto rows = column<MaybeWhole>(table, "element_row");
    ASSERT_EQ(rows[0], rows[1]);
    const auto limit = column<double>(table, "limit");
    EXPECT_EQ(limit[1], limit[0] * 1.05);
    EXPECT_NEAR(column<double>(table, "value")[1], limit[1], 1e-3);
    // What it has to carry stands beside the rating it has now.
    const Table needs = ladder_needs_table(network, ladder);
    ASSERT_EQ(needs.rows(), 2U);
    EXPECT_EQ(column<double>(needs, "limit")[1], limit[0]);
}

TEST(UpgradeTables, ShowOfSeveralPairsTheOneThatIsUpgraded) {
    const auto network = testing::load_case("case24_ieee_rts");
    const auto binding = [](headroom::LimitType type, std::int32_t element, double limit) {
        headroom::Binding found;
        found.type = type;
        found.element = element;
        found.limit = limit;
        return found;
    };
    headroom::LadderRung rung;
    rung.binding = {{binding(headroom::LimitType::low_voltage, 7, 0.95), 900.0},
                    {binding(headroom::LimitType::thermal, 10, 208.0), 0.5},
                    {binding(headroom::LimitType::thermal, 11, 175.0), 5.0},
                    {binding(headroom::LimitType::thermal, 11, 208.0), 4.9}};
    headroom::UpgradeLadder ladder;
    ladder.ladder.by_redispatch = true;
    rung.upgrade = LimitUpgrade{true, 11};
    ladder.rungs.push_back(rung);
    rung.upgrade.reset();
    ladder.rungs.push_back(rung);
    ladder.rungs.emplace_back();
    const Table rungs = ladder_rung_table(network, ladder);
    ASSERT_EQ(rungs.rows(), 3U);
    const auto row = column<MaybeWhole>(rungs, "element_row");
    EXPECT_EQ(row[0], 12);  // of its pairs that with the most MW per percent: 4.9 x 208
    EXPECT_EQ(column<double>(rungs, "shadow_price")[0], 4.9);
    EXPECT_EQ(column<std::string>(rungs, "shadow_price_unit")[0], "MW per MVA");
    EXPECT_EQ(row[1], 8);  // nothing is upgraded: the first
    EXPECT_EQ(column<std::string>(rungs, "shadow_price_unit")[1], "MW per pu");
    EXPECT_FALSE(row[2].has_value());
    EXPECT_EQ(column<std::string>(rungs, "shadow_price_unit")[2], "");
    EXPECT_EQ(ladder_table(network, ladder).rows(), 4U + 4U + 1U);
}

TEST(UpgradeTables, ListElementsAndTheirBuses) {
    const auto network = testing::load_case("case24_ieee_rts");
    const auto options = on_one_thread();
    const auto study = headroom::headroom(network, options);
    const auto list = headroom::list_upgrades(network, options, study, 2, false);
    const Table elements = upgrade_table(network, list);
    const Table buses = upgrade_bus_table(network, list);
    ASSERT_EQ(elements.rows(), list.entries.size());
    std::size_t held = 0, row = 0;
    for (std::size_t e = 0; e < list.entries.size(); ++e) {
        const auto& entry = list.entries[e];
        held += entry.buses.size();
        EXPECT_EQ(column<std::string>(elements, "element_kind")[e], headroom::to_string(entry.kind));
        EXPECT_EQ(column<MaybeWhole>(elements, "best_bus")[e].has_value(), entry.was_run);
        for (const auto& bus : entry.buses) {
            EXPECT_EQ(column<std::int64_t>(buses, "bus")[row], network.bus(bus.bus).number.value());
            EXPECT_EQ(column<std::string>(buses, "element")[row],
                      column<std::string>(elements, "element")[e]);
            if (entry.was_run) {
                EXPECT_EQ(column<double>(buses, "after_mw")[row], bus.after_mw);
            } else {
                EXPECT_TRUE(std::isnan(column<double>(buses, "unlocked_mw")[row]));
            }
            ++row;
        }
    }
    EXPECT_EQ(buses.rows(), held);
    EXPECT_EQ(column<std::int64_t>(elements, "buses_held")[0],
              static_cast<std::int64_t>(list.entries[0].buses.size()));
    EXPECT_EQ(column<double>(elements, "unlocked_sum_mw")[0], list.entries[0].sum_mw);
}

}  // namespace
}  // namespace nodalroom::report
