#include "config/query.hpp"

#include "base/bytes.hpp"
#include "config/query_parser.hpp"
#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::config {

namespace {

bool in_set(std::string_view set, char c) {
    bool found = false;
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (i + 2 < set.size() && set[i + 1] == '-') {
            found = found || (set[i] <= c && c <= set[i + 2]);
            i += 2;
        } else {
            found = found || set[i] == c;
        }
    }
    return found;
}

/// Length of the pattern element at `at` ("*" excluded), and whether it takes `c`.
std::size_t element(std::string_view pattern, std::size_t at, char c, bool& takes) {
    if (pattern[at] == '[') {
        const std::size_t first =
            at + 1 < pattern.size() && pattern[at + 1] == '!' ? at + 2 : at + 1;
        const std::size_t end = pattern.find(']', first + 1);
        if (end != std::string_view::npos) {
            takes = in_set(pattern.substr(first, end - first), c) == (first == at + 1);
            return end + 1 - at;
        }
    }
    takes = pattern[at] == '?' || pattern[at] == c;
    return 1;
}

Failure unknown_word(
    std::string_view kind,
    const std::string& word,
    std::size_t column,
    const std::vector<std::string>& known
) {
    const std::string_view guess =
        nearest(word, std::vector<std::string_view>(known.begin(), known.end()));
    return failure(
        ErrorKind::invalid,
        fmt::format(
            "column {}: there is no {} \"{}\"{}",
            column,
            kind,
            printable(word, 60),
            guess.empty() ? std::string{} : fmt::format("; did you mean \"{}\"?", guess)
        )
    );
}

bool equals(
    const Query::Node& node,
    const std::string& value,
    const std::string& wanted,
    const Query::IsA& is_a
) {
    return node.field == "class" && is_a ? is_a(value, wanted) : value == wanted;
}

/// A value that is no number is neither below nor above one.
bool compare_numbers(const Query::Node& node, const std::string& value) {
    const std::optional<double> number = number_of(value);
    if (!number) {
        return false;
    }
    switch (node.kind) {
        case QueryKind::less:
            return *number < node.number;
        case QueryKind::less_equal:
            return *number <= node.number;
        case QueryKind::greater:
            return *number > node.number;
        default:
            return *number >= node.number;
    }
}

bool compare(const Query::Node& node, const Query::Fields& fields, const Query::IsA& is_a) {
    const std::optional<std::string> value = fields(node.field);
    const auto equal = [&](const std::string& wanted) {
        return equals(node, *value, wanted, is_a);
    };
    switch (node.kind) {
        case QueryKind::equal:
        case QueryKind::in:
            return value && std::any_of(node.values.begin(), node.values.end(), equal);
        case QueryKind::not_equal:
            return !value || !equal(node.values.front());
        case QueryKind::like:
            return value && wildcard_matches(node.values.front(), *value);
        case QueryKind::less:
        case QueryKind::less_equal:
        case QueryKind::greater:
        case QueryKind::greater_equal:
            return value && compare_numbers(node, *value);
        default:
            return false;
    }
}

bool evaluate(const Query::Node& node, const Query::Fields& fields, const Query::IsA& is_a) {
    const auto holds = [&](const Query::Node& child) { return evaluate(child, fields, is_a); };
    switch (node.kind) {
        case QueryKind::all_of:
            return std::all_of(node.children.begin(), node.children.end(), holds);
        case QueryKind::any_of:
            return std::any_of(node.children.begin(), node.children.end(), holds);
        case QueryKind::none_of:
            return std::none_of(node.children.begin(), node.children.end(), holds);
        default:
            return compare(node, fields, is_a);
    }
}

Status check_node(const Query::Node& node, const Vocabulary& words) {
    for (const Query::Node& child : node.children) {
        if (Status checked = check_node(child, words); !checked) {
            return checked;
        }
    }
    if (node.field.empty()) {
        return {};
    }
    const bool is_free = std::ranges::any_of(words.prefixes, [&](const std::string& prefix) {
        return node.field.size() > prefix.size() && node.field.starts_with(prefix);
    });
    if (!is_free && std::ranges::find(words.fields, node.field) == words.fields.end()) {
        return unknown_word("field", node.field, node.field_column, words.fields);
    }
    const bool names_classes = node.field == "class" && node.kind != QueryKind::like;
    if (!names_classes || words.classes.empty()) {
        return {};
    }
    for (std::size_t at = 0; at < node.values.size(); ++at) {
        if (std::ranges::find(words.classes, node.values[at]) == words.classes.end()) {
            return unknown_word("class", node.values[at], node.value_columns[at], words.classes);
        }
    }
    return {};
}

/// What is certain of a comparison; `maybe` lies between.
enum class Certainty { no, maybe, yes };

Certainty certainty(const Query::Node& node, const Query::Fields& known) {
    switch (node.kind) {
        case QueryKind::all_of: {
            Certainty least = Certainty::yes;
            for (const Query::Node& child : node.children) {
                least = std::min(least, certainty(child, known));
            }
            return least;
        }
        case QueryKind::any_of:
        case QueryKind::none_of: {
            Certainty most = Certainty::no;
            for (const Query::Node& child : node.children) {
                most = std::max(most, certainty(child, known));
            }
            if (node.kind == QueryKind::any_of || most == Certainty::maybe) {
                return most;
            }
            return most == Certainty::yes ? Certainty::no : Certainty::yes;
        }
        default:
            if (!known(node.field)) {
                return Certainty::maybe;
            }
            return compare(node, known, {}) ? Certainty::yes : Certainty::no;
    }
}

void collect_fields(const Query::Node& node, std::vector<std::string>& into) {
    if (!node.field.empty() && std::ranges::find(into, node.field) == into.end()) {
        into.push_back(node.field);
    }
    for (const Query::Node& child : node.children) {
        collect_fields(child, into);
    }
}

}  // namespace

bool wildcard_matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;  // the last "*" and what it has taken so far
    std::size_t taken = 0;
    while (t < text.size()) {
        bool takes = false;
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken = t;
            continue;
        }
        if (p < pattern.size()) {
            const std::size_t length = element(pattern, p, text[t], takes);
            if (takes) {
                p += length;
                ++t;
                continue;
            }
        }
        if (star == std::string_view::npos) {
            return false;
        }
        p = star + 1;
        t = ++taken;
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

Result<Query> Query::parse(std::string_view text) {
    Result<Node> root = parse_query(text);
    if (!root) {
        return failure(root.error());
    }
    Query query;
    query.text_ = std::string(text);
    query.root_ = std::make_shared<const Node>(std::move(*root));
    return query;
}

Status Query::check(const Vocabulary& words) const {
    return root_ == nullptr ? Status{} : check_node(*root_, words);
}

bool Query::possible(const Fields& known) const {
    return root_ != nullptr && certainty(*root_, known) != Certainty::no;
}

std::vector<std::string> Query::fields() const {
    std::vector<std::string> found;
    if (root_ != nullptr) {
        collect_fields(*root_, found);
    }
    return found;
}

bool Query::matches(const Fields& fields, const IsA& is_a) const {
    return root_ != nullptr && evaluate(*root_, fields, is_a);
}

}  // namespace muster::config
