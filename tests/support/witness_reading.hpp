#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "nodalroom/headroom/witness.hpp"
#include "nodalroom/powerflow/solve.hpp"

namespace nodalroom::testing {

/// What the text of a witness says when a plain power flow is run on it, as any tool would: without reactive
/// limits and with one slack.
struct Reading {
    model::Network network;
    powerflow::PowerFlowResult result;
};

inline Reading read_back(const headroom::Witness& witness) {
    const std::string text = io::format_matpower(witness.mpc, witness.header);
    for (const std::string& line : witness.header) EXPECT_NE(text.find(line), std::string::npos);
    auto network = model::Network::from_matpower(io::parse_matpower(text, "witness.m"));
    powerflow::PowerFlowOptions options;
    options.enforce_q_limits = false;
    options.start = powerflow::Start::stored;
    options.balance.rule = powerflow::BalanceRule::reference;
    options.mismatch_tolerance_pu = 1e-10;
    auto result = powerflow::solve(network, options);
    return {std::move(network), std::move(result)};
}

}  // namespace nodalroom::testing
