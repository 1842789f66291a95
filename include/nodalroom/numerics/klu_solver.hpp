#pragma once

#include <memory>
#include <span>

#include "nodalroom/numerics/csc_pattern.hpp"

namespace nodalroom::numerics {

/// LU of one sparsity pattern with many sets of values, by KLU (Davis, Palamadai Natarajan 2010),
/// eliminated in the pattern's own order. factor() chooses pivots, refactor() keeps them.
/// Not thread-safe; one per thread. The pattern must outlive the solver.
class KluSolver {
public:
    explicit KluSolver(const CscPattern& pattern);
    ~KluSolver();
    KluSolver(KluSolver&&) noexcept;
    KluSolver& operator=(KluSolver&&) noexcept;
    KluSolver(const KluSolver&) = delete;
    KluSolver& operator=(const KluSolver&) = delete;

    /// Factorises with new pivots. False: the matrix is singular or has non-finite values.
    [[nodiscard]] bool factor(std::span<const double> values);
    /// Factorises with the pivots of the last factor(). False: unusable pivots; call factor().
    [[nodiscard]] bool refactor(std::span<const double> values);
    /// Solves A x = b in place for `count` right-hand sides stored one after another.
    void solve(std::span<double> rhs, int count = 1);
    /// Solves Aᵀ x = b in place.
    void solve_transposed(std::span<double> rhs, int count = 1);
    /// True once factor() succeeded.
    [[nodiscard]] bool has_pivots() const noexcept;
    /// Nonzeros of L and U together, diagonal included.
    [[nodiscard]] std::size_t factor_nonzeros() const noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace nodalroom::numerics
