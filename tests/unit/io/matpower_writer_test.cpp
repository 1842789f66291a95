#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <random>

#include "case_text.hpp"

namespace nodalroom::io {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

void expect_same_bits(const NumericTable& a, const NumericTable& b) {
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.columns, b.columns);
    EXPECT_EQ(a.rows(), b.rows());
    EXPECT_EQ(bits_of(a.values), bits_of(b.values)) << a.name;
}

void expect_round_trip(const MatpowerCase& mpc) {
    const std::string text = format_matpower(mpc);
    const MatpowerCase again = parse_matpower(text, "again");
    EXPECT_EQ(again.name, mpc.name);
    EXPECT_EQ(bits_of({again.base_mva}), bits_of({mpc.base_mva}));
    expect_same_bits(again.bus, mpc.bus);
    expect_same_bits(again.gen, mpc.gen);
    expect_same_bits(again.branch, mpc.branch);
    ASSERT_EQ(again.other_tables.size(), mpc.other_tables.size());
    for (std::size_t i = 0; i < mpc.other_tables.size(); ++i) {
        expect_same_bits(again.other_tables[i], mpc.other_tables[i]);
    }
    EXPECT_EQ(again.text_tables, mpc.text_tables);
    EXPECT_TRUE(again.diagnostics.empty());
    EXPECT_EQ(format_matpower(again), text);
}

MatpowerCase tiny_case() { return parse_matpower(CaseText{}.text(), "tiny.m"); }

TEST(MatpowerWriter, WritesAWholeCase) {
    CaseText parts;
    parts.rest = "mpc.gencost = [2 0 0 3 0.1 20 0];\nmpc.bus_name = {'A'; 'it''s B'};";
    const std::vector<std::string> header{"Two buses.", "Second line\nand third"};
    EXPECT_EQ(format_matpower(parse_matpower(parts.text(), "tiny.m"), header),
              "function mpc = tiny\n"
              "%   Two buses.\n"
              "%   Second line\n"
              "%   and third\n"
              "\n"
              "%% MATPOWER Case Format : Version 2\n"
              "mpc.version = '2';\n"
              "\n"
              "%% system MVA base\n"
              "mpc.baseMVA = 100;\n"
              "\n"
              "%% bus data\n"
              "%\tbus_i\ttype\tPd\tQd\tGs\tBs\tarea\tVm\tVa\tbaseKV\tzone\tVmax\tVmin\n"
              "mpc.bus = [\n"
              "\t1\t3\t0\t0\t0\t0\t1\t1\t0\t380\t1\t1.1\t0.9;\n"
              "\t2\t1\t50\t10\t0\t0\t1\t1\t0\t380\t1\t1.1\t0.9;\n"
              "];\n"
              "\n"
              "%% generator data\n"
              "%\tbus\tPg\tQg\tQmax\tQmin\tVg\tmBase\tstatus\tPmax\tPmin\n"
              "mpc.gen = [\n"
              "\t1\t50\t0\t99\t-99\t1\t100\t1\t200\t0;\n"
              "];\n"
              "\n"
              "%% branch data\n"
              "%\tfbus\ttbus\tr\tx\tb\trateA\trateB\trateC\tratio\tangle\tstatus\tangmin\tangmax\n"
              "mpc.branch = [\n"
              "\t1\t2\t0.01\t0.1\t0.02\t250\t250\t250\t0\t0\t1\t-360\t360;\n"
              "];\n"
              "\n"
              "%% gencost\n"
              "%\tmodel\tstartup\tshutdown\tn\n"
              "mpc.gencost = [\n"
              "\t2\t0\t0\t3\t0.1\t20\t0;\n"
              "];\n"
              "\n"
              "%% bus_name\n"
              "mpc.bus_name = {\n"
              "\t'A';\n"
              "\t'it''s B';\n"
              "};\n");
}

TEST(MatpowerWriter, RoundTripsEveryKindOfTable) {
    CaseText parts;
    parts.base_mva = "mpc.baseMVA = 50/3;";
    parts.gen = "mpc.gen = [1 50 -0 Inf -Inf 1 100 1 Inf -Inf];";
    parts.branch = "mpc.branch = [];";
    parts.rest =
        "mpc.gencost = [2 0 0 2 NaN -NaN];\nmpc.areas = [];\nmpc.reserves.zones = zeros(3, 0);\nmpc.dcline = "
        "zeros(0, 17);\n"
        "mpc.answer = 42;\nmpc.bus_name = {'' '%'; \"it's\" '\"'};\nmpc.genfuel = {};\n"
        "mpc.end = 1;\nmpc._x.if = 2;";
    expect_round_trip(parse_matpower(parts.text(), "tiny.m"));
}

TEST(MatpowerWriter, RoundTripsNumbersToTheLastBit) {
    MatpowerCase mpc = tiny_case();
    NumericTable table{"x", 4, {}, {}, 0};
    table.values = {0.1,    1.0 / 3.0, -0.0,  0.0,
                    5e-324, 1e-310,    1e308, std::numeric_limits<double>::max(),
                    1e22,   1e23,      -1e-7, 123456789012345680.0,
                    kInf,   -kInf,     1e5,   std::numeric_limits<double>::min()};
    std::mt19937_64 random(20240607);
    while (table.values.size() < 40000) {
        const double x = std::bit_cast<double>(random());
        if (x == x) table.values.push_back(x);
    }
    table.lines.assign(table.values.size() / 4, 0);
    mpc.other_tables.push_back(table);
    expect_round_trip(mpc);
}

TEST(MatpowerWriter, WritesAFile) {
    const std::filesystem::path path =
        std::filesystem::path(testing::TempDir()) / "nodalroom_writes_a_file.m";
    const std::vector<std::string> header{"made by a test"};
    write_matpower(tiny_case(), path, header);
    EXPECT_EQ(read_matpower(path).bus, tiny_case().bus);
    std::filesystem::remove(path);
}

TEST(MatpowerWriter, NamesAPathItCannotWrite) {
    const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "no_such_folder" / "x.m";
    try {
        write_matpower(tiny_case(), path);
        FAIL();
    } catch (const InputError& error) {
        EXPECT_EQ(error.what(), path.string() + ": the file cannot be opened for writing");
    }
}

TEST(MatpowerWriter, MakesAFunctionNameOfAnyLabel) {
    MatpowerCase mpc = tiny_case();
    mpc.name = "10-bus case";
    EXPECT_EQ(format_matpower(mpc).substr(0, 32), "function mpc = case_10_bus_case\n");
    mpc.name = "";
    EXPECT_EQ(parse_matpower(format_matpower(mpc), "").name, "case_");
    mpc.name = "end";
    EXPECT_EQ(parse_matpower(format_matpower(mpc), "").name, "case_end");
}

TEST(MatpowerWriter, KeepsHeadersInComments) {
    const std::vector<std::string> header{"{", "", "a\rb\n\nc", std::string("bell\a\0nul", 9), "}"};
    const MatpowerCase again = parse_matpower(format_matpower(tiny_case(), header), "");
    EXPECT_EQ(again.bus, tiny_case().bus);
}

TEST(MatpowerWriter, KeepsTheCommentsACaseBeginsWith) {
    const std::string text =
        "%% A banner\r\n% terms of use\r\n\r\nfunction mpc = tiny  % credit\r\n%TINY  two buses\n"
        "%       further in\n\n#{\n  as a block\n#}\n%\n% more\n\n"
        "%% MATPOWER Case Format : Version 2\nmpc.version = '2';\n% not this one\n";
    CaseText parts;
    const std::string whole = parts.text();
    const MatpowerCase mpc = parse_matpower(text + whole.substr(whole.find("mpc.baseMVA")), "tiny.m");
    const std::vector<std::string> expected{"% A banner",     "terms of use", "credit", "TINY  two buses",
                                            "    further in", "  as a block", "",       "more"};
    EXPECT_EQ(mpc.header, expected);
    expect_round_trip(mpc);
    EXPECT_EQ(parse_matpower(format_matpower(mpc), "").header, expected);

    const std::vector<std::string> above{"a witness"};
    const auto again = parse_matpower(format_matpower(mpc, above), "");
    ASSERT_EQ(again.header.size(), expected.size() + 2);
    EXPECT_EQ(again.header.front(), "a witness");
    EXPECT_EQ(again.header[2], "% A banner");
}

TEST(MatpowerWriter, WritesCommentsAsUtf8) {
    CaseText parts;
    parts.function_line += "\n% M\xFCller, M\xC3\xBCller";
    const MatpowerCase mpc = parse_matpower(parts.text(), "tiny.m");
    EXPECT_NE(format_matpower(mpc).find("%   M?ller, M\xC3\xBCller\n"), std::string::npos);
}

std::string refusal(const MatpowerCase& mpc) {
    try {
        (void)format_matpower(mpc);
    } catch (const OptionError& error) {
        return error.what();
    }
    return {};
}

TEST(MatpowerWriter, RefusesWhatItCannotExpress) {
    MatpowerCase mpc = tiny_case();
    mpc.bus.lines.pop_back();
    EXPECT_EQ(refusal(mpc), "table bus: 26 values for 1 rows of 13 columns");
    mpc = tiny_case();
    mpc.other_tables.push_back({"two words", 1, {1.0}, {0}, 0});
    EXPECT_EQ(refusal(mpc), "table name 'two words': not a field name");
    mpc = tiny_case();
    mpc.text_tables.push_back({"bus_name", 1, {"fine", "two\nlines"}, 0});
    EXPECT_EQ(
        refusal(mpc),
        "table bus_name, row 2: the text 'two?lines' holds a line end, a control character or bytes that are "
        "not UTF-8");
    mpc.text_tables[0] = {"bus_name", 2, {"odd"}, 0};
    EXPECT_EQ(refusal(mpc), "table bus_name: 1 texts in rows of 2");
    mpc.text_tables[0] = {"bus_name", 0, {}, 0};
    EXPECT_EQ(refusal(mpc), "table bus_name: 0 texts in rows of 0");
}

}  // namespace
}  // namespace nodalroom::io
