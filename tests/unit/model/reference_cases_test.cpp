#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>

#include "nodalroom/model/network.hpp"

namespace nodalroom::model {
namespace {

std::optional<std::filesystem::path> find_case(const std::string& name) {
    const std::filesystem::path data = NODALROOM_DATA_DIR;
    if (!std::filesystem::is_directory(data)) return std::nullopt;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data)) {
        if (entry.path().filename() == name + ".m") return entry.path();
    }
    return std::nullopt;
}

/// In-service branches that split the network when lost, and those that do not. The figures were
/// counted apart from this library.
struct BridgeCount {
    const char* name;
    int bridges;
    int others;
};

class ReferenceCase : public ::testing::TestWithParam<BridgeCount> {};

TEST_P(ReferenceCase, HasItsBridges) {
    const auto path = find_case(GetParam().name);
    if (!path) GTEST_SKIP() << GetParam().name << ".m is not in " << NODALROOM_DATA_DIR;
    const auto network = read_network(*path);
    int bridges = 0, others = 0;
    for (std::size_t k = 0; k < network.branches().size(); ++k) {
        if (network.branches()[k].in_service) ++(network.is_bridge()[k] ? bridges : others);
    }
    EXPECT_EQ(bridges, GetParam().bridges);
    EXPECT_EQ(others, GetParam().others);
}

INSTANTIATE_TEST_SUITE_P(Matpower, ReferenceCase,
                         ::testing::Values(BridgeCount{"case24_ieee_rts", 1, 37},
                                           BridgeCount{"case_RTS_GMLC", 2, 118},
                                           BridgeCount{"case_ACTIVSg200", 72, 173},
                                           BridgeCount{"case_ACTIVSg500", 254, 343},
                                           BridgeCount{"case_ACTIVSg2000", 450, 2756}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace nodalroom::model
