#include "table_columns.hpp"

#include <array>

namespace nodalroom::io {

namespace {

constexpr std::array<std::string_view, 17> kBusColumns{"bus_i", "type",  "Pd",    "Qd",      "Gs",     "Bs",
                                                       "area",  "Vm",    "Va",    "baseKV",  "zone",   "Vmax",
                                                       "Vmin",  "lam_P", "lam_Q", "mu_Vmax", "mu_Vmin"};
constexpr std::array<std::string_view, 25> kGenColumns{
    "bus",     "Pg",     "Qg",  "Qmax",    "Qmin",    "Vg",      "mBase",  "status",   "Pmax",
    "Pmin",    "Pc1",    "Pc2", "Qc1min",  "Qc1max",  "Qc2min",  "Qc2max", "ramp_agc", "ramp_10",
    "ramp_30", "ramp_q", "apf", "mu_Pmax", "mu_Pmin", "mu_Qmax", "mu_Qmin"};
constexpr std::array<std::string_view, 21> kBranchColumns{
    "fbus",   "tbus",   "r",  "x",  "b",  "rateA", "rateB", "rateC", "ratio",     "angle",    "status",
    "angmin", "angmax", "Pf", "Qf", "Pt", "Qt",    "mu_Sf", "mu_St", "mu_angmin", "mu_angmax"};
constexpr std::array<std::string_view, 4> kCostColumns{"model", "startup", "shutdown", "n"};
constexpr std::array<std::string_view, 2> kAreaColumns{"area", "refbus"};
constexpr std::array<std::string_view, 23> kDcLineColumns{
    "fbus",  "tbus",   "status", "Pf",      "Pt",      "Qf",      "Qt",     "Vf",
    "Vt",    "Pmin",   "Pmax",   "QminF",   "QmaxF",   "QminT",   "QmaxT",  "loss0",
    "loss1", "muPmin", "muPmax", "muQminF", "muQmaxF", "muQminT", "muQmaxT"};

constexpr std::array<NamedConstant, 21> kBusConstants{{
    {"PQ", 1},     {"PV", 2},       {"REF", 3},      {"NONE", 4},  {"BUS_I", 1},    {"BUS_TYPE", 2},
    {"PD", 3},     {"QD", 4},       {"GS", 5},       {"BS", 6},    {"BUS_AREA", 7}, {"VM", 8},
    {"VA", 9},     {"BASE_KV", 10}, {"ZONE", 11},    {"VMAX", 12}, {"VMIN", 13},    {"LAM_P", 14},
    {"LAM_Q", 15}, {"MU_VMAX", 16}, {"MU_VMIN", 17},
}};
constexpr std::array<NamedConstant, 21> kBranchConstants{{
    {"F_BUS", 1},   {"T_BUS", 2},      {"BR_R", 3},       {"BR_X", 4},   {"BR_B", 5},       {"RATE_A", 6},
    {"RATE_B", 7},  {"RATE_C", 8},     {"TAP", 9},        {"SHIFT", 10}, {"BR_STATUS", 11}, {"PF", 14},
    {"QF", 15},     {"PT", 16},        {"QT", 17},        {"MU_SF", 18}, {"MU_ST", 19},     {"ANGMIN", 12},
    {"ANGMAX", 13}, {"MU_ANGMIN", 20}, {"MU_ANGMAX", 21},
}};
constexpr std::array<NamedConstant, 25> kGenConstants{{
    {"GEN_BUS", 1},   {"PG", 2},       {"QG", 3},         {"QMAX", 4},     {"QMIN", 5},
    {"VG", 6},        {"MBASE", 7},    {"GEN_STATUS", 8}, {"PMAX", 9},     {"PMIN", 10},
    {"MU_PMAX", 22},  {"MU_PMIN", 23}, {"MU_QMAX", 24},   {"MU_QMIN", 25}, {"PC1", 11},
    {"PC2", 12},      {"QC1MIN", 13},  {"QC1MAX", 14},    {"QC2MIN", 15},  {"QC2MAX", 16},
    {"RAMP_AGC", 17}, {"RAMP_10", 18}, {"RAMP_30", 19},   {"RAMP_Q", 20},  {"APF", 21},
}};
constexpr std::array<NamedConstant, 7> kCostConstants{{
    {"PW_LINEAR", 1},
    {"POLYNOMIAL", 2},
    {"MODEL", 1},
    {"STARTUP", 2},
    {"SHUTDOWN", 3},
    {"NCOST", 4},
    {"COST", 5},
}};

}  // namespace

std::span<const std::string_view> column_names(std::string_view table) noexcept {
    if (table == "bus") return kBusColumns;
    if (table == "gen") return kGenColumns;
    if (table == "branch") return kBranchColumns;
    if (table == "gencost") return kCostColumns;
    if (table == "areas") return kAreaColumns;
    if (table == "dcline") return kDcLineColumns;
    return {};
}

std::string column_label(std::string_view table, std::size_t column) {
    const auto names = column_names(table);
    if (column < names.size()) return std::string(names[column]);
    return "column " + std::to_string(column + 1);
}

std::span<const NamedConstant> index_constants(std::string_view function) noexcept {
    if (function == "idx_bus") return kBusConstants;
    if (function == "idx_brch") return kBranchConstants;
    if (function == "idx_gen") return kGenConstants;
    if (function == "idx_cost") return kCostConstants;
    return {};
}

}  // namespace nodalroom::io
