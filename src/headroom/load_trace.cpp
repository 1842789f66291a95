#include "nodalroom/headroom/load_trace.hpp"

#include <algorithm>
#include <cmath>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/core/number_text.hpp"
#include "nodalroom/headroom/state_path.hpp"

namespace nodalroom::headroom {
namespace {

// A step in which the voltage moves more is made again, half as long; one in which it moves less is followed
// by a longer one.
constexpr double kMostMovedPu = 0.01, kLittleMovedPu = 0.004;
constexpr double kFewestSteps = 40.0;
constexpr double kLeastStepMw = 1e-3;
constexpr int kMostSolves = 5000;

}  // namespace

LoadTrace trace_load(const contingency::BaseCase& base, contingency::Outage outage,
                     const Candidate& candidate, double up_to_mw) {
    if (!(up_to_mw > 0.0) || !std::isfinite(up_to_mw))
        throw OptionError("max_mw = " + number_text(up_to_mw) + "; must be finite and > 0");
    LoadTrace trace;
    if (!base.solved()) {
        trace.problem = powerflow::describe_attempts(base.network(), base.attempts());
        return trace;
    }
    contingency::StateSolver solver(base);
    solver.set_outage(outage);
    if (const auto report = solver.solve_from_base(); !report.converged()) {
        trace.problem = powerflow::to_string(report.status);
        return trace;
    }
    StatePath path(outage, candidate, solver.newton().voltages());
    const auto voltage = [&] { return solver.newton().voltages().vm_pu[candidate.bus.pos()]; };
    trace.points.push_back({0.0, voltage()});
    const double longest = up_to_mw / kFewestSteps;
    double step = longest, last = up_to_mw;
    for (int solves = 0; solves < kMostSolves && trace.points.back().load_mw < last; ++solves) {
        const TracePoint from = trace.points.back();
        const double load_mw = std::min(from.load_mw + step, last);
        if (!path.reach(solver, load_mw)) {
            // The path goes no further than to what was solved; the last points may lie closer to that.
            const double end = path.highest_solved_mw();
            if (trace.ends && end >= last) break;
            trace.ends = true;
            last = std::max(std::min(last, end), from.load_mw);
            continue;
        }
        const double moved = std::abs(voltage() - from.vm_pu);
        if (moved > kMostMovedPu && load_mw - from.load_mw > kLeastStepMw) {
            step = std::max(0.5 * (load_mw - from.load_mw), kLeastStepMw);
            continue;
        }
        trace.points.push_back({load_mw, voltage()});
        if (moved < kLittleMovedPu) step = std::min(1.5 * step, longest);
    }
    return trace;
}

}  // namespace nodalroom::headroom
