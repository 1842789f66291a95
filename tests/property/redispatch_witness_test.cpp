// A redispatch witness, read back and solved as any tool would: in the state of each pair that holds the
// headroom back it shows the pair's value, and in every state the dispatch found.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/headroom/study.hpp"
#include "support/case_files.hpp"
#include "support/lp_solver.hpp"
#include "support/ratings.hpp"
#include "support/witness_reading.hpp"

namespace nodalroom::headroom {
namespace {

using contingency::Outage;
using contingency::OutageKind;
using model::Network;
using testing::Reading;

constexpr double kShare = 1e-4;  // 0.01 %

/// The witness has the load, the outage and, where nothing is lost, the dispatch found; the slack is left
/// nothing to do.
void expect_case(const Network& network, const HeadroomRow& row, Outage outage, const Witness& witness,
                 const Reading& seen) {
    const auto& source = network.source();
    const std::size_t k = row.bus.pos();
    EXPECT_EQ(witness.load_mw, row.redispatch.redispatch_mw);
    EXPECT_NEAR(witness.mpc.bus.at(k, io::bus_col::pd) - source.bus.at(k, io::bus_col::pd), witness.load_mw,
                1e-9);
    for (std::size_t l = 0; l < source.branch.rows(); ++l) {
        const bool lost = outage == Outage::of(BranchRow(static_cast<std::int64_t>(l)));
        EXPECT_EQ(witness.mpc.branch.at(l, io::branch_col::status),
                  lost ? 0.0 : source.branch.at(l, io::branch_col::status));
    }
    double left_mw = 0.0, from_dispatch_mw = 0.0;
    for (std::size_t u = 0; u < source.gen.rows(); ++u) {
        const bool lost = outage == Outage::of(UnitRow(static_cast<std::int64_t>(u)));
        EXPECT_EQ(witness.mpc.gen.at(u, io::gen_col::status),
                  lost ? 0.0 : source.gen.at(u, io::gen_col::status));
        if (!seen.network.units()[u].in_service) continue;
        const double written = witness.mpc.gen.at(u, io::gen_col::pg);
        left_mw += std::abs(seen.result.unit_p_pu[u] * network.base_mva() - written);
        from_dispatch_mw += std::abs(written - row.redispatch.unit_p_mw[u]);
    }
    EXPECT_LT(left_mw, 1e-3);
    if (outage.is_intact()) {
        EXPECT_LT(from_dispatch_mw, 0.02);
    } else if (outage.kind == OutageKind::unit &&
               row.redispatch.unit_p_mw[static_cast<std::size_t>(outage.row)] > 1.0) {
        EXPECT_GT(from_dispatch_mw, 0.5) << "others take over";
    }
}

void expect_value(const Network& network, const Binding& binding, const Reading& seen) {
    const auto element = static_cast<std::size_t>(binding.element);
    if (binding.type == LimitType::thermal) {
        const auto& flow = seen.result.branch_flow_pu[element];
        const double mva = network.base_mva() * std::max(std::abs(flow.s_from), std::abs(flow.s_to));
        EXPECT_NEAR(mva, binding.value, kShare * binding.limit);
    } else if (binding.type == LimitType::low_voltage || binding.type == LimitType::high_voltage) {
        EXPECT_NEAR(seen.result.voltages.vm_pu[element], binding.value, kShare);
    }
}

struct Scenario {
    const char* case_name;
    const char* ratings;
    std::size_t every;
};

std::ostream& operator<<(std::ostream& out, const Scenario& scenario) { return out << scenario.case_name; }

class RedispatchWitnesses : public ::testing::TestWithParam<Scenario> {};

TEST_P(RedispatchWitnesses, ShowWhatHoldsTheHeadroomBack) {
    const Scenario& scenario = GetParam();
    NODALROOM_NEEDS_LP_SOLVER();
    NODALROOM_NEEDS_CASE(scenario.case_name);
    auto mpc = testing::read_case(scenario.case_name);
    if (*scenario.ratings != '\0') testing::apply_ratings(mpc, scenario.ratings);
    const Network network = Network::from_matpower(std::move(mpc));
    HeadroomOptions options;
    options.threads = 1;
    options.redispatch.wanted = true;
    for (std::size_t i = scenario.every / 2; i < network.buses().size(); i += scenario.every)
        options.buses.emplace_back(static_cast<std::int64_t>(i));
    const auto result = headroom(network, options);
    const auto all = contingency::list_outages(network, options.contingencies);
    int pairs = 0, units_lost = 0;
    for (const HeadroomRow& row : result.rows) {
        SCOPED_TRACE("bus " + std::to_string(network.bus(row.bus).number.value()));
        if (row.redispatch.redispatch_mw <= row.headroom_mw) continue;
        const auto show = [&](Outage outage) {
            const Witness witness = make_redispatch_witness(network, result.options, row, outage);
            Reading seen = testing::read_back(witness);
            EXPECT_TRUE(seen.result.converged()) << seen.result.reason;
            if (seen.result.converged()) expect_case(network, row, outage, witness, seen);
            return seen;
        };
        for (const BindingPair& pair : row.redispatch.binding) {
            const Reading seen = show(pair.binding.outage);
            if (!seen.result.converged()) continue;
            expect_value(network, pair.binding, seen);
            ++pairs;
        }
        // Any other state is shown too.
        show({});
        for (std::size_t o = row.bus.pos(); o < all.size(); o += 11) {
            if (std::find(result.unsolvable.begin(), result.unsolvable.end(), all[o]) !=
                result.unsolvable.end())
                continue;
            show(all[o]);
            units_lost += all[o].kind == OutageKind::unit ? 1 : 0;
        }
        if (row.redispatch.binding.empty()) continue;
        const auto by_default = make_redispatch_witness(network, result.options, row);
        const auto named = make_redispatch_witness(network, result.options, row,
                                                   row.redispatch.binding.front().binding.outage);
        EXPECT_EQ(io::format_matpower(by_default.mpc, by_default.header),
                  io::format_matpower(named.mpc, named.header));
    }
    EXPECT_GT(pairs, 2);
    EXPECT_GT(units_lost, 0);
}

INSTANTIATE_TEST_SUITE_P(Cases, RedispatchWitnesses,
                         ::testing::Values(Scenario{"case9", "", 2}, Scenario{"case14", "", 3},
                                           Scenario{"case24_ieee_rts", "", 4},
                                           Scenario{"case30", "headroom_case30_ratings", 5},
                                           Scenario{"case39", "headroom_case39_ratings", 7},
                                           Scenario{"case_ACTIVSg200", "", 40}),
                         [](const auto& test) { return std::string(test.param.case_name); });

TEST(RedispatchWitness, IsRefusedWhereThereIsNoDispatch) {
    NODALROOM_NEEDS_CASE("case9");
    const Network network = testing::load_case("case9");
    HeadroomOptions options;
    options.threads = 1;
    options.buses = {BusRow(4)};
    const HeadroomRow row = headroom(network, options).rows.at(0);  // redispatch was not asked for
    try {
        (void)make_redispatch_witness(network, options, row);
        FAIL();
    } catch (const OptionError& error) {
        EXPECT_NE(std::string(error.what()).find("bus 5"), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find("not_run"), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace nodalroom::headroom
