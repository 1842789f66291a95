// Results of studies taken apart for files, and put together again.
#include "headroom_state.hpp"

#include <pybind11/numpy.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "headroom_fields.hpp"

namespace nodalroom::bindings {
namespace py = pybind11;
using headroom::HeadroomRow;
using headroom::LimitType;
using headroom::RedispatchRow;
using headroom::UnitMove;

namespace {

/// A state that a study leaves out.
struct LeftOut {
    contingency::Outage outage;
};

constexpr auto of_unsolvable = [](auto& fields) { fields("outage", &LeftOut::outage); };
constexpr auto of_rows = [](auto& fields) { row_fields(fields); };
constexpr auto of_redispatch = [](auto& fields) { redispatch_fields(fields, &HeadroomRow::redispatch); };
constexpr auto of_pairs = [](auto& fields, auto... path) { pair_fields(fields, path...); };
constexpr auto of_moves = [](auto& fields, auto... path) {
    fields("unit", path..., &UnitMove::unit);
    fields("case_mw", path..., &UnitMove::case_mw);
    fields("rule_mw", path..., &UnitMove::rule_mw);
    fields("p_mw", path..., &UnitMove::p_mw);
};
constexpr auto pairs_of = [](auto& row) -> auto& { return row.redispatch.binding; };
constexpr auto moves_of = [](auto& row) -> auto& { return row.redispatch.moves; };

/// What stands once in a result; Study is const where it is saved.
template <class Values, class Study>
void describe(Values& values, Study& study) {
    auto& result = study.result;
    values("reason", result.reason);
    values("intact_solved", result.intact_solved);
    values("baselines_known", result.baselines_known);
    values("complete", result.complete);
    values("interrupted", study.interrupted);
    values("states_total", result.states_total);
    values("bridges", result.bridges);
}

py::array_t<double> save_dispatch(const std::vector<HeadroomRow>& rows, std::size_t units) {
    py::array_t<double> matrix({rows.size(), units});
    auto cells = matrix.mutable_unchecked<2>();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& dispatch = rows[i].redispatch.unit_p_mw;
        for (std::size_t u = 0; u < units; ++u) {
            cells(static_cast<py::ssize_t>(i), static_cast<py::ssize_t>(u)) =
                u < dispatch.size() ? dispatch[u] : headroom::kNaN;
        }
    }
    return matrix;
}

void restore_dispatch(const py::object& given, std::size_t units, std::vector<HeadroomRow>& rows) {
    const auto matrix = py::array_t<double, py::array::c_style | py::array::forcecast>::ensure(given);
    if (!matrix || matrix.ndim() != 2 || matrix.shape(0) != static_cast<py::ssize_t>(rows.size()) ||
        matrix.shape(1) != static_cast<py::ssize_t>(units)) {
        refuse("the dispatches have not one row per bus and one column per generator row");
    }
    const auto cells = matrix.unchecked<2>();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        RedispatchRow& row = rows[i].redispatch;
        if (std::isnan(row.redispatch_mw)) continue;
        for (std::size_t u = 0; u < units; ++u)
            row.unit_p_mw.push_back(cells(static_cast<py::ssize_t>(i), static_cast<py::ssize_t>(u)));
    }
}

}  // namespace

BusRow Cell<BusRow>::restore(const model::Network& network, Type number) {
    const bool is_number = number > 0 && number <= std::numeric_limits<std::int32_t>::max();
    const auto bus = is_number ? network.find_bus(BusNumber(number)) : std::nullopt;
    if (!bus) refuse("there is no bus " + std::to_string(number) + " in the case");
    if (network.island_of_bus()[bus->pos()] < 0)
        refuse("bus " + std::to_string(number) + " is out of service");
    return *bus;
}

void check_binding(const model::Network& network, headroom::Binding& binding) {
    if (binding.type == LimitType::thermal) {
        static_cast<void>(position(binding.element, network.branches().size(), "branch row"));
    } else if (binding.type == LimitType::none || binding.type == LimitType::generation) {
        binding.element = -1;
    } else {
        static_cast<void>(position(binding.element, network.buses().size(), "bus row"));
    }
}

Columns save_result(const Headroom& study) {
    const model::Network& network = *study.network;
    const headroom::HeadroomResult& result = study.result;
    Columns out;
    SavedValues values(network, out);
    describe(values, study);
    std::vector<LeftOut> unsolvable;
    for (const contingency::Outage& outage : result.unsolvable) unsolvable.push_back({outage});
    out["unsolvable"] = save_table(network, unsolvable, of_unsolvable);
    out["rows"] = save_table(network, result.rows, of_rows);
    if (result.options.redispatch.wanted) {
        out["redispatch"] = save_table(network, result.rows, of_redispatch);
        out["pairs"] = save_lists(network, result.rows, "row", pairs_of, of_pairs);
        out["moves"] = save_lists(network, result.rows, "row", moves_of, of_moves);
        out["dispatch"] = save_dispatch(result.rows, network.units().size());
    }
    return out;
}

void restore_result(const Columns& saved, Headroom& study) {
    const model::Network& network = *study.network;
    headroom::HeadroomResult& result = study.result;
    RestoredValues values(network, saved);
    describe(values, study);
    std::vector<LeftOut> unsolvable;
    restore_table(network, saved, "unsolvable", unsolvable, false, of_unsolvable);
    for (const LeftOut& state : unsolvable) result.unsolvable.push_back(state.outage);
    restore_table(network, saved, "rows", result.rows, false, of_rows);
    if (result.options.redispatch.wanted) {
        restore_table(network, saved, "redispatch", result.rows, true, of_redispatch);
        restore_dispatch(saved["dispatch"], network.units().size(), result.rows);
        restore_lists(network, saved, "pairs", result.rows, "row", "candidate", pairs_of, of_pairs);
        restore_lists(network, saved, "moves", result.rows, "row", "candidate", moves_of, of_moves);
    }
    result.options.buses.clear();
    for (const HeadroomRow& row : result.rows) result.options.buses.push_back(row.bus);
}

}  // namespace nodalroom::bindings
