#include "text_cursor.hpp"

#include <charconv>
#include <system_error>

namespace nodalroom::io {

namespace {

/// A double written out in full needs less; anything longer is not a number of a grid.
constexpr std::size_t kLongestNumber = 400;
constexpr std::size_t kLongestName = 200;

}  // namespace

bool TextCursor::skip_blanks() {
    const std::size_t start = pos_;
    for (;;) {
        if (is_blank(peek())) {
            ++pos_;
        } else if (peek() == '.' && peek(1) == '.' && peek(2) == '.') {
            skip_to_newline();
            if (at_end()) fail("the file ends after a continuation '...'");
            pass_newline();
        } else {
            return pos_ != start;
        }
    }
}

void TextCursor::pass_newline() noexcept {
    if (peek() == '\r' && peek(1) == '\n') ++pos_;
    ++pos_;
    ++line_;
}

void TextCursor::skip_to_newline() noexcept {
    const std::size_t found = text_.find_first_of("\r\n", pos_);
    pos_ = found == std::string_view::npos ? text_.size() : found;
}

bool TextCursor::at_block_comment_mark(char brace) const noexcept {
    if (!at_comment() || peek(1) != brace) return false;
    for (std::size_t p = pos_ + 2; p < text_.size() && text_[p] != '\n' && text_[p] != '\r'; ++p) {
        if (!is_blank(text_[p])) return false;
    }
    for (std::size_t p = pos_; p > 0 && text_[p - 1] != '\n' && text_[p - 1] != '\r'; --p) {
        if (!is_blank(text_[p - 1])) return false;
    }
    return true;
}

void TextCursor::skip_block_comment() {
    const int opened = line_;
    int depth = 0;
    do {
        while (is_blank(peek())) ++pos_;
        if (at_block_comment_mark('{')) ++depth;
        if (at_block_comment_mark('}')) --depth;
        skip_to_newline();
        if (depth == 0) return;
        if (at_end()) throw Problem{opened, "the block comment opened here is not closed"};
        pass_newline();
    } while (true);
}

bool TextCursor::skip_line_end() {
    if (at_block_comment_mark('{')) {
        skip_block_comment();
    } else if (at_comment()) {
        skip_to_newline();
    }
    if (!at_newline()) return false;
    pass_newline();
    return true;
}

void TextCursor::skip_empty_lines() {
    do {
        skip_blanks();
    } while (skip_line_end());
}

std::string_view TextCursor::take_name() noexcept {
    if (!is_letter(peek())) return {};
    const std::size_t start = pos_;
    while (is_letter(peek()) || is_digit(peek())) ++pos_;
    return text_.substr(start, pos_ - start);
}

double TextCursor::take_number() {
    const std::size_t start = pos_;
    const auto take_digits = [&] {
        while (is_digit(peek())) {
            ++pos_;
            if (pos_ - start > kLongestNumber) {
                fail("a number of more than " + std::to_string(kLongestNumber) + " characters: '" +
                     for_message(text_.substr(start, pos_ - start), 20) + "'");
            }
        }
    };
    take_digits();
    const auto starts_operator = [](char c) {
        return c == '*' || c == '/' || c == '^' || c == '\\' || c == '\'' || c == '.';
    };
    if (peek() == '.' && !starts_operator(peek(1))) {
        ++pos_;
        take_digits();
    }
    std::size_t exponent = 0;
    if (const char mark = peek(); mark == 'e' || mark == 'E' || mark == 'd' || mark == 'D') {
        const std::size_t sign = (peek(1) == '+' || peek(1) == '-') ? 1 : 0;
        if (is_digit(peek(1 + sign))) {
            exponent = pos_ - start;
            pos_ += 1 + sign;
            take_digits();
        }
    }
    if (is_letter(peek()) || (peek() == '.' && is_digit(peek(1)))) {
        while (pos_ - start < kLongestNumber && (is_letter(peek()) || is_digit(peek()) || peek() == '.'))
            ++pos_;
        fail("'" + for_message(text_.substr(start, pos_ - start)) + "' is not a number");
    }

    const std::string_view literal = text_.substr(start, pos_ - start);
    std::string with_e;  // from_chars knows no D exponent
    if (exponent != 0 && literal[exponent] != 'e' && literal[exponent] != 'E') {
        with_e = literal;
        with_e[exponent] = 'e';
    }
    const char* first = with_e.empty() ? literal.data() : with_e.data();
    const char* last = first + literal.size();
    double value = 0.0;
    const auto [end, error] = std::from_chars(first, last, value);
    if (error == std::errc::result_out_of_range) {
        fail("'" + for_message(literal) + "' is outside the range of double precision");
    }
    if (error != std::errc{} || end != last) fail("'" + for_message(literal) + "' is not a number");
    return value;
}

std::string TextCursor::take_quoted() {
    const char quote = peek();
    ++pos_;
    std::string text;
    for (;;) {
        if (at_end() || at_newline())
            fail("a text in quotes is not closed on its line: " + for_message(text, 30));
        const char c = peek();
        ++pos_;
        if (c == quote) {
            if (peek() != quote) break;
            ++pos_;
        } else if (c == '\\' && quote == '"') {
            fail(
                "a backslash in a text in double quotes means one thing in MATLAB and another in Octave; "
                "use single quotes");
        }
        text += c;
    }
    if (find_invalid_utf8(text) != std::string::npos) {
        fail("the text '" + for_message(text, 30) + "' is not valid UTF-8");
    }
    return text;
}

std::string TextCursor::describe_here() const {
    if (at_end()) return "the end of the file";
    if (at_newline()) return "the end of the line";
    std::size_t length = 1;
    const auto word = [](char c) {
        return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80;
    };
    if (word(peek())) {
        while (length < kLongestName && word(peek(length))) ++length;
    }
    return "'" + for_message(text_.substr(pos_, length)) + "'";
}

std::string for_message(std::string_view text, std::size_t limit) {
    std::string out;
    bool cut = false;
    if (text.size() > limit) {
        text = text.substr(0, limit);
        while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U)
            text.remove_suffix(1);
        if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0U) text.remove_suffix(1);
        cut = true;
    }
    while (!text.empty()) {
        const std::size_t bad = find_invalid_utf8(text);
        for (const char c : text.substr(0, bad))
            out += static_cast<unsigned char>(c) < 0x20U || c == 0x7F ? '?' : c;
        if (bad == std::string_view::npos) break;
        out += '?';
        text.remove_prefix(bad + 1);
    }
    return cut ? out + "..." : out;
}

std::size_t find_invalid_utf8(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) {
        return static_cast<unsigned>(static_cast<unsigned char>(text[i]));
    };
    for (std::size_t i = 0; i < text.size();) {
        const unsigned lead = byte(i);
        if (lead < 0x80U) {
            ++i;
            continue;
        }
        const std::size_t length = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : 2;
        if (lead < 0xC2U || lead > 0xF4U || i + length > text.size()) return i;
        const unsigned second = byte(i + 1);
        const unsigned lowest = lead == 0xE0U ? 0xA0U : lead == 0xF0U ? 0x90U : 0x80U;
        const unsigned highest = lead == 0xEDU ? 0x9FU : lead == 0xF4U ? 0x8FU : 0xBFU;
        if (second < lowest || second > highest) return i;
        for (std::size_t k = 2; k < length; ++k) {
            if ((byte(i + k) & 0xC0U) != 0x80U) return i;
        }
        i += length;
    }
    return std::string_view::npos;
}

}  // namespace nodalroom::io
