#include "nodalroom/contingency/outage.hpp"

#include <string>

#include "nodalroom/core/errors.hpp"

namespace nodalroom::contingency {

const char* to_string(ContingencySet set) noexcept {
    switch (set) {
        case ContingencySet::none:
            return "none";
        case ContingencySet::branches:
            return "branches";
        case ContingencySet::units:
            return "units";
        case ContingencySet::n_minus_1:
            return "n-1";
    }
    return "none";
}

ContingencySet parse_contingency_set(std::string_view word) {
    for (const auto set :
         {ContingencySet::none, ContingencySet::branches, ContingencySet::units, ContingencySet::n_minus_1}) {
        if (word == to_string(set)) return set;
    }
    throw OptionError("contingencies = '" + std::string(word) +
                      "'; must be 'n-1', 'branches', 'units' or 'none'");
}

std::vector<Outage> list_outages(const model::Network& network, ContingencySet set) {
    std::vector<Outage> outages;
    if (set == ContingencySet::branches || set == ContingencySet::n_minus_1) {
        for (std::size_t row = 0; row < network.branches().size(); ++row) {
            if (network.branches()[row].in_service && !network.is_bridge()[row]) {
                outages.push_back(Outage::of(BranchRow(static_cast<std::int64_t>(row))));
            }
        }
    }
    if (set == ContingencySet::units || set == ContingencySet::n_minus_1) {
        for (std::size_t row = 0; row < network.units().size(); ++row) {
            if (network.units()[row].in_service)
                outages.push_back(Outage::of(UnitRow(static_cast<std::int64_t>(row))));
        }
    }
    return outages;
}

}  // namespace nodalroom::contingency
