#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nodalroom/report/table.hpp"

namespace nodalroom::report {

/// Makes a table of `rows` rows column by column, each from a function of the 0-based row.
class TableMaker {
public:
    explicit TableMaker(std::size_t rows) : rows_(rows) {}

    template <class F>
    TableMaker& number(std::string name, F value) {
        return add<double>(std::move(name), value);
    }
    template <class F>
    TableMaker& whole(std::string name, F value) {
        return add<std::int64_t>(std::move(name), value);
    }
    /// Rows and bus numbers that may be missing.
    template <class F>
    TableMaker& optional_whole(std::string name, F value) {
        return add<std::optional<std::int64_t>>(std::move(name), value);
    }
    template <class F>
    TableMaker& flag(std::string name, F value) {
        return add<bool>(std::move(name), value);
    }
    template <class F>
    TableMaker& text(std::string name, F value) {
        return add<std::string>(std::move(name), value);
    }
    /// Texts of which there are few in many rows.
    template <class F>
    TableMaker& word(std::string name, F value) {
        Words words;
        words.codes.reserve(rows_);
        for (std::size_t row = 0; row < rows_; ++row) words.push_back(value(row));
        table_.columns.push_back({std::move(name), std::move(words)});
        return *this;
    }
    [[nodiscard]] Table take() { return std::move(table_); }

private:
    template <class T, class F>
    TableMaker& add(std::string name, F& value) {
        std::vector<T> values;
        values.reserve(rows_);
        for (std::size_t row = 0; row < rows_; ++row) values.push_back(static_cast<T>(value(row)));
        table_.columns.push_back({std::move(name), std::move(values)});
        return *this;
    }

    std::size_t rows_;
    Table table_;
};

}  // namespace nodalroom::report
