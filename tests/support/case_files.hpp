#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include "nodalroom/io/matpower_case.hpp"
#include "nodalroom/model/network.hpp"

namespace nodalroom::testing {

/// Where `name`.m lies: under data/, or in the folder the variable NODALROOM_CASES names (for cases
/// whose terms do not let them travel with the project, such as most of MATPOWER's).
inline std::optional<std::filesystem::path> find_case(const std::string& name) {
    std::vector<std::filesystem::path> folders{NODALROOM_DATA_DIR};
    if (const char* more = std::getenv("NODALROOM_CASES")) folders.emplace_back(more);
    for (const auto& folder : folders) {
        if (!std::filesystem::is_directory(folder)) continue;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
            if (entry.path().filename() == name + ".m") return entry.path();
        }
    }
    return std::nullopt;
}

inline io::MatpowerCase read_case(const std::string& name) {
    const auto path = find_case(name);
    if (!path) throw std::runtime_error(name + ".m was not found");
    return io::read_matpower(*path);
}

inline model::Network load_case(const std::string& name) {
    return model::Network::from_matpower(read_case(name));
}

inline BusRow row_of(const model::Network& network, int number) {
    const auto row = network.find_bus(BusNumber(number));
    if (!row) throw std::runtime_error("no bus " + std::to_string(number));
    return *row;
}

}  // namespace nodalroom::testing

/// Skips the test where a case file is not at hand.
#define NODALROOM_NEEDS_CASE(name)                                                  \
    if (!::nodalroom::testing::find_case(name)) {                                   \
        GTEST_SKIP() << (name) << ".m is neither in " << NODALROOM_DATA_DIR         \
                     << " nor in the folder named by the variable NODALROOM_CASES"; \
    }                                                                               \
    static_assert(true)
