#include <cstdlib>
#include <iostream>

#include "nodalroom/nodalroom.hpp"

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: consumer CASE.m\n";
        return EXIT_FAILURE;
    }
    const auto network = nodalroom::model::read_network(argv[1]);
    std::cout << "nodalroom " << nodalroom::version() << ": " << network.name() << " has "
              << network.buses().size() << " buses and " << network.branches().size() << " branches\n";
    const bool as_written = network.buses().size() == 2 && network.branches().size() == 2;
    return as_written ? EXIT_SUCCESS : EXIT_FAILURE;
}
