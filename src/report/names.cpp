#include "nodalroom/report/names.hpp"

namespace nodalroom::report {
namespace {

std::string number_of(const model::Network& network, BusRow bus) {
    return std::to_string(network.bus(bus).number.value());
}

}  // namespace

std::string bus_name(const model::Network& network, BusRow bus) {
    std::string text = "bus " + number_of(network, bus);
    const std::string& name = network.bus(bus).name;
    const std::size_t first = name.find_first_not_of(" \t");
    if (first != std::string::npos) {
        text += ' ';
        text += name.substr(first, name.find_last_not_of(" \t") - first + 1);
    }
    return text;
}

std::string branch_name(const model::Network& network, BranchRow branch) {
    const model::Branch& b = network.branch(branch);
    return "branch " + std::to_string(branch.value() + 1) + ": " + number_of(network, b.from) + "-" +
           number_of(network, b.to) + " ckt " + std::to_string(b.circuit);
}

std::string unit_name(const model::Network& network, UnitRow unit) {
    return "unit " + std::to_string(unit.value() + 1) + " at " + number_of(network, network.unit(unit).bus);
}

std::string outage_name(const model::Network& network, const contingency::Outage& outage) {
    switch (outage.kind) {
        case contingency::OutageKind::branch:
            return branch_name(network, BranchRow(outage.row));
        case contingency::OutageKind::unit:
            return unit_name(network, UnitRow(outage.row));
        case contingency::OutageKind::none:
            break;
    }
    return "intact";
}

const char* outage_kind(const contingency::Outage& outage) noexcept {
    switch (outage.kind) {
        case contingency::OutageKind::branch:
            return "branch";
        case contingency::OutageKind::unit:
            return "unit";
        case contingency::OutageKind::none:
            break;
    }
    return "intact";
}

}  // namespace nodalroom::report
