#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "matrix_value.hpp"

namespace nodalroom::io {

namespace {

using Arguments = std::span<const Matrix>;

struct Function {
    std::string_view name;
    std::size_t fewest;
    std::size_t most;
    Matrix (*call)(Arguments);
};

template <class Operation>
Matrix each(const Matrix& a, Operation operation) {
    Matrix out = a;
    out.logical = false;
    for (double& x : out.values) x = operation(x);
    return out;
}

template <class Predicate>
Matrix each_test(const Matrix& a, Predicate predicate) {
    Matrix out = a;
    out.logical = true;
    for (double& x : out.values) x = predicate(x) ? 1.0 : 0.0;
    return out;
}

double within_unit(double x, const char* function) {
    if (std::abs(x) > 1.0) throw ValueProblem{std::string(function) + " of a number beyond 1"};
    return x;
}

double not_negative(double x, const char* function) {
    if (x < 0.0) throw ValueProblem{std::string(function) + " of a negative number"};
    return x;
}

Matrix filled(Arguments arguments, double value) {
    std::array<std::size_t, 2> extent{1, 1};
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const Matrix& a = arguments[i];
        const double n = a.is_scalar() ? a.scalar() : -1.0;
        if (!(n >= 0.0 && n <= static_cast<double>(kMostElements)) || n != std::floor(n)) {
            throw ValueProblem{"a size that is not a whole number"};
        }
        extent[i] = static_cast<std::size_t>(n);
        if (arguments.size() == 1) extent[1] = extent[0];
    }
    if (extent[0] != 0 && extent[1] > kMostElements / extent[0])
        throw ValueProblem{"a value of too many elements"};
    return Matrix(extent[0], extent[1], value);
}

Matrix find_nonzero(const Matrix& a) {
    if (!a.is_vector() && !a.is_empty()) throw ValueProblem{"find over more than one column"};
    Matrix out;
    for (std::size_t i = 0; i < a.values.size(); ++i) {
        if (a.values[i] != 0.0) out.values.push_back(static_cast<double>(i + 1));
    }
    const bool row = a.rows == 1 && a.columns != 1;
    out.rows = row ? 1 : out.values.size();
    out.columns = row ? out.values.size() : (a.columns == 0 ? 0 : 1);
    return out;
}

Matrix size_of(Arguments arguments) {
    const Matrix& a = arguments[0];
    if (arguments.size() == 1) {
        Matrix out(1, 2);
        out.values = {static_cast<double>(a.rows), static_cast<double>(a.columns)};
        return out;
    }
    const double dimension = arguments[1].is_scalar() ? arguments[1].scalar() : 0.0;
    if (dimension == 1.0) return Matrix(static_cast<double>(a.rows));
    if (dimension == 2.0) return Matrix(static_cast<double>(a.columns));
    throw ValueProblem{"size along a dimension other than 1 and 2"};
}

Matrix sum_of(const Matrix& a) {
    if (!a.is_vector()) throw ValueProblem{"sum over more than one column"};
    double total = 0.0;
    for (const double x : a.values) total += x;
    return Matrix(total);
}

Matrix truth_value(bool value) {
    Matrix out(value ? 1.0 : 0.0);
    out.logical = true;
    return out;
}

Matrix any_of_vector(const Matrix& a) {
    if (!a.is_vector()) throw ValueProblem{"any over more than one column"};
    return truth_value(std::any_of(a.values.begin(), a.values.end(), [](double x) { return x != 0.0; }));
}

Matrix all_of_vector(const Matrix& a) {
    if (!a.is_vector()) throw ValueProblem{"all over more than one column"};
    return truth_value(std::all_of(a.values.begin(), a.values.end(), [](double x) { return x != 0.0; }));
}

constexpr std::array kFunctions{
    Function{"sin", 1, 1, [](Arguments a) { return each(a[0], [](double x) { return std::sin(x); }); }},
    Function{"cos", 1, 1, [](Arguments a) { return each(a[0], [](double x) { return std::cos(x); }); }},
    Function{"tan", 1, 1, [](Arguments a) { return each(a[0], [](double x) { return std::tan(x); }); }},
    Function{
        "asin", 1, 1,
        [](Arguments a) { return each(a[0], [](double x) { return std::asin(within_unit(x, "asin")); }); }},
    Function{
        "acos", 1, 1,
        [](Arguments a) { return each(a[0], [](double x) { return std::acos(within_unit(x, "acos")); }); }},
    Function{"atan", 1, 1, [](Arguments a) { return each(a[0], [](double x) { return std::atan(x); }); }},
    Function{
        "sqrt", 1, 1,
        [](Arguments a) { return each(a[0], [](double x) { return std::sqrt(not_negative(x, "sqrt")); }); }},
    Function{"exp", 1, 1, [](Arguments a) { return each(a[0], [](double x) { return std::exp(x); }); }},
    Function{
        "log", 1, 1,
        [](Arguments a) { return each(a[0], [](double x) { return std::log(not_negative(x, "log")); }); }},
    Function{"abs", 1, 1, [](Arguments a) { return each(a[0], [](double x) { return std::abs(x); }); }},
    Function{"floor", 1, 1, [](Arguments a) { return each(a[0], [](double x) { return std::floor(x); }); }},
    Function{"ceil", 1, 1, [](Arguments a) { return each(a[0], [](double x) { return std::ceil(x); }); }},
    Function{"round", 1, 1, [](Arguments a) { return each(a[0], [](double x) { return std::round(x); }); }},
    Function{"fix", 1, 1, [](Arguments a) { return each(a[0], [](double x) { return std::trunc(x); }); }},
    Function{"isinf", 1, 1,
             [](Arguments a) { return each_test(a[0], [](double x) { return std::isinf(x); }); }},
    Function{"isnan", 1, 1,
             [](Arguments a) { return each_test(a[0], [](double x) { return std::isnan(x); }); }},
    Function{"isfinite", 1, 1,
             [](Arguments a) { return each_test(a[0], [](double x) { return std::isfinite(x); }); }},
    Function{"find", 1, 1, [](Arguments a) { return find_nonzero(a[0]); }},
    Function{"any", 1, 1, [](Arguments a) { return any_of_vector(a[0]); }},
    Function{"all", 1, 1, [](Arguments a) { return all_of_vector(a[0]); }},
    Function{"sum", 1, 1, [](Arguments a) { return sum_of(a[0]); }},
    Function{"size", 1, 2, size_of},
    Function{"numel", 1, 1, [](Arguments a) { return Matrix(static_cast<double>(a[0].values.size())); }},
    Function{"length", 1, 1,
             [](Arguments a) {
                 return Matrix(a[0].is_empty() ? 0.0
                                               : static_cast<double>(std::max(a[0].rows, a[0].columns)));
             }},
    Function{"isempty", 1, 1, [](Arguments a) { return truth_value(a[0].is_empty()); }},
    Function{"zeros", 0, 2, [](Arguments a) { return filled(a, 0.0); }},
    Function{"ones", 0, 2, [](Arguments a) { return filled(a, 1.0); }},
    Function{"pi", 0, 0, [](Arguments) { return Matrix(std::numbers::pi); }},
    Function{"Inf", 0, 0, [](Arguments) { return Matrix(HUGE_VAL); }},
    Function{"inf", 0, 0, [](Arguments) { return Matrix(HUGE_VAL); }},
    Function{"NaN", 0, 0, [](Arguments) { return Matrix(std::nan("")); }},
    Function{"nan", 0, 0, [](Arguments) { return Matrix(std::nan("")); }},
    Function{"eps", 0, 0, [](Arguments) { return Matrix(0x1p-52); }},
    Function{"true", 0, 0, [](Arguments) { return truth_value(true); }},
    Function{"false", 0, 0, [](Arguments) { return truth_value(false); }},
};

const Function* find_function(std::string_view name) noexcept {
    const auto found =
        std::find_if(kFunctions.begin(), kFunctions.end(), [&](const Function& f) { return f.name == name; });
    return found == kFunctions.end() ? nullptr : &*found;
}

}  // namespace

bool is_function(std::string_view name) noexcept { return find_function(name) != nullptr; }

Matrix call_function(std::string_view name, Arguments arguments) {
    const Function* function = find_function(name);
    if (function == nullptr) throw ValueProblem{"the function " + std::string(name) + " is not known"};
    if (arguments.size() < function->fewest || arguments.size() > function->most) {
        throw ValueProblem{std::string(name) + " with " + std::to_string(arguments.size()) + " arguments"};
    }
    return function->call(arguments);
}

}  // namespace nodalroom::io
