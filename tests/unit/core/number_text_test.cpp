#include "nodalroom/core/number_text.hpp"

#include <gtest/gtest.h>

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

TEST(NumberText, NamesWhatIsNoNumber) {
    EXPECT_EQ(number_text(std::numeric_limits<double>::infinity()), "inf");
    EXPECT_EQ(number_text(-std::numeric_limits<double>::infinity()), "-inf");
    EXPECT_EQ(number_text(std::nan("")), "nan");
}

}  // namespace
}  // namespace nodalroom
