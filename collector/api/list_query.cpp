#include "collector/api/list_query.hpp"

#include "config/query_parser.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

Result<config::Query> read_query(const std::string& text, const ListRules& rules) {
    Result<config::Query> query = config::Query::parse(text);
    const Status known = query ? query->check(rules.words) : Status{failure(query.error())};
    if (!known) {
        return failure(ErrorKind::invalid, known.error().what(), "q");
    }
    return query;
}

std::string choices_of(const std::vector<std::string>& sorts) {
    std::string text;
    for (const std::string& sort : sorts) {
        text += (text.empty() ? "expected one of " : ", ") + sort;
    }
    return text;
}

std::optional<std::string> text_of(const json::value& value) {
    if (value.is_string()) {
        return std::string(value.get_string());
    }
    if (const json::object* record = value.if_object(); record != nullptr) {
        const json::value* name = record->if_contains("name");
        name = name == nullptr ? record->if_contains("id") : name;
        return name == nullptr ? std::nullopt : text_of(*name);
    }
    const bool is_plain = value.is_bool() || value.is_number();
    return is_plain ? std::optional<std::string>(json::serialize(value)) : std::nullopt;
}

/// Where an item stands in a sorted list. Numbers go by their value.
struct Place {
    std::string value;
    std::string key;
};

bool is_before(const Place& a, const Place& b, bool descending) {
    const auto a_number = config::number_of(a.value);
    const auto b_number = config::number_of(b.value);
    if (a_number && b_number && *a_number != *b_number) {
        return (*a_number < *b_number) != descending;
    }
    if (a.value != b.value) {
        return (a.value < b.value) != descending;
    }
    return a.key < b.key;
}

}  // namespace

Result<PageRequest> page_request(
    const std::map<std::string, std::string>& query, const ListRules& rules
) {
    Result<PageRequest> page = page_request(query, rules.name, rules.parts);
    if (!page) {
        return page;
    }
    if (const auto q = query.find("q"); q != query.end()) {
        Result<config::Query> read = read_query(q->second, rules);
        if (!read) {
            return failure(read.error());
        }
        page->q = std::move(*read);
    }
    page->sort = rules.sorts.empty() ? std::string() : rules.sorts.front();
    if (const auto sort = query.find("sort"); sort != query.end()) {
        if (std::ranges::find(rules.sorts, sort->second) == rules.sorts.end()) {
            return failure(ErrorKind::invalid, choices_of(rules.sorts), "sort");
        }
        page->sort = sort->second;
    }
    return page;
}

std::optional<std::string> field_of(const json::object& item, std::string_view field) {
    const std::size_t dot = field.find('.');
    const json::value* value = item.if_contains(field.substr(0, dot));
    if (value == nullptr) {
        return std::nullopt;
    }
    if (dot == std::string_view::npos) {
        return text_of(*value);
    }
    const json::object* inner = value->if_object();
    return inner == nullptr ? std::nullopt : field_of(*inner, field.substr(dot + 1));
}

Result<Page> page_of(json::array items, std::string_view key, const PageRequest& request) {
    const bool descending = request.sort.starts_with('-');
    const std::string_view field = std::string_view(request.sort).substr(descending ? 1 : 0);
    std::vector<std::pair<Place, json::object>> found;
    for (json::value& item : items) {
        json::object& object = item.as_object();
        const auto fields = [&object](std::string_view name) { return field_of(object, name); };
        if (!request.q || request.q->matches(fields)) {
            Place place{fields(field).value_or(""), fields(key).value_or("")};
            found.emplace_back(std::move(place), std::move(object));
        }
    }
    std::ranges::sort(found, [descending](const auto& a, const auto& b) {
        return is_before(a.first, b.first, descending);
    });
    Page page;
    page.total = std::ssize(found);
    for (auto& [place, object] : found) {
        const bool is_seen = !request.after.empty() &&
                             !is_before({request.after[0], request.after[1]}, place, descending);
        if (is_seen) {
            continue;
        }
        if (std::ssize(page.items) == request.limit) {
            return page;
        }
        page.items.emplace_back(std::move(object));
        page.next = {place.value, place.key};
    }
    page.next.clear();
    return page;
}

HttpResponse whole_list(
    const std::map<std::string, std::string>& query,
    const ListRules& rules,
    json::array items,
    std::string_view key
) {
    const Result<PageRequest> request = page_request(query, rules);
    Result<Page> page =
        request ? page_of(std::move(items), key, *request) : Result<Page>(failure(request.error()));
    if (!page) {
        return problem(
            400,
            "the query is not what was expected",
            {{"?" + page.error().context(), page.error().what()}}
        );
    }
    return page_answer(std::move(*page), rules.name);
}

}  // namespace muster::collector
