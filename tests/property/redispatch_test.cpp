// Redispatch headroom against its definition: the dispatch found, put into the case and solved state by state
// (support/dispatch_referee.hpp), and dispatches drawn at random.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>

#include "nodalroom/headroom/study.hpp"
#include "support/bits.hpp"
#include "support/case_files.hpp"
#include "support/dispatch_referee.hpp"
#include "support/lp_solver.hpp"
#include "support/ratings.hpp"
#include "support/sanitized.hpp"

namespace nodalroom::headroom {
namespace {

using model::Network;
using testing::DispatchReferee;
using testing::same_bits;

constexpr double kCounts = 1e-6;  // share of a limit

/// The load the dispatch belongs to: where it is the fixed rule's own, the load that was checked clean.
double certified_mw(const HeadroomRow& row) {
    return row.redispatch.redispatch_mw > row.headroom_mw ? row.redispatch.redispatch_mw : row.feasible_mw;
}

std::string name_of(const Network& network, const HeadroomRow& row) {
    return "bus " + std::to_string(network.bus(row.bus).number.value()) + ", " +
           std::to_string(row.headroom_mw) + " MW, redispatched " +
           std::to_string(row.redispatch.redispatch_mw) + " MW, " + to_string(row.redispatch.status);
}

/// How far the unit furthest outside its range is, MW. Where the case has it is no less in range.
double out_of_range_mw(const Network& network, const std::vector<double>& p_mw) {
    double most = 0.0;
    for (std::size_t u = 0; u < p_mw.size(); ++u) {
        const auto& unit = network.units()[u];
        if (!unit.in_service) continue;
        const double low = std::min(unit.p_min_pu, unit.p_pu), high = std::max(unit.p_max_pu, unit.p_pu);
        most = std::max({most, low * network.base_mva() - p_mw[u], p_mw[u] - high * network.base_mva()});
    }
    return most;
}

/// What the balance rule alone makes of the case with as much supplied in all (one island).
std::vector<double> by_rule(const Network& network, const powerflow::Balance& balance,
                            const std::vector<double>& p_mw) {
    const auto weights = powerflow::balance_weights(network, balance);
    double supplied = 0.0, sum = 0.0;
    std::vector<double> rule = p_mw;
    for (std::size_t u = 0; u < rule.size(); ++u) {
        rule[u] = network.units()[u].p_pu * network.base_mva();
        if (network.units()[u].in_service) supplied += p_mw[u] - rule[u];
        sum += weights[u];
    }
    for (std::size_t u = 0; u < rule.size(); ++u) rule[u] += supplied * weights[u] / sum;
    return rule;
}

/// Whether units stay in their ranges where the balance rule adds this supply to a dispatch.
bool can_supply(const Network& network, const std::vector<double>& p_mw, double supply_mw) {
    double spare = 0.0;
    const auto spare_of = [&](std::size_t u) {
        const auto& unit = network.units()[u];
        return unit.in_service ? std::max(unit.p_max_pu * network.base_mva() - p_mw[u], 0.0) : 0.0;
    };
    for (std::size_t u = 0; u < p_mw.size(); ++u) spare += spare_of(u);
    for (std::size_t u = 0; u < p_mw.size(); ++u) {
        const double p = p_mw[u] + supply_mw * spare_of(u) / spare;
        const auto& unit = network.units()[u];
        if (unit.in_service &&
            (p > unit.p_max_pu * network.base_mva() + 1e-6 || p < unit.p_min_pu * network.base_mva() - 1e-6))
            return false;
    }
    return true;
}

void expect_moves_add_up(const Network& network, const powerflow::Balance& balance,
                         const RedispatchRow& found) {
    const auto rule = by_rule(network, balance, found.unit_p_mw);
    double up = 0.0, down = 0.0;
    std::vector<double> listed = rule;
    for (const UnitMove& move : found.moves) {
        const std::size_t u = move.unit.pos();
        EXPECT_EQ(move.p_mw, found.unit_p_mw[u]);
        EXPECT_NEAR(move.rule_mw, rule[u], 1e-6);
        EXPECT_NEAR(move.case_mw, network.units()[u].p_pu * network.base_mva(), 1e-9);
        (move.p_mw > move.rule_mw ? up : down) += std::abs(move.p_mw - move.rule_mw);
        listed[u] = move.p_mw;
    }
    for (std::size_t u = 0; u < rule.size(); ++u) {
        if (!network.units()[u].in_service) continue;
        EXPECT_NEAR(listed[u], found.unit_p_mw[u], 0.02) << "unit row " << u << " is not listed";
    }
    const double allowed = 1e-3 * found.moved_mw + 0.01 * static_cast<double>(rule.size());
    EXPECT_NEAR(up, down, allowed);
    EXPECT_NEAR(up, found.moved_mw, allowed);
}

/// Pairs are at their limits, up to what the gap between the bound and the figure pays for: to first order
/// the bound is the figure plus what all the distances are worth.
void expect_binding_at_limit(const RedispatchRow& found) {
    double price = std::numeric_limits<double>::infinity();
    double worth_mw = 0.0;
    for (const BindingPair& pair : found.binding) {
        SCOPED_TRACE(std::string(to_string(pair.binding.type)) + " at " +
                     std::to_string(pair.binding.element) + " after " +
                     std::to_string(pair.binding.outage.row) + ", price " +
                     std::to_string(pair.shadow_price));
        EXPECT_GT(pair.shadow_price, 0.0);
        EXPECT_LE(pair.shadow_price, price);
        price = pair.shadow_price;
        if (pair.binding.type == LimitType::collapse) continue;
        const bool is_lower = pair.binding.type == LimitType::low_voltage;
        const double room = (is_lower ? -1.0 : 1.0) * (pair.binding.limit - pair.binding.value);
        EXPECT_GT(room, -2e-6 * pair.binding.limit);
        worth_mw += pair.shadow_price * std::max(room, 0.0);
    }
    EXPECT_LE(worth_mw, 1.1 * (found.bound_mw - found.redispatch_mw) + 0.01);
}

struct Scenario {
    const char* name;
    const char* case_name;
    const char* ratings;
    std::size_t every = 1;
    std::function<void(HeadroomOptions&)> change = {};
};

std::ostream& operator<<(std::ostream& out, const Scenario& scenario) { return out << scenario.name; }

io::MatpowerCase records_of(const Scenario& scenario) {
    auto mpc = testing::read_case(scenario.case_name);
    if (*scenario.ratings != '\0') testing::apply_ratings(mpc, scenario.ratings);
    return mpc;
}

HeadroomOptions options_of(const Scenario& scenario, const Network& network) {
    HeadroomOptions options;
    options.threads = 1;
    options.redispatch.wanted = true;
    if (scenario.change) scenario.change(options);
    const std::size_t every = scenario.every * (testing::kSanitized ? 5 : 1);
    for (std::size_t i = every / 2; i < network.buses().size(); i += every)
        options.buses.emplace_back(static_cast<std::int64_t>(i));
    return options;
}

class Redispatch : public ::testing::TestWithParam<Scenario> {
protected:
    void SetUp() override {
        NODALROOM_NEEDS_LP_SOLVER();
        NODALROOM_NEEDS_CASE(GetParam().case_name);
    }
};

TEST_P(Redispatch, LeavesNothingCountedInAnyState) {
    const io::MatpowerCase mpc = records_of(GetParam());
    const Network network = Network::from_matpower(mpc);
    const HeadroomOptions options = options_of(GetParam(), network);
    const HeadroomResult result = headroom(network, options);
    const DispatchReferee referee(mpc, options);
    int gained = 0, rules_own_outside = 0;
    for (const HeadroomRow& row : result.rows) {
        SCOPED_TRACE(name_of(network, row));
        const RedispatchRow& found = row.redispatch;
        ASSERT_NE(found.status, RedispatchStatus::not_run);
        EXPECT_GE(found.redispatch_mw, row.headroom_mw);
        EXPECT_GE(found.bound_mw, found.redispatch_mw);
        if (found.status == RedispatchStatus::limited) {
            EXPECT_LE(found.bound_mw, found.redispatch_mw + std::max(1.0, 0.005 * found.bound_mw));
        }
        EXPECT_EQ(found.states_total, referee.states());
        ASSERT_EQ(found.unit_p_mw.size(), network.units().size());
        // A figure no better than the rule's stands for the rule's own dispatch, at the load at which that
        // was checked. That may have units outside their ranges, and is not what the program's rows are
        // about.
        const bool is_rules_own = found.redispatch_mw == row.headroom_mw;
        const double outside_mw = out_of_range_mw(network, found.unit_p_mw);
        if (is_rules_own) {
            const auto rule = by_rule(network, options.balance, found.unit_p_mw);
            for (std::size_t u = 0; u < rule.size(); ++u) EXPECT_NEAR(found.unit_p_mw[u], rule[u], 1e-6);
            EXPECT_TRUE(found.moves.empty());
            EXPECT_LT(found.moved_mw, 1e-6);
            EXPECT_EQ(found.states_solved, row.states_solved);
            rules_own_outside += outside_mw > 0.2 ? 1 : 0;
        } else {
            EXPECT_LE(outside_mw, 1e-3);
        }
        if (outside_mw <= 1e-3) expect_binding_at_limit(found);
        expect_moves_add_up(network, options.balance, found);
        const auto checked = referee.check(found.unit_p_mw, row.bus, certified_mw(row));
        EXPECT_TRUE(checked.is_clean(kCounts)) << checked.text();
        EXPECT_EQ(checked.states, referee.states());
        // The fixed rule's figure lies 0.005 MW above the load that its dispatch was checked at.
        EXPECT_NEAR(checked.supply_mw, 0.0, is_rules_own ? 0.006 : 1e-3) << "the dispatch balances the case";
        gained += found.redispatch_mw > row.headroom_mw + 0.5 ? 1 : 0;
    }
    EXPECT_GT(gained, 0);
    // The exception happens, where the balance rule heeds no ranges.
    if (options.balance.rule == powerflow::BalanceRule::pmax && !testing::kSanitized) {
        EXPECT_GT(rules_own_outside, 0);
    }
}

TEST_P(Redispatch, IsTheSameOnOneThreadOnTwoAndForOneBusAlone) {
    const Network network = Network::from_matpower(records_of(GetParam()));
    HeadroomOptions options = options_of(GetParam(), network);
    const auto one = headroom(network, options).rows;
    options.threads = 2;
    const auto two = headroom(network, options).rows;
    const auto expect_same = [&](const HeadroomRow& a, const HeadroomRow& b) {
        SCOPED_TRACE(name_of(network, a));
        const RedispatchRow &x = a.redispatch, &y = b.redispatch;
        ASSERT_EQ(a.bus, b.bus);
        EXPECT_EQ(x.status, y.status);
        EXPECT_TRUE(same_bits(x.redispatch_mw, y.redispatch_mw)) << x.redispatch_mw - y.redispatch_mw;
        EXPECT_TRUE(same_bits(x.bound_mw, y.bound_mw)) << x.bound_mw - y.bound_mw;
        EXPECT_TRUE(same_bits(x.moved_mw, y.moved_mw));
        EXPECT_TRUE(same_bits(x.unit_p_mw, y.unit_p_mw));
        EXPECT_EQ(x.states_solved, y.states_solved);
        EXPECT_EQ(x.rounds, y.rounds);
        ASSERT_EQ(x.binding.size(), y.binding.size());
        for (std::size_t p = 0; p < x.binding.size(); ++p) {
            EXPECT_TRUE(x.binding[p].binding.outage == y.binding[p].binding.outage);
            EXPECT_EQ(x.binding[p].binding.element, y.binding[p].binding.element);
            EXPECT_TRUE(same_bits(x.binding[p].shadow_price, y.binding[p].shadow_price));
        }
    };
    for (std::size_t r = 0; r < one.size(); ++r) expect_same(one[r], two[r]);
    options.threads = 1;
    const std::size_t stride = std::max<std::size_t>(one.size() / 3, 1);
    for (std::size_t r = one.size() - 1; r < one.size(); r -= stride) {
        options.buses = {one[r].bus};
        expect_same(one[r], headroom(network, options).rows.at(0));
    }
}

TEST_P(Redispatch, SolvesEveryStateWhereAllAreToBeCertified) {
    const Network network = Network::from_matpower(records_of(GetParam()));
    HeadroomOptions options = options_of(GetParam(), network);
    while (options.buses.size() > 8) options.buses.erase(options.buses.begin() + options.buses.size() / 2);
    options.certify = Certify::all;
    for (const HeadroomRow& row : headroom(network, options).rows) {
        SCOPED_TRACE(name_of(network, row));
        EXPECT_EQ(row.redispatch.states_solved, row.redispatch.states_total);
        EXPECT_TRUE(row.redispatch.certified());
    }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Redispatch,
    ::testing::Values(Scenario{"case9", "case9", ""}, Scenario{"case14", "case14", "headroom_case14"},
                      Scenario{"case24", "case24_ieee_rts", ""},
                      Scenario{"case24_pmax", "case24_ieee_rts", "", 1,
                               [](auto& o) { o.balance.rule = powerflow::BalanceRule::pmax; }},
                      Scenario{"case9_reference_no_q", "case9", "", 1,
                               [](auto& o) {
                                   o.balance.rule = powerflow::BalanceRule::reference;
                                   o.enforce_q_limits = false;
                               }},
                      Scenario{"case24_unity_rate_c", "case24_ieee_rts", "", 3,
                               [](auto& o) {
                                   o.power_factor = 1.0;
                                   o.limits.rating_post = model::RatingSet::c;
                                   o.limits.band_post = contingency::VoltageBand{0.92, 1.06};
                               }},
                      Scenario{"case30", "case30", ""},
                      Scenario{"case30_rated", "case30", "headroom_case30_ratings"},
                      Scenario{"case30_change", "case30", "headroom_case30_ratings", 5,
                               [](auto& o) {
                                   o.limits.voltage_change_max_pu = 0.03;
                                   o.contingencies = contingency::ContingencySet::branches;
                               }},
                      Scenario{"case39", "case39", "", 2},
                      Scenario{"case39_rated", "case39", "headroom_case39_ratings", 2},
                      Scenario{"activsg200", "case_ACTIVSg200", "", 12}),
    [](const auto& test) { return std::string(test.param.name); });

/// On every bus of the small cases, as they are and with the ratings of their validation folders.
TEST(RedispatchSearch, IsNeverBelowTheFixedRule) {
    NODALROOM_NEEDS_LP_SOLVER();
    const Scenario scenarios[] = {{"case14", "case14", ""},
                                  {"case14 rated", "case14", "headroom_case14"},
                                  {"case24", "case24_ieee_rts", ""},
                                  {"case24 rate A", "case24_ieee_rts", "", 1,
                                   [](auto& o) { o.limits.rating_post = model::RatingSet::a; }},
                                  {"case30", "case30", ""},
                                  {"case30 rated", "case30", "headroom_case30_ratings"},
                                  {"case39", "case39", ""},
                                  {"case39 rated", "case39", "headroom_case39_ratings"}};
    for (const Scenario& scenario : scenarios) {
        SCOPED_TRACE(scenario.name);
        NODALROOM_NEEDS_CASE(scenario.case_name);
        const Network network = Network::from_matpower(records_of(scenario));
        HeadroomOptions options;
        options.threads = 1;
        if (scenario.change) scenario.change(options);
        const auto fixed = headroom(network, options).rows;
        options.redispatch.wanted = true;
        const auto rows = headroom(network, options).rows;
        ASSERT_EQ(rows.size(), fixed.size());
        double gained = 0.0;
        for (std::size_t r = 0; r < rows.size(); ++r) {
            SCOPED_TRACE(name_of(network, rows[r]));
            EXPECT_GE(rows[r].redispatch.redispatch_mw, fixed[r].headroom_mw);
            EXPECT_GE(rows[r].redispatch.bound_mw, rows[r].redispatch.redispatch_mw);
            gained += rows[r].redispatch.redispatch_mw - fixed[r].headroom_mw;
        }
        EXPECT_GT(gained, 1.0);
    }
}

/// A dispatch drawn around another: units move at random, and all give back alike what that adds.
std::vector<double> draw_around(const Network& network, std::vector<double> p_mw, double width,
                                std::mt19937& random) {
    const auto& units = network.units();
    const double base = network.base_mva();
    double off = 0.0;
    const auto put = [&](std::size_t u, double p) {
        const double was = p_mw[u];
        p_mw[u] = std::clamp(p, std::min(units[u].p_min_pu * base, was), units[u].p_max_pu * base);
        off += p_mw[u] - was;
    };
    for (std::size_t u = 0; u < units.size(); ++u) {
        if (!units[u].in_service || random() % 3 != 0) continue;
        const double drawn = 2.0 * static_cast<double>(random()) / 4294967295.0 - 1.0;
        put(u, p_mw[u] + width * drawn * (units[u].p_max_pu - units[u].p_min_pu) * base);
    }
    for (int round = 0; round < 40; ++round) {
        const double share = off / static_cast<double>(units.size());
        for (std::size_t u = 0; u < units.size(); ++u) {
            if (units[u].in_service) put(u, p_mw[u] - share);
        }
    }
    return p_mw;
}

/// No dispatch drawn at random carries more than the figure and its stated gap. From the case's dispatch to
/// the one drawn, the load is raised until something counts.
TEST(RedispatchSearch, IsNotBeatenByDispatchesDrawnAtRandom) {
    NODALROOM_NEEDS_LP_SOLVER();
    NODALROOM_NEEDS_CASE("case_ACTIVSg200");
    const io::MatpowerCase mpc = testing::read_case("case_ACTIVSg200");
    const Network network = Network::from_matpower(mpc);
    HeadroomOptions options;
    options.threads = 1;
    options.redispatch.wanted = true;
    for (const int number : {1, 21, 81, 121, 161, 181})
        options.buses.push_back(testing::row_of(network, number));
    if (testing::kSanitized) options.buses.resize(1);
    const auto rows = headroom(network, options).rows;
    const DispatchReferee referee(mpc, options);
    std::vector<double> in_case;
    for (const auto& unit : network.units()) in_case.push_back(unit.p_pu * network.base_mva());
    const int draws = testing::kSanitized ? 8 : 100;
    constexpr double kWidths[] = {0.003, 0.03, 0.3};
    int limited = 0, better_than_fixed = 0;
    for (const HeadroomRow& row : rows) {
        SCOPED_TRACE(name_of(network, row));
        const RedispatchRow& found = row.redispatch;
        if (found.status != RedispatchStatus::limited) continue;
        ++limited;
        std::vector<contingency::Outage> known{row.binding.outage};
        for (const BindingPair& pair : found.binding) known.push_back(pair.binding.outage);
        const double allowed = found.redispatch_mw + std::max(1.0, 0.005 * found.redispatch_mw);
        std::mt19937 random(static_cast<unsigned>(row.bus.value()) + 1U);
        double best_mw = 0.0;
        std::vector<double> best = by_rule(network, options.balance, found.unit_p_mw);
        for (int draw = 0; draw < draws; ++draw) {
            const auto p = draw_around(network,
                                       draw % 4 == 0   ? found.unit_p_mw
                                       : draw % 4 == 1 ? by_rule(network, options.balance, found.unit_p_mw)
                                                       : best,
                                       kWidths[draw % 3], random);
            const auto is_clean = [&](double load_mw) {
                std::vector<double> on_the_way = in_case;
                for (std::size_t u = 0; u < p.size(); ++u)
                    on_the_way[u] += load_mw / allowed * (p[u] - in_case[u]);
                const auto first = referee.check(on_the_way, row.bus, load_mw, &known);
                return first.is_clean(kCounts) && can_supply(network, on_the_way, first.supply_mw) &&
                       referee.check(on_the_way, row.bus, load_mw).is_clean(kCounts);
            };
            EXPECT_FALSE(is_clean(allowed)) << "draw " << draw;
            if (!is_clean(best_mw + 0.01)) continue;
            double low = best_mw + 0.01, high = allowed;
            while (high - low > 0.01 * allowed) {
                const double middle = 0.5 * (low + high);
                (is_clean(middle) ? low : high) = middle;
            }
            best_mw = low;
            best = p;
        }
        EXPECT_LE(best_mw, allowed);
        EXPECT_GT(best_mw, 0.9 * row.headroom_mw) << "draws that come close to nothing prove nothing";
        better_than_fixed += best_mw > row.headroom_mw ? 1 : 0;
    }
    EXPECT_GE(limited, testing::kSanitized ? 1 : 4);
    EXPECT_GT(better_than_fixed, testing::kSanitized ? -1 : 0);
}

}  // namespace
}  // namespace nodalroom::headroom
