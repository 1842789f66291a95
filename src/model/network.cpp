#include "nodalroom/model/network.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <utility>

#include "network_builder.hpp"
#include "nodalroom/core/errors.hpp"

namespace nodalroom::model {

std::optional<BusRow> Network::find_bus(BusNumber number) const noexcept {
    const auto found = row_of_number_.find(number);
    if (found == row_of_number_.end()) return std::nullopt;
    return found->second;
}

std::span<const UnitRow> Network::units_at(BusRow row) const noexcept { return units_at_[row.pos()]; }

io::MatpowerCase Network::as_modelled() const {
    io::MatpowerCase mpc = *source_;
    for (std::size_t n = 0; n < buses_.size(); ++n) {
        const BusType type = buses_[n].type;
        double& in_file = mpc.bus.at(n, io::bus_col::type);
        if (type == BusType::isolated) in_file = 4.0;
        if (type == BusType::pv) in_file = 2.0;
    }
    for (std::size_t l = 0; l < branches_.size(); ++l)
        mpc.branch.at(l, io::branch_col::x) = branches_[l].x_pu;
    return mpc;
}

Network Network::from_matpower(io::MatpowerCase mpc, CutOff cut_off) {
    if (cut_off == CutOff::isolate) isolate_cut_off(mpc);
    return NetworkBuilder(std::move(mpc)).build();
}

io::MatpowerCase read_records(const std::filesystem::path& path) {
    std::string extension = path.extension().string();
    std::ranges::transform(extension, extension.begin(),
                           [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    if (extension == ".m") return io::read_matpower(path);
    throw InputError(path.string(), 0,
                     (extension.empty() ? std::string("the file name has no extension")
                                        : "extension \"" + extension + "\" is not a supported format") +
                         "; supported: .m (MATPOWER case, version 2)");
}

Network read_network(const std::filesystem::path& path, CutOff cut_off) {
    return Network::from_matpower(read_records(path), cut_off);
}

}  // namespace nodalroom::model
