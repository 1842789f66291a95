#include "nodalroom/numerics/klu_solver.hpp"

#include <klu.h>

#include <cmath>
#include <new>
#include <numeric>
#include <vector>

namespace nodalroom::numerics {
namespace {
// A refactorisation on old pivots whose smallest pivot is this far below its largest is not trusted.
constexpr double kMinPivotRatio = 1e-13;
}  // namespace

struct KluSolver::Impl {
    const CscPattern* pattern;
    klu_common common{};
    klu_symbolic* symbolic = nullptr;
    klu_numeric* numeric = nullptr;

    explicit Impl(const CscPattern& p) : pattern(&p) {
        klu_defaults(&common);
        common.btf = 0;    // one block: the network's Jacobian is irreducible
        common.scale = 0;  // per-unit equations are of one magnitude
        std::vector<int> natural(static_cast<std::size_t>(p.size));
        std::iota(natural.begin(), natural.end(), 0);
        symbolic = klu_analyze_given(p.size, ap(), ai(), natural.data(), natural.data(), &common);
        if (symbolic == nullptr) throw std::bad_alloc();
    }
    ~Impl() {
        klu_free_numeric(&numeric, &common);
        klu_free_symbolic(&symbolic, &common);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    // KLU's interface takes non-const pointers but only reads them.
    [[nodiscard]] int* ap() const { return const_cast<int*>(pattern->column_start.data()); }
    [[nodiscard]] int* ai() const { return const_cast<int*>(pattern->row.data()); }
    static double* data(std::span<const double> values) { return const_cast<double*>(values.data()); }

    bool usable() {
        return common.status == KLU_OK && klu_rcond(symbolic, numeric, &common) != 0 &&
               std::isfinite(common.rcond) && common.rcond > kMinPivotRatio;
    }
};

KluSolver::KluSolver(const CscPattern& pattern) : impl_(std::make_unique<Impl>(pattern)) {}
KluSolver::~KluSolver() = default;
KluSolver::KluSolver(KluSolver&&) noexcept = default;
KluSolver& KluSolver::operator=(KluSolver&&) noexcept = default;

bool KluSolver::factor(std::span<const double> values) {
    Impl& k = *impl_;
    klu_free_numeric(&k.numeric, &k.common);
    k.numeric = klu_factor(k.ap(), k.ai(), Impl::data(values), k.symbolic, &k.common);
    if (k.numeric == nullptr || !k.usable()) {
        klu_free_numeric(&k.numeric, &k.common);
        return false;
    }
    return true;
}

bool KluSolver::refactor(std::span<const double> values) {
    Impl& k = *impl_;
    if (k.numeric == nullptr) return factor(values);
    return klu_refactor(k.ap(), k.ai(), Impl::data(values), k.symbolic, k.numeric, &k.common) != 0 &&
           k.usable();
}

void KluSolver::solve(std::span<double> rhs, int count) {
    klu_solve(impl_->symbolic, impl_->numeric, impl_->pattern->size, count, rhs.data(), &impl_->common);
}

void KluSolver::solve_transposed(std::span<double> rhs, int count) {
    klu_tsolve(impl_->symbolic, impl_->numeric, impl_->pattern->size, count, rhs.data(), &impl_->common);
}

bool KluSolver::has_pivots() const noexcept { return impl_->numeric != nullptr; }

std::size_t KluSolver::factor_nonzeros() const noexcept {
    if (impl_->numeric == nullptr) return 0;
    return static_cast<std::size_t>(impl_->numeric->lnz) + static_cast<std::size_t>(impl_->numeric->unz);
}

}  // namespace nodalroom::numerics
