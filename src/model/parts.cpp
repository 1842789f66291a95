#include "nodalroom/model/parts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

#include "network_builder.hpp"
#include "nodalroom/core/number_text.hpp"

namespace nodalroom::model {
namespace {

/// Six digits: sums have noise in their last ones.
std::string short_text(double value) {
    std::array<char, 32> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value + 0.0, std::chars_format::general, 6);
    return {text.data(), end.ptr};
}

std::string listed(const std::vector<std::string>& labels, std::size_t most, const char* between) {
    std::string text;
    for (std::size_t k = 0; k < std::min(labels.size(), most); ++k)
        text.append(k == 0 ? "" : between).append(labels[k]);
    return text;
}

}  // namespace

std::vector<Part> NetworkBuilder::parts() {
    read_base();
    read_buses();
    read_units();
    read_branches();
    find_islands();
    std::vector<Part> parts(static_cast<std::size_t>(islands_));
    const auto of = [&](BusRow bus) -> Part& {
        return parts[static_cast<std::size_t>(network_.island_of_bus_[bus.pos()])];
    };
    for (std::size_t n = 0; n < network_.buses_.size(); ++n) {
        if (network_.island_of_bus_[n] < 0) continue;
        const BusRow bus(static_cast<std::int64_t>(n));
        Part& part = of(bus);
        part.buses.push_back(bus);
        part.has_reference = part.has_reference || network_.bus(bus).type == BusType::reference;
    }
    for (std::size_t u = 0; u < network_.units_.size(); ++u) {
        if (network_.units_[u].in_service)
            of(network_.units_[u].bus).units.emplace_back(static_cast<std::int64_t>(u));
    }
    for (const Load& load : network_.loads_) {
        if (!load.in_service) continue;
        of(load.bus).load_mva += load.s_power_pu * network_.base_mva_;
        of(load.bus).has_load = true;
    }
    return parts;
}

std::vector<Part> parts_of(const io::MatpowerCase& mpc) { return NetworkBuilder(mpc).parts(); }

std::string load_text(std::complex<double> load_mva) {
    return short_text(load_mva.real()) + " MW and " + short_text(load_mva.imag()) + " MVAr";
}

std::string isolate_cut_off(io::MatpowerCase& mpc) {
    namespace col = io::bus_col;
    constexpr std::size_t named = 4, listed_loads = 20;
    std::vector<std::size_t> dead;
    std::complex<double> lost_mva;
    for (const Part& part : parts_of(mpc)) {
        if (!part.units.empty()) continue;
        for (const BusRow bus : part.buses) dead.push_back(bus.pos());
        lost_mva += part.load_mva;
    }
    if (dead.empty()) return {};
    std::ranges::sort(dead);
    std::vector<std::string> buses, with_load;
    for (const std::size_t row : dead) {
        mpc.bus.at(row, col::type) = 4.0;
        const std::string label = "bus " + number_text(mpc.bus.at(row, col::number));
        const std::complex<double> load(mpc.bus.at(row, col::pd), mpc.bus.at(row, col::qd));
        buses.push_back(label);
        with_load.push_back(load == 0.0 ? label : label + ", " + load_text(load));
    }
    const auto and_more = [&](std::size_t most, const char* before) {
        return dead.size() <= most ? std::string() : before + std::to_string(dead.size() - most) + " more";
    };
    mpc.diagnostics.push_back({Severity::warning, "cut_off_isolated", mpc.bus.lines[dead.front()],
                               std::to_string(dead.size()) +
                                   (dead.size() == 1 ? " bus that no unit feeds is taken out, with "
                                                     : " buses that no unit feeds are taken out, with ") +
                                   load_text(lost_mva) + " of load: " +
                                   listed(with_load, listed_loads, "; ") + and_more(listed_loads, "; and ")});
    return "isolated, without a unit: " + listed(buses, named, ", ") + and_more(named, " and ") +
           (lost_mva == 0.0 ? "" : "; " + load_text(lost_mva) + " of load lost");
}

}  // namespace nodalroom::model
