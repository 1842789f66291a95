#include "nodalroom/core/errors.hpp"
#include "bind.hpp"

namespace nodalroom::bindings {
namespace py = pybind11;

namespace {

/// The exceptions are Python classes of nodalroom.errors, so that they can be ValueErrors too.
py::object exception_class(const char* name) { return py::module_::import("nodalroom.errors").attr(name); }

void raise(const py::object& error) {
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
}

void translate(std::exception_ptr thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const InputError& error) {
        raise(exception_class("InputError")(error.file(), error.line(), error.problem()));
    } catch (const OptionError& error) {
        raise(exception_class("OptionError")(error.what()));
    } catch (const Error& error) {
        raise(exception_class("NodalroomError")(error.what()));
    }
}

}  // namespace

void bind_errors(py::module_&) {
    py::register_exception_translator([](std::exception_ptr thrown) {
        if (thrown) translate(thrown);
    });
}

}  // namespace nodalroom::bindings
