#include <omp.h>

#include <cstdio>
#include <string_view>
#include <vector>

namespace {

constexpr int rounds = 200;

/// Each thread writes its own entry; after the barrier at the end of the loop each reads its
/// neighbour's. Only the barrier makes that sound.
long with_barrier(std::vector<long>& entries) {
    long sum = 0;
    const int n = static_cast<int>(entries.size());
#pragma omp parallel reduction(+ : sum)
    for (int round = 0; round < rounds; ++round) {
#pragma omp for schedule(dynamic)
        for (int i = 0; i < n; ++i) entries[static_cast<std::size_t>(i)] += i;
#pragma omp for schedule(static)
        for (int i = 0; i < n; ++i) sum += entries[static_cast<std::size_t>((i + 1) % n)];
    }
    return sum;
}

long without_barrier(std::vector<long>& entries) {
    long sum = 0;
    const int n = static_cast<int>(entries.size());
#pragma omp parallel reduction(+ : sum)
    for (int round = 0; round < rounds; ++round) {
#pragma omp for schedule(dynamic) nowait
        for (int i = 0; i < n; ++i) entries[static_cast<std::size_t>(i)] += i;
#pragma omp for schedule(static) nowait
        for (int i = 0; i < n; ++i) sum += entries[static_cast<std::size_t>((i + 1) % n)];
    }
    return sum;
}

}  // namespace

int main(int argc, char** argv) {
    omp_set_num_threads(4);
    std::vector<long> entries(64);
    const bool wrong = argc == 2 && std::string_view(argv[1]) == "wrong";
    std::printf("%ld\n", wrong ? without_barrier(entries) : with_barrier(entries));
}
