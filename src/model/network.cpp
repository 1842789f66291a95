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

Network Network::from_matpower(io::MatpowerCase mpc) { return NetworkBuilder(std::move(mpc)).build(); }

Network read_network(const std::filesystem::path& path) {
    std::string extension = path.extension().string();
    std::ranges::transform(extension, extension.begin(),
                           [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    if (extension == ".m") return Network::from_matpower(io::read_matpower(path));
    throw InputError(path.string(), 0,
                     (extension.empty() ? std::string("the file name has no extension")
                                        : "extension \"" + extension + "\" is not a supported format") +
                         "; supported: .m (MATPOWER case, version 2)");
}

}  // namespace nodalroom::model
