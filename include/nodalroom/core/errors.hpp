#pragma once

#include <stdexcept>
#include <string>

namespace nodalroom {

/// Base of everything this library throws on purpose.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Input data that cannot be used. what() reads "FILE:LINE: PROBLEM"; the problem names the table,
/// the row, the field and the value.
class InputError : public Error {
public:
    /// line 0: the problem belongs to the file as a whole.
    InputError(std::string file, int line, std::string problem)
        : Error(compose(file, line, problem)),
          file_(std::move(file)),
          line_(line),
          problem_(std::move(problem)) {}

    [[nodiscard]] const std::string& file() const noexcept { return file_; }
    [[nodiscard]] int line() const noexcept { return line_; }  ///< 1-based; 0 for the whole file
    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

private:
    static std::string compose(const std::string& file, int line, const std::string& problem) {
        std::string text = file;
        if (line > 0) text += ":" + std::to_string(line);
        return text + ": " + problem;
    }
    std::string file_;
    int line_ = 0;
    std::string problem_;
};

/// A call that cannot be carried out as asked: an option out of range, a bus that does not exist.
/// what() names the option, the value and the rule.
class OptionError : public Error {
public:
    using Error::Error;
};

}  // namespace nodalroom
