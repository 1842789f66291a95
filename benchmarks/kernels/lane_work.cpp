// What the lane kernels have to compute and to move, counted from the structure and not measured. With
//
//     n   buses              z   entries of Ybus        u   buses with units
//     L   blocks left of the diagonal, U  blocks right of it, M  updates "row -= L block × U block"
//     w   lanes              p   passes over the structure: registers of doubles that w lanes take
//     s   bytes of a factor's number (4 or 8)
//
// flops per lane (a multiply-add is two; comparisons, selections, signs and conversions are none, a square
// root or a division is one):
//
//     evaluate   8 z + 8 n + 9 u                        injections, balances, voltages held
//     solve      16 (z - n) + 10 n                      the Jacobian's blocks, in double precision
//                + 16 M + 8 L + 12 U + 14 n + 8 U       updates, right-hand side, pivots, back substitution
//     apply      17 n                                   the turn of a phasor
//     forward    8 L + 6 n
//     backward   8 U + 17 n                             back substitution, and the turn
//     flows      47 per branch                          one state: currents, powers, the larger end, its
//     share phasors    45 n                                   one state: quarter turns, sine, cosine
//
// bytes, all lanes: every array a pass needs, moved once per pass as if nothing stayed in cache between
// passes and everything within one:
//
//     evaluate   20 z + 26 n + w (16 n + 2 s n + 56 u)               structure; voltages, residuals, units
//     solve      p (24 z + 10 n) + 4 (L + U) + 16 n + 2 M            structure, indices of the factors
//                + w (16 n + 16 u) + w s (2·4 U + 4·2 n)             voltages, units; residuals, U twice,
//                step
//     apply      p n + w (2 s n + 32 n)                              step; voltages read and written
//     forward    (4 s + 4) L + 4 s n + 8 n + w 4 s n                 blocks and their columns; residual twice
//     backward   (4 s + 4) U + 13 n + w (4 s n + 32 n)               the same, and voltages twice
//     flows      88 per branch + 16 n
//     phasors    40 n
//
// bytes again: a solve reads the U blocks of a row once for every row that it updates, 4 w s M in all. Where
// the lanes' U blocks do not fit a cache, these come from behind it.
//
// Rows whose admittances differ by lane add a little to this and are left out, as is the work row, which
// stays in the nearest cache.

#include "lane_batch.hpp"

namespace nodalroom::bench {
namespace {

/// The letters above.
struct Sizes {
    double n, z, u, below, above, updates;
    explicit Sizes(const powerflow::LaneStructure& s)
        : n(static_cast<double>(s.buses())),
          z(static_cast<double>(s.y_column.size())),
          u(static_cast<double>(s.unit_buses())),
          below(static_cast<double>(s.factors().l_start().back())),
          above(static_cast<double>(s.factors().u_start().back())),
          updates(static_cast<double>(s.factors().destinations().size())) {}
};

}  // namespace

Work LaneBatch::evaluate_work() const {
    const Sizes k(*structure_);
    const double w = lanes(), s = kernels_.bytes_per_factor;
    return {w * (8 * k.z + 8 * k.n + 9 * k.u), 0.0,
            20 * k.z + 26 * k.n + w * (16 * k.n + 2 * s * k.n + 56 * k.u), 0.0};
}

Work LaneBatch::solve_work() const {
    const Sizes k(*structure_);
    const double w = lanes(), p = registers_, s = kernels_.bytes_per_factor;
    const double assemble = w * (16 * (k.z - k.n) + 10 * k.n);
    const double eliminate = w * (16 * k.updates + 8 * k.below + 20 * k.above + 14 * k.n);
    Work work;
    work.flops = assemble + (s == 8 ? eliminate : 0.0);
    work.flops_single = s == 4 ? eliminate : 0.0;
    work.bytes = p * (24 * k.z + 10 * k.n) + 4 * (k.below + k.above) + 16 * k.n + 2 * k.updates +
                 w * (16 * k.n + 16 * k.u) + w * s * (8 * k.above + 8 * k.n);
    work.bytes_again = 4 * w * s * k.updates;
    return work;
}

Work LaneBatch::apply_work() const {
    const Sizes k(*structure_);
    const double w = lanes();
    return {w * 17 * k.n, 0.0, registers_ * k.n + w * (2 * kernels_.bytes_per_factor * k.n + 32 * k.n), 0.0};
}

Work LaneBatch::forward_work() const {
    const Sizes k(*structure_);
    const double w = lanes(), s = kernels_.bytes_per_factor;
    const double flops = w * (8 * k.below + 6 * k.n);
    return {s == 8 ? flops : 0.0, s == 4 ? flops : 0.0,
            (4 * s + 4) * k.below + (4 * s + 8) * k.n + w * 4 * s * k.n, 0.0};
}

Work LaneBatch::backward_work() const {
    const Sizes k(*structure_);
    const double w = lanes(), s = kernels_.bytes_per_factor;
    const double substitute = w * 8 * k.above;
    return {w * 17 * k.n + (s == 8 ? substitute : 0.0), s == 4 ? substitute : 0.0,
            (4 * s + 4) * k.above + 13 * k.n + w * (4 * s + 32) * k.n, 0.0};
}

Work ScanBatch::flows_work() const {
    const auto branches = static_cast<double>(flows_.branches);
    return {47 * branches, 0.0, 88 * branches + 16 * static_cast<double>(e_.size()), 0.0};
}

Work ScanBatch::phasors_work() const {
    const auto n = static_cast<double>(phasors_.buses);
    return {45 * n, 0.0, 40 * n, 0.0};
}

}  // namespace nodalroom::bench
