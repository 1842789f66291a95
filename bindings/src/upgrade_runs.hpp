#pragma once

#include <memory>

#include "nodalroom/headroom/upgrades.hpp"
#include "nodalroom/model/network.hpp"

namespace nodalroom::bindings {

/// A ladder with its network, as Python holds it.
struct Ladder {
    std::shared_ptr<model::Network> network;
    headroom::UpgradeLadder result;
    bool interrupted = false;
};

/// A list of upgrades with its network, as Python holds it.
struct UpgradeList {
    std::shared_ptr<model::Network> network;
    headroom::UpgradeList result;
    bool interrupted = false;
};

}  // namespace nodalroom::bindings
