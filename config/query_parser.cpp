#include "config/query_parser.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace muster::config {

namespace {

constexpr std::size_t longest_query = 4096;
constexpr int deepest_query = 32;

enum class TokenKind {
    word,
    quoted,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    tilde,
    open,
    close,
    comma,
    end,
    bad
};

struct Token {
    TokenKind kind = TokenKind::end;
    std::string text;
    std::size_t at = 0;
};

bool is_word_byte(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && byte != 0x7F &&
           std::string_view("()=!<>~,\"'").find(c) == std::string_view::npos;
}

bool is_field(std::string_view word) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !word.empty() && letter(word.front()) && word.back() != '.' &&
           std::all_of(word.begin(), word.end(), [&](char c) {
               return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
           });
}

/// One pass over `class = network_device and (site = HQ or label.role != spare)`.
class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) { advance(); }

    Result<Query::Node> whole() {
        if (token_.kind == TokenKind::end) {
            return wrong("an empty query, expected a comparison such as class = server");
        }
        Result<Query::Node> node = any_of();
        if (node && token_.kind != TokenKind::end) {
            return wrong("expected \"and\", \"or\" or the end");
        }
        return node;
    }

  private:
    /// Of the current token, from 1, in characters.
    std::size_t column() const {
        const std::string_view before = text_.substr(0, token_.at);
        const auto characters = std::count_if(before.begin(), before.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
        });
        return static_cast<std::size_t>(characters) + 1;
    }

    Failure wrong(std::string what) const {
        const std::string here = token_.kind == TokenKind::end
                                     ? std::string("the end")
                                     : fmt::format("\"{}\"", printable(token_.text, 60));
        if (what.starts_with("expected")) {
            what = fmt::format("{}, {}", here, what);
        }
        return failure(ErrorKind::invalid, fmt::format("column {}: {}", column(), what));
    }

    void advance() {
        while (next_ < text_.size() &&
               (text_[next_] == ' ' || text_[next_] == '\t' || text_[next_] == '\n')) {
            ++next_;
        }
        token_ = Token{TokenKind::end, {}, next_};
        if (next_ == text_.size()) {
            return;
        }
        const char c = text_[next_];
        switch (c) {
            case '(':
                return single(TokenKind::open);
            case ')':
                return single(TokenKind::close);
            case ',':
                return single(TokenKind::comma);
            case '=':
                return single(TokenKind::equal);
            case '~':
                return single(TokenKind::tilde);
            case '!':
                return with_equals(TokenKind::bad, TokenKind::not_equal);
            case '<':
                return with_equals(TokenKind::less, TokenKind::less_equal);
            case '>':
                return with_equals(TokenKind::greater, TokenKind::greater_equal);
            case '"':
                return quoted();
            default:
                return is_word_byte(c) ? word() : single(TokenKind::bad);
        }
    }

    void single(TokenKind kind) {
        token_ = Token{kind, std::string(1, text_[next_]), next_};
        ++next_;
    }

    /// One byte, or it and a "=" behind it.
    void with_equals(TokenKind alone, TokenKind both) {
        if (next_ + 1 < text_.size() && text_[next_ + 1] == '=') {
            token_ = Token{both, std::string(text_.substr(next_, 2)), next_};
            next_ += 2;
            return;
        }
        single(alone);
    }

    void word() {
        const std::size_t start = next_;
        while (next_ < text_.size() && is_word_byte(text_[next_])) {
            ++next_;
        }
        token_ = Token{TokenKind::word, std::string(text_.substr(start, next_ - start)), start};
    }

    /// "a \"b\" c": a backslash takes the next byte as it is.
    void quoted() {
        Token token{TokenKind::quoted, {}, next_};
        for (std::size_t i = next_ + 1; i < text_.size(); ++i) {
            if (text_[i] == '"') {
                next_ = i + 1;
                token_ = std::move(token);
                return;
            }
            if (text_[i] == '\\' && i + 1 < text_.size()) {
                ++i;
            }
            token.text += text_[i];
        }
        token_ = Token{TokenKind::bad, std::string(text_.substr(next_)), next_};
        next_ = text_.size();
    }

    bool takes_keyword(std::string_view keyword) {
        if (token_.kind != TokenKind::word || token_.text != keyword) {
            return false;
        }
        advance();
        return true;
    }

    Result<Query::Node> any_of() { return joined(QueryKind::any_of, "or", &Parser::all_of); }

    Result<Query::Node> all_of() { return joined(QueryKind::all_of, "and", &Parser::unary); }

    Result<Query::Node> joined(
        QueryKind kind, std::string_view keyword, Result<Query::Node> (Parser::*part)()
    ) {
        Result<Query::Node> first = (this->*part)();
        if (!first) {
            return first;
        }
        Query::Node node;
        node.kind = kind;
        node.children.push_back(std::move(*first));
        while (takes_keyword(keyword)) {
            Result<Query::Node> next = (this->*part)();
            if (!next) {
                return next;
            }
            node.children.push_back(std::move(*next));
        }
        if (node.children.size() == 1) {
            Query::Node only = std::move(node.children.front());
            return only;
        }
        return node;
    }

    Result<Query::Node> unary() {
        if (depth_ >= deepest_query) {
            return wrong(fmt::format("nested deeper than {} levels", deepest_query));
        }
        ++depth_;
        Result<Query::Node> node = nested();
        --depth_;
        return node;
    }

    Result<Query::Node> nested() {
        if (takes_keyword("not")) {
            Result<Query::Node> inner = unary();
            if (!inner) {
                return inner;
            }
            Query::Node node;
            node.kind = QueryKind::none_of;
            node.children.push_back(std::move(*inner));
            return node;
        }
        if (token_.kind != TokenKind::open) {
            return comparison();
        }
        advance();
        Result<Query::Node> inner = any_of();
        if (inner && token_.kind != TokenKind::close) {
            return wrong("expected \")\"");
        }
        advance();
        return inner;
    }

    Result<Query::Node> comparison() {
        if (token_.kind != TokenKind::word || !is_field(token_.text)) {
            return wrong("expected a field such as class, name or label.role");
        }
        Query::Node node;
        node.field = token_.text;
        node.field_column = column();
        advance();
        if (takes_keyword("in")) {
            node.kind = QueryKind::in;
            return value_list(std::move(node));
        }
        switch (token_.kind) {
            case TokenKind::equal:
                node.kind = QueryKind::equal;
                break;
            case TokenKind::not_equal:
                node.kind = QueryKind::not_equal;
                break;
            case TokenKind::tilde:
                node.kind = QueryKind::like;
                break;
            case TokenKind::less:
                return number(std::move(node), QueryKind::less);
            case TokenKind::less_equal:
                return number(std::move(node), QueryKind::less_equal);
            case TokenKind::greater:
                return number(std::move(node), QueryKind::greater);
            case TokenKind::greater_equal:
                return number(std::move(node), QueryKind::greater_equal);
            default:
                return wrong("expected =, !=, ~, <, <=, >, >= or in");
        }
        advance();
        if (const auto error = value(node)) {
            return failure(*error);
        }
        return node;
    }

    /// What < and its like compare with.
    Result<Query::Node> number(Query::Node node, QueryKind kind) {
        node.kind = kind;
        advance();
        const std::optional<double> limit = number_of(token_.text);
        if (token_.kind != TokenKind::word || !limit) {
            return wrong("expected a number such as 4 or 0.5");
        }
        node.number = *limit;
        if (const auto error = value(node)) {
            return failure(*error);
        }
        return node;
    }

    Result<Query::Node> value_list(Query::Node node) {
        if (token_.kind != TokenKind::open) {
            return wrong("expected \"(\" and values separated by commas");
        }
        do {
            advance();
            if (const auto error = value(node)) {
                return failure(*error);
            }
        } while (token_.kind == TokenKind::comma);
        if (token_.kind != TokenKind::close) {
            return wrong("expected \",\" or \")\"");
        }
        advance();
        return node;
    }

    std::optional<Error> value(Query::Node& node) {
        const bool keyword =
            token_.kind == TokenKind::word && (token_.text == "and" || token_.text == "or" ||
                                               token_.text == "not" || token_.text == "in");
        if (keyword || (token_.kind != TokenKind::word && token_.kind != TokenKind::quoted)) {
            return wrong("expected a value; quote what holds blanks or is and, or, not, in")
                .value();
        }
        node.value_columns.push_back(column());
        node.values.push_back(std::move(token_.text));
        advance();
        return std::nullopt;
    }

    std::string_view text_;
    std::size_t next_ = 0;
    Token token_;
    int depth_ = 0;
};

}  // namespace

std::optional<double> number_of(std::string_view text) {
    double number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = problem == std::errc{} && end == text.data() + text.size();
    return whole && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

Result<Query::Node> parse_query(std::string_view text) {
    if (text.size() > longest_query) {
        return failure(
            ErrorKind::invalid,
            fmt::format("column {}: expected at most {} bytes", longest_query, longest_query)
        );
    }
    return Parser(text).whole();
}

}  // namespace muster::config
