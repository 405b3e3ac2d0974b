#include "collector/notify/wording.hpp"

#include "base/bytes.hpp"
#include "base/expect.hpp"
#include "base/human_duration.hpp"
#include "base/zone.hpp"
#include "collector/notify/words.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

constexpr std::size_t value_bytes = 2048;
constexpr std::size_t subject_bytes = 250;

constexpr std::array<std::string_view, 8> digest_names{
    "digest.count",
    "digest.opened",
    "digest.resolved",
    "digest.reopened",
    "digest.items",
    "digest.left_out",
    "channel.name",
    "time",
};

using Values = std::map<std::string, std::string, std::less<>>;

/// A member of an object as text; empty where there is none or it is null.
std::string member(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || value->is_null()) {
        return {};
    }
    if (value->is_string()) {
        return printable(std::string_view(value->get_string()), value_bytes);
    }
    return value->is_structured() ? std::string() : json::serialize(*value);
}

const json::object& object_of(const json::object& object, std::string_view key) {
    static const json::object none;
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_object() ? value->get_object() : none;
}

/// RFC 3339 → the clock of the channel's zone; empty stays empty.
std::string local(const std::string& time, const config::MailSettings& mail) {
    const auto at = parse_rfc3339(time);
    if (!at) {
        return {};
    }
    const auto words = word_time(*at, mail);
    return words ? *words : time;
}

std::string duration_between(const std::string& from, const std::string& to) {
    const auto begun = parse_rfc3339(from);
    const auto ended = parse_rfc3339(to);
    if (!begun || !ended || *ended < *begun) {
        return {};
    }
    return human_duration(*ended - *begun);
}

/// "two good results in a row; it was: core switch does not answer": what is new comes first, the title stands in the subject.
std::string outcome(config::Language language, std::string_view transition, const Values& values) {
    const std::string& title = values.at("incident.title");
    const std::string& ended = values.at("incident.resolution");
    if (transition != "resolved" || ended.empty()) {
        return title;
    }
    return fmt::format(
        fmt::runtime(language == config::Language::zh ? "{}；原为：{}" : "{}; it was: {}"),
        ended,
        title
    );
}

Values message_values(
    const config::Channel& channel, std::string_view type, const json::object& data
) {
    const config::MailSettings& mail = channel.mail;
    const json::object& ci = object_of(data, "ci");
    const json::object& probe = object_of(data, "probe");
    const std::string_view transition = type.substr(type.rfind('.') + 1);
    Values values;
    for (const std::string_view key :
         {"number",
          "title",
          "state",
          "priority",
          "urgency",
          "impact",
          "place",
          "team",
          "assignee",
          "reporter",
          "description",
          "expected",
          "seen",
          "reason",
          "acknowledged_by",
          "resolved_by",
          "resolution"}) {
        values["incident." + std::string(key)] = member(data, key);
    }
    for (const std::string_view key : {"started", "opened", "acknowledged", "resolved"}) {
        values["incident." + std::string(key)] = local(member(data, key), mail);
    }
    values["incident.kind"] = word_kind(mail.language, member(data, "kind"));
    values["incident.duration"] =
        duration_between(member(data, "started"), member(data, "resolved"));
    values["incident.outcome"] = outcome(mail.language, transition, values);
    values["transition"] = word_transition(mail.language, transition);
    if (values["incident.place"].empty()) {
        values["incident.place"] = member(ci, "site");
    }
    if (const json::value* services = data.if_contains("services");
        services != nullptr && services->is_array()) {
        for (const json::value& name : services->get_array()) {
            std::string& all = values["incident.services"];
            all += (all.empty() ? "" : ", ") +
                   (name.is_string() ? std::string(name.get_string()) : "");
        }
    }
    values["ci.name"] = member(ci, "name");
    values["ci.class"] = member(ci, "class");
    values["ci.site"] = member(ci, "site");
    values["ci.service"] = member(ci, "service");
    values["probe.name"] = member(probe, "name");
    values["probe.type"] = member(probe, "type");
    values["probe.host"] = member(probe, "host");
    values["agent.name"] = member(data, "agent");
    return values;
}

/// One line an item: "P1 INC-31 Opened: core switch does not answer (HQ), 17:30:00".
std::string item_line(const json::object& item, const config::MailSettings& mail) {
    const std::string site = member(item, "site");
    return fmt::format(
        "P{} {} {}: {}{}, {}\n",
        member(item, "priority"),
        member(item, "number"),
        word_transition(mail.language, member(item, "transition")),
        member(item, "title"),
        site.empty() ? std::string() : fmt::format(" ({})", site),
        local(member(item, "at"), mail)
    );
}

Values digest_values(const config::MailSettings& mail, const json::object& data) {
    Values values;
    for (const std::string_view key : {"count", "opened", "resolved", "reopened", "left_out"}) {
        values["digest." + std::string(key)] = member(data, key);
    }
    if (values["digest.left_out"] == "0") {
        values["digest.left_out"].clear();
    }
    std::string& items = values["digest.items"];
    const json::value* list = data.if_contains("items");
    if (list != nullptr && list->is_array()) {
        for (const json::value& item : list->get_array()) {
            items += item.is_object() ? item_line(item.get_object(), mail) : std::string();
        }
    }
    return values;
}

struct Wordings {
    config::Template subject;
    config::Template body;
};

/// The shipped wording; that it is there and right is tested.
Wordings shipped(
    config::Language language, std::string_view kind, std::span<const std::string_view> names
) {
    const std::string name = (language == config::Language::zh ? "zh_" : "en_") + std::string(kind);
    const auto all = shipped_wordings();
    const auto found = std::ranges::find(all, name, &ShippedWording::name);
    expect(found != all.end(), "a wording is missing from templates/");
    const std::size_t end = found->text.find('\n');
    auto subject = config::Template::parse(found->text.substr(0, end), names);
    auto body = config::Template::parse(found->text.substr(end + 2), names);
    expect(subject && body, "a wording of templates/ has an unknown placeholder");
    return {std::move(*subject), std::move(*body)};
}

Wording fill(const Wordings& wordings, const Values& values) {
    const auto value = [&values](std::string_view name) {
        const auto found = values.find(name);
        return found == values.end() ? std::string() : found->second;
    };
    return {printable(wordings.subject.render(value), subject_bytes), wordings.body.render(value)};
}

}  // namespace

Result<std::string> word_time(WallTime at, const config::MailSettings& mail) {
    const auto shown = local_time(at, mail.zone);
    if (!shown) {
        return failure(shown.error());
    }
    const auto offset = shown->offset.count();
    const auto absolute = offset < 0 ? -offset : offset;
    const std::string day =
        mail.language == config::Language::zh
            ? fmt::format("{}年{}月{}日", shown->year, shown->month, shown->day)
            : fmt::format("{:04}-{:02}-{:02}", shown->year, shown->month, shown->day);
    return fmt::format(
        "{} {:02}:{:02}:{:02} {}{:02}:{:02}",
        day,
        shown->hour,
        shown->minute,
        shown->second,
        offset < 0 ? '-' : '+',
        absolute / 60,
        absolute % 60
    );
}

Result<Wording> word_message(const config::Channel& channel, std::string_view payload) {
    boost::system::error_code unreadable;
    const json::value parsed = json::parse(payload, unreadable);
    if (unreadable || !parsed.is_object()) {
        return failure(ErrorKind::corrupt, "the message is not JSON", "outbox");
    }
    const json::object& event = parsed.get_object();
    const std::string type = member(event, "type");
    const std::string time = member(event, "time");
    const json::object& data = object_of(event, "data");
    const config::MailSettings& mail = channel.mail;
    if (!zone_exists(mail.zone)) {
        return failure(ErrorKind::invalid, "no such time zone on this machine", mail.zone);
    }
    const bool is_digest = type.ends_with(".digest");
    if (is_digest || type == "net.muster.test") {
        Values values = digest_values(mail, data);
        values["channel.name"] = printable(channel.name);
        values["time"] = local(time, mail);
        return fill(shipped(mail.language, is_digest ? "digest" : "test", digest_names), values);
    }
    Values values = message_values(channel, type, data);
    values["channel.name"] = printable(channel.name);
    Wordings wordings = shipped(mail.language, "message", config::mail_placeholder_names());
    if (!mail.subject.text().empty()) {
        wordings.subject = mail.subject;
    }
    if (!mail.body.text().empty()) {
        wordings.body = mail.body;
    }
    return fill(wordings, values);
}

}  // namespace muster::collector
