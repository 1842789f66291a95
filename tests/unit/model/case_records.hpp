#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "nodalroom/io/matpower_case.hpp"

namespace nodalroom::testing {

/// Case records made by hand. Line numbers are those a file would have: bus rows from 11, gen rows
/// from 101, branch rows from 201.
class CaseRecords {
public:
    CaseRecords() {
        mpc_.source = "hand.m";
        mpc_.name = "hand";
        mpc_.base_mva = 100.0;
        mpc_.base_mva_line = 5;
        open(mpc_.bus, "bus", io::bus_col::minimum_count, 10);
        open(mpc_.gen, "gen", io::gen_col::minimum_count, 100);
        open(mpc_.branch, "branch", 13, 200);
    }

    CaseRecords& bus(int number, int type, double pd = 0.0, double qd = 0.0, double gs = 0.0,
                     double bs = 0.0) {
        return append(mpc_.bus, {1.0 * number, 1.0 * type, pd, qd, gs, bs, 1, 1.0, 0.0, 110.0, 1, 1.1, 0.9});
    }
    CaseRecords& unit(int bus, double p_mw = 0.0, double status = 1.0) {
        return append(mpc_.gen, {1.0 * bus, p_mw, 0.0, 50.0, -50.0, 1.0, 100.0, status, 200.0, 0.0});
    }
    CaseRecords& branch(int from, int to, double r = 0.01, double x = 0.1, double b = 0.0, double ratio = 0.0,
                        double angle = 0.0, double status = 1.0) {
        return append(mpc_.branch,
                      {1.0 * from, 1.0 * to, r, x, b, 100.0, 0.0, 0.0, ratio, angle, status, -360.0, 360.0});
    }

    CaseRecords& set_bus(std::size_t row, std::size_t column, double value) {
        mpc_.bus.at(row, column) = value;
        return *this;
    }
    CaseRecords& set_unit(std::size_t row, std::size_t column, double value) {
        mpc_.gen.at(row, column) = value;
        return *this;
    }
    CaseRecords& set_branch(std::size_t row, std::size_t column, double value) {
        mpc_.branch.at(row, column) = value;
        return *this;
    }

    io::MatpowerCase& mpc() { return mpc_; }

private:
    static void open(io::NumericTable& table, std::string name, std::size_t columns, int line) {
        table.name = std::move(name);
        table.columns = columns;
        table.line = line;
    }
    CaseRecords& append(io::NumericTable& table, std::initializer_list<double> row) {
        table.values.insert(table.values.end(), row);
        table.lines.push_back(table.line + 1 + static_cast<int>(table.lines.size()));
        return *this;
    }

    io::MatpowerCase mpc_;
};

/// A legal ring of three buses: reference with a unit, two loads. No diagnostics.
inline CaseRecords ring_of_three() {
    CaseRecords records;
    records.bus(1, 3).bus(2, 1, 50.0, 20.0).bus(3, 1, 30.0, 10.0);
    records.unit(1, 80.0);
    records.branch(1, 2).branch(2, 3).branch(3, 1);
    return records;
}

}  // namespace nodalroom::testing
