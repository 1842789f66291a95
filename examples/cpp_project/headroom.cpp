// Headroom of a few buses in C++, as comma-separated values on standard output.
//
//     headroom CASE.m BUS...
//
// README.md beside it says how to build it against the installed library.

#include <charconv>
#include <iostream>
#include <string>
#include <string_view>

#include <nodalroom/nodalroom.hpp>

namespace {

/// The row of the bus that the case numbers so.
nodalroom::BusRow bus_row(const nodalroom::model::Network& network, std::string_view word) {
    int number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc() && end == word.data() + word.size())
        if (const auto row = network.find_bus(nodalroom::BusNumber(number))) return *row;
    throw nodalroom::OptionError("there is no bus " + std::string(word));
}

}  // namespace

int main(int argc, char** argv) {
    using namespace nodalroom;
    if (argc < 3) {
        std::cerr << "usage: headroom CASE.m BUS...\n";
        return 2;
    }
    try {
        const model::Network network = model::read_network(argv[1]);
        headroom::HeadroomOptions options;
        for (int i = 2; i < argc; ++i) options.buses.push_back(bus_row(network, argv[i]));
        const headroom::HeadroomResult result = headroom::headroom(network, options);
        std::cerr << "balance " << result.options.balance.name() << ", " << result.states_total
                  << " states\n";
        report::write_csv(report::headroom_table(network, result), std::cout);
        return result.intact_solved ? 0 : 1;
    } catch (const Error& error) {
        std::cerr << "error: " << error.what() << '\n';
        return 2;
    }
}
