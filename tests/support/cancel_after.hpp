#pragma once

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "nodalroom/core/parallel.hpp"

namespace nodalroom::testing {

/// A thread that cancels a computation once so many items of a stage are done; after a minute at any rate.
inline std::thread cancel_after(RunControl& control, std::string stage, std::size_t items) {
    return std::thread([&control, stage = std::move(stage), items] {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (std::chrono::steady_clock::now() < end) {
            if (control.stage.load() == stage && control.done.load() >= items) break;
        }
        control.cancel = true;
    });
}

}  // namespace nodalroom::testing
