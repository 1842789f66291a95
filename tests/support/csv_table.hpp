#pragma once

#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace nodalroom::testing {

/// A CSV file without quotes, as the validation cases have them.
class CsvTable {
public:
    explicit CsvTable(const std::filesystem::path& path) {
        std::ifstream file(path);
        if (!file) throw std::runtime_error("cannot read " + path.string());
        std::string line;
        std::getline(file, line);
        const auto names = split(line);
        for (std::size_t c = 0; c < names.size(); ++c) column_[names[c]] = c;
        while (std::getline(file, line)) {
            if (!line.empty()) rows_.push_back(split(line));
        }
    }

    [[nodiscard]] std::size_t rows() const { return rows_.size(); }
    [[nodiscard]] const std::string& text(std::size_t row, const std::string& column) const {
        return rows_.at(row).at(column_.at(column));
    }
    /// NaN where the cell is empty.
    [[nodiscard]] double number(std::size_t row, const std::string& column) const {
        const std::string& cell = text(row, column);
        return cell.empty() ? std::numeric_limits<double>::quiet_NaN() : std::stod(cell);
    }
    [[nodiscard]] int integer(std::size_t row, const std::string& column) const {
        return std::stoi(text(row, column));
    }

    static std::vector<std::string> split(const std::string& line, char separator = ',') {
        std::vector<std::string> cells(1);
        for (const char c : line) {
            if (c == '\r') continue;
            if (c == separator) {
                cells.emplace_back();
            } else {
                cells.back() += c;
            }
        }
        return cells;
    }

private:
    std::map<std::string, std::size_t> column_;
    std::vector<std::vector<std::string>> rows_;
};

/// A folder of tests/validation: what its case.csv says, and its tables.
class ValidationCase {
public:
    explicit ValidationCase(const std::string& folder)
        : folder_(std::filesystem::path(NODALROOM_TEST_DIR) / "validation" / folder) {
        const CsvTable about(folder_ / "case.csv");
        for (std::size_t r = 0; r < about.rows(); ++r) about_[about.text(r, "key")] = about.text(r, "value");
    }
    [[nodiscard]] const std::string& text(const std::string& key) const { return about_.at(key); }
    [[nodiscard]] double number(const std::string& key) const { return std::stod(about_.at(key)); }
    [[nodiscard]] CsvTable table(const std::string& file) const { return CsvTable(folder_ / file); }

private:
    std::filesystem::path folder_;
    std::map<std::string, std::string> about_;
};

}  // namespace nodalroom::testing
