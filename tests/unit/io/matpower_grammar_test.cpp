#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "case_text.hpp"

namespace nodalroom::io {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
using Values = std::vector<double>;

TEST(MatpowerGrammar, ReadsAWholeCase) {
    const MatpowerCase mpc = parse_matpower(CaseText{}.text(), "some/tiny.m");
    EXPECT_EQ(mpc.source, "some/tiny.m");
    EXPECT_EQ(mpc.name, "tiny");
    EXPECT_EQ(mpc.base_mva, 100.0);
    EXPECT_EQ(mpc.base_mva_line, 3);
    ASSERT_EQ(mpc.bus.rows(), 2U);
    EXPECT_EQ(mpc.bus.columns, 13U);
    EXPECT_EQ(mpc.bus.line, 4);
    EXPECT_EQ(mpc.bus.lines, (std::vector<int>{5, 6}));
    EXPECT_EQ(mpc.bus.at(1, bus_col::pd), 50.0);
    EXPECT_EQ(mpc.bus.at(1, bus_col::vmin), 0.9);
    EXPECT_EQ(mpc.gen.at(0, gen_col::qmin), -99.0);
    EXPECT_EQ(mpc.branch.columns, 13U);
    EXPECT_EQ(mpc.branch.lines, (std::vector<int>{9}));
    EXPECT_TRUE(mpc.diagnostics.empty());
}

TEST(MatpowerGrammar, FindsTablesByName) {
    const MatpowerCase mpc = case_with("mpc.gencost = [2 0 0 2 1 0];\nmpc.bus_name = {'A'; 'B'};");
    EXPECT_EQ(mpc.find_table("bus"), &mpc.bus);
    ASSERT_NE(mpc.find_table("gencost"), nullptr);
    EXPECT_EQ(mpc.find_table("gencost")->columns, 6U);
    EXPECT_EQ(mpc.find_table("dcline"), nullptr);
    ASSERT_NE(mpc.find_text("bus_name"), nullptr);
    EXPECT_EQ(mpc.find_text("genfuel"), nullptr);
}

TEST(MatpowerGrammar, SeparatesElementsByBlanksTabsAndCommas) {
    EXPECT_EQ(table_of("[1 2\t3,4 , 5,\t6]").values, (Values{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(table_of("[ 1 2, ]").values, (Values{1, 2}));
}

TEST(MatpowerGrammar, SeparatesRowsBySemicolonsAndLineEnds) {
    const NumericTable table = table_of("[1 2; 3 4\n5 6;\n\n;7 8,\n]");
    EXPECT_EQ(table.rows(), 4U);
    EXPECT_EQ(table.columns, 2U);
    EXPECT_EQ(table.values, (Values{1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_EQ(table.lines, (std::vector<int>{10, 10, 11, 13}));
}

TEST(MatpowerGrammar, TellsSignsFromOperatorsByTheBlanksAround) {
    EXPECT_EQ(table_of("[1 -2]").values, (Values{1, -2}));
    EXPECT_EQ(table_of("[1 - 2]").values, (Values{-1}));
    EXPECT_EQ(table_of("[1 -2 + 3]").values, (Values{1, 1}));
    EXPECT_EQ(table_of("[1-2 +3]").values, (Values{-1, 3}));
    EXPECT_EQ(table_of("[1 , -2]").values, (Values{1, -2}));
    EXPECT_EQ(table_of("[- 1]").values, (Values{-1}));
    EXPECT_EQ(table_of("[-.5 +.5]").values, (Values{-0.5, 0.5}));
    EXPECT_EQ(table_of("[1\t-2\t- 3]").values, (Values{1, -5}));
    EXPECT_EQ(table_of("[2*3 4 * 5 6* 7 8 *9]").values, (Values{6, 20, 42, 72}));
    EXPECT_EQ(table_of("[(1 -2) 3]").values, (Values{-1, 3}));
    EXPECT_EQ(table_of("[1 (2)]").values, (Values{1, 2}));
    EXPECT_EQ(table_of("[1 ~0]").values, (Values{1, 1}));
    EXPECT_EQ(table_of("[1 ~= 0]").values, (Values{1}));
}

TEST(MatpowerGrammar, ReadsNumbersInEveryNotation) {
    EXPECT_EQ(table_of("[1 1. .5 1.5 1e3 1E+3 1.e-2 5e-1 1d2 2D-1]").values,
              (Values{1, 1, 0.5, 1.5, 1000, 1000, 0.01, 0.5, 100, 0.2}));
    EXPECT_EQ(table_of("[Inf -Inf inf]").values, (Values{kInf, -kInf, kInf}));
    EXPECT_TRUE(std::isnan(table_of("[NaN]").values[0]));
    EXPECT_EQ(table_of("[123456789012345678901234567890]").values,
              (Values{123456789012345678901234567890.0}));
}

TEST(MatpowerGrammar, ReadsNumbersToTheLastBit) {
    EXPECT_EQ(bits_of(table_of("[0.1 4.9e-324 1.7976931348623157e308 2.2250738585072011e-308 -0 0]").values),
              (std::vector<std::uint64_t>{0x3fb999999999999aU, 0x1U, 0x7fefffffffffffffU, 0x000fffffffffffffU,
                                          0x8000000000000000U, 0x0U}));
}

TEST(MatpowerGrammar, EvaluatesExpressionsInsideTables) {
    EXPECT_EQ(bits_of(table_of("[135/sqrt(3) 12/sqrt(3)]").values),
              (std::vector<std::uint64_t>{0x40537c4e6b5e15e8U, 0x401bb67ae8584cabU}));
    EXPECT_EQ(table_of("[2^3 -2^2 2^-1]").values, (Values{8, -4, 0.5}));
    EXPECT_EQ(table_of("[1./2 2.*3 2.^3]").values, (Values{0.5, 6, 8}));
}

TEST(MatpowerGrammar, EvaluatesTheBase) {
    CaseText parts;
    parts.base_mva = "mpc.baseMVA = 50/3; ";
    EXPECT_EQ(parse_matpower(parts.text(), "").base_mva, 50.0 / 3.0);
    parts.base_mva = "mpc.baseMVA = [100];";
    EXPECT_EQ(parse_matpower(parts.text(), "").base_mva, 100.0);
}

TEST(MatpowerGrammar, SkipsComments) {
    EXPECT_EQ(table_of("[ % one\n1 2 % two\n# three\n\n3 4 # four\n]").values, (Values{1, 2, 3, 4}));
    EXPECT_EQ(table_of("[1\n%{\n2 ] 'x\n  %{ \n nested\n %}\n%}\n3]").values, (Values{1, 3}));
    EXPECT_EQ(table_of("[1 %{ not a block\n2]").values, (Values{1, 2}));
    CaseText parts;
    parts.function_line = "% before\n\n%{\nblock\n%}\n#{\nblock\n#}\nfunction mpc = tiny  % behind";
    EXPECT_EQ(parse_matpower(parts.text(), "").name, "tiny");
}

TEST(MatpowerGrammar, JoinsContinuedLines) {
    EXPECT_EQ(table_of("[1 2 ... a comment\n 3\n4 5 6]").values, (Values{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(table_of("[1 ...\n -2]").values, (Values{1, -2}));
    EXPECT_EQ(table_of("[1 - ...\n 2]").values, (Values{-1}));
    EXPECT_EQ(case_with("mpc.x = ...\n [1 2];").find_table("x")->line, 11);
}

TEST(MatpowerGrammar, ReadsEveryKindOfLineEnd) {
    const std::string unix_text = CaseText{}.text();
    std::string windows;
    std::string old_mac;
    for (const char c : unix_text) {
        windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
        old_mac += c == '\n' ? '\r' : c;
    }
    for (const std::string& text : {windows, old_mac}) {
        const MatpowerCase mpc = parse_matpower(text, "");
        EXPECT_EQ(mpc.bus, parse_matpower(unix_text, "").bus);
        EXPECT_EQ(mpc.bus.lines, (std::vector<int>{5, 6}));
        EXPECT_EQ(mpc.branch.lines, (std::vector<int>{9}));
    }
}

TEST(MatpowerGrammar, SkipsAByteOrderMarkAndAcceptsAnyBytesInComments) {
    const MatpowerCase mpc = parse_matpower("\xEF\xBB\xBF% caf\xE9 caf\xC3\xA9\n" + CaseText{}.text(), "");
    EXPECT_EQ(mpc.bus.rows(), 2U);
}

TEST(MatpowerGrammar, ReadsCellArraysOfText) {
    const MatpowerCase mpc = case_with(
        "mpc.a = {'x'; 'it''s'; \"say \"\"hi\"\"\"; ''; '% no comment'; 'Z\xC3\xBCrich'};\n"
        "mpc.b = {\n\t'p', 'q';\n\t'r' 's' % comment\n};\nmpc.c = {};");
    ASSERT_EQ(mpc.text_tables.size(), 3U);
    EXPECT_EQ(mpc.text_tables[0].cells,
              (std::vector<std::string>{"x", "it's", "say \"hi\"", "", "% no comment", "Z\xC3\xBCrich"}));
    EXPECT_EQ(mpc.text_tables[0].columns, 1U);
    EXPECT_EQ(mpc.text_tables[0].line, 10);
    EXPECT_EQ(mpc.text_tables[1].columns, 2U);
    EXPECT_EQ(mpc.text_tables[1].cells, (std::vector<std::string>{"p", "q", "r", "s"}));
    EXPECT_TRUE(mpc.text_tables[2].cells.empty());
}

TEST(MatpowerGrammar, KeepsExtraColumnsAndUnknownTables) {
    CaseText parts;
    parts.gen = "mpc.gen = [1 50 0 Inf -Inf 1 100 1 Inf -Inf 0 0 0 0 0 0 0 0 0 0 7];";
    parts.rest =
        "mpc.areas = [1 1];\nmpc.storage = [1 2 3];\nmpc.reserves.zones = [1 1];\nmpc.answer = 42;\n"
        "mpc.gencost = [2 0 0 2 Inf NaN];";
    const MatpowerCase mpc = parse_matpower(parts.text(), "");
    EXPECT_EQ(mpc.gen.columns, 21U);
    EXPECT_EQ(mpc.gen.at(0, gen_col::pmin), -kInf);
    std::vector<std::string> names;
    for (const NumericTable& table : mpc.other_tables) names.push_back(table.name);
    EXPECT_EQ(names, (std::vector<std::string>{"areas", "storage", "reserves.zones", "answer", "gencost"}));
    EXPECT_EQ(mpc.find_table("answer")->values, (Values{42}));
}

TEST(MatpowerGrammar, AcceptsEmptyTables) {
    CaseText parts;
    parts.gen = "mpc.gen = [];";
    parts.branch = "mpc.branch = [ ];";
    parts.rest = "mpc.dcline = [\n];\nmpc.other = zeros(0, 5);";
    const MatpowerCase mpc = parse_matpower(parts.text(), "");
    EXPECT_EQ(mpc.gen.rows(), 0U);
    EXPECT_EQ(mpc.gen.columns, static_cast<std::size_t>(gen_col::minimum_count));
    EXPECT_EQ(mpc.branch.columns, static_cast<std::size_t>(branch_col::minimum_count));
    EXPECT_EQ(mpc.find_table("dcline")->columns, 0U);
    EXPECT_EQ(mpc.find_table("other")->columns, 5U);
}

TEST(MatpowerGrammar, AcceptsOtherNamesForTheCaseAndAnEndOfTheFunction) {
    const MatpowerCase mpc = parse_matpower(
        "function s = other()\ns.version = \"2\"\ns.baseMVA = 1, s.bus = [1 3 0 0 0 0 1 1 0 1 1 1 1]\n"
        "s.gen = []; s.branch = [];\nend % of the function\n;\n",
        "");
    EXPECT_EQ(mpc.name, "other");
    EXPECT_EQ(mpc.bus.rows(), 1U);
}

TEST(MatpowerGrammar, ReportsATextThatIsNoTable) {
    const MatpowerCase mpc = case_with("mpc.description = 'two buses';");
    ASSERT_EQ(mpc.diagnostics.size(), 1U);
    EXPECT_EQ(mpc.diagnostics[0].severity, Severity::warning);
    EXPECT_EQ(mpc.diagnostics[0].code, "dropped_field");
    EXPECT_EQ(mpc.diagnostics[0].line, 10);
    EXPECT_EQ(mpc.diagnostics[0].message, "mpc.description = 'two buses' is not a table; it is dropped");
}

}  // namespace
}  // namespace nodalroom::io
