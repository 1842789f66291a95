#include "elements.hpp"

#include "nodalroom/report/names.hpp"

namespace nodalroom::report {

using headroom::LimitType;

MaybeWhole outage_row(const contingency::Outage& outage) {
    return outage.is_intact() ? MaybeWhole() : MaybeWhole(std::int64_t{outage.row} + 1);
}

MaybeWhole bus_number(const model::Network& network, BusRow bus) {
    return bus.valid() ? MaybeWhole(network.bus(bus).number.value()) : MaybeWhole();
}

Element element_of(const model::Network& network, bool is_branch, std::int32_t row) {
    if (row < 0) return {};
    const MaybeWhole file_row = std::int64_t{row} + 1;
    if (is_branch) return {"branch", branch_name(network, BranchRow(row)), file_row};
    return {"bus", bus_name(network, BusRow(row)), file_row};
}

Element element_of(const model::Network& network, const headroom::Binding& binding) {
    if (binding.type == LimitType::none) return {};
    if (binding.type == LimitType::generation) return {"generation", "all spare generation", {}};
    return element_of(network, binding.type == LimitType::thermal, binding.element);
}

double rating_in_force_mva(const model::Network& network, const contingency::LimitOptions& limits,
                           const contingency::Outage& outage, BranchRow branch) {
    const model::RatingSet set = outage.is_intact() ? limits.rating_intact : limits.rating_post;
    const auto rate = [&](std::size_t column) { return network.source().branch.at(branch.pos(), column); };
    double rating = 0.0;
    if (set == model::RatingSet::b) rating = rate(io::branch_col::rate_b);
    if (set == model::RatingSet::c) rating = rate(io::branch_col::rate_c);
    if (!(rating > 0.0)) rating = rate(io::branch_col::rate_a);
    return rating * contingency::rating_factor(limits, branch);
}

}  // namespace nodalroom::report
