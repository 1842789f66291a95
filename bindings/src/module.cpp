#include <pybind11/pybind11.h>

#include "nodalroom/core/version.hpp"

PYBIND11_MODULE(_core, m) {
    m.doc() = "The C++ library behind nodalroom.";
    m.attr("__version__") = nodalroom::version();
}
