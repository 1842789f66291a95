#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "nodalroom/contingency/sweep.hpp"
#include "nodalroom/headroom/upgrades.hpp"
#include "nodalroom/report/names.hpp"
#include "options.hpp"
#include "tables.hpp"

/// Results as columns of words and numbers, and back. What a result holds is said once, by a function of
/// something that takes names and members: fields("value", &Binding::value). What takes them saves or
/// restores. Whatever comes from a file is doubted: ValueError, or OptionError, where it does not fit the
/// network or itself.
namespace nodalroom::bindings {

[[noreturn]] inline void refuse(const std::string& problem) { throw pybind11::value_error(problem); }

/// A position that must be one of `size`; `what` and `where` name it in the refusal.
inline std::size_t position(std::int64_t value, std::size_t size, const char* what,
                            const char* where = "case") {
    if (value < 0 || value >= static_cast<std::int64_t>(size)) {
        refuse(std::string("there is no ") + what + " " + std::to_string(value + 1) + " in the " + where);
    }
    return static_cast<std::size_t>(value);
}

/// The last of the words that an enum is written as; they begin with 0 and leave nothing out.
template <class Word>
inline constexpr auto last_of = nullptr;
template <>
inline constexpr auto last_of<headroom::HeadroomStatus> = headroom::HeadroomStatus::unsolved;
template <>
inline constexpr auto last_of<headroom::RedispatchStatus> = headroom::RedispatchStatus::unsolved;
template <>
inline constexpr auto last_of<headroom::LimitType> = headroom::LimitType::generation;
template <>
inline constexpr auto last_of<headroom::LadderStatus> = headroom::LadderStatus::cancelled;
template <>
inline constexpr auto last_of<headroom::HoldKind> = headroom::HoldKind::generation;
template <>
inline constexpr auto last_of<contingency::LimitKind> = contingency::LimitKind::voltage_change;
template <>
inline constexpr auto last_of<powerflow::SolveStatus> = powerflow::SolveStatus::no_live_bus;

/// A value as it is in a file, and read from there.
template <class T>
struct Cell {
    using Type = std::conditional_t<std::is_enum_v<T>, std::string, T>;
    static auto save(const model::Network&, const T& value) {
        if constexpr (std::is_enum_v<T>)
            return std::string(to_string(value));
        else
            return value;
    }
    static T restore(const model::Network&, const Type& value) {
        if constexpr (std::is_enum_v<T>) {
            for (int i = 0; i <= static_cast<int>(last_of<T>); ++i) {
                if (value == to_string(static_cast<T>(i))) return static_cast<T>(i);
            }
            refuse("'" + value + "' is no word of this version");
        } else {
            return value;
        }
    }
};

/// An energised bus, by its number.
template <>
struct Cell<BusRow> {
    using Type = std::int64_t;
    static Type save(const model::Network& network, BusRow bus) { return network.bus(bus).number.value(); }
    static BusRow restore(const model::Network& network, Type number);
};

template <>
struct Cell<UnitRow> {
    using Type = std::int64_t;
    static Type save(const model::Network&, UnitRow unit) { return unit.value(); }
    static UnitRow restore(const model::Network& network, Type row) {
        static_cast<void>(position(row, network.units().size(), "generator row"));
        return UnitRow(row);
    }
};

/// A position that may be none, -1; whether it is one there is, is for the caller to check.
template <>
struct Cell<std::optional<std::size_t>> {
    using Type = std::int64_t;
    static Type save(const model::Network&, std::optional<std::size_t> at) {
        return at ? static_cast<Type>(*at) : -1;
    }
    static std::optional<std::size_t> restore(const model::Network&, Type at) {
        if (at < -1) refuse("a position is below -1");
        return at == -1 ? std::nullopt : std::optional(static_cast<std::size_t>(at));
    }
};

/// How many rows of a kind there are.
inline std::size_t count_rows(const model::Network& network, BusRow) { return network.buses().size(); }
inline std::size_t count_rows(const model::Network& network, BranchRow) { return network.branches().size(); }

/// What is at the end of a path of members.
template <class Item>
constexpr Item& follow(Item& item) {
    return item;
}
template <class Item, class First, class... Rest>
constexpr auto& follow(Item& item, First first, Rest... rest) {
    return follow(item.*first, rest...);
}

/// Takes fields and makes columns of them.
template <class Item>
class SavedColumns {
public:
    SavedColumns(const model::Network& network, const std::vector<Item>& items)
        : network_(network), items_(items) {}

    template <class... Path>
    void operator()(const char* name, Path... path) {
        using T = std::remove_cvref_t<decltype(follow(items_.front(), path...))>;
        if constexpr (std::is_same_v<T, contingency::Outage>) {
            const std::string kind = std::string(name) + "_kind";
            add(kind.c_str(), [&](const Item& i) { return report::outage_kind(follow(i, path...)); });
            add(name, [&](const Item& i) { return follow(i, path...).row; });
        } else {
            add(name, [&](const Item& i) { return Cell<T>::save(network_, follow(i, path...)); });
        }
    }
    /// A row of a table of the case, -1 for none.
    template <class... Path>
    void maybe(const char* name, Path... path) {
        add(name, [&](const Item& i) { return follow(i, path...).value(); });
    }
    template <class Check, class... Path>
    void check(Check, Path...) {}

    [[nodiscard]] pybind11::dict take() { return std::move(out_); }

private:
    template <class Get>
    void add(const char* name, Get get) {
        pybind11::list values(items_.size());
        for (std::size_t i = 0; i < items_.size(); ++i) values[i] = get(items_[i]);
        out_[name] = values;
    }

    const model::Network& network_;
    const std::vector<Item>& items_;
    pybind11::dict out_;
};

/// Takes fields and fills them from columns, all of which must be as long as there are items, or as the
/// first.
template <class Item>
class RestoredColumns {
public:
    RestoredColumns(const model::Network& network, const pybind11::dict& table, std::vector<Item>& items,
                    bool is_filled)
        : network_(network), table_(table), items_(items), is_sized_(is_filled) {}

    template <class... Path>
    void operator()(const char* name, Path... path) {
        using T = std::remove_reference_t<decltype(follow(items_.front(), path...))>;
        if constexpr (std::is_same_v<T, contingency::Outage>) {
            const auto rows = values<std::int32_t>(name);
            const auto kinds = values<std::string>((std::string(name) + "_kind").c_str());
            for (std::size_t i = 0; i < rows.size(); ++i)
                follow(items_[i], path...) = find_outage(network_, kinds[i], std::int64_t{rows[i]} + 1);
        } else {
            const auto cells = values<typename Cell<T>::Type>(name);
            for (std::size_t i = 0; i < cells.size(); ++i)
                follow(items_[i], path...) = Cell<T>::restore(network_, cells[i]);
        }
    }
    template <class... Path>
    void maybe(const char* name, Path... path) {
        using Row = std::remove_reference_t<decltype(follow(items_.front(), path...))>;
        const auto rows = values<std::int32_t>(name);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (rows[i] != -1) static_cast<void>(position(rows[i], count_rows(network_, Row()), "row"));
            follow(items_[i], path...) = Row(rows[i]);
        }
    }
    /// doubt(network, thing) refuses what was restored, or settles it.
    template <class Doubt, class... Path>
    void check(Doubt doubt, Path... path) {
        for (Item& item : items_) doubt(network_, follow(item, path...));
    }

private:
    template <class T>
    std::vector<T> values(const char* name) {
        if (!table_.contains(name)) refuse(std::string("the column ") + name + " is missing");
        std::vector<T> out;
        try {
            if constexpr (std::is_same_v<T, bool>) {
                for (const auto value : table_[name]) {
                    if (!pybind11::isinstance<pybind11::bool_>(value)) throw pybind11::cast_error();
                    out.push_back(value.template cast<bool>());
                }
            } else {
                out = table_[name].template cast<std::vector<T>>();
            }
        } catch (const pybind11::cast_error&) {
            refuse(std::string("the column ") + name + " holds values of another kind");
        }
        if (!is_sized_) items_.resize(out.size());
        is_sized_ = true;
        if (out.size() != items_.size()) {
            refuse("the column " + std::string(name) + " has " + std::to_string(out.size()) +
                   " values, not " + std::to_string(items_.size()));
        }
        return out;
    }

    const model::Network& network_;
    const pybind11::dict& table_;
    std::vector<Item>& items_;
    bool is_sized_;
};

/// The table of items whose fields a function gives.
template <class Item, class Fields>
pybind11::dict save_table(const model::Network& network, const std::vector<Item>& items, Fields fields) {
    SavedColumns<Item> columns(network, items);
    fields(columns);
    return columns.take();
}

/// And back; for items that are there already, the fields are filled in.
template <class Item, class Fields>
void restore_table(const model::Network& network, const Columns& saved, const char* name,
                   std::vector<Item>& items, bool is_filled, Fields fields) {
    if (!saved.contains(name)) refuse(std::string("the table ") + name + " is missing");
    const auto table = saved[name].cast<pybind11::dict>();
    RestoredColumns<Item> columns(network, table, items, is_filled);
    fields(columns);
}

/// An item of a list that each owner has, with the owner's position.
template <class Item>
struct Placed {
    std::int64_t at = -1;
    Item item;
};

/// One table of the lists that all owners have: list_of(owner) is one; the column `at` says whose it is.
template <class Owner, class ListOf, class Fields>
pybind11::dict save_lists(const model::Network& network, const std::vector<Owner>& owners, const char* at,
                          ListOf list_of, Fields fields) {
    using Item = typename std::remove_cvref_t<decltype(list_of(owners.front()))>::value_type;
    std::vector<Placed<Item>> items;
    for (std::size_t i = 0; i < owners.size(); ++i) {
        for (const Item& item : list_of(owners[i])) items.push_back({static_cast<std::int64_t>(i), item});
    }
    return save_table(network, items, [&](auto& columns) {
        columns(at, &Placed<Item>::at);
        fields(columns, &Placed<Item>::item);
    });
}

/// And back; `what` names an owner in refusals.
template <class Owner, class ListOf, class Fields>
void restore_lists(const model::Network& network, const Columns& saved, const char* name,
                   std::vector<Owner>& owners, const char* at, const char* what, ListOf list_of,
                   Fields fields) {
    using Item = typename std::remove_cvref_t<decltype(list_of(owners.front()))>::value_type;
    std::vector<Placed<Item>> items;
    restore_table(network, saved, name, items, false, [&](auto& columns) {
        columns(at, &Placed<Item>::at);
        fields(columns, &Placed<Item>::item);
    });
    for (Placed<Item>& placed : items)
        list_of(owners[position(placed.at, owners.size(), what, "file")]).push_back(std::move(placed.item));
}

/// Takes single values and their names, and saves them.
class SavedValues {
public:
    SavedValues(const model::Network& network, Columns& out) : network_(network), out_(out) {}
    template <class T>
    void operator()(const char* name, const T& value) {
        out_[name] = Cell<T>::save(network_, value);
    }

private:
    const model::Network& network_;
    Columns& out_;
};

/// And restores them.
class RestoredValues {
public:
    RestoredValues(const model::Network& network, const Columns& saved) : network_(network), saved_(saved) {}
    template <class T>
    void operator()(const char* name, T& value) {
        if (!saved_.contains(name)) refuse(std::string("the value ") + name + " is missing");
        try {
            if (std::is_same_v<T, bool> && !pybind11::isinstance<pybind11::bool_>(saved_[name]))
                throw pybind11::cast_error();
            value = Cell<T>::restore(network_, saved_[name].cast<typename Cell<T>::Type>());
        } catch (const pybind11::cast_error&) {
            refuse(std::string("the value ") + name + " is of another kind than it must be");
        }
    }

private:
    const model::Network& network_;
    const Columns& saved_;
};

}  // namespace nodalroom::bindings
