#include "nodalroom/report/names.hpp"

#include <gtest/gtest.h>

#include "model/case_records.hpp"

namespace nodalroom::report {
namespace {

model::Network named_ring() {
    testing::CaseRecords records = testing::ring_of_three();
    records.branch(2, 1);
    records.unit(3, 20.0);
    io::TextTable names;
    names.name = "bus_name";
    names.cells = {"ALPHA  ", "", "GAMMA 1"};
    records.mpc().text_tables.push_back(names);
    return model::Network::from_matpower(records.mpc());
}

TEST(Names, AreThoseOfTheFile) {
    const model::Network network = named_ring();
    EXPECT_EQ(bus_name(network, BusRow(0)), "bus 1 ALPHA");
    EXPECT_EQ(bus_name(network, BusRow(1)), "bus 2");
    EXPECT_EQ(bus_name(network, BusRow(2)), "bus 3 GAMMA 1");
    EXPECT_EQ(branch_name(network, BranchRow(0)), "branch 1: 1-2 ckt 1");
    EXPECT_EQ(branch_name(network, BranchRow(3)), "branch 4: 2-1 ckt 2");
    EXPECT_EQ(unit_name(network, UnitRow(1)), "unit 2 at 3");
}

TEST(Names, OfOutages) {
    const model::Network network = named_ring();
    EXPECT_EQ(outage_name(network, {}), "intact");
    EXPECT_EQ(outage_name(network, contingency::Outage::of(BranchRow(2))), "branch 3: 3-1 ckt 1");
    EXPECT_EQ(outage_name(network, contingency::Outage::of(UnitRow(0))), "unit 1 at 1");
    EXPECT_STREQ(outage_kind({}), "intact");
    EXPECT_STREQ(outage_kind(contingency::Outage::of(BranchRow(2))), "branch");
    EXPECT_STREQ(outage_kind(contingency::Outage::of(UnitRow(0))), "unit");
}

}  // namespace
}  // namespace nodalroom::report
