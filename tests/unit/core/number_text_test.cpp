#include "nodalroom/core/number_text.hpp"

#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace nodalroom {
namespace {

TEST(NumberText, WritesWholeNumbersInFull) {
    EXPECT_EQ(number_text(0.0), "0");
    EXPECT_EQ(number_text(-0.0), "0");
    EXPECT_EQ(number_text(100000.0), "100000");
    EXPECT_EQ(number_text(-138.0), "-138");
}

TEST(NumberText, WritesOthersInTheFewestDigitsThatReadBack) {
    EXPECT_EQ(number_text(0.95), "0.95");
    EXPECT_EQ(number_text(1e-8), "1e-08");
    EXPECT_EQ(number_text(1e300), "1e+300");
    for (const double value : {1.0 / 3.0, 0.1 + 0.2, -std::nextafter(2.0, 3.0), 4.9e-324}) {
        EXPECT_EQ(std::strtod(number_text(value).c_str(), nullptr), value) << number_text(value);
    }
}

TEST(FixedText, HasSoManyDecimals) {
    EXPECT_EQ(fixed_text(43.68754, 4), "43.6875");
    EXPECT_EQ(fixed_text(-0.5, 0), "-0");
    EXPECT_EQ(fixed_text(0.94, 6), "0.940000");
    EXPECT_EQ(fixed_text(1e300, 2).size(), 304U);
    EXPECT_EQ(fixed_text(std::numeric_limits<double>::infinity(), 2), "inf");
}

TEST(FixedText, WritesAPointInEveryLocale) {
    const std::string before = std::setlocale(LC_NUMERIC, nullptr);
    const char* found = nullptr;
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8", "de_DE", "fr_FR"}) {
        if (found == nullptr) found = std::setlocale(LC_NUMERIC, name);
    }
    if (found == nullptr) GTEST_SKIP() << "no locale with a comma here";
    const std::string written = fixed_text(1234.5, 2) + " " + number_text(0.95);
    std::setlocale(LC_NUMERIC, before.c_str());
    EXPECT_EQ(written, "1234.50 0.95");
}

TEST(NumberText, NamesWhatIsNoNumber) {
    EXPECT_EQ(number_text(std::numeric_limits<double>::infinity()), "inf");
    EXPECT_EQ(number_text(-std::numeric_limits<double>::infinity()), "-inf");
    EXPECT_EQ(number_text(std::nan("")), "nan");
}

}  // namespace
}  // namespace nodalroom
