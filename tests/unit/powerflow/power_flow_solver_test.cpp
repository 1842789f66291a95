#include "nodalroom/powerflow/power_flow_solver.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include "nodalroom/core/errors.hpp"
#include "support/bits.hpp"
#include "support/case_files.hpp"
#include "support/random_grid.hpp"
#include "support/vector_units.hpp"

namespace nodalroom::powerflow {
namespace {

using model::Network;
using testing::CaseRecords;
using testing::random_grid;
using testing::same_bits;

bool same_bits(const model::Complex& a, const model::Complex& b) {
    return testing::same_bits(a.real(), b.real()) && testing::same_bits(a.imag(), b.imag());
}

void expect_same(const PowerFlowResult& a, const PowerFlowResult& b) {
    EXPECT_EQ(a.status, b.status);
    EXPECT_EQ(a.iterations, b.iterations);
    EXPECT_EQ(a.reason, b.reason);
    EXPECT_EQ(a.attempts.size(), b.attempts.size());
    EXPECT_TRUE(same_bits(a.max_mismatch_pu, b.max_mismatch_pu));
    EXPECT_TRUE(same_bits(a.voltages, b.voltages));
    EXPECT_TRUE(same_bits(a.unit_p_pu, b.unit_p_pu));
    EXPECT_TRUE(same_bits(a.unit_q_pu, b.unit_q_pu));
    ASSERT_EQ(a.branch_flow_pu.size(), b.branch_flow_pu.size());
    for (std::size_t l = 0; l < a.branch_flow_pu.size(); ++l) {
        EXPECT_TRUE(same_bits(a.branch_flow_pu[l].s_from, b.branch_flow_pu[l].s_from));
        EXPECT_TRUE(same_bits(a.branch_flow_pu[l].s_to, b.branch_flow_pu[l].s_to));
    }
    ASSERT_EQ(a.worst_buses.size(), b.worst_buses.size());
    for (std::size_t k = 0; k < a.worst_buses.size(); ++k)
        EXPECT_EQ(a.worst_buses[k].bus, b.worst_buses[k].bus);
}

/// Powers, and the case that has them.
struct Change {
    Powers powers;
    Network network;
};

Change change_of(CaseRecords records, const Network& before, unsigned seed, double size) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> factor(1.0 - size, 1.0 + size);
    Powers powers;
    for (const model::Load& load : before.loads()) {
        const std::size_t row = load.bus.pos();
        const double p = records.mpc().bus.at(row, io::bus_col::pd) * factor(random);
        const double q = records.mpc().bus.at(row, io::bus_col::qd) * factor(random);
        records.set_bus(row, io::bus_col::pd, p).set_bus(row, io::bus_col::qd, q);
        powers.load_p_mw.push_back(p);
        powers.load_q_mvar.push_back(q);
    }
    for (std::size_t row = 0; row < before.units().size(); ++row) {
        const double p = records.mpc().gen.at(row, io::gen_col::pg) * factor(random);
        records.set_unit(row, io::gen_col::pg, p).set_unit(row, io::gen_col::qg, 3.0 * factor(random));
        powers.unit_p_mw.push_back(p);
        powers.unit_q_mvar.push_back(records.mpc().gen.at(row, io::gen_col::qg));
    }
    return {std::move(powers), Network::from_matpower(records.mpc())};
}

/// Structure kept or new, whatever was solved in between, and also where nothing is found.
TEST(PowerFlowSolver, GivesTheBitsOfANetworkThatHasThesePowers) {
    for (const BalanceRule rule : {BalanceRule::reference, BalanceRule::spare}) {
        for (const bool q_limits : {false, true}) {
            CaseRecords records =
                random_grid(31, {.buses = 18, .extra_branches = 12, .islands = 2, .isolated_bus = true});
            const Network network = Network::from_matpower(records.mpc());
            PowerFlowOptions options;
            options.enforce_q_limits = q_limits;
            options.balance.rule = rule;
            PowerFlowSolver solver(network, options);
            const PowerFlowResult first = solver.solve();
            ASSERT_TRUE(first.converged()) << first.reason;
            expect_same(first, solve(network, options));
            int failed = 0;
            for (const unsigned seed : {1U, 2U, 3U, 4U}) {
                const Change change = change_of(records, network, seed, seed == 3 ? 60.0 : 0.3);
                const PowerFlowResult kept = solver.solve(change.powers);
                expect_same(kept, solve(change.network, options));
                if (!kept.converged()) ++failed;
                EXPECT_FALSE(same_bits(kept.voltages, first.voltages));
            }
            EXPECT_GE(failed, 1);  // a wreck must leave no trace
            expect_same(solver.solve(), first);
        }
    }
}

TEST(PowerFlowSolver, ChangesOnlyWhatIsGiven) {
    CaseRecords records = random_grid(5);
    const Network network = Network::from_matpower(records.mpc());
    PowerFlowSolver solver(network);
    Powers powers;
    powers.unit_p_mw.assign(network.units().size(), 0.0);
    for (std::size_t row = 0; row < network.units().size(); ++row) {
        powers.unit_p_mw[row] = records.mpc().gen.at(row, io::gen_col::pg) + 1.5;
        records.set_unit(row, io::gen_col::pg, powers.unit_p_mw[row]);
    }
    expect_same(solver.solve(powers), solve(Network::from_matpower(records.mpc())));
}

TEST(PowerFlowSolver, StartsFromAnotherResult) {
    const Network network = testing::load_case("case118");
    PowerFlowSolver solver(network);
    const PowerFlowResult first = solver.solve();
    ASSERT_TRUE(first.converged());
    const PowerFlowResult again = solver.solve({}, first.voltages);
    ASSERT_TRUE(again.converged());
    EXPECT_EQ(again.iterations, 0);
    EXPECT_EQ(again.attempts.front().start, Start::given);
    EXPECT_NE(again.reason.find("given"), std::string::npos);
    EXPECT_TRUE(same_bits(again.voltages, first.voltages));

    Powers powers;
    for (const model::Load& load : network.loads())
        powers.load_p_mw.push_back(1.02 * load.s_power_pu.real() * network.base_mva());
    const PowerFlowResult near = solver.solve(powers, first.voltages), afar = solver.solve(powers);
    ASSERT_TRUE(near.converged() && afar.converged());
    for (std::size_t i = 0; i < network.buses().size(); ++i)
        EXPECT_NEAR(near.voltages.vm_pu[i], afar.voltages.vm_pu[i], 1e-7);
}

TEST(PowerFlowSolver, LooksAtNoVoltageOfADeadBus) {
    CaseRecords records = random_grid(8, {.isolated_bus = true});
    const Network network = Network::from_matpower(records.mpc());
    PowerFlowSolver solver(network);
    const PowerFlowResult first = solver.solve();
    ASSERT_TRUE(first.converged());
    EXPECT_TRUE(std::isnan(first.voltages.vm_pu.back()));
    EXPECT_TRUE(solver.solve({}, first.voltages).converged());
}

TEST(PowerFlowSolver, RefusesWhatDoesNotFit) {
    const Network network = Network::from_matpower(testing::ring_of_three().mpc());
    PowerFlowSolver solver(network);
    const auto problem = [&](const Powers& powers) -> std::string {
        try {
            static_cast<void>(solver.solve(powers));
        } catch (const OptionError& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(problem({{1.0, 2.0, 3.0}, {}, {}, {}}),
              "load_p_mw has 3 values; the case has 2 loads, and one value for each is needed");
    EXPECT_EQ(problem({{}, {}, {}, {1.0, 2.0}}),
              "unit_q_mvar has 2 values; the case has 1 units, and one value for each is needed");
    EXPECT_EQ(problem({{}, {1.0, std::numeric_limits<double>::quiet_NaN()}, {}, {}}),
              "load_q_mvar of load row 2 = nan; must be finite");

    const PowerFlowResult first = solver.solve();
    Voltages wrong = first.voltages;
    wrong.vm_pu.pop_back();
    EXPECT_THROW(static_cast<void>(solver.solve({}, wrong)), OptionError);
    wrong = first.voltages;
    wrong.va_rad[1] = std::numeric_limits<double>::infinity();
    EXPECT_THROW(static_cast<void>(solver.solve({}, wrong)), OptionError);
    wrong = first.voltages;
    wrong.vm_pu[1] = 0.0;
    EXPECT_THROW(static_cast<void>(solver.solve({}, wrong)), OptionError);
    PowerFlowOptions options;
    options.start = Start::given;
    EXPECT_THROW(PowerFlowSolver(network, options), OptionError);
    expect_same(solver.solve(), first);  // a refusal leaves no trace
}

/// Sets what chooses the vector unit, and what was there before when done.
class UnitVariable {
public:
    explicit UnitVariable(const char* unit) { ::setenv(kName, unit, 1); }
    ~UnitVariable() { ::setenv(kName, before_.c_str(), 1); }  // empty means unset
    UnitVariable(const UnitVariable&) = delete;
    UnitVariable& operator=(const UnitVariable&) = delete;

private:
    static constexpr const char* kName = "NODALROOM_VECTOR_UNIT";
    std::string before_ = std::getenv(kName) != nullptr ? std::getenv(kName) : "";
};

TEST(PowerFlowSolver, AgreesOnEveryVectorUnit) {
    const Network network = testing::load_case("case_ACTIVSg500");
    PowerFlowOptions options;
    options.start = Start::dc;
    const PowerFlowResult chosen = solve(network, options);
    ASSERT_TRUE(chosen.converged());
    for (const numerics::VectorUnit unit : testing::kVectorUnits) {
        if (!numerics::is_supported(unit)) continue;
        const UnitVariable variable(numerics::to_string(unit));
        const PowerFlowResult result = solve(network, options);
        ASSERT_TRUE(result.converged()) << numerics::to_string(unit);
        EXPECT_EQ(result.iterations, chosen.iterations);
        for (std::size_t i = 0; i < network.buses().size(); ++i) {
            EXPECT_NEAR(result.voltages.vm_pu[i], chosen.voltages.vm_pu[i], 1e-9);
            EXPECT_NEAR(result.voltages.va_rad[i], chosen.voltages.va_rad[i], 1e-9);
        }
    }
}

}  // namespace
}  // namespace nodalroom::powerflow
