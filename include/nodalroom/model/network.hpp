#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "nodalroom/core/diagnostics.hpp"
#include "nodalroom/core/ids.hpp"
#include "nodalroom/io/matpower_case.hpp"

namespace nodalroom::model {

using Complex = std::complex<double>;

enum class BusType : std::uint8_t { pq, pv, reference, isolated };

/// One row of the bus table. Voltages in per unit and radians.
struct Bus {
    BusNumber number;
    std::string name;  ///< empty where the file has none
    BusType type = BusType::pq;
    double base_kv = 0.0;
    double vm_start_pu = 1.0;
    double va_start_rad = 0.0;
    double vmin_pu = 0.0;  ///< lower limit of the case
    double vmax_pu = 0.0;
    int area = 0;
    int zone = 0;
};

/// A load: s(V) = s_power + s_current |V| + s_impedance |V|^2 (docs/math.md, eq. 3), per unit,
/// consumption positive.
struct Load {
    BusRow bus;
    bool in_service = true;
    Complex s_power_pu;
    Complex s_current_pu;
    Complex s_impedance_pu;
};

/// A fixed shunt: y = g + jb, per unit at 1 pu voltage; b > 0 is capacitive.
struct Shunt {
    BusRow bus;
    bool in_service = true;
    Complex y_pu;
};

/// A generating unit. Powers in per unit of the case's base, production positive.
struct Unit {
    BusRow bus;
    bool in_service = true;
    double p_pu = 0.0, q_pu = 0.0;
    double p_min_pu = 0.0, p_max_pu = 0.0;
    double q_min_pu = 0.0, q_max_pu = 0.0;  ///< may be infinite
    double v_setpoint_pu = 1.0;

    /// A load written as a unit that cannot produce.
    [[nodiscard]] bool is_dispatchable_load() const noexcept {
        return p_max_pu <= 0.0 && (p_min_pu < 0.0 || p_pu < 0.0);
    }
    /// What it could produce more than p_pu; none where it cannot produce: shedding load is no spare
    /// generation.
    [[nodiscard]] double spare_pu(double produced_pu) const noexcept {
        return p_max_pu > 0.0 && p_max_pu > produced_pu ? p_max_pu - produced_pu : 0.0;
    }
};

enum class BranchKind : std::uint8_t { line, transformer };
enum class RatingSet : std::uint8_t { a, b, c };

/// What becomes of buses with load that no unit in service feeds.
enum class CutOff : std::uint8_t {
    refuse,  ///< the case cannot be read
    isolate  ///< they are dead (type 4), load and all; a diagnostic lists them
};

/// Reactance of a branch with r = x = 0, such as a closed coupler. Small enough to be none (1 pu of power
/// moves a voltage by 1e-6 pu across it), large enough to leave ten digits to the balance of a bus.
inline constexpr double short_reactance_pu = 1e-6;

/// A branch as π-model: ideal transformer tap∠shift at the from end (docs/math.md, eq. 1).
struct Branch {
    BusRow from, to;
    bool in_service = true;  ///< status on and both ends energised buses
    BranchKind kind = BranchKind::line;
    double r_pu = 0.0, x_pu = 0.0, b_pu = 0.0;  ///< never both r and x 0: short_reactance_pu
    double tap = 1.0;
    double shift_rad = 0.0;
    double rate_a_pu = 0.0, rate_b_pu = 0.0, rate_c_pu = 0.0;  ///< 0: no limit
    int circuit = 1;  ///< 1, 2, … among branches between the same two buses, in file order

    /// The rating of a set; B and C fall back to A where the file has 0. 0: no limit.
    [[nodiscard]] double rating_pu(RatingSet set) const noexcept;
};

/// A transmission network, immutable once built. Per unit inside; external bus numbers end here.
/// Rows of units and branches are the file's rows (out-of-service ones included).
class Network {
public:
    [[nodiscard]] double base_mva() const noexcept { return base_mva_; }
    [[nodiscard]] const std::string& name() const noexcept { return source_->name; }
    [[nodiscard]] std::span<const Bus> buses() const noexcept { return buses_; }
    [[nodiscard]] std::span<const Load> loads() const noexcept { return loads_; }
    [[nodiscard]] std::span<const Shunt> shunts() const noexcept { return shunts_; }
    [[nodiscard]] std::span<const Unit> units() const noexcept { return units_; }
    [[nodiscard]] std::span<const Branch> branches() const noexcept { return branches_; }
    [[nodiscard]] const Diagnostics& diagnostics() const noexcept { return diagnostics_; }
    /// The records the network was built from, in file units.
    [[nodiscard]] const io::MatpowerCase& source() const noexcept { return *source_; }
    /// The source with what the network takes otherwise put in: one reference bus per island, type 4 for dead
    /// buses, a reactance for every branch. For tools that have other rules for these, or none.
    [[nodiscard]] io::MatpowerCase as_modelled() const;

    [[nodiscard]] const Bus& bus(BusRow row) const { return buses_[row.pos()]; }
    [[nodiscard]] const Unit& unit(UnitRow row) const { return units_[row.pos()]; }
    [[nodiscard]] const Branch& branch(BranchRow row) const { return branches_[row.pos()]; }

    /// Row of a bus number of the file, if there is one.
    [[nodiscard]] std::optional<BusRow> find_bus(BusNumber number) const noexcept;
    /// In-service units at a bus, in file order.
    [[nodiscard]] std::span<const UnitRow> units_at(BusRow row) const noexcept;
    /// Island of each bus, 0-based; -1 for isolated (type 4) buses.
    [[nodiscard]] std::span<const int> island_of_bus() const noexcept { return island_of_bus_; }
    /// The reference bus of each island.
    [[nodiscard]] std::span<const BusRow> reference_of_island() const noexcept {
        return reference_of_island_;
    }
    /// True per branch row where losing that branch alone would split an island.
    [[nodiscard]] const std::vector<bool>& is_bridge() const noexcept { return is_bridge_; }
    /// Per bus: the bridge whose loss cuts the bus off the largest meshed part of its island, the
    /// nearest one on its path; invalid for buses of that part (and isolated ones).
    [[nodiscard]] std::span<const BranchRow> feeding_bridge() const noexcept { return feeding_bridge_; }

    /// Builds and checks a network. Throws InputError naming table, row, line, field and value.
    [[nodiscard]] static Network from_matpower(io::MatpowerCase mpc, CutOff cut_off = CutOff::refuse);

private:
    Network() = default;
    friend class NetworkBuilder;

    std::shared_ptr<const io::MatpowerCase> source_;
    double base_mva_ = 0.0;
    std::vector<Bus> buses_;
    std::vector<Load> loads_;
    std::vector<Shunt> shunts_;
    std::vector<Unit> units_;
    std::vector<Branch> branches_;
    Diagnostics diagnostics_;
    std::unordered_map<BusNumber, BusRow> row_of_number_;
    std::vector<std::vector<UnitRow>> units_at_;
    std::vector<int> island_of_bus_;
    std::vector<BusRow> reference_of_island_;
    std::vector<bool> is_bridge_;
    std::vector<BranchRow> feeding_bridge_;
};

/// Reads the records of a case file of any supported format.
[[nodiscard]] io::MatpowerCase read_records(const std::filesystem::path& path);

/// The same, into a network.
[[nodiscard]] Network read_network(const std::filesystem::path& path, CutOff cut_off = CutOff::refuse);

}  // namespace nodalroom::model
