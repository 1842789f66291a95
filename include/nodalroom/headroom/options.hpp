#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodalroom/contingency/limits.hpp"
#include "nodalroom/contingency/outage.hpp"
#include "nodalroom/powerflow/balance.hpp"

namespace nodalroom::headroom {

/// Which states are AC-solved just below the answer.
enum class Certify : std::uint8_t {
    screened,  ///< those the screen cannot rule out with its error allowance
    all        ///< every state
};
[[nodiscard]] Certify parse_certify(std::string_view word);  ///< "screened" or "all"; OptionError otherwise
[[nodiscard]] const char* to_string(Certify certify) noexcept;

/// Whether a study looks for the dispatch that makes most room, and what that may move.
struct RedispatchOptions {
    bool wanted = false;
    std::vector<UnitRow> movable;  ///< units that may leave the balance rule; empty: all in service
    /// Most that units may take over from others beside what the balance rule moves, MW; infinite: no cap.
    double max_moved_mw = std::numeric_limits<double>::infinity();
};

/// Options of a headroom study; the defaults are those of the definition (docs/headroom.md).
struct HeadroomOptions {
    std::vector<BusRow> buses;   ///< candidates; empty: every energised bus at or above min_kv
    double min_kv = 0.0;         ///< for empty `buses`
    double power_factor = 0.95;  ///< lagging, of the new load; in (0, 1]
    double max_mw = 2000.0;      ///< cap of the search; must be > 0
    powerflow::Balance balance;  ///< who supplies the new load
    contingency::ContingencySet contingencies = contingency::ContingencySet::n_minus_1;
    contingency::LimitOptions limits;
    double attribution_mva_per_mw = 0.03;   ///< a thermal limit counts above this growth per MW; >= 0
    double attribution_voltage_pu = 0.005;  ///< a voltage limit counts above this change; >= 0
    bool enforce_q_limits = true;
    Certify certify = Certify::screened;
    RedispatchOptions redispatch;
    double mismatch_tolerance_pu = 1e-8;  ///< in [1e-12, 1e-6]
    int threads = 0;                      ///< 0: all processors
    [[nodiscard]] std::optional<std::string> first_violation() const;
};

}  // namespace nodalroom::headroom
