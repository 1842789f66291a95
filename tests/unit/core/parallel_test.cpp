#include "nodalroom/core/parallel.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "nodalroom/core/errors.hpp"

namespace nodalroom {
namespace {

TEST(ResolveThreads, TakesPositiveNumbersAsGiven) {
    EXPECT_EQ(resolve_threads(1), 1);
    EXPECT_EQ(resolve_threads(7), 7);
}

TEST(ResolveThreads, IsBounded) {
    EXPECT_FALSE(threads_problem(0));
    EXPECT_FALSE(threads_problem(kMostThreads));
    EXPECT_EQ(threads_problem(-1), "threads = -1; must be >= 0 and <= 1024");
    EXPECT_EQ(threads_problem(2'000'000'000), "threads = 2000000000; must be >= 0 and <= 1024");
    EXPECT_EQ(resolve_threads(2'000'000'000), kMostThreads);
}

TEST(ResolveThreads, MeansAllProcessorsOtherwise) {
    EXPECT_GE(resolve_threads(0), 1);
    EXPECT_EQ(resolve_threads(-3), resolve_threads(0));
}

TEST(ParallelFor, VisitsEveryItemOnceOnThreadsInRange) {
    for (const int threads : {1, 2, 3, 8}) {
        for (const std::size_t count : {0U, 1U, 2U, 7U, 1001U}) {
            std::vector<std::atomic<int>> visits(count);
            std::atomic<bool> in_range{true};
            parallel_for(count, threads, nullptr, [&](int thread, std::size_t item) {
                if (thread < 0 || thread >= threads) in_range = false;
                ++visits[item];
            });
            EXPECT_TRUE(in_range) << threads << " threads";
            for (std::size_t item = 0; item < count; ++item) {
                ASSERT_EQ(visits[item].load(), 1) << "item " << item << " of " << count << ", " << threads;
            }
        }
    }
}

TEST(ParallelFor, TakesFewerThanOneThreadAsOne) {
    const auto caller = std::this_thread::get_id();
    int visits = 0;
    parallel_for(5, 0, nullptr, [&](int thread, std::size_t) {
        EXPECT_EQ(thread, 0);
        EXPECT_EQ(std::this_thread::get_id(), caller);
        ++visits;
    });
    EXPECT_EQ(visits, 5);
}

TEST(ParallelFor, NeverStartsMoreThreadsThanThereAreItems) {
    std::mutex mutex;
    std::set<int> seen;
    parallel_for(2, 8, nullptr, [&](int thread, std::size_t) {
        const std::lock_guard lock(mutex);
        seen.insert(thread);
    });
    EXPECT_LT(*seen.rbegin(), 2);
}

TEST(ParallelFor, RunsItsThreadsAtTheSameTime) {
    // Each of three items waits until all three have begun.
    std::atomic<int> begun{0};
    std::atomic<int> gave_up{0};
    parallel_for(3, 3, nullptr, [&](int, std::size_t) {
        ++begun;
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (begun.load() < 3) {
            if (std::chrono::steady_clock::now() > end) {
                ++gave_up;
                return;
            }
            std::this_thread::yield();
        }
    });
    EXPECT_EQ(gave_up.load(), 0);
}

TEST(ParallelFor, RethrowsTheFirstExceptionAndStops) {
    for (const int threads : {1, 4}) {
        std::atomic<int> begun{0};
        int caught = 0;
        try {
            parallel_for(100000, threads, nullptr, [&](int, std::size_t item) {
                ++begun;
                if (item == 17) throw std::domain_error("item 17");
            });
        } catch (const std::domain_error& error) {
            ++caught;
            EXPECT_STREQ(error.what(), "item 17");
        }
        EXPECT_EQ(caught, 1);
        EXPECT_LT(begun.load(), 100000) << threads << " threads went on after the exception";
    }
}

TEST(ParallelFor, LetsOneOfManyExceptionsThrough) {
    int caught = 0;
    try {
        parallel_for(64, 4, nullptr,
                     [](int, std::size_t item) { throw std::runtime_error("item " + std::to_string(item)); });
    } catch (const std::runtime_error& error) {
        ++caught;
        EXPECT_EQ(std::string(error.what()).rfind("item ", 0), 0U);
    }
    EXPECT_EQ(caught, 1);
    int visits = 0;  // and the next queue starts afresh
    parallel_for(3, 1, nullptr, [&](int, std::size_t) { ++visits; });
    EXPECT_EQ(visits, 3);
}

TEST(ParallelFor, EndsAfterTheItemInHandWhenCancelled) {
    RunControl control;
    control.begin_stage("things", 50);
    std::vector<std::size_t> visited;
    parallel_for(50, 1, &control, [&](int, std::size_t item) {
        visited.push_back(item);
        if (item == 10) control.cancel = true;
    });
    EXPECT_EQ(visited.size(), 11U);
    EXPECT_EQ(control.done.load(), 11U);
    EXPECT_EQ(control.total.load(), 50U);
    EXPECT_STREQ(control.stage.load(), "things");
}

TEST(ParallelFor, DoesNothingWhenCancelledBefore) {
    RunControl control;
    control.cancel = true;
    for (const int threads : {1, 3}) {
        parallel_for(20, threads, &control, [](int, std::size_t) { FAIL(); });
    }
    EXPECT_EQ(control.done.load(), 0U);
}

TEST(ParallelFor, CountsFinishedItemsOfTheStage) {
    RunControl control;
    control.begin_stage("first", 30);
    parallel_for(30, 4, &control, [](int, std::size_t) {});
    EXPECT_EQ(control.done.load(), 30U);
    control.begin_stage("second", 4);
    EXPECT_EQ(control.done.load(), 0U);
    EXPECT_FALSE(control.cancelled());
}

TEST(WorkQueue, GivesWhatIsSetAsideToAnyThread) {
    for (const int threads : {1, 2, 5}) {
        constexpr std::size_t kCount = 300;
        std::vector<std::atomic<int>> first(kCount), second(kCount);
        parallel_team(kCount, threads, nullptr, [&](int, WorkQueue& queue) {
            {
                const WorkQueue::FirstLook first_look(queue);
                for (std::size_t item = 0; queue.take(item);) {
                    ++first[item];
                    if (item % 3 == 0) queue.set_aside(item);
                }
            }
            for (std::size_t item = 0; queue.take_aside(item);) ++second[item];
        });
        for (std::size_t item = 0; item < kCount; ++item) {
            EXPECT_EQ(first[item].load(), 1);
            EXPECT_EQ(second[item].load(), item % 3 == 0 ? 1 : 0);
        }
    }
}

TEST(WorkQueue, LetsNobodyWaitForAThreadThatFailed) {
    std::atomic<int> met{0};
    const auto team = [&] {
        parallel_team(64, 4, nullptr, [&](int, WorkQueue& queue) {
            {
                const WorkQueue::FirstLook first_look(queue);
                for (std::size_t item = 0; queue.take(item);) {
                    queue.set_aside(item);
                    if (item == 20) throw std::runtime_error("item 20");
                }
            }
            for (std::size_t item = 0; queue.take_aside(item);) ++met;
        });
    };
    EXPECT_THROW(team(), std::runtime_error);  // and comes back
    EXPECT_LE(met.load(), 64);
}

TEST(ParallelFor, RefusesToRunInAForkedChild) {
    std::atomic<int> visits{0};
    parallel_for(8, 2, nullptr, [&](int, std::size_t) { ++visits; });
    ASSERT_EQ(visits.load(), 8);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        int code = 1;
        try {
            parallel_for(8, 2, nullptr, [](int, std::size_t) {});
        } catch (const Error&) {
            code = 42;
        }
        _exit(code);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 42);
    parallel_for(8, 2, nullptr, [&](int, std::size_t) { ++visits; });  // the parent may go on
    EXPECT_EQ(visits.load(), 16);
}

}  // namespace
}  // namespace nodalroom
