#include "watched_run.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "nodalroom/core/errors.hpp"

namespace nodalroom::bindings {
namespace py = pybind11;

namespace {

constexpr std::chrono::milliseconds poll_interval{100};

/// What a watching thread waits for.
class Ending {
public:
    void announce() {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }
    [[nodiscard]] bool wait() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, poll_interval, [this] { return ended_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ended_ = false;
};

/// Calls a function when its scope is left, by an exception too.
template <class Function>
class AtEnd {
public:
    explicit AtEnd(Function function) : function_(std::move(function)) {}
    ~AtEnd() { function_(); }
    AtEnd(const AtEnd&) = delete;
    AtEnd& operator=(const AtEnd&) = delete;

private:
    Function function_;
};

/// "candidate buses", "candidate buses, rung 2", "candidate buses, element 3 of 10".
std::string stage_text(const RunControl& control) {
    std::string text = control.stage.load();
    const std::string round = control.round.load();
    if (round.empty()) return text;
    text += ", " + round + " " + std::to_string(control.round_number.load());
    const std::size_t rounds = control.rounds.load();
    return rounds == 0 ? text : text + " of " + std::to_string(rounds);
}

}  // namespace

bool run_watched(const py::object& progress, const std::function<void(RunControl&)>& work) {
    RunControl control;
    Ending ending;
    std::exception_ptr work_failure;
    std::optional<py::error_already_set> python_failure;
    bool interrupted = false;

    const auto look_after_python = [&] {
        try {
            if (PyErr_CheckSignals() != 0) throw py::error_already_set();
            if (!progress.is_none() && !interrupted && !python_failure) {
                progress(stage_text(control), control.done.load(), control.total.load());
            }
        } catch (py::error_already_set& error) {
            if (!interrupted && !python_failure && error.matches(PyExc_KeyboardInterrupt)) {
                interrupted = true;
            } else if (!python_failure) {
                python_failure.emplace(error);
            }
            control.cancel.store(true);
        }
    };

    {
        const py::gil_scoped_release release;
        // Whatever comes between its start and its end, the worker is told to stop and waited for: a thread
        // that is destroyed while it runs ends the process.
        std::thread worker;
        const AtEnd end_worker([&] {
            if (!worker.joinable()) return;
            control.cancel.store(true);
            worker.join();
        });
        try {
            worker = std::thread([&] {
                try {
                    work(control);
                } catch (...) {
                    work_failure = std::current_exception();
                }
                ending.announce();
            });
        } catch (const std::system_error& error) {
            throw Error(std::string("the system makes no thread to work on (") + error.what() + ")");
        }
        while (!ending.wait()) {
            const py::gil_scoped_acquire acquire;
            look_after_python();
        }
        worker.join();
    }
    look_after_python();
    if (python_failure) throw py::error_already_set(*python_failure);
    if (work_failure) std::rethrow_exception(work_failure);
    return interrupted;
}

}  // namespace nodalroom::bindings
