#include "nodalroom/headroom/study.hpp"

#include <memory>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/core/number_text.hpp"
#include "nodalroom/headroom/candidate_search.hpp"
#include "nodalroom/headroom/preparation.hpp"
#include "nodalroom/headroom/redispatch_search.hpp"

namespace nodalroom::headroom {
namespace {

std::vector<BusRow> resolve_candidates(const model::Network& network, const HeadroomOptions& options) {
    std::vector<BusRow> candidates = options.buses;
    if (candidates.empty()) {
        for (std::size_t i = 0; i < network.buses().size(); ++i) {
            if (network.island_of_bus()[i] >= 0 && network.buses()[i].base_kv >= options.min_kv) {
                candidates.emplace_back(static_cast<std::int64_t>(i));
            }
        }
        if (candidates.empty()) {
            throw OptionError("min_kv = " + number_text(options.min_kv) +
                              ": no bus in service is at or above it");
        }
        return candidates;
    }
    for (const BusRow bus : candidates) {
        if (!bus.valid() || bus.pos() >= network.buses().size()) {
            throw OptionError("candidate bus row " + std::to_string(bus.value()) + " does not exist");
        }
        if (network.island_of_bus()[bus.pos()] < 0) {
            throw OptionError("candidate bus " + std::to_string(network.bus(bus).number.value()) +
                              " is out of service (type 4)");
        }
    }
    return candidates;
}

}  // namespace

HeadroomResult headroom(const model::Network& network, const HeadroomOptions& options, RunControl* control) {
    if (const auto problem = options.first_violation()) throw OptionError(*problem);
    for (const UnitRow unit : options.redispatch.movable) {
        if (!unit.valid() || unit.pos() >= network.units().size()) {
            throw OptionError("movable unit row " + std::to_string(unit.value()) + " does not exist");
        }
    }
    HeadroomResult result;
    result.options = options;
    result.options.buses = resolve_candidates(network, options);
    for (const BusRow bus : result.options.buses) {
        HeadroomRow row;
        row.bus = bus;
        row.radial_feed = network.feeding_bridge()[bus.pos()];
        result.rows.push_back(row);
    }
    for (std::size_t l = 0; l < network.branches().size(); ++l) {
        if (network.branches()[l].in_service && network.is_bridge()[l]) ++result.bridges;
    }

    const Preparation prepared(network, result.options, control);
    result.reason = powerflow::describe_attempts(network, prepared.base().attempts());
    result.intact_solved = prepared.base().solved();
    result.states_total = prepared.states().outages.size() + 1;
    if (!result.intact_solved) {
        for (HeadroomRow& row : result.rows) {
            row.status = HeadroomStatus::unsolved;
            if (options.redispatch.wanted) row.redispatch.status = RedispatchStatus::unsolved;
        }
        result.complete = true;
        return result;
    }
    if (control != nullptr && control->cancelled()) return result;
    result.baselines_known = true;
    for (std::size_t state = 0; state < prepared.states().outages.size(); ++state) {
        if (prepared.states().unsolvable[state])
            result.unsolvable.push_back(prepared.states().outages[state]);
    }

    const int threads = resolve_threads(options.threads);
    std::vector<std::unique_ptr<CandidateSearch>> searches(static_cast<std::size_t>(threads));
    if (control != nullptr) control->begin_stage("candidate buses", result.rows.size());
    parallel_for(result.rows.size(), threads, control, [&](int thread, std::size_t candidate) {
        auto& search = searches[static_cast<std::size_t>(thread)];
        if (!search) search = std::make_unique<CandidateSearch>(prepared, control);
        result.rows[candidate] = search->run(result.rows[candidate].bus);
    });
    if (options.redispatch.wanted && (control == nullptr || !control->cancelled())) {
        searches.clear();
        PairLibrary library(prepared.base());
        std::vector<std::unique_ptr<RedispatchSearch>> redispatches(static_cast<std::size_t>(threads));
        if (control != nullptr) control->begin_stage("redispatch", result.rows.size());
        parallel_for(result.rows.size(), threads, control, [&](int thread, std::size_t candidate) {
            auto& search = redispatches[static_cast<std::size_t>(thread)];
            if (!search) search = std::make_unique<RedispatchSearch>(prepared, library, control);
            HeadroomRow& row = result.rows[candidate];
            HeadroomRow start = row;
            // Nothing is known to hold up to a load then: the search for a dispatch begins without any.
            if (row.status == HeadroomStatus::not_settled) start.headroom_mw = start.feasible_mw = 0.0;
            row.redispatch = search->run(start);
        });
    }
    result.complete = control == nullptr || !control->cancelled();
    return result;
}

}  // namespace nodalroom::headroom
