#pragma once

#include <memory>
#include <string>
#include <vector>

#include "case_table.hpp"
#include "nodalroom/model/network.hpp"
#include "nodalroom/model/parts.hpp"

namespace nodalroom::model {

/// Turns the records of a case into a checked Network: file units become per unit, bus numbers
/// become rows.
class NetworkBuilder {
public:
    explicit NetworkBuilder(io::MatpowerCase mpc);
    [[nodiscard]] Network build();
    /// What hangs together, fed or not.
    [[nodiscard]] std::vector<Part> parts();

private:
    void read_base();
    void read_buses();
    void read_bus(std::size_t row);
    void read_bus_names();
    void read_units();
    void read_branches();
    [[nodiscard]] Branch read_branch(std::size_t row) const;
    void number_circuits();
    void find_islands();
    void take_dead_islands_out();
    [[nodiscard]] std::vector<bool> fed_islands() const;
    void find_reference_buses();
    void find_feeding_bridges();

    [[nodiscard]] BusRow bus_row(const CaseTable& table, std::size_t row, std::size_t column) const;
    [[nodiscard]] bool energised(BusRow bus) const { return network_.bus(bus).type != BusType::isolated; }
    [[nodiscard]] std::string describe_island(int island) const;

    Network network_;
    const io::MatpowerCase& mpc_;
    CaseTable buses_, units_, branches_;
    int islands_ = 0;
};

}  // namespace nodalroom::model
