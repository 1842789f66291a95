// Headroom of a few buses in C++, as comma-separated values on standard output.
//
//     headroom CASE.m BUS...
//
// Built as any program that uses the installed library: find_package(nodalroom), link
// nodalroom::nodalroom.

#include <cstdlib>
#include <iostream>
#include <string>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/headroom/study.hpp"
#include "nodalroom/model/network.hpp"
#include "nodalroom/report/study_tables.hpp"

int main(int argc, char** argv) {
    using namespace nodalroom;
    if (argc < 3) {
        std::cerr << "usage: headroom CASE.m BUS...\n";
        return 2;
    }
    try {
        const model::Network network = model::read_network(argv[1]);
        headroom::HeadroomOptions options;
        for (int i = 2; i < argc; ++i) {
            const auto row = network.find_bus(BusNumber(std::atoi(argv[i])));
            if (!row) throw OptionError("there is no bus " + std::string(argv[i]));
            options.buses.push_back(*row);
        }
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
