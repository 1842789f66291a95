#include "nodalroom/core/parallel.hpp"

#include <omp.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <mutex>

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

}  // namespace

int resolve_threads(int requested) noexcept {
    return requested >= 1 ? requested : std::max(1, omp_get_num_procs());
}

void parallel_for(std::size_t count, int threads, RunControl* control,
                  const std::function<void(int, std::size_t)>& body) {
    if (forked_after_threads.load()) {
        throw Error(
            "this process was forked after nodalroom had used threads; OpenMP cannot continue here. "
            "Start worker processes with the 'spawn' or 'forkserver' method");
    }
    const int team = static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(std::max(threads, 1)),
                                                            std::max<std::size_t>(count, 1)));
    std::atomic<std::size_t> next{0};
    std::atomic<bool> stop{false};
    std::exception_ptr failure;
    std::mutex failure_mutex;

    const auto work = [&](int thread) {
        while (!stop.load(std::memory_order_relaxed) && !(control != nullptr && control->cancelled())) {
            const std::size_t item = next.fetch_add(1);
            if (item >= count) return;
            try {
                body(thread, item);
            } catch (...) {
                const std::lock_guard lock(failure_mutex);
                if (!failure) failure = std::current_exception();
                stop.store(true);
                return;
            }
            if (control != nullptr) control->done.fetch_add(1);
        }
    };

    if (team == 1) {
        work(0);
    } else {
        register_fork_handler();
        threads_were_used.store(true);
#pragma omp parallel num_threads(team)
        work(omp_get_thread_num());
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace nodalroom
