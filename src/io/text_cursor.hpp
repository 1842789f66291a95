#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nodalroom::io {

/// What is wrong and where; becomes an InputError once the file's label is known.
struct Problem {
    int line = 0;
    std::string text;
};

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
[[nodiscard]] constexpr bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

/// A place in the text of a MATLAB file. Knows blanks, comments, continuations and the words of the
/// language (names, numbers, quoted text), but no grammar. Throws Problem.
class TextCursor {
public:
    /// The text holds no NUL: peek() returns one for the end of the file.
    explicit TextCursor(std::string_view text) noexcept : text_(text) {}

    [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept {
        return pos_ + ahead < text_.size() ? text_[pos_ + ahead] : '\0';
    }
    [[nodiscard]] bool at_end() const noexcept { return pos_ >= text_.size(); }
    [[nodiscard]] bool at_newline() const noexcept { return peek() == '\n' || peek() == '\r'; }
    [[nodiscard]] bool at_comment() const noexcept { return peek() == '%' || peek() == '#'; }
    /// End of line, end of file or a comment.
    [[nodiscard]] bool at_line_end() const noexcept { return at_newline() || at_comment() || at_end(); }

    [[nodiscard]] std::size_t position() const noexcept { return pos_; }
    [[nodiscard]] int line() const noexcept { return line_; }
    [[nodiscard]] std::string_view text_between(std::size_t from, std::size_t to) const noexcept {
        return text_.substr(from, to - from);
    }

    void advance(std::size_t count = 1) noexcept { pos_ += count; }  ///< not over a line end
    [[nodiscard]] bool take(char c) noexcept {
        if (peek() != c) return false;
        ++pos_;
        return true;
    }

    /// Blanks and continued lines. True if there were any.
    bool skip_blanks();
    /// A comment, if one starts here, and the line end after it. A block comment is taken whole.
    /// True if a line end was passed.
    bool skip_line_end();
    /// Everything without meaning: blanks, comments, line ends.
    void skip_empty_lines();

    /// A name, or an empty view if none starts here.
    [[nodiscard]] std::string_view take_name() noexcept;
    /// An unsigned number literal; one must start here (see at_number).
    [[nodiscard]] double take_number();
    [[nodiscard]] bool at_number() const noexcept {
        return is_digit(peek()) || (peek() == '.' && is_digit(peek(1)));
    }
    /// A text in single or double quotes; the opening quote is here.
    [[nodiscard]] std::string take_quoted();

    /// What stands here, for messages: a word or a character, in quotes, or "the end of the file".
    [[nodiscard]] std::string describe_here() const;

    [[noreturn]] void fail(std::string text) const { throw Problem{line_, std::move(text)}; }

private:
    void pass_newline() noexcept;
    [[nodiscard]] bool at_block_comment_mark(char brace) const noexcept;
    void skip_block_comment();
    void skip_to_newline() noexcept;

    std::string_view text_;
    std::size_t pos_ = 0;
    int line_ = 1;
};

/// Text for a message: control characters and bytes that are not UTF-8 become '?', long text is cut.
[[nodiscard]] std::string for_message(std::string_view text, std::size_t limit = 60);

/// Position of the first byte that is not part of valid UTF-8; npos if there is none.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text) noexcept;

}  // namespace nodalroom::io
