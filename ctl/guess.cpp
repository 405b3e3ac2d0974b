#include "ctl/guess.hpp"

#include "base/bytes.hpp"
#include "base/uuid.hpp"
#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace muster::ctl {

namespace {

constexpr std::size_t most_names = 1000;

}  // namespace

Error guessed(
    const ApiClient& client, const Error& error, const std::string& list, const std::string& name
) {
    if (error.kind() != ErrorKind::not_found || name.empty() || Uuid::parse(name)) {
        return error;
    }
    const std::size_t colon = list == "cis" ? name.find(':') : std::string::npos;
    const bool has_class = colon != std::string::npos;
    const std::string given = has_class ? name.substr(colon + 1) : name;
    const QueryFields query =
        has_class ? QueryFields{{"class", name.substr(0, colon)}} : QueryFields{};
    const Result<Listing> found =
        client.list("/" + list, query, {.limit = most_names, .filter = {}, .sort = {}});
    if (!found) {
        return error;
    }
    std::vector<std::string> texts;
    for (const json::value& item : found->items) {
        texts.push_back(text_of(item, "name"));
    }
    const std::vector<std::string_view> names(texts.begin(), texts.end());
    // Where it is there, something else is not.
    if (std::ranges::find(names, given) != names.end()) {
        return error;
    }
    const std::string_view guess = config::nearest(given, names);
    if (guess.empty()) {
        return error;
    }
    return {
        error.kind(),
        fmt::format("{}; did you mean \"{}\"?", error.what(), printable(guess)),
        error.context()
    };
}

}  // namespace muster::ctl
