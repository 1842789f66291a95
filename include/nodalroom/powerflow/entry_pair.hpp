#pragma once

#include <cstdint>

namespace nodalroom::powerflow {

/// Two entries of Ybus that mirror each other: rows, places among its entries, and blocks among the factors'.
struct EntryPair {
    std::int32_t i, k;
    std::int32_t entry_ik, entry_ki;
    std::int32_t block_ik, block_ki;
};

}  // namespace nodalroom::powerflow
