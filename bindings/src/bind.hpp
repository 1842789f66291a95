#pragma once

#include <pybind11/pybind11.h>

namespace nodalroom::bindings {

/// Each adds its part of the module.
void bind_errors(pybind11::module_& m);
void bind_network(pybind11::module_& m);
void bind_power_flow(pybind11::module_& m);
void bind_sweep(pybind11::module_& m);
void bind_headroom(pybind11::module_& m);
void bind_load_trace(pybind11::module_& m);
void bind_upgrades(pybind11::module_& m);

}  // namespace nodalroom::bindings
