#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <ostream>

#include "case_text.hpp"

namespace nodalroom::io {
namespace {

/// A path in the folder of temporary files, removed at the end of the test.
class TemporaryPath {
public:
    explicit TemporaryPath(const std::string& name)
        : path_(std::filesystem::path(testing::TempDir()) /
                ("nodalroom_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
                 name)) {
        std::filesystem::remove_all(path_);
    }
    ~TemporaryPath() { std::filesystem::remove_all(path_); }
    TemporaryPath(const TemporaryPath&) = delete;
    TemporaryPath& operator=(const TemporaryPath&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    void write(std::string_view text) const { std::ofstream(path_, std::ios::binary) << text; }
    /// What read_matpower throws, without the path in front.
    [[nodiscard]] std::string problem() const {
        try {
            (void)read_matpower(path_);
        } catch (const InputError& error) {
            EXPECT_EQ(error.file(), path_.string());
            return std::string(error.what()).substr(path_.string().size());
        }
        return {};
    }

private:
    std::filesystem::path path_;
};

TEST(MatpowerFiles, ReadsAFile) {
    const TemporaryPath file(".m");
    file.write(CaseText{}.text());
    const MatpowerCase mpc = read_matpower(file.path());
    EXPECT_EQ(mpc.source, file.path().string());
    EXPECT_EQ(mpc.bus.rows(), 2U);
}

TEST(MatpowerFiles, RefusesAFileThatIsAbsent) {
    EXPECT_EQ(TemporaryPath(".m").problem(), ": the file does not exist");
}

TEST(MatpowerFiles, RefusesADirectory) {
    const TemporaryPath folder("_folder");
    std::filesystem::create_directory(folder.path());
    EXPECT_EQ(folder.problem(), ": this is a directory, not a file");
}

TEST(MatpowerFiles, RefusesEmptyFiles) {
    const TemporaryPath file(".m");
    for (const char* text : {"", "\n\n  \t", "% only a comment", "%{\nblock\n%}\n"}) {
        file.write(text);
        EXPECT_EQ(file.problem(), ": the file is empty") << text;
    }
}

TEST(MatpowerFiles, RefusesBinaryContent) {
    const TemporaryPath file(".m");
    file.write(
        std::string_view("\x7F"
                         "ELF\0\0\1",
                         7));
    EXPECT_EQ(file.problem(), ": not a text file: it holds the byte 0x00");
    file.write("function mpc = x\n\x1B[0m");
    EXPECT_EQ(file.problem(), ":2: not a text file: it holds the byte 0x1B");
    EXPECT_EQ(problem_of(std::string_view("function\0", 9)),
              "tiny.m:1: not a text file: it holds the byte 0x00");
}

TEST(MatpowerFiles, RefusesAHundredMegabytesOfDigits) {
    const std::string digits(100'000'000, '7');
    EXPECT_EQ(problem_of(digits), "tiny.m:1: a case file begins with 'function mpc = NAME', not with '" +
                                      std::string(60, '7') + "...'");
    CaseText parts;
    parts.bus = "mpc.bus = [" + digits;
    EXPECT_EQ(
        problem_of(parts.text()),
        "tiny.m:4: table bus, row 1, bus_i: a number of more than 400 characters: '77777777777777777777...'");
}

TEST(MatpowerFiles, RefusesTheFirstVersionOfTheFormat) {
    CaseText parts;
    parts.version = "mpc.version = '1';";
    EXPECT_EQ(problem_of(parts.text()),
              "tiny.m:2: mpc.version = '1'; only version '2' of the case format is read");
    parts.version = "mpc.version = 2;";
    EXPECT_EQ(problem_of(parts.text()), "tiny.m:2: mpc.version must be the text '2'");
    parts.version = "";
    EXPECT_EQ(problem_of(parts.text()),
              "tiny.m: there is no mpc.version = '2'; only version '2' of the case format is read");
    EXPECT_EQ(problem_of("function [baseMVA, bus, gen, branch] = case9\n"),
              "tiny.m:1: a function of several outputs is version '1' of the case format; only version '2' "
              "is read");
}

TEST(MatpowerFiles, RefusesOtherFunctionLines) {
    EXPECT_EQ(problem_of("mpc.version = '2';"),
              "tiny.m:1: a case file begins with 'function mpc = NAME', not with 'mpc'");
    EXPECT_EQ(problem_of("function case9\n"), "tiny.m:1: a case file begins with 'function mpc = NAME'");
    EXPECT_EQ(problem_of("function end = case9\n"),
              "tiny.m:1: a case file begins with 'function mpc = NAME'");
    EXPECT_EQ(problem_of("function mpc = case9(x)\n"),
              "tiny.m:1: a case function with arguments is not understood");
    EXPECT_EQ(problem_of("function mpc = case9 mpc"),
              "tiny.m:1: 'mpc' is not understood behind the function line");
    EXPECT_EQ(problem_of("{\"bus\": 1}"),
              "tiny.m:1: a case file begins with 'function mpc = NAME', not with '{'");
    EXPECT_EQ(problem_of("\xFF\xFE"),
              "tiny.m:1: a case file begins with 'function mpc = NAME', not with '?\?'");
}

TEST(MatpowerFiles, NamesWhatIsMissing) {
    CaseText parts;
    parts.base_mva = "";
    EXPECT_EQ(problem_of(parts.text()), "tiny.m: there is no mpc.baseMVA");
    parts = CaseText{};
    parts.bus = "";
    EXPECT_EQ(problem_of(parts.text()), "tiny.m: there is no table mpc.bus");
    parts = CaseText{};
    parts.gen = "";
    EXPECT_EQ(problem_of(parts.text()), "tiny.m: there is no table mpc.gen");
    parts = CaseText{};
    parts.branch = "";
    EXPECT_EQ(problem_of(parts.text()), "tiny.m: there is no table mpc.branch");
    parts.branch = "mpc.branch = {};";
    EXPECT_EQ(problem_of(parts.text()), "tiny.m:9: mpc.branch is text; must be numbers");
}

TEST(MatpowerFiles, RefusesABadBase) {
    CaseText parts;
    parts.base_mva = "mpc.baseMVA = NaN;";
    EXPECT_EQ(problem_of(parts.text()), "tiny.m:3: mpc.baseMVA = NaN; must be a finite number");
    parts.base_mva = "mpc.baseMVA = -1/0;";
    EXPECT_EQ(problem_of(parts.text()), "tiny.m:3: mpc.baseMVA = -Inf; must be a finite number");
    parts.base_mva = "mpc.baseMVA = [100 100];";
    EXPECT_EQ(problem_of(parts.text()), "tiny.m:3: mpc.baseMVA is of size 1x2; must be one number");
    parts.base_mva = "mpc.baseMVA = 'big';";
    EXPECT_EQ(problem_of(parts.text()), "tiny.m:3: mpc.baseMVA is text; must be numbers");
    parts.base_mva = "mpc.baseMVA = {100};";
    EXPECT_EQ(problem_of(parts.text()), "tiny.m:3: mpc.baseMVA is text; must be numbers");
}

struct BadBus {
    std::string table;    ///< from line 4 on
    std::string problem;  ///< with its line
};

std::ostream& operator<<(std::ostream& out, const BadBus& bad) { return out << bad.table; }

class MatpowerBadBus : public testing::TestWithParam<BadBus> {};

TEST_P(MatpowerBadBus, NamesTableRowFieldAndValue) {
    CaseText parts;
    parts.bus = GetParam().table;
    EXPECT_EQ(problem_of(parts.text()), "tiny.m:" + GetParam().problem);
}

INSTANTIATE_TEST_SUITE_P(
    All, MatpowerBadBus,
    testing::Values(
        BadBus{"mpc.bus = [\n1 3 0 0 0 0 1 1 0 380 1 1.1 0.9\n2 1 0 0 0 0 1 1 0 380 1 1.1\n];",
               "6: table bus, row 2: 12 values; row 1 has 13"},
        BadBus{"mpc.bus = [1 3 0 0 0 0 1 1 0 380 1 1.1 0.9; 2];",
               "4: table bus, row 2: 1 value; row 1 has 13"},
        BadBus{"mpc.bus = [\n1 3 0 0 0 0 1 1 0 380 1 1.1\n];",
               "4: table bus has 12 columns; at least 13 are required (Vmin is missing)"},
        BadBus{"mpc.bus = [];", "4: table bus has no rows"},
        BadBus{"mpc.bus = [\n1 3 high 0 0 0 1 1 0 380 1 1.1 0.9\n];",
               "5: table bus, row 1, Pd: 'high' is neither a number nor a name that is known here"},
        BadBus{"mpc.bus = [\n1 3 'high' 0 0 0 1 1 0 380 1 1.1 0.9\n];",
               "5: table bus, row 1, Pd: the text 'high' is not a number"},
        BadBus{"mpc.bus = [\n1 3 1.2.3 0 0 0 1 1 0 380 1 1.1 0.9\n];",
               "5: table bus, row 1, Pd: '1.2.3' is not a number"},
        BadBus{"mpc.bus = [\n1 3 12kV 0 0 0 1 1 0 380 1 1.1 0.9\n];",
               "5: table bus, row 1, Pd: '12kV' is not a number"},
        BadBus{"mpc.bus = [\n1 3 1e400 0 0 0 1 1 0 380 1 1.1 0.9\n];",
               "5: table bus, row 1, Pd: '1e400' is outside the range of double precision"},
        BadBus{"mpc.bus = [\n1 3 0 0 0 0 1 NaN 0 380 1 1.1 0.9\n];",
               "5: table bus, row 1, Vm = NaN; must be a finite number"},
        BadBus{"mpc.bus = [\n1 3 0 0 0 0 1 1 0 380 1 Inf 0.9\n];",
               "5: table bus, row 1, Vmax = Inf; must be a finite number"},
        BadBus{"mpc.bus = [\n1 3 0 0 0 0 1 1 0 380 1 1.1 0.9 0 0 0 0 NaN\n];",
               "5: table bus, row 1, column 18 = NaN; must be a finite number"},
        BadBus{"mpc.bus = [\n1 3 0/0 0 0 0 1 1 0 380 1 1.1 0.9\n];",
               "5: table bus, row 1, Pd = NaN; must be a finite number"},
        BadBus{"mpc.bus = [1 3 0 [1 2] 0 0 1 1 0 380 1 1.1 0.9];",
               "4: table bus, row 1, Qd: a value of size 1x2 where one number belongs"},
        BadBus{"mpc.bus = [1,,3 0 0 0 0 1 1 0 380 1 1.1 0.9];",
               "4: table bus, row 1: a value is missing before ','"},
        BadBus{"mpc.bus = [\n,1 3 0];", "5: table bus, row 1: a value is missing before ','"},
        BadBus{"mpc.bus = [1:13];",
               "4: table bus, row 1, bus_i: a value of size 1x13 where one number belongs"},
        BadBus{"mpc.bus = [1 3 (0 0];", "4: table bus, row 1, Pd: ')' is missing before '0'"},
        BadBus{"mpc.bus = [1 3 0 }];",
               "4: table bus, row 1, Qd: '}' is not understood where a value belongs"},
        BadBus{"mpc.bus = [1 3 0}];", "4: table bus, row 1: '}' is not understood behind a value"},
        BadBus{"mpc.bus = [1 3 \xC3\xA4\xC3\xB6 0];",
               "4: table bus, row 1, Pd: '\xC3\xA4\xC3\xB6' is not understood where a value belongs"},
        BadBus{"mpc.bus = [1 3 0 0 0 0 1 1 0 380 1 1.1 0.9]';",
               "4: ''' is not understood behind 'mpc.bus = [1 3 0 0 0 0 1 1 0 380 1 1.1 0.9]'"},
        BadBus{"mpc.bus = [\n1 3 0 0 0 0 1 1 0 380 1 1.1 0.9;\n",
               "7: table bus, opened in line 4, is not closed: 'mpc.gen' follows after 1 row"},
        BadBus{"mpc.bus = [\n1 3 0 0 0 0 1 1 0 380 1 1.1 0.9;\n1 3 0",
               "6: table bus, row 2: 3 values; row 1 has 13"}));

TEST(MatpowerTables, RefusesTablesCutByTheEndOfTheFile) {
    const std::string whole = CaseText{}.text();
    const std::string head = whole.substr(0, whole.find("2 1 50 10"));
    EXPECT_EQ(problem_of(head),
              "tiny.m:6: table bus, opened in line 4, is not closed: the file ends after 1 row");
    EXPECT_EQ(problem_of(head + "2 1 50"),
              "tiny.m:6: table bus, opened in line 4, is not closed: the file ends in row 2");
    EXPECT_EQ(problem_of(head + "2 1 50 ..."),
              "tiny.m:6: table bus, row 2, Pd: the file ends after a continuation '...'");
    EXPECT_EQ(problem_with("mpc.bus_name = {'A'; 'B'"),
              "tiny.m:11: table bus_name, opened in line 10, is not closed: the file ends after 2 rows");
    EXPECT_EQ(problem_with("x = [1 2"), "tiny.m:11: the '[' of line 10 is not closed at the end of the file");
}

TEST(MatpowerTables, RefusesEveryPrefixOfACaseThatLacksSomething) {
    const std::string whole = CaseText{}.text();
    const std::size_t complete = whole.rfind(']') + 1;
    for (std::size_t length = 0; length < complete; ++length) {
        EXPECT_NE(problem_of(whole.substr(0, length)), "") << length;
    }
    EXPECT_EQ(problem_of(whole.substr(0, complete)), "");
}

TEST(MatpowerTables, AllowsInfinityOnlyInLimitsOfUnits) {
    CaseText parts;
    parts.gen = "mpc.gen = [1 Inf 0 99 -99 1 100 1 200 0];";
    EXPECT_EQ(problem_of(parts.text()), "tiny.m:8: table gen, row 1, Pg = Inf; must be a finite number");
    parts.gen = "mpc.gen = [1 50 0 99 -99 1 100 1 200 0 -Inf];";
    EXPECT_EQ(problem_of(parts.text()), "tiny.m:8: table gen, row 1, Pc1 = -Inf; must be a finite number");
    parts.gen = "mpc.gen = [1 50 0 NaN -99 1 100 1 200 0];";
    EXPECT_EQ(problem_of(parts.text()), "tiny.m:8: table gen, row 1, Qmax = NaN; must be a finite number");
    parts = CaseText{};
    parts.branch = "mpc.branch = [1 2 0.01 0.1 0.02 Inf 250 250 0 0 1];";
    EXPECT_EQ(problem_of(parts.text()),
              "tiny.m:9: table branch, row 1, rateA = Inf; must be a finite number");
}

TEST(MatpowerTables, ChecksWhatStatementsMade) {
    EXPECT_EQ(problem_with("mpc.bus(2, 3) = 0/0;"),
              "tiny.m:6: table bus, row 2, Pd = NaN; must be a finite number");
    EXPECT_EQ(problem_with("mpc.branch(:, 4) = 1 / 0;"),
              "tiny.m:9: table branch, row 1, x = Inf; must be a finite number");
}

TEST(MatpowerTables, RefusesASecondAssignment) {
    EXPECT_EQ(problem_with("mpc.bus = [1];"),
              "tiny.m:10: mpc.bus is assigned a second time; line 4 assigned it first");
    EXPECT_EQ(problem_with("mpc.baseMVA = 10;"),
              "tiny.m:10: mpc.baseMVA is assigned a second time; line 3 assigned it first");
    EXPECT_EQ(problem_with("mpc.n = {'a'};\nmpc.n = {'a'};"),
              "tiny.m:11: mpc.n is assigned a second time; line 10 assigned it first");
    EXPECT_EQ(problem_with("mpc.r.zones = 1;\nmpc.r = 1;"),
              "tiny.m:11: mpc.r and mpc.r.zones (line 10) cannot both be tables");
    EXPECT_EQ(problem_with("mpc.bus.x = 1;"),
              "tiny.m:10: mpc.bus.x and mpc.bus (line 4) cannot both be tables");
}

TEST(MatpowerTables, RefusesBadCellArrays) {
    EXPECT_EQ(problem_with("mpc.n = {'a'; 'b};"),
              "tiny.m:10: table n, row 2, column 1: a text in quotes is not closed on its line: b};");
    EXPECT_EQ(problem_with("mpc.n = {'a'; 12};"),
              "tiny.m:10: table n, row 2, column 1: '12' is not a text in quotes");
    EXPECT_EQ(problem_with("mpc.n = {'a' 'b'; 'c'};"), "tiny.m:10: table n, row 2: 1 text; row 1 has 2");
    EXPECT_EQ(problem_with("mpc.n = {'a'\"b\"};"),
              "tiny.m:10: table n, row 1: '\"' is not understood behind a value");
    EXPECT_EQ(problem_with("mpc.n = {\"a\\n\"};"),
              "tiny.m:10: table n, row 1, column 1: a backslash in a text in double quotes means one thing "
              "in MATLAB "
              "and another in Octave; use single quotes");
    EXPECT_EQ(problem_with("mpc.n = {'caf\xE9'};"),
              "tiny.m:10: table n, row 1, column 1: the text 'caf?' is not valid UTF-8");
}

TEST(MatpowerTables, RefusesAnOpenBlockComment) {
    EXPECT_EQ(problem_with("%{\nnever closed\n"), "tiny.m:10: the block comment opened here is not closed");
}

}  // namespace
}  // namespace nodalroom::io
