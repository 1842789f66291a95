#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/io/matpower_case.hpp"

namespace nodalroom::io {

/// A whole case of two buses, one unit and one branch; every part can be replaced by a test.
struct CaseText {
    std::string function_line = "function mpc = tiny";
    std::string version = "mpc.version = '2';";
    std::string base_mva = "mpc.baseMVA = 100;";
    std::string bus = "mpc.bus = [\n1 3 0 0 0 0 1 1 0 380 1 1.1 0.9;\n2 1 50 10 0 0 1 1 0 380 1 1.1 0.9;\n];";
    std::string gen = "mpc.gen = [1 50 0 99 -99 1 100 1 200 0];";
    std::string branch = "mpc.branch = [1 2 0.01 0.1 0.02 250 250 250 0 0 1 -360 360];";
    std::string rest;

    /// Lines: 1 function, 2 version, 3 baseMVA, 4 to 7 bus, 8 gen, 9 branch, 10 the rest.
    [[nodiscard]] std::string text() const {
        return function_line + "\n" + version + "\n" + base_mva + "\n" + bus + "\n" + gen + "\n" + branch +
               "\n" + rest + "\n";
    }
};

/// What parse_matpower throws for the text: "tiny.m:LINE: PROBLEM"; empty if it throws nothing.
[[nodiscard]] inline std::string problem_of(std::string_view text) {
    try {
        (void)parse_matpower(text, "tiny.m");
    } catch (const InputError& error) {
        return error.what();
    }
    return {};
}

[[nodiscard]] inline MatpowerCase case_with(std::string rest) {
    CaseText parts;
    parts.rest = std::move(rest);
    return parse_matpower(parts.text(), "tiny.m");
}

[[nodiscard]] inline std::string problem_with(std::string rest) {
    CaseText parts;
    parts.rest = std::move(rest);
    return problem_of(parts.text());
}

/// The values of the table that `mpc.x = LITERAL;` makes.
[[nodiscard]] inline NumericTable table_of(const std::string& literal) {
    const MatpowerCase mpc = case_with("mpc.x = " + literal + ";");
    return *mpc.find_table("x");
}

[[nodiscard]] inline std::vector<std::uint64_t> bits_of(const std::vector<double>& values) {
    std::vector<std::uint64_t> bits;
    bits.reserve(values.size());
    for (const double x : values) bits.push_back(std::bit_cast<std::uint64_t>(x));
    return bits;
}

}  // namespace nodalroom::io
