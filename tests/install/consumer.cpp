#include <cstdlib>
#include <iostream>
#include <string_view>

#include "nodalroom/nodalroom.hpp"
#include "nodalroom/numerics/linear_program.hpp"

namespace {

/// Whether the library solves linear programs as it was built to.
bool solves_or_not(bool with_solver) {
    namespace numerics = nodalroom::numerics;
    numerics::LinearProgram lp;
    lp.add_column(2.0, 0.0, 3.0);
    try {
        return numerics::maximise(lp).objective == 6.0 && with_solver && numerics::has_lp_solver();
    } catch (const nodalroom::OptionError&) {
        return !with_solver && !numerics::has_lp_solver();
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: consumer CASE.m HAS_LP_SOLVER\n";
        return EXIT_FAILURE;
    }
    const auto network = nodalroom::model::read_network(argv[1]);
    std::cout << "nodalroom " << nodalroom::version() << ": " << network.name() << " has "
              << network.buses().size() << " buses and " << network.branches().size() << " branches\n";
    const bool as_written = network.buses().size() == 2 && network.branches().size() == 2;
    if (!solves_or_not(std::string_view(argv[2]) == "1")) {
        std::cerr << "LP solver: \"" << nodalroom::numerics::lp_solver_name()
                  << "\", built to have one: " << argv[2] << "\n";
        return EXIT_FAILURE;
    }
    return as_written ? EXIT_SUCCESS : EXIT_FAILURE;
}
