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

TEST(VectorUnit, RefusesAUnitOfAnotherProcessor) {
    for (const VectorUnit unit : testing::kVectorUnits) {
        if (is_supported(unit)) continue;
        const Variable variable(to_string(unit));
        try {
            (void)choose_vector_unit();
            FAIL() << "accepted " << to_string(unit);
        } catch (const OptionError& error) {
            EXPECT_EQ(error.what(), "vector unit '" + std::string(to_string(unit)) +
                                        "' of NODALROOM_VECTOR_UNIT: this processor does not have it");
        }
    }
}

TEST(VectorUnit, AnArchitectureHasItsOwn) {
#if defined(__aarch64__)
    EXPECT_TRUE(is_supported(VectorUnit::neon));
    EXPECT_FALSE(is_supported(VectorUnit::avx2) || is_supported(VectorUnit::avx512));
#else
    EXPECT_FALSE(is_supported(VectorUnit::neon));
#endif
}

TEST(VectorUnit, RefusesAVariableThatNamesNone) {
    const Variable variable("fast");
    try {
        (void)choose_vector_unit();
        FAIL() << "accepted";
    } catch (const OptionError& error) {
        EXPECT_STREQ(error.what(), "vector unit 'fast'; must be 'plain', 'neon', 'avx2' or 'avx512'");
    }
}

}  // namespace
}  // namespace nodalroom::numerics
