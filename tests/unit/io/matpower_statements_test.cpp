#include <gtest/gtest.h>

#include <cmath>
#include <ostream>

#include "case_text.hpp"

namespace nodalroom::io {
namespace {

using Values = std::vector<double>;

constexpr const char* kColumnNames =
    "[PQ, PV, REF, NONE, BUS_I, BUS_TYPE, PD, QD, GS, BS, BUS_AREA, VM, ...\n"
    "    VA, BASE_KV, ZONE, VMAX, VMIN, LAM_P, LAM_Q, MU_VMAX, MU_VMIN] = idx_bus;\n"
    "[F_BUS, T_BUS, BR_R, BR_X, BR_B, RATE_A, RATE_B, RATE_C, ...\n"
    "    TAP, SHIFT, BR_STATUS, PF, QF, PT, QT, MU_SF, MU_ST, ...\n"
    "    ANGMIN, ANGMAX, MU_ANGMIN, MU_ANGMAX] = idx_brch;\n";

/// The value of an expression assigned to a variable and stored in a table.
NumericTable value_of(const std::string& expression) {
    return *case_with("y = " + expression + ";\nmpc.x = y;").find_table("x");
}

TEST(MatpowerStatements, ConvertsUnitsOverColumns) {
    const MatpowerCase mpc =
        case_with(std::string(kColumnNames) +
                  "Vbase = mpc.bus(1, BASE_KV) * 1e3;      %% in Volts\n"
                  "Sbase = mpc.baseMVA * 1e6;              %% in VA\n"
                  "mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / (Vbase^2 / Sbase);\n"
                  "mpc.bus(:, [PD, QD]) = mpc.bus(:, [PD, QD]) / 1e3;\n");
    const double base_ohm = (380.0 * 1e3) * (380.0 * 1e3) / (100.0 * 1e6);
    EXPECT_EQ(mpc.branch.at(0, branch_col::r), 0.01 / base_ohm);
    EXPECT_EQ(mpc.branch.at(0, branch_col::x), 0.1 / base_ohm);
    EXPECT_EQ(mpc.branch.at(0, branch_col::b), 0.02);
    EXPECT_EQ(mpc.bus.at(1, bus_col::pd), 50.0 / 1e3);
    EXPECT_EQ(mpc.bus.at(1, bus_col::qd), 10.0 / 1e3);

    ASSERT_EQ(mpc.diagnostics.size(), 4U);
    for (const Diagnostic& diagnostic : mpc.diagnostics) {
        EXPECT_EQ(diagnostic.severity, Severity::note);
        EXPECT_EQ(diagnostic.code, "evaluated_statement");
    }
    EXPECT_EQ(mpc.diagnostics[0].line, 15);
    EXPECT_EQ(mpc.diagnostics[0].message, "evaluated 'Vbase = mpc.bus(1, BASE_KV) * 1e3': Vbase is 380000");
    EXPECT_EQ(mpc.diagnostics[3].message,
              "evaluated 'mpc.bus(:, [PD, QD]) = mpc.bus(:, [PD, QD]) / 1e3': sets 4 values of table bus");
}

TEST(MatpowerStatements, AppliesAPowerFactor) {
    const MatpowerCase mpc = case_with(
        "define_constants;\npf = 0.85;\n"
        "mpc.bus(:, QD) = mpc.bus(:, PD) * sin(acos(pf));\n"
        "mpc.bus(:, PD) = mpc.bus(:, PD) * pf;\n");
    EXPECT_EQ(mpc.bus.at(1, bus_col::qd), 50.0 * std::sin(std::acos(0.85)));
    EXPECT_EQ(mpc.bus.at(1, bus_col::pd), 50.0 * 0.85);
}

std::string fixing_text(const std::string& fixed) {
    CaseText parts;
    parts.gen =
        "mpc.gen = [1 50 5 Inf -Inf 1 100 1 Inf -Inf; 1 60 6 9 -9 1 100 1 99 0; 1 70 7 Inf -Inf 1 100 1 Inf "
        "-Inf];";
    parts.rest = "fixed = " + fixed +
                 ";\nif fixed\n"
                 "    [GEN_BUS, PG, QG, QMAX, QMIN, VG, MBASE, GEN_STATUS, PMAX, PMIN] = idx_gen;\n"
                 "    k = find(   isinf(mpc.gen(:, QMIN)) & ...\n"
                 "                isinf(mpc.gen(:, QMAX)) & isinf(mpc.gen(:, PMIN)) );  %% end if\n"
                 "    mpc.gen(k, PMIN) = mpc.gen(k, PG);\n"
                 "    mpc.gen(k, PMAX) = mpc.gen(k, PG);\n"
                 "end\n";
    return parts.text();
}

TEST(MatpowerStatements, RunsTheBlockOfAConditionThatHolds) {
    const MatpowerCase mpc = parse_matpower(fixing_text("1"), "");
    EXPECT_EQ(mpc.gen.at(0, gen_col::pmin), 50.0);
    EXPECT_EQ(mpc.gen.at(1, gen_col::pmin), 0.0);
    EXPECT_EQ(mpc.gen.at(2, gen_col::pmax), 70.0);
}

TEST(MatpowerStatements, SkipsTheBlockOfAConditionThatDoesNotHold) {
    const MatpowerCase mpc = parse_matpower(fixing_text("0"), "");
    EXPECT_TRUE(std::isinf(mpc.gen.at(0, gen_col::pmin)));
    ASSERT_EQ(mpc.diagnostics.size(), 2U);
    EXPECT_EQ(mpc.diagnostics[1].code, "skipped_statements");
    EXPECT_EQ(mpc.diagnostics[1].message,
              "lines 11 to 17 are not evaluated: their condition in the 'if' of line 11 does not hold");
}

TEST(MatpowerStatements, TakesExactlyOneBranchOfAnIf) {
    const std::string chain =
        "if a == 1, mpc.bus(1, 3) = 1; elseif a == 2\nmpc.bus(1, 3) = 2;\nelseif a < 5\n"
        "if a == 3, mpc.bus(1, 3) = 3; else, mpc.bus(1, 3) = 4; end\nelse\n"
        "x = mpc.bus'; y = 'end'; z = [1 'else']; for k = 1:3, end, mpc.bus(1, 3) = 5;\nend;";
    const auto pd = [&](const std::string& a, const std::string& text) {
        return case_with("a = " + a + ";\n" + text).bus.at(0, bus_col::pd);
    };
    EXPECT_EQ(pd("1", chain), 1.0);
    EXPECT_EQ(pd("2", chain), 2.0);
    EXPECT_EQ(pd("3", chain), 3.0);
    EXPECT_EQ(pd("4", chain), 4.0);
    EXPECT_EQ(problem_with("a = 7;\n" + chain), "tiny.m:16: the text 'end' is not a number");
}

TEST(MatpowerStatements, FindsTheEndOfABlockItSkips) {
    for (const char* skipped :
         {"x = .5, end", "x = mpc.end; end", "x = a(end)'; y = b'; end", "s = 'end'; end",
          "switch s, case 'a', x = 1; otherwise, end, end", "x = [a' 'end' \"end\"]; end",
          "% end\n%{\nend\n%}\nend", "x = {1, ... end\n 2}; end", "if 1, else, end, end",
          "for k = 1:3, do, until k > 1, end, endif"}) {
        const MatpowerCase mpc = case_with("if 0\n" + std::string(skipped) + "\nmpc.x = 7;");
        ASSERT_NE(mpc.find_table("x"), nullptr) << skipped;
        EXPECT_EQ(mpc.diagnostics.size(), 1U) << skipped;
    }
}

TEST(MatpowerStatements, FollowsPrecedence) {
    EXPECT_EQ(value_of("-2^2").values, (Values{-4}));
    EXPECT_EQ(value_of("2^-1^2").values, (Values{0.25}));
    EXPECT_EQ(value_of("2^3^2").values, (Values{64}));
    EXPECT_EQ(value_of("1 + 2*3/4 - 5").values, (Values{-2.5}));
    EXPECT_EQ(value_of("~1 == 0").values, (Values{1}));
    EXPECT_EQ(value_of("1 + 1:3").values, (Values{2, 3}));
    EXPECT_EQ(value_of("1:2 == 1:2").values, (Values{1, 1}));
    EXPECT_EQ(value_of("1 | 0 & 0").values, (Values{1}));
    EXPECT_EQ(value_of("0 && 1 || 1").values, (Values{1}));
    EXPECT_EQ(value_of("5 - - 3").values, (Values{8}));
    EXPECT_EQ(value_of("3 - -4").values, (Values{7}));
    EXPECT_EQ(value_of("2*-3").values, (Values{-6}));
}

TEST(MatpowerStatements, ComputesFromLeftToRightToTheLastBit) {
    EXPECT_EQ(bits_of(value_of("0.1 + 0.2 + 0.3").values), bits_of({0.1 + 0.2 + 0.3}));
    EXPECT_EQ(bits_of(value_of("0.1 / 3 * 7").values), bits_of({0.1 / 3 * 7}));
    EXPECT_EQ(bits_of(value_of("[1.1 2.2 3.3].^2").values), bits_of({1.1 * 1.1, 2.2 * 2.2, 3.3 * 3.3}));
    EXPECT_EQ(bits_of(value_of("[1.1 2.2].^3").values), bits_of({1.1 * 1.1 * 1.1, 2.2 * 2.2 * 2.2}));
    EXPECT_EQ(bits_of(value_of("1.3^3").values), bits_of({std::pow(1.3, 3.0)}));
}

TEST(MatpowerStatements, KnowsTheUsualFunctions) {
    EXPECT_EQ(value_of("sqrt(16)").values, (Values{4}));
    EXPECT_EQ(value_of("abs(-3)").values, (Values{3}));
    EXPECT_EQ(bits_of(value_of("[sin(1) cos(1) tan(1) asin(1) acos(1) atan(1) exp(1) log(2) pi]").values),
              bits_of({std::sin(1.0), std::cos(1.0), std::tan(1.0), std::asin(1.0), std::acos(1.0),
                       std::atan(1.0), std::exp(1.0), std::log(2.0), 3.141592653589793}));
    EXPECT_EQ(value_of("[floor(-1.5) ceil(-1.5) round(-2.5) fix(-1.5)]").values, (Values{-2, -1, -3, -1}));
    EXPECT_EQ(value_of("[isinf(Inf) isnan(1) isfinite(1) any([0 1]) all([0 1]) true false]").values,
              (Values{1, 0, 1, 1, 0, 1, 0}));
    EXPECT_EQ(value_of("find([0 1 1])").values, (Values{2, 3}));
    EXPECT_EQ(value_of("size(mpc.bus)").values, (Values{2, 13}));
    EXPECT_EQ(value_of("[size(mpc.bus, 1) length(mpc.bus) numel(mpc.gen) isempty([])]").values,
              (Values{2, 13, 10, 1}));
    EXPECT_EQ(value_of("[zeros(1, 2) ones(1, 2) sum([1 2 3])]").values, (Values{0, 0, 1, 1, 6}));
}

TEST(MatpowerStatements, IndexesByNumbersMasksAndRanges) {
    EXPECT_EQ(value_of("mpc.bus(2, 3)").values, (Values{50}));
    EXPECT_EQ(value_of("mpc.bus(:, 3)'").values, (Values{0, 50}));
    EXPECT_EQ(value_of("mpc.bus([2 1], 1:3)").values, (Values{2, 1, 50, 1, 3, 0}));
    EXPECT_EQ(value_of("mpc.bus(mpc.bus(:, 3) > 0, 1)").values, (Values{2}));
    EXPECT_EQ(value_of("mpc.bus(:, 3)").columns, 1U);
    const MatpowerCase mpc =
        case_with("v = [4 5 6];\nw = v(3:-1:1);\nmpc.x = w;\nmpc.bus(2, [12 13]) = [1.2 0.8];");
    EXPECT_EQ(mpc.find_table("x")->values, (Values{6, 5, 4}));
    EXPECT_EQ(mpc.bus.at(1, bus_col::vmax), 1.2);
    EXPECT_EQ(mpc.bus.at(1, bus_col::vmin), 0.8);
}

TEST(MatpowerStatements, BuildsMatrices) {
    EXPECT_EQ(value_of("[[1; 2] [3; 4]]").values, (Values{1, 3, 2, 4}));
    EXPECT_EQ(value_of("[[1 2]; [3 4]\n5 6]").rows(), 3U);
    EXPECT_EQ(value_of("[1 -2]").values, (Values{1, -2}));
    EXPECT_EQ(value_of("[[] 1]").values, (Values{1}));
}

TEST(MatpowerStatements, KeepsATableThatIsComputed) {
    const MatpowerCase mpc = case_with("mpc.gencost = mpc.gen(:, [9 10]) * 2;");
    EXPECT_EQ(mpc.find_table("gencost")->values, (Values{400, 0}));
    EXPECT_EQ(mpc.find_table("gencost")->lines, (std::vector<int>{10}));
    ASSERT_EQ(mpc.diagnostics.size(), 1U);
    EXPECT_EQ(mpc.diagnostics[0].message,
              "evaluated 'mpc.gencost = mpc.gen(:, [9 10]) * 2': table gencost is of size 1x2");
}

TEST(MatpowerStatements, TakesOnlyTheNamesThatAreAskedFor) {
    EXPECT_EQ(value_of("1").values, (Values{1}));
    const MatpowerCase mpc =
        case_with("[~, ~, r, x] = idx_brch();\nmpc.branch(:, [r x]) = 2 * mpc.branch(:, [r x]);");
    EXPECT_EQ(mpc.branch.at(0, branch_col::x), 0.2);
}

struct Refused {
    std::string statement;
    std::string problem;
};

std::ostream& operator<<(std::ostream& out, const Refused& refused) { return out << refused.statement; }

class MatpowerRefusedStatement : public testing::TestWithParam<Refused> {};

TEST_P(MatpowerRefusedStatement, NamesLineAndReason) {
    EXPECT_EQ(problem_with(GetParam().statement), "tiny.m:10: " + GetParam().problem);
}

INSTANTIATE_TEST_SUITE_P(
    All, MatpowerRefusedStatement,
    testing::Values(
        Refused{"for k = 1:3, end", "the statement 'for k = 1:3, end' is not understood"},
        Refused{"while 1, end", "the statement 'while 1, end' is not understood"},
        Refused{"mpc = loadcase('case9');", "the statement 'mpc = loadcase('case9');' is not understood"},
        Refused{"x(3) = 1;", "the statement 'x(3) = 1;' is not understood"},
        Refused{"x += 1;", "the statement 'x += 1;' is not understood"},
        Refused{"disp('hello')", "the statement 'disp('hello')' is not understood"},
        Refused{"mpc.bus{1} = 2;", "the statement 'mpc.bus{1} = 2;' is not understood"},
        Refused{"[a, b] = size(mpc.bus);", "the statement '[a, b] = size(mpc.bus);' is not understood"},
        Refused{"[mpc] = idx_bus;", "the statement '[mpc] = idx_bus;' is not understood"},
        Refused{"[a b c d e f g h] = idx_cost;", "idx_cost gives 7 values, not 8"},
        Refused{"return", "the statement 'return' is not understood"},
        Refused{"42;", "the statement '42;' is not understood"},
        Refused{"else", "the statement 'else' is not understood"},
        Refused{"end mpc.x = 1;", "'mpc' follows behind the end of the case function"},
        Refused{"function helper()", "a second function in the file is not understood"},
        Refused{"x = y;", "'y' is neither a number nor a name that is known here"},
        Refused{"x = rand(3);", "'rand' is neither a number nor a name that is known here"},
        Refused{"x = 3i;", "'3i' is not a number"}, Refused{"x = 0x1F;", "'0x1F' is not a number"},
        Refused{"x = @(t) t;", "'@' is not understood where a value belongs"},
        Refused{"x = ;", "';' is not understood where a value belongs"},
        Refused{"x = (1", "')' is missing before the end of the line"},
        Refused{"x = 1 2;", "'2' is not understood behind 'x = 1'"},
        Refused{"x = 1++2;", "'++' is not understood"}, Refused{"x = --2;", "'--' is not understood"},
        Refused{"x = [1 -...\n2];",
                "a line continued right behind '-' in brackets is ambiguous: a sign or an operator"},
        Refused{"x = mpc.nothing;", "mpc.nothing is not a number or table assigned before"},
        Refused{"x = mpc.bus(3, 1);", "index 3; there are 2 rows"},
        Refused{"x = mpc.bus(1, 0);", "index 0; there are 13 columns"},
        Refused{"x = mpc.bus(1.5, 1);", "index 1.5; there are 2 rows"},
        Refused{"x = mpc.bus(end, 1);", "'end' as an index is not understood"},
        Refused{"x = mpc.bus(2);", "one index into a table of several columns"},
        Refused{"x = mpc.bus([1 1 1] > 0, 1);", "a mask of size 1x3 for 2 rows"},
        Refused{"x = mpc.bus * mpc.bus;", "a product of two matrices"},
        Refused{"x = 1 / mpc.bus;", "a division by a matrix"},
        Refused{"x = mpc.bus ^ 2;", "a power of a matrix"},
        Refused{"x = [1 2] + [1 2 3];", "values of sizes 1x2 and 1x3 do not go together"},
        Refused{"x = [[1 2]; 3];", "values of sizes 1x2 and 1x1 do not fit one below the other"},
        Refused{"x = [[1; 2] 3];", "values of sizes 2x1 and 1x1 do not fit side by side"},
        Refused{"x = sqrt(-1);", "sqrt of a negative number"},
        Refused{"x = acos(2);", "acos of a number beyond 1"},
        Refused{"x = (-8)^(1/3);", "a root of a negative number"},
        Refused{"x = sin(1, 2);", "sin with 2 arguments"},
        Refused{"x = sin(:);", "':' as an argument of sin is not understood"},
        Refused{"x = zeros(1e9, 1e9);", "a size that is not a whole number"},
        Refused{"x = zeros(1e4, 1e4);", "a value of too many elements"},
        Refused{"x = 1:0.5:3;", "a range with a bound or step that is not a whole number"},
        Refused{"x = 1:1e15;", "a range of too many elements"},
        Refused{"x = [1 0] && 1;", "'&&' and '||' are understood between single values only"},
        Refused{"x = ~NaN;", "NaN is neither true nor false"},
        Refused{"mpc.bus(3, 1) = 1;", "index 3; there are 2 rows"},
        Refused{"mpc.bus(:, 14) = 1;", "index 14; there are 13 columns"},
        Refused{"mpc.bus(1, :) = [];", "rows or columns of mpc.bus are deleted, which is not understood"},
        Refused{"mpc.bus(:, 3) = [1 2];", "a value of size 1x2 for a part of size 2x1 of mpc.bus"},
        Refused{"mpc.bus(3) = 1;", "an assignment to a part of mpc.bus needs a row and a column"},
        Refused{"mpc.x(1, 1) = 1;", "mpc.x is not a table that is assigned before this line"},
        Refused{"mpc.bus(:, 3) = NaN * mpc.bus(:, 3)';",
                "a value of size 1x2 for a part of size 2x1 of mpc.bus"},
        Refused{"if mpc.bus(1, 1)", "the 'if' opened here is not closed by an 'end'"},
        Refused{"if 0, disp 'end', end", "a quote behind a blank is ambiguous: a transposition or a text"},
        Refused{"if 0, x = 1;", "the 'if' opened here is not closed by an 'end'"},
        Refused{"if 1, else, 'abc", "a text in quotes is not closed on its line: abc"}));

TEST(MatpowerStatements, RefusesDeepNesting) {
    EXPECT_EQ(problem_with("x = " + std::string(100000, '(') + "1;"),
              "tiny.m:10: an expression nested too deeply");
    EXPECT_EQ(problem_with("x = " + std::string(100000, '~') + "1;"),
              "tiny.m:10: an expression nested too deeply");
    EXPECT_EQ(problem_with("x = " + std::string(100000, '[') + "1;"),
              "tiny.m:10: an expression nested too deeply");
    std::string signs = "x = 1";
    for (int i = 0; i < 1000; ++i) signs += "^-";
    EXPECT_EQ(problem_with(signs + "1;"), "tiny.m:10: '^' is not understood where a value belongs");
    std::string blocks;
    for (int i = 0; i < 1000; ++i) blocks += "if 1\n";
    EXPECT_EQ(problem_with(blocks), "tiny.m:60: 'if' nested too deeply");
}

TEST(MatpowerStatements, ReadsLongChainsWithoutRecursion) {
    std::string sum = "1";
    for (int i = 0; i < 100000; ++i) sum += "+1";
    EXPECT_EQ(value_of(sum).values, (Values{100001}));
}

TEST(MatpowerStatements, BoundsTheWork) {
    std::string many;
    for (int i = 0; i < 20001; ++i) many += "x = 1;\n";
    EXPECT_EQ(problem_with(many), "tiny.m:20005: more than 20000 statements");
    std::string tables;
    for (int i = 0; i < 1001; ++i) tables += "mpc.t" + std::to_string(i) + " = 1;\n";
    EXPECT_EQ(problem_with(tables), "tiny.m:1005: more than 1000 tables");
    std::string sums = "x = ones(2000);\ny = x";
    for (int i = 0; i < 1000; ++i) sums += "+x";
    EXPECT_EQ(problem_with(sums), "tiny.m:11: the expressions of the file make too many numbers");
}

}  // namespace
}  // namespace nodalroom::io
