#include "collector/api/json.hpp"

#include "base/bytes.hpp"
#include "base/uuid.hpp"
#include "collector/api/json_names.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t deepest = 32;
constexpr std::size_t replacement_bytes = 3;  // U+FFFD in UTF-8

/// RFC 6901: "~" and "/" inside a name are escaped.
std::string pointer_token(std::string_view name) {
    std::string token;
    for (const char c : name) {
        if (c == '~') {
            token += "~0";
        } else if (c == '/') {
            token += "~1";
        } else {
            token += c;
        }
    }
    return token;
}

bool is_plain_text(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 && byte != 0x7F) || c == '\n' || c == '\t' || c == '\r';
    });
}

/// What devices say may hold anything; line breaks stay, all else that is no plain text is replaced.
std::string harmless(std::string_view text) {
    std::string out;
    for (;;) {
        const std::size_t end = text.find('\n');
        out += printable(text.substr(0, end), text.size() * replacement_bytes);
        if (end == std::string_view::npos) {
            return out;
        }
        out += '\n';
        text.remove_prefix(end + 1);
    }
}

}  // namespace

json::value json_text(std::string_view text) {
    return json::value(json::string_view(text.data(), text.size()));
}

json::value json_time(WallTime time) {
    return json_text(format_rfc3339(time));
}

json::value json_time(const Statement& row, int column) {
    if (row.is_null(column)) {
        return nullptr;
    }
    return json_time(wall_from_ns(row.integer(column)));
}

json::value json_text(const Statement& row, int column) {
    if (row.is_null(column)) {
        return nullptr;
    }
    return json_text(harmless(row.text(column)));
}

json::value json_id(const Statement& row, int column) {
    const Result<Uuid> id = Uuid::from_bytes(row.blob(column));
    if (!id) {
        return nullptr;
    }
    return json_text(id->text());
}

json::value json_embedded(const Statement& row, int column) {
    const std::string_view text = row.text(column);
    boost::system::error_code problem;
    json::value value = json::parse(json::string_view(text.data(), text.size()), problem);
    if (problem) {
        return json_text(harmless(text));
    }
    return value;
}

HttpResponse json_answer(const json::value& body, int status) {
    HttpResponse response;
    response.status = status;
    response.body = json::serialize(body);
    return response;
}

Form::Form(const HttpRequest& request) {
    if (request.body.empty()) {
        return;
    }
    json::parse_options options;
    options.max_depth = deepest;
    boost::system::error_code problem;
    json::value value = json::parse(request.body, problem, {}, options);
    const std::optional<std::string> twice =
        problem ? std::nullopt : name_given_twice(request.body);
    if (twice) {
        flaws_.push_back({harmless(*twice), "is given twice"});
        unreadable_ = true;
    } else if (problem) {
        flaws_.push_back({"", "not JSON: " + problem.message()});
        unreadable_ = true;
    } else if (!value.is_object()) {
        flaws_.push_back({"", "expected a JSON object"});
        unreadable_ = true;
    } else {
        object_ = std::move(value.as_object());
    }
}

Form::Form(json::object object, std::string prefix)
    : object_(std::move(object)), prefix_(std::move(prefix)) {}

const json::value* Form::take(std::string_view name) {
    known_.emplace(name);
    const json::value* value = object_.if_contains(json::string_view(name.data(), name.size()));
    return value == nullptr || value->is_null() ? nullptr : value;
}

void Form::blame(std::string_view name, std::string detail) {
    if (!unreadable_) {
        flaws_.push_back({prefix_ + "/" + pointer_token(name), std::move(detail)});
    }
}

std::string Form::text(std::string_view name, Presence presence, std::size_t limit) {
    const json::value* value = take(name);
    if (value == nullptr) {
        if (presence == Presence::required) {
            blame(name, "missing: expected text");
        }
        return {};
    }
    if (!value->is_string()) {
        blame(name, "expected text");
        return {};
    }
    std::string text(value->as_string());
    if (text.size() > limit) {
        blame(name, "expected at most " + std::to_string(limit) + " bytes");
    } else if (!is_plain_text(text)) {
        blame(name, "expected text without control characters");
    } else if (text.empty() && presence == Presence::required) {
        blame(name, "expected text that is not empty");
    } else {
        return text;
    }
    return {};
}

std::int64_t Form::integer(
    std::string_view name, std::int64_t absent, std::int64_t least, std::int64_t most
) {
    const json::value* value = take(name);
    if (value == nullptr) {
        return absent;
    }
    if (!value->is_int64() || value->as_int64() < least || value->as_int64() > most) {
        blame(
            name,
            "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most)
        );
        return absent;
    }
    return value->as_int64();
}

Duration Form::duration(std::string_view name, Duration absent, Duration least, Duration most) {
    const json::value* value = take(name);
    if (value == nullptr) {
        return absent;
    }
    const Result<Duration> duration =
        value->is_string() ? parse_duration(std::string_view(value->as_string()))
                           : Result<Duration>(failure(ErrorKind::invalid, "not text"));
    if (!duration || *duration < least || *duration > most) {
        blame(
            name,
            "expected a duration from " + format_duration(least) + " to " + format_duration(most) +
                ", like \"1h\""
        );
        return absent;
    }
    return *duration;
}

bool Form::has(std::string_view name) {
    return take(name) != nullptr;
}

std::optional<bool> Form::truth(std::string_view name) {
    const json::value* value = take(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_bool()) {
        blame(name, "expected true or false");
        return std::nullopt;
    }
    return value->get_bool();
}

std::vector<std::string> Form::texts(std::string_view name, std::size_t most, std::size_t limit) {
    const json::value* value = take(name);
    std::vector<std::string> found;
    if (value == nullptr) {
        return found;
    }
    if (!value->is_array() || value->get_array().size() > most) {
        blame(name, "expected a list of at most " + std::to_string(most) + " texts");
        return found;
    }
    for (const json::value& one : value->get_array()) {
        const bool good = one.is_string() && !one.get_string().empty() &&
                          one.get_string().size() <= limit &&
                          is_plain_text(std::string_view(one.get_string()));
        if (!good) {
            blame(name, "expected texts of at most " + std::to_string(limit) + " bytes");
            return {};
        }
        found.emplace_back(one.get_string());
    }
    return found;
}

std::string Form::choice(
    std::string_view name, Presence presence, std::span<const std::string_view> choices
) {
    constexpr std::size_t longest_choice = 64;
    std::string text = this->text(name, presence, longest_choice);
    if (text.empty() || std::ranges::find(choices, text) != choices.end()) {
        return text;
    }
    std::string expected = "expected one of";
    for (const std::string_view choice : choices) {
        expected += choice == choices.front() ? " " : ", ";
        expected += choice;
    }
    blame(name, std::move(expected));
    return {};
}

Form Form::object(std::string_view name) {
    const json::value* value = take(name);
    std::string prefix = prefix_ + "/" + pointer_token(name);
    if (value != nullptr && !value->is_object()) {
        blame(name, "expected an object");
    }
    const bool there = value != nullptr && value->is_object();
    return {there ? value->as_object() : json::object{}, std::move(prefix)};
}

void Form::absorb(const Form& nested) {
    flaws_.insert(flaws_.end(), nested.flaws_.begin(), nested.flaws_.end());
}

const std::vector<Flaw>& Form::flaws() {
    for (const auto& member : object_) {
        const std::string_view name(member.key().data(), member.key().size());
        if (!tolerant_ && known_.emplace(name).second) {
            blame(name, "unknown member");
        }
    }
    return flaws_;
}

HttpResponse Form::refusal() {
    return problem(400, "the request body is not what was expected", flaws());
}

}  // namespace muster::collector
