#pragma once

#include "saved_columns.hpp"

/// What is saved of the parts that studies, ladders and lists share; `path` leads to a part from the items.
namespace nodalroom::bindings {

/// Whatever binds has an element that there is.
void check_binding(const model::Network& network, headroom::Binding& binding);

template <class Fields, class... Path>
void binding_fields(Fields& fields, Path... path) {
    using headroom::Binding;
    fields("limit_type", path..., &Binding::type);
    fields("outage", path..., &Binding::outage);
    fields("element", path..., &Binding::element);
    fields("value", path..., &Binding::value);
    fields("value_without_load", path..., &Binding::value_without_load);
    fields("limit", path..., &Binding::limit);
    fields("factor", path..., &Binding::factor);
    fields.check(&check_binding, path...);
}

template <class Fields, class... Path>
void pair_fields(Fields& fields, Path... path) {
    binding_fields(fields, path..., &headroom::BindingPair::binding);
    fields("shadow_price", path..., &headroom::BindingPair::shadow_price);
}

/// A row without what redispatch found.
template <class Fields, class... Path>
void row_fields(Fields& fields, Path... path) {
    using headroom::HeadroomRow;
    fields("bus", path..., &HeadroomRow::bus);
    fields("status", path..., &HeadroomRow::status);
    binding_fields(fields, path..., &HeadroomRow::binding);
    fields("headroom_mw", path..., &HeadroomRow::headroom_mw);
    fields("feasible_mw", path..., &HeadroomRow::feasible_mw);
    fields("violated_mw", path..., &HeadroomRow::violated_mw);
    fields("states_solved", path..., &HeadroomRow::states_solved);
    fields("states_total", path..., &HeadroomRow::states_total);
    fields("thermal_mw", path..., &HeadroomRow::thermal_mw);
    fields("voltage_mw", path..., &HeadroomRow::voltage_mw);
    fields("collapse_mw", path..., &HeadroomRow::collapse_mw);
    fields("generation_mw", path..., &HeadroomRow::generation_mw);
    fields.check(
        [](const model::Network& network, headroom::HeadroomRow& row) {
            row.radial_feed = network.feeding_bridge()[row.bus.pos()];
        },
        path...);
}

/// What redispatch found, but its lists.
template <class Fields, class... Path>
void redispatch_fields(Fields& fields, Path... path) {
    using headroom::RedispatchRow;
    fields("status", path..., &RedispatchRow::status);
    fields("redispatch_mw", path..., &RedispatchRow::redispatch_mw);
    fields("bound_mw", path..., &RedispatchRow::bound_mw);
    fields("moved_mw", path..., &RedispatchRow::moved_mw);
    fields("states_solved", path..., &RedispatchRow::states_solved);
    fields("states_total", path..., &RedispatchRow::states_total);
    fields("rounds", path..., &RedispatchRow::rounds);
}

}  // namespace nodalroom::bindings
