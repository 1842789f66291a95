#include "nodalroom/numerics/vector_unit.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "nodalroom/core/errors.hpp"
#include "support/vector_units.hpp"

namespace nodalroom::numerics {
namespace {

constexpr const char* kVariable = "NODALROOM_VECTOR_UNIT";

/// Sets the variable and puts back what it was.
class Variable {
public:
    explicit Variable(const char* value) {
        if (const char* was = std::getenv(kVariable)) before_ = was;
        ::setenv(kVariable, value, 1);
    }
    ~Variable() { ::setenv(kVariable, before_.c_str(), 1); }  // empty means unset

private:
    std::string before_;
};

TEST(VectorUnit, WordsNameUnits) {
    for (const VectorUnit unit : testing::kVectorUnits) EXPECT_EQ(parse_vector_unit(to_string(unit)), unit);
    EXPECT_THROW((void)parse_vector_unit("sse9"), OptionError);
}

TEST(VectorUnit, IsTheWidestUnlessTheVariableNamesOne) {
    EXPECT_TRUE(is_supported(VectorUnit::plain));
    {
        const Variable variable("");
        const VectorUnit widest = choose_vector_unit();
        EXPECT_TRUE(is_supported(widest));
        for (const VectorUnit unit : testing::kVectorUnits) {
            EXPECT_TRUE(unit <= widest || !is_supported(unit)) << to_string(unit);
        }
    }
    const Variable variable("plain");
    EXPECT_EQ(choose_vector_unit(), VectorUnit::plain);
}

TEST(VectorUnit, RefusesAVariableThatNamesNone) {
    const Variable variable("fast");
    try {
        (void)choose_vector_unit();
        FAIL() << "accepted";
    } catch (const OptionError& error) {
        EXPECT_STREQ(error.what(), "vector unit 'fast'; must be 'plain', 'avx2' or 'avx512'");
    }
}

}  // namespace
}  // namespace nodalroom::numerics
