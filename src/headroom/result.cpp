#include "nodalroom/headroom/result.hpp"

namespace nodalroom::headroom {

const char* to_string(HeadroomStatus status) noexcept {
    switch (status) {
        case HeadroomStatus::not_run:
            return "not_run";
        case HeadroomStatus::limited:
            return "limited";
        case HeadroomStatus::already_limited:
            return "already_limited";
        case HeadroomStatus::cap_reached:
            return "cap_reached";
        case HeadroomStatus::generation_limited:
            return "generation_limited";
        case HeadroomStatus::not_settled:
            return "not_settled";
        case HeadroomStatus::unsolved:
            return "unsolved";
    }
    return "not_run";
}

const char* to_string(RedispatchStatus status) noexcept {
    switch (status) {
        case RedispatchStatus::not_run:
            return "not_run";
        case RedispatchStatus::limited:
            return "limited";
        case RedispatchStatus::already_limited:
            return "already_limited";
        case RedispatchStatus::cap_reached:
            return "cap_reached";
        case RedispatchStatus::generation_limited:
            return "generation_limited";
        case RedispatchStatus::open:
            return "open";
        case RedispatchStatus::no_movable_unit:
            return "no_movable_unit";
        case RedispatchStatus::unsolved:
            return "unsolved";
    }
    return "not_run";
}

const char* to_string(LimitType type) noexcept {
    switch (type) {
        case LimitType::none:
            return "none";
        case LimitType::thermal:
            return "thermal";
        case LimitType::low_voltage:
            return "low_voltage";
        case LimitType::high_voltage:
            return "high_voltage";
        case LimitType::voltage_change:
            return "voltage_change";
        case LimitType::collapse:
            return "collapse";
        case LimitType::generation:
            return "generation";
    }
    return "none";
}

}  // namespace nodalroom::headroom
