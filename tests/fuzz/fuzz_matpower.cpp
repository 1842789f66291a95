// Reads arbitrary bytes as a MATPOWER case. What can be read must be written, read again and be the
// same to the last bit; what cannot must be refused by an InputError.
//
//   fuzz_matpower -dict=tests/fuzz/matpower.dict tests/fuzz/corpus/matpower

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "nodalroom/core/errors.hpp"
#include "nodalroom/io/matpower_case.hpp"

namespace {

using nodalroom::io::MatpowerCase;
using nodalroom::io::NumericTable;

void require(bool holds) {
    if (!holds) std::abort();
}

bool same_bits(double a, double b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

void require_same(const NumericTable& a, const NumericTable& b) {
    require(a.name == b.name && a.columns == b.columns && a.rows() == b.rows());
    require(a.values.size() == a.rows() * a.columns);
    require(std::equal(a.values.begin(), a.values.end(), b.values.begin(), b.values.end(), same_bits));
}

void require_same(const MatpowerCase& a, const MatpowerCase& b) {
    require(same_bits(a.base_mva, b.base_mva));
    require_same(a.bus, b.bus);
    require_same(a.gen, b.gen);
    require_same(a.branch, b.branch);
    require(a.other_tables.size() == b.other_tables.size());
    for (std::size_t i = 0; i < a.other_tables.size(); ++i)
        require_same(a.other_tables[i], b.other_tables[i]);
    require(a.text_tables == b.text_tables);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    MatpowerCase mpc;
    try {
        mpc = nodalroom::io::parse_matpower(text, "fuzz.m");
    } catch (const nodalroom::InputError&) {
        return 0;
    }
    const std::string written = nodalroom::io::format_matpower(mpc);
    const MatpowerCase again = nodalroom::io::parse_matpower(written, "again.m");
    require_same(mpc, again);
    require(again.diagnostics.empty());
    require(nodalroom::io::format_matpower(again) == written);
    return 0;
}
