#include "nodalroom/report/table.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <sstream>

namespace nodalroom::report {
namespace {

std::string csv_of(const Table& table) {
    std::ostringstream out;
    write_csv(table, out);
    return out.str();
}

TEST(Csv, WritesEveryKindOfColumn) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Table table;
    table.columns.push_back(
        {"p_mw", std::vector<double>{0.1, std::numeric_limits<double>::quiet_NaN(), -infinity}});
    table.columns.push_back({"bus", std::vector<std::int64_t>{1, 2, 30}});
    table.columns.push_back({"row", std::vector<std::optional<std::int64_t>>{7, std::nullopt, 9}});
    table.columns.push_back({"radial", std::vector<bool>{true, false, true}});
    table.columns.push_back({"name", std::vector<std::string>{"A, B", "", "say \"C\"\nD"}});
    EXPECT_EQ(csv_of(table),
              "p_mw,bus,row,radial,name\n"
              "0.1,1,7,True,\"A, B\"\n"
              ",2,,False,\n"
              "-inf,30,9,True,\"say \"\"C\"\"\nD\"\n");
}

TEST(Words, KeepEachTextOnceAndAreWrittenAsTexts) {
    Words words;
    for (const char* text : {"b", "a, 1", "", "b", "b"}) words.push_back(text);
    EXPECT_EQ(words.words, (std::vector<std::string>{"b", "a, 1"}));
    EXPECT_EQ(words.codes, (std::vector<std::int32_t>{0, 1, -1, 0, 0}));
    Table table;
    table.columns.push_back({"element", words});
    EXPECT_EQ(table.rows(), 5U);
    EXPECT_EQ(csv_of(table), "element\nb\n\"a, 1\"\n\nb\nb\n");
}

TEST(Csv, NumbersKeepTheirBits) {
    const double third = 1.0 / 3.0, tiny = std::numeric_limits<double>::denorm_min();
    Table table;
    table.columns.push_back({"x", std::vector<double>{third, tiny, 1e22}});
    std::istringstream lines(csv_of(table));
    std::string line;
    std::getline(lines, line);
    for (const double expected : {third, tiny, 1e22}) {
        std::getline(lines, line);
        EXPECT_EQ(std::strtod(line.c_str(), nullptr), expected) << line;
    }
}

TEST(Table, KnowsItsRowsAndColumns) {
    Table table;
    EXPECT_EQ(table.rows(), 0U);
    EXPECT_EQ(csv_of(table), "");
    table.columns.push_back({"flag", std::vector<bool>{true, false}});
    EXPECT_EQ(table.rows(), 2U);
    ASSERT_NE(table.find("flag"), nullptr);
    EXPECT_EQ(table.find("flag")->size(), 2U);
    EXPECT_EQ(table.find("Flag"), nullptr);
}

}  // namespace
}  // namespace nodalroom::report
