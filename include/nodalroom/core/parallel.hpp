#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace nodalroom {

/// Shared between a long computation and whoever watches it; every member may be read and written
/// from any thread while the computation runs.
struct RunControl {
    std::atomic<bool> cancel{false};     ///< set to true to ask for an early, clean end
    std::atomic<std::size_t> done{0};    ///< finished items of the current stage
    std::atomic<std::size_t> total{0};   ///< items of the current stage
    std::atomic<const char*> stage{""};  ///< static text naming the current stage
    std::atomic<const char*> round{""};  ///< static text naming what repeats all stages; empty: nothing does
    std::atomic<std::size_t> round_number{0};
    std::atomic<std::size_t> rounds{0};  ///< how many there will be; 0: not known

    void begin_stage(const char* name, std::size_t items) noexcept {
        stage.store(name);
        done.store(0);
        total.store(items);
    }
    /// The stages that begin from here on belong to this round; "": to none.
    void begin_round(const char* name, std::size_t number = 0, std::size_t of = 0) noexcept {
        round.store(name);
        round_number.store(number);
        rounds.store(of);
    }
    [[nodiscard]] bool cancelled() const noexcept { return cancel.load(std::memory_order_relaxed); }
};

/// More threads than any machine has use for, and few enough to keep something for each.
inline constexpr int kMostThreads = 1024;

/// What is wrong with a request for threads: it must be in [0, kMostThreads].
[[nodiscard]] std::optional<std::string> threads_problem(int requested);

/// Number of threads a request means: n >= 1 as given, at most kMostThreads; 0 for all processors this
/// process may use.
[[nodiscard]] int resolve_threads(int requested) noexcept;

/// The items [0, count) that a team of threads shares, and those of them set aside for a second look, which
/// may be any thread's.
class WorkQueue {
public:
    WorkQueue(std::size_t count, RunControl* control) : count_(count), control_(control) {}

    /// As long as one lives, its thread may set items aside.
    class FirstLook {
    public:
        explicit FirstLook(WorkQueue& queue);
        ~FirstLook();
        FirstLook(const FirstLook&) = delete;
        FirstLook& operator=(const FirstLook&) = delete;

    private:
        WorkQueue* queue_;
    };
    void set_aside(std::size_t item);
    /// Takes an item set aside, in no particular order; waits while some thread may still set one aside.
    /// False when none is left, or the queue has stopped.
    [[nodiscard]] bool take_aside(std::size_t& item);

    /// True once the computation was cancelled or has failed.
    [[nodiscard]] bool stopped() const noexcept {
        return stop_.load(std::memory_order_relaxed) || (control_ != nullptr && control_->cancelled());
    }
    /// Takes the next item; false when none is left, or the queue has stopped.
    [[nodiscard]] bool take(std::size_t& item) noexcept {
        if (stopped()) return false;
        item = next_.fetch_add(1);
        return item < count_;
    }
    /// Counts an item as done.
    void finish() noexcept {
        if (control_ != nullptr) control_->done.fetch_add(1);
    }
    void stop() noexcept;

private:
    std::size_t count_;
    RunControl* control_;
    std::atomic<std::size_t> next_{0};
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::size_t> aside_;
    int first_looks_ = 0;
};

/// Calls body(thread, queue) once on each of at most `threads` threads; each takes items until none is
/// left. Exceptions, cancelling and forks as in parallel_for. Throws Error where the system makes no such
/// threads.
void parallel_team(std::size_t count, int threads, RunControl* control,
                   const std::function<void(int thread, WorkQueue& queue)>& body);

/// Calls body(thread, item) for every item in [0, count), in a work queue over `threads` threads
/// (thread in [0, threads)). The first exception stops the queue and is rethrown on the calling
/// thread; a cancelled control stops it after the items in hand. Throws Error in a child process
/// forked after threads were in use, where OpenMP would hang.
void parallel_for(std::size_t count, int threads, RunControl* control,
                  const std::function<void(int thread, std::size_t item)>& body);

}  // namespace nodalroom
