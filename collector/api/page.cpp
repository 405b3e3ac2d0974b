#include "collector/api/page.hpp"

#include "base/bytes.hpp"

#include <charconv>
#include <utility>

namespace muster::collector {

std::string encode_cursor(std::string_view list, const PageKey& key) {
    json::array parts{json_text(list)};
    for (const std::string& part : key) {
        parts.push_back(json_text(part));
    }
    return to_base64url(json::serialize(parts));
}

Result<PageKey> decode_cursor(std::string_view list, std::string_view cursor, std::size_t parts) {
    Failure bad = failure(
        ErrorKind::invalid, "expected the next_cursor of a page of this very list", "cursor"
    );
    const Result<std::string> text = from_base64url(cursor);
    if (!text) {
        return bad;
    }
    boost::system::error_code problem;
    const json::value value = json::parse(*text, problem);
    if (problem || !value.is_array() || value.as_array().size() != parts + 1) {
        return bad;
    }
    PageKey key;
    for (const json::value& part : value.as_array()) {
        if (!part.is_string()) {
            return bad;
        }
        key.emplace_back(part.as_string());
    }
    if (key.front() != list) {
        return bad;
    }
    key.erase(key.begin());
    return key;
}

Result<PageRequest> page_request(
    const std::map<std::string, std::string>& query, std::string_view list, std::size_t parts
) {
    PageRequest page;
    if (const auto given = query.find("limit"); given != query.end()) {
        const std::string& text = given->second;
        const auto [end, problem] =
            std::from_chars(text.data(), text.data() + text.size(), page.limit);
        const bool number = problem == std::errc{} && end == text.data() + text.size();
        if (!number || page.limit < 1 || page.limit > largest_page) {
            return failure(
                ErrorKind::invalid, "expected 1 to " + std::to_string(largest_page), "limit"
            );
        }
    }
    if (const auto given = query.find("cursor"); given != query.end()) {
        Result<PageKey> key = decode_cursor(list, given->second, parts);
        if (!key) {
            return failure(key.error());
        }
        page.after = std::move(*key);
    }
    return page;
}

HttpResponse page_answer(Page page, std::string_view list) {
    json::object body;
    body["items"] = std::move(page.items);
    if (page.next.empty()) {
        body["next_cursor"] = nullptr;
    } else {
        body["next_cursor"] = json_text(encode_cursor(list, page.next));
    }
    body["total_estimate"] = nullptr;
    if (page.total) {
        body["total_estimate"] = *page.total;
    }
    return json_answer(body);
}

}  // namespace muster::collector
