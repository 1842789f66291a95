#include "nodalroom/headroom/options.hpp"

#include <cmath>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/core/number_text.hpp"
#include "nodalroom/core/parallel.hpp"
#include "nodalroom/numerics/linear_program.hpp"
#include "nodalroom/powerflow/solve.hpp"

namespace nodalroom::headroom {

Certify parse_certify(std::string_view word) {
    if (word == "screened") return Certify::screened;
    if (word == "all") return Certify::all;
    throw OptionError("certify = '" + std::string(word) + "'; must be 'screened' or 'all'");
}

const char* to_string(Certify certify) noexcept { return certify == Certify::all ? "all" : "screened"; }

std::optional<std::string> HeadroomOptions::first_violation() const {
    const auto bad = [](const char* name, double value, const char* rule) {
        return std::string(name) + " = " + number_text(value) + "; must be " + rule;
    };
    if (!(power_factor > 0.0 && power_factor <= 1.0)) return bad("power_factor", power_factor, "in (0, 1]");
    if (!(max_mw > 0.0) || !std::isfinite(max_mw)) return bad("max_mw", max_mw, "> 0 and finite");
    if (!(min_kv >= 0.0) || !std::isfinite(min_kv)) return bad("min_kv", min_kv, ">= 0 and finite");
    if (!(attribution_mva_per_mw >= 0.0) || !std::isfinite(attribution_mva_per_mw)) {
        return bad("attribution", attribution_mva_per_mw, ">= 0 MVA per MW and finite");
    }
    if (!(attribution_voltage_pu >= 0.0) || !std::isfinite(attribution_voltage_pu)) {
        return bad("attribution_voltage", attribution_voltage_pu, ">= 0 per unit and finite");
    }
    if (auto problem = powerflow::tolerance_problem(mismatch_tolerance_pu)) return problem;
    if (!(redispatch.max_moved_mw >= 0.0)) return bad("max_moved_mw", redispatch.max_moved_mw, ">= 0");
    if (redispatch.wanted && !numerics::has_lp_solver()) {
        return "redispatch: this build of nodalroom has no solver for linear programs (HiGHS), so that "
               "redispatch headroom is absent; see README, 'Install without the scripts'";
    }
    if (auto problem = threads_problem(threads)) return problem;
    return limits.first_violation();
}

}  // namespace nodalroom::headroom
