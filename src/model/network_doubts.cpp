#include "network_doubts.hpp"

#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "case_table.hpp"

namespace nodalroom::model {
namespace {

/// Collects the rows one kind of doubt concerns.
class Tally {
public:
    void add(int line, std::string label) {
        if (count_++ == 0) line_ = line;
        if (labels_.size() < named) labels_.push_back(std::move(label));
    }

    /// Appends "COUNT TEXT: LABEL; LABEL; … (and N more)" where anything was collected.
    void report(Diagnostics& diagnostics, Severity severity, std::string_view code, std::string_view one,
                std::string_view many) const {
        if (count_ == 0) return;
        std::string message = std::to_string(count_) + " ";
        message.append(count_ == 1 ? one : many).append(": ");
        for (std::size_t k = 0; k < labels_.size(); ++k)
            message.append(k == 0 ? "" : "; ").append(labels_[k]);
        if (count_ > labels_.size()) message += "; and " + std::to_string(count_ - labels_.size()) + " more";
        diagnostics.push_back({severity, std::string(code), line_, std::move(message)});
    }

private:
    static constexpr std::size_t named = 5;
    std::size_t count_ = 0;
    int line_ = 0;
    std::vector<std::string> labels_;
};

}  // namespace

void add_doubts(const Network&, Diagnostics&) {}

}  // namespace nodalroom::model
