#include "bind.hpp"
#include "nodalroom/core/parallel.hpp"
#include "nodalroom/core/version.hpp"

PYBIND11_MODULE(_core, m) {
    using namespace nodalroom::bindings;
    m.doc() = "The C++ library behind nodalroom.";
    m.attr("__version__") = nodalroom::version();
    m.attr("MOST_THREADS") = nodalroom::kMostThreads;
    bind_errors(m);
    bind_network(m);
    bind_power_flow(m);
    bind_sweep(m);
    bind_headroom(m);
    bind_load_trace(m);
    bind_upgrades(m);
}
