#include "nodalroom/model/parts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "case_records.hpp"
#include "nodalroom/contingency/state_solver.hpp"
#include "nodalroom/core/errors.hpp"
#include "nodalroom/model/network.hpp"
#include "nodalroom/powerflow/balance.hpp"

namespace nodalroom::model {
namespace {

using testing::CaseRecords;
using testing::ring_of_three;
namespace bus_col = io::bus_col;
namespace gen_col = io::gen_col;
namespace branch_col = io::branch_col;

std::string message(const Network& network, const std::string& code) {
    const auto found = std::ranges::find(network.diagnostics(), code, &Diagnostic::code);
    return found == network.diagnostics().end() ? "none" : found->message;
}

/// Voltages of a case under balance `reference`, without reactive limits.
std::vector<Complex> voltages(const Network& network) {
    powerflow::PowerFlowOptions options;
    options.enforce_q_limits = false;
    const contingency::BaseCase base(network, options);
    EXPECT_TRUE(base.solved());
    std::vector<Complex> found;
    for (std::size_t i = 0; i < network.buses().size(); ++i)
        found.push_back(std::polar(base.voltages().vm_pu[i], base.voltages().va_rad[i]));
    return found;
}

/// Ring of three with buses 4 (10 MW) and 5 (5 MW) behind branch 3-4, which is open.
CaseRecords with_cut_off_load() {
    auto records = ring_of_three();
    records.bus(4, 1, 10.0, 3.0).bus(5, 1, 5.0, 1.0);
    records.branch(3, 4, 0.01, 0.1, 0.0, 0.0, 0.0, 0.0).branch(4, 5);
    return records;
}

TEST(DeadBuses, WithoutLoadAreTakenOutByThemselves) {
    auto records = ring_of_three();
    records.bus(4, 1, 0.0, 0.0, 0.0, 20.0).bus(5, 2).unit(5, 10.0, 0.0);
    records.branch(3, 4, 0.01, 0.1, 0.0, 0.0, 0.0, 0.0).branch(4, 5);
    const Network network = Network::from_matpower(records.mpc());
    EXPECT_EQ(network.buses()[3].type, BusType::isolated);
    EXPECT_EQ(network.buses()[4].type, BusType::isolated);
    EXPECT_EQ(network.island_of_bus()[3], -1);
    EXPECT_EQ(network.reference_of_island().size(), 1U);
    EXPECT_FALSE(network.branches()[4].in_service) << "it joins two dead buses";
    EXPECT_FALSE(network.shunts().back().in_service);
    EXPECT_EQ(message(network, "dead_buses"),
              "2 buses without load hang on nothing that has a unit in service and are taken as isolated: "
              "bus 4; bus 5");
    EXPECT_EQ(network.source().bus.at(3, bus_col::type), 1.0) << "the records stay as the file has them";
    EXPECT_EQ(network.as_modelled().bus.at(3, bus_col::type), 4.0);
    EXPECT_EQ(voltages(network)[2], voltages(Network::from_matpower(ring_of_three().mpc()))[2]);
}

TEST(DeadBuses, WithLoadAreIsolatedOnDemand) {
    auto records = with_cut_off_load();
    EXPECT_THROW((void)Network::from_matpower(records.mpc()), InputError);
    const Network network = Network::from_matpower(records.mpc(), CutOff::isolate);
    EXPECT_EQ(
        message(network, "cut_off_isolated"),
        "2 buses that no unit feeds are taken out, with 15 MW and 4 MVAr of load: bus 4, 10 MW and 3 MVAr; "
        "bus 5, 5 MW and 1 MVAr");
    EXPECT_EQ(network.source().bus.at(4, bus_col::type), 4.0);
    EXPECT_FALSE(network.loads().back().in_service);
    const Network again = Network::from_matpower(network.source());
    EXPECT_EQ(voltages(again), voltages(network));
    EXPECT_EQ(message(again, "cut_off_isolated"), message(network, "cut_off_isolated"));
}

TEST(DeadBuses, AreSaidInWords) {
    auto records = with_cut_off_load();
    EXPECT_EQ(isolate_cut_off(records.mpc()),
              "isolated, without a unit: bus 4, bus 5; 15 MW and 4 MVAr of load lost");
    EXPECT_EQ(isolate_cut_off(records.mpc()), "");
}

/// Branches are in service by any status but 0, units by one above 0.
TEST(Parts, FollowTheRulesOfNetworks) {
    auto records = with_cut_off_load();
    records.set_branch(3, branch_col::status, -1.0).unit(5, 10.0, -1.0);
    auto parts = parts_of(records.mpc());
    ASSERT_EQ(parts.size(), 1U);
    EXPECT_EQ(parts[0].units.size(), 1U);
    EXPECT_EQ(isolate_cut_off(records.mpc()), "");
    records.set_branch(3, branch_col::status, 0.0);
    parts = parts_of(records.mpc());
    ASSERT_EQ(parts.size(), 2U);
    EXPECT_TRUE(parts[0].has_reference);
    EXPECT_FALSE(parts[1].has_reference);
    EXPECT_TRUE(parts[1].units.empty());
    EXPECT_TRUE(parts[1].has_load);
    EXPECT_NEAR(std::abs(parts[1].load_mva - Complex(15.0, 4.0)), 0.0, 1e-12);
}

TEST(SeveralReferences, TheFirstWithAUnitIsTheReference) {
    auto records = ring_of_three();
    records.set_bus(1, bus_col::type, 3.0).unit(2, 20.0);
    const Network network = Network::from_matpower(records.mpc());
    EXPECT_EQ(network.reference_of_island()[0], BusRow(0));
    EXPECT_EQ(network.buses()[1].type, BusType::pv);
    EXPECT_EQ(
        message(network, "several_references"),
        "1 bus of type 3 is not the reference of its island and is taken as PV (type 2): bus 2, where the "
        "reference is bus 1");
    records.set_unit(0, gen_col::status, 0.0);
    EXPECT_EQ(Network::from_matpower(records.mpc()).reference_of_island()[0], BusRow(1));
    records = ring_of_three();
    records.set_bus(1, bus_col::type, 3.0).set_bus(0, bus_col::type, 1.0).set_bus(2, bus_col::type, 3.0);
    EXPECT_EQ(Network::from_matpower(records.mpc()).reference_of_island()[0], BusRow(1)) << "none has a unit";
}

TEST(SeveralReferences, SolveAsIfTheOthersWerePv) {
    auto records = ring_of_three();
    records.set_bus(1, bus_col::type, 3.0).unit(2, 20.0);
    const Network network = Network::from_matpower(records.mpc());
    records.set_bus(1, bus_col::type, 2.0);
    EXPECT_EQ(voltages(network), voltages(Network::from_matpower(records.mpc())));
    EXPECT_EQ(network.as_modelled().bus.values, records.mpc().bus.values);
}

/// Bus 4 hangs on bus 3 by couplers, and closes another loop by branch 4-1.
CaseRecords with_couplers(double x, int couplers) {
    auto records = ring_of_three();
    records.bus(4, 1, 15.0, 5.0).branch(4, 1, 0.01, 0.08);
    for (int k = 0; k < couplers; ++k) records.branch(3, 4, 0.0, x);
    return records;
}

TEST(ZeroImpedance, IsAsGoodAsOneBus) {
    auto merged = ring_of_three();  // buses 3 and 4 as one
    merged.set_bus(2, bus_col::pd, 45.0).set_bus(2, bus_col::qd, 15.0).branch(3, 1, 0.01, 0.08);
    const auto right = voltages(Network::from_matpower(merged.mpc()));
    for (const int couplers : {1, 2, 3}) {
        const Network network = Network::from_matpower(with_couplers(0.0, couplers).mpc());
        const auto found = voltages(network);
        for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(std::abs(found[i] - right[i]), 3e-7) << i;
        EXPECT_LT(std::abs(found[3] - right[2]), 3e-7);
        EXPECT_EQ(network.source().branch.at(4, branch_col::x), 0.0);
        EXPECT_EQ(network.as_modelled().branch.at(4, branch_col::x), short_reactance_pu);
        EXPECT_NE(message(network, "zero_impedance").find("r = x = 0, taken as x = 1e-06 pu"),
                  std::string::npos);
        EXPECT_EQ(message(network, "tiny_impedance"), "none");
    }
}

/// An outage of a coupler gives what the case without it gives, to what its solution is good for.
TEST(ZeroImpedance, CanBeLost) {
    powerflow::PowerFlowOptions options;
    options.enforce_q_limits = false;
    for (const int couplers : {1, 2}) {
        auto records = with_couplers(0.0, couplers);
        const Network network = Network::from_matpower(records.mpc());
        const contingency::BaseCase base(network, options);
        ASSERT_TRUE(base.solved());
        contingency::StateSolver solver(base);
        solver.set_outage(contingency::Outage::of(BranchRow(4)));
        ASSERT_TRUE(solver.solve_from_base().converged());
        const auto right =
            voltages(Network::from_matpower(records.set_branch(4, branch_col::status, 0.0).mpc()));
        for (std::size_t i = 0; i < right.size(); ++i) {
            const auto& found = solver.newton().voltages();
            EXPECT_LT(std::abs(std::polar(found.vm_pu[i], found.va_rad[i]) - right[i]), 1e-7) << i;
        }
    }
}

TEST(DispatchableLoads, BalanceNothingUnlessTheyAreAsked) {
    auto records = ring_of_three();
    records.set_bus(2, bus_col::type, 2.0).unit(3, -50.0);
    records.set_unit(1, gen_col::pmin, -50.0).set_unit(1, gen_col::pmax, 0.0);
    const Network network = Network::from_matpower(records.mpc());
    EXPECT_NE(message(network, "dispatchable_loads").find("unit 2 at 3, Pg = -50, Pmax = 0"),
              std::string::npos);
    using powerflow::BalanceRule;
    const auto weights = [&](powerflow::Balance balance) {
        return powerflow::balance_weights(network, balance);
    };
    EXPECT_EQ(weights({BalanceRule::spare, {}, {}})[1], 0.0);
    EXPECT_EQ(weights({BalanceRule::pmax, {}, {}})[1], 0.0);
    EXPECT_EQ(weights({BalanceRule::given, {1.0, 2.0}, {}})[1], 2.0);
    EXPECT_EQ(message(Network::from_matpower(ring_of_three().mpc()), "dispatchable_loads"), "none");
}

}  // namespace
}  // namespace nodalroom::model
