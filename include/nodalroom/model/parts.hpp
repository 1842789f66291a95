#pragma once

#include <complex>
#include <string>
#include <vector>

#include "nodalroom/core/ids.hpp"
#include "nodalroom/io/matpower_case.hpp"

namespace nodalroom::model {

/// Buses that hang together by branches in service, whether or not anything feeds them.
struct Part {
    std::vector<BusRow> buses;      ///< ascending; buses of type 4 belong to no part
    std::vector<UnitRow> units;     ///< in service, ascending
    bool has_reference = false;     ///< a bus of type 3
    std::complex<double> load_mva;  ///< MW and MVAr of its loads
    bool has_load = false;          ///< also where loads add up to 0
};

/// The parts of a case in order of their first bus, by the rules networks are built with. Throws InputError
/// where buses, units or branches cannot be read.
[[nodiscard]] std::vector<Part> parts_of(const io::MatpowerCase& mpc);

/// "15 MW and 4 MVAr".
[[nodiscard]] std::string load_text(std::complex<double> load_mva);

/// Gives type 4 to the buses of parts without a unit in service, notes it in the case's diagnostics with the
/// load that is lost, and says it: "isolated, without a unit: bus 4, bus 5; 15 MW and 4 MVAr of load lost".
/// Empty: there was nothing to do.
std::string isolate_cut_off(io::MatpowerCase& mpc);

}  // namespace nodalroom::model
