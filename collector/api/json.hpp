// Owns: how values look in JSON, and reading a request's body strictly. Leaves to the routes: which fields there are.
#pragma once

#include "base/database.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "collector/api/http_message.hpp"
#include "collector/api/problem.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

namespace json = boost::json;

/// "…": a copy that may be put into a JSON value.
json::value json_text(std::string_view text);
/// RFC 3339 in UTC.
json::value json_time(WallTime time);
/// A column of nanoseconds since 1970; null stays null.
json::value json_time(const Statement& row, int column);
/// A column of text, made printable (what devices say is hostile); null stays null.
json::value json_text(const Statement& row, int column);
/// A 16-byte blob as UUID text; null where it is null or something else.
json::value json_id(const Statement& row, int column);
/// A column that holds JSON; text that is none stays text.
json::value json_embedded(const Statement& row, int column);

HttpResponse json_answer(const json::value& body, int status = 200);

/// A request's JSON object, field by field. Collects everything wrong and answers it at once.
class Form {
  public:
    enum class Presence { required, optional };

    /// Parses the body; an empty one counts as {}. Depth at most 32.
    explicit Form(const HttpRequest& request);

    /// At most `limit` bytes of text without control characters but line breaks and tabs.
    std::string text(std::string_view name, Presence presence, std::size_t limit);
    std::int64_t integer(
        std::string_view name, std::int64_t absent, std::int64_t least, std::int64_t most
    );
    Duration duration(std::string_view name, Duration absent, Duration least, Duration most);
    /// Whether the member is there and not null: for changes, where what is absent stays.
    bool has(std::string_view name);
    /// Absent where it is missing.
    std::optional<bool> truth(std::string_view name);
    /// A list of at most `most` texts, each as `text` takes it and not empty; empty where it is missing.
    std::vector<std::string> texts(std::string_view name, std::size_t most, std::size_t limit);
    /// One of `choices`; empty where it is missing.
    std::string choice(
        std::string_view name, Presence presence, std::span<const std::string_view> choices
    );
    /// What a field's rules cannot say.
    void blame(std::string_view name, std::string detail);
    /// A nested object; empty where it is absent. Its members are the caller's.
    Form object(std::string_view name);
    /// The flaws of a nested form become this one's.
    void absorb(const Form& nested);

    /// Members that nobody asked for are no flaws: for senders that may be newer than we are.
    void tolerate_others() { tolerant_ = true; }

    /// Members that nobody asked for are flaws too. Call after the last field.
    const std::vector<Flaw>& flaws();
    /// 400 with all flaws.
    HttpResponse refusal();

  private:
    Form(json::object object, std::string prefix);
    const json::value* take(std::string_view name);

    json::object object_;
    std::string prefix_;
    std::set<std::string, std::less<>> known_;
    std::vector<Flaw> flaws_;
    bool unreadable_ = false;
    bool tolerant_ = false;
};

}  // namespace muster::collector
