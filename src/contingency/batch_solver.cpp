#include "nodalroom/contingency/batch_solver.hpp"

#include <algorithm>

namespace nodalroom::contingency {

using powerflow::LaneFactors;
using powerflow::LaneOptions;
using powerflow::LaneResult;
using powerflow::LaneTask;

namespace {

LaneOptions lane_options(const BaseCase& base, LaneFactors factors, bool angles, double tolerance_pu) {
    LaneOptions options;
    options.angles = angles;
    options.newton.mismatch_tolerance_pu = std::max(base.options().mismatch_tolerance_pu, tolerance_pu);
    options.newton.max_iterations = base.options().max_iterations;
    options.newton.enforce_q_limits = base.options().enforce_q_limits;
    options.unit = base.equations().vector_unit();
    options.factors = factors;
    options.usual_start = &base.lane_start();
    if (powerflow::is_shared(factors)) options.shared = &base.shared_factor();
    return options;
}

}  // namespace

SolvedState solved_state(const StateSolver& solver, const powerflow::NewtonReport& report, std::size_t id) {
    return {id,
            solver.outage(),
            report,
            &solver.newton().voltages(),
            solver.newton().v_real(),
            solver.newton().v_imag()};
}

double evaluate_loadings(const BaseCase& base, const SolvedState& solved, const Limits& limits,
                         std::vector<double>& loading_squared) {
    const bool is_lost = solved.outage.kind == OutageKind::branch;
    return base.state_scan().loadings(solved.v_real, solved.v_imag,
                                      is_lost ? BranchRow(solved.outage.row) : BranchRow(),
                                      limits.per_rating_squared, loading_squared);
}

BatchSolver::BatchSolver(const BaseCase& base, bool angles, double tolerance_pu)
    : base_(&base),
      angles_(angles),
      tolerance_pu_(tolerance_pu),
      shared_(base.lanes(), base.point(),
              lane_options(base, LaneFactors::shared_single, angles, tolerance_pu)),
      may_share_(base.shared_factor().is_sound()) {}

void BatchSolver::share(const powerflow::SharedFactor& factor) {
    may_share_ = factor.is_sound();
    shared_.share(factor);
}

void BatchSolver::leave_few() { few_ = static_cast<std::size_t>(shared_.lanes()) / 3; }

powerflow::LaneNewton& BatchSolver::own_lanes() {
    // Factors for all lanes are large, and often not needed.
    if (!own_) {
        own_.emplace(base_->lanes(), base_->point(),
                     lane_options(*base_, LaneFactors::own_single, angles_, tolerance_pu_));
    }
    return *own_;
}

std::size_t BatchSolver::take_slot() {
    if (free_slots_.empty()) {
        slots_.push_back(std::make_unique<Slot>());
        return slots_.size() - 1;
    }
    const std::size_t slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
}

void BatchSolver::lay_out(std::size_t slot, LaneTask& lane_task) const {
    const Slot& from = *slots_[slot];
    lane_task.id = slot;
    lane_task.edit = from.task.outage.is_intact() ? nullptr : &from.edit;
    lane_task.load = {};
    if (from.task.load_bus.valid()) {
        lane_task.load = {static_cast<std::int32_t>(from.task.load_bus.value()), from.task.load_p_pu,
                          from.task.load_q_pu};
    }
    lane_task.start = from.task.start != nullptr ? from.task.start : &base_->lane_start();
    lane_task.shift = from.task.shift;
}

void BatchSolver::run(const std::function<bool(StateTask&)>& next,
                      const std::function<void(const SolvedState&)>& solved,
                      const std::function<void(const StateTask&, const powerflow::NewtonReport&)>& left) {
    bool own_factors = !may_share_;
    const auto hand_over = [&](const LaneResult& result) {
        solved({slots_[result.id]->task.id, slots_[result.id]->task.outage, result.report, result.voltages,
                result.v_real, result.v_imag, own_factors});
        free_slots_.push_back(result.id);
    };
    const auto give_up = [&](std::size_t slot, const powerflow::NewtonReport& report) {
        left(slots_[slot]->task, report);
        free_slots_.push_back(slot);
    };
    retries_.clear();
    const auto begin = [&](LaneTask& lane_task) {
        for (;;) {
            const std::size_t slot = take_slot();
            if (!next(slots_[slot]->task)) {
                free_slots_.push_back(slot);
                return false;
            }
            base_->make_edit(slots_[slot]->task.outage, slots_[slot]->edit);
            if (may_share_ && slots_[slot]->task.own_factor) {
                retries_.emplace_back(slot, powerflow::NewtonReport{});
                continue;
            }
            lay_out(slot, lane_task);
            return true;
        }
    };
    const auto settle = [&](const LaneResult& result) {
        if (result.report.converged()) {
            hand_over(result);
        } else {
            give_up(result.id, result.report);
        }
    };
    if (!may_share_) {
        own_lanes().run(begin, settle);
        return;
    }
    shared_.run(begin, [&](const LaneResult& result) {
        if (result.report.converged()) {
            hand_over(result);
        } else if (powerflow::is_hopeless(result.report.status)) {
            give_up(result.id, result.report);
        } else {
            retries_.emplace_back(result.id, result.report);
        }
    });
    if (retries_.size() < few_) {
        for (const auto& [slot, report] : retries_) give_up(slot, report);
        return;
    }
    if (retries_.empty()) return;
    own_factors = true;
    std::size_t retry = 0;
    own_lanes().run(
        [&](LaneTask& lane_task) {
            if (retry == retries_.size()) return false;
            lay_out(retries_[retry++].first, lane_task);
            return true;
        },
        settle);
}

void BatchSolver::run(WorkQueue& queue, const std::function<Outage(std::size_t)>& outage_of,
                      const std::function<void(const SolvedState&)>& solved,
                      const std::function<void(std::size_t, const powerflow::NewtonReport&)>& unsolved) {
    {
        const WorkQueue::FirstLook first_look(queue);
        run(
            [&](StateTask& task) {
                if (!queue.take(task.id)) return false;
                task.outage = outage_of(task.id);
                return true;
            },
            [&](const SolvedState& state) {
                // Lanes have one start; whether there is a better solution is for all of them to say.
                if (powerflow::is_doubtful(base_->equations(), *state.voltages, &base_->voltages())) {
                    queue.set_aside(state.id);
                    return;
                }
                solved(state);
                queue.finish();
            },
            [&](const StateTask& task, const powerflow::NewtonReport&) { queue.set_aside(task.id); });
    }
    // A state without a solution takes as long as hundreds in lanes: no thread is left alone with its own.
    std::optional<StateSolver> scalar;
    for (std::size_t state = 0; queue.take_aside(state);) {
        if (!scalar) scalar.emplace(*base_);
        scalar->set_outage(outage_of(state));
        const auto report = scalar->solve_from_base();
        if (report.converged()) {
            solved(solved_state(*scalar, report, state));
        } else {
            unsolved(state, report);
        }
        queue.finish();
    }
}

}  // namespace nodalroom::contingency
