#pragma once

#include <random>

#include "unit/model/case_records.hpp"

namespace nodalroom::testing {

struct GridShape {
    int buses = 12;
    int extra_branches = 9;  ///< beside a spanning tree
    int islands = 1;
    bool isolated_bus = false;  ///< one more bus of type 4
};

/// A random meshed grid, distinct for every seed: lines, transformers off nominal tap and with phase
/// shift, parallel branches, shunts, several units at some buses, all at ordinary per-unit values.
inline CaseRecords random_grid(unsigned seed, const GridShape& shape = {}) {
    std::mt19937 random(seed);
    const auto uniform = [&](double low, double high) {
        return std::uniform_real_distribution<double>(low, high)(random);
    };
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    CaseRecords records;
    std::size_t unit_rows = 0;
    int number = 1;
    for (int island = 0; island < shape.islands; ++island) {
        const int n = shape.buses + island;
        const int first = number;
        const int reference = first + below(n);
        for (int k = 0; k < n; ++k, ++number) {
            const bool has_unit = number == reference || below(4) == 0;
            const int type = number == reference ? 3 : has_unit ? 2 : 1;
            // Drawn one by one: the order in which arguments are evaluated is the compiler's.
            const double bs = uniform(-5, 10);
            const double gs = uniform(0, 2);
            const double qd = uniform(0, 12);
            const double pd = uniform(5, 40);
            records.bus(number, type, pd, qd, gs, bs);
            if (!has_unit) continue;
            const double setpoint = uniform(1.0, 1.05);
            for (int count = 1 + below(2); count > 0; --count, ++unit_rows) {
                records.unit(number, uniform(10, 60));
                records.set_unit(unit_rows, io::gen_col::vg, setpoint);
                records.set_unit(unit_rows, io::gen_col::qmax, uniform(80, 150));
                records.set_unit(unit_rows, io::gen_col::qmin, uniform(-100, -60));
                records.set_unit(unit_rows, io::gen_col::pmax, uniform(70, 150));
            }
        }
        const auto connect = [&](int a, int b) {
            const bool transformer = below(3) == 0;
            const double shift = transformer && below(2) == 0 ? uniform(-6, 6) : 0.0;
            const double tap = transformer ? uniform(0.95, 1.06) : 0.0;
            const double b_line = transformer ? 0.0 : uniform(0.0, 0.05);
            const double x = uniform(0.03, 0.12);
            const double r = uniform(0.002, 0.02);
            records.branch(a, b, r, x, b_line, tap, shift);
        };
        for (int k = 1; k < n; ++k) connect(first + below(k), first + k);
        for (int k = 0; k < shape.extra_branches; ++k) {
            const int a = below(n);
            const int b = (a + 1 + below(n - 1)) % n;
            connect(first + a, first + b);
        }
    }
    if (shape.isolated_bus) records.bus(number, 4, 10.0, 5.0);
    return records;
}

}  // namespace nodalroom::testing
