#pragma once

#include <string>

#include "nodalroom/io/matpower_case.hpp"
#include "support/csv_table.hpp"

namespace nodalroom::testing {

/// Puts the ratings of a validation folder (all three sets) in place of the case's.
inline void apply_ratings(io::MatpowerCase& mpc, const std::string& folder) {
    const CsvTable ratings = ValidationCase(folder).table("ratings.csv");
    for (std::size_t r = 0; r < ratings.rows(); ++r) {
        const auto row = static_cast<std::size_t>(ratings.integer(r, "branch_row") - 1);
        for (const auto column : {io::branch_col::rate_a, io::branch_col::rate_b, io::branch_col::rate_c}) {
            mpc.branch.at(row, column) = ratings.number(r, "rate_a_mva");
        }
    }
}

}  // namespace nodalroom::testing
