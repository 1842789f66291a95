#pragma once

#include <memory>

#include "nodalroom/headroom/result.hpp"
#include "nodalroom/model/network.hpp"

namespace nodalroom::bindings {

/// A headroom study with its network, as Python holds it.
struct Headroom {
    std::shared_ptr<model::Network> network;
    headroom::HeadroomResult result;
    bool interrupted = false;
};

}  // namespace nodalroom::bindings
