#include "nodalroom/core/parallel.hpp"

#include <omp.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "nodalroom/core/errors.hpp"

namespace nodalroom {
namespace {

std::atomic<bool> threads_were_used{false};
std::atomic<bool> forked_after_threads{false};

void register_fork_handler() {
    static std::once_flag once;
    std::call_once(once, [] {
        pthread_atfork(nullptr, nullptr, [] {
            if (threads_were_used.load()) forked_after_threads.store(true);
        });
    });
}

/// The largest team that the system is known to make.
std::atomic<int> largest_team{1};

/// OpenMP ends the process where it cannot make a thread. So a team larger than any before is made once
/// without it, and what stands against it is an Error.
void make_sure_of_team(int team) {
    if (team <= largest_team.load()) return;
    std::mutex mutex;
    std::condition_variable all_made;
    bool is_over = false;
    std::vector<std::thread> made;
    made.reserve(static_cast<std::size_t>(team - 1));
    const auto end_all = [&] {
        {
            const std::lock_guard lock(mutex);
            is_over = true;
        }
        all_made.notify_all();
        for (std::thread& thread : made) thread.join();
    };
    try {
        while (static_cast<int>(made.size()) < team - 1) {
            made.emplace_back([&] {
                std::unique_lock lock(mutex);
                all_made.wait(lock, [&] { return is_over; });
            });
        }
    } catch (const std::system_error& error) {
        const std::size_t count = made.size() + 1;
        end_all();
        throw Error("the system makes no more than " + std::to_string(count) + " of " + std::to_string(team) +
                    " threads (" + error.what() + "); ask for fewer");
    }
    end_all();
    int known = largest_team.load();
    while (known < team && !largest_team.compare_exchange_weak(known, team)) {
    }
}

}  // namespace

WorkQueue::FirstLook::FirstLook(WorkQueue& queue) : queue_(&queue) {
    const std::lock_guard lock(queue_->mutex_);
    ++queue_->first_looks_;
}

WorkQueue::FirstLook::~FirstLook() {
    {
        const std::lock_guard lock(queue_->mutex_);
        --queue_->first_looks_;
    }
    queue_->changed_.notify_all();
}

void WorkQueue::set_aside(std::size_t item) {
    {
        const std::lock_guard lock(mutex_);
        aside_.push_back(item);
    }
    changed_.notify_one();
}

bool WorkQueue::take_aside(std::size_t& item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !aside_.empty() || first_looks_ == 0 || stop_.load(); });
    if (aside_.empty() || stopped()) return false;
    item = aside_.back();
    aside_.pop_back();
    return true;
}

void WorkQueue::stop() noexcept {
    {
        const std::lock_guard lock(mutex_);
        stop_.store(true);
    }
    changed_.notify_all();
}

std::optional<std::string> threads_problem(int requested) {
    if (requested >= 0 && requested <= kMostThreads) return std::nullopt;
    return "threads = " + std::to_string(requested) + "; must be >= 0 and <= " + std::to_string(kMostThreads);
}

int resolve_threads(int requested) noexcept {
    return std::min(requested >= 1 ? requested : std::max(1, omp_get_num_procs()), kMostThreads);
}

void parallel_team(std::size_t count, int threads, RunControl* control,
                   const std::function<void(int, WorkQueue&)>& body) {
    if (forked_after_threads.load()) {
        throw Error(
            "this process was forked after nodalroom had used threads; OpenMP cannot continue here. "
            "Start worker processes with the 'spawn' or 'forkserver' method");
    }
    const int team = static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(std::max(threads, 1)),
                                                            std::max<std::size_t>(count, 1)));
    WorkQueue queue(count, control);
    std::exception_ptr failure;
    std::mutex failure_mutex;
    const auto work = [&](int thread) {
        try {
            body(thread, queue);
        } catch (...) {
            const std::lock_guard lock(failure_mutex);
            if (!failure) failure = std::current_exception();
            queue.stop();
        }
    };
    if (team == 1) {
        work(0);
    } else {
        make_sure_of_team(team);
        register_fork_handler();
        threads_were_used.store(true);
#pragma omp parallel num_threads(team)
        work(omp_get_thread_num());
    }
    if (failure) std::rethrow_exception(failure);
}

void parallel_for(std::size_t count, int threads, RunControl* control,
                  const std::function<void(int, std::size_t)>& body) {
    parallel_team(count, threads, control, [&](int thread, WorkQueue& queue) {
        for (std::size_t item = 0; queue.take(item); queue.finish()) body(thread, item);
    });
}

}  // namespace nodalroom
