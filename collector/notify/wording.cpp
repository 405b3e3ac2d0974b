#include "collector/notify/wording.hpp"

#include "base/bytes.hpp"
#include "base/expect.hpp"
#include "base/human_duration.hpp"
#include "base/zone.hpp"
#include "collector/notify/phrases.hpp"
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

std::string duration_between(
    config::Language language, const std::string& from, const std::string& to
) {
    const auto begun = parse_rfc3339(from);
    const auto ended = parse_rfc3339(to);
    if (!begun || !ended || *ended < *begun) {
        return {};
    }
    return say_duration(language, human_duration(*ended - *begun));
}

/// "two good results in a row; it was: core switch does not answer": what is new comes first, the title stands in the subject.
std::string outcome(config::Language language, std::string_view transition, const Values& values) {
    const std::string& title = values.at("incident.title");
    const std::string& ended = values.at("incident.resolution");
    if ((transition != "resolved" && transition != "cancelled") || ended.empty()) {
        return title;
    }
    return fmt::format(
        fmt::runtime(language == config::Language::zh ? "{}；原为：{}" : "{}; it was: {}"),
        ended,
        title
    );
}

/// "HQ, rack R12": names stay, what they are names of is said in the mail's language.
std::string place_words(
    config::Language language, const std::string& place, const std::string& site
) {
    std::string out;
    for (std::size_t at = 0; at < place.size();) {
        const std::size_t end = std::min(place.find(", ", at), place.size());
        const std::string part = place.substr(at, end - at);
        out += (out.empty() ? "" : ", ") + (part == site ? part : word_place_part(language, part));
        at = std::min(end + 2, place.size());
    }
    return out;
}

/// "web (http)", and "http" where it is named like its type.
std::string probe_label(config::Language language, const json::object& probe) {
    const std::string name = member(probe, "name");
    const std::string type = member(probe, "type");
    if (name == type || type.empty()) {
        return name;
    }
    return fmt::format(
        fmt::runtime(language == config::Language::zh ? "{}（{}）" : "{} ({})"), name, type
    );
}

/// What the product worded itself, in the mail's language and zone; what a person said stays.
void put_words(Values& values, const config::MailSettings& mail, const json::object& data) {
    const config::Language language = mail.language;
    const std::string title = member(data, "title");
    const std::string reason = member(data, "reason");
    const std::string in_words = word_reason(language, reason);
    const bool is_cancelled = member(data, "state") == "cancelled";
    const std::string_view over = is_cancelled ? "closed" : "resolved";
    const std::string by = member(data, is_cancelled ? "closed_by" : "resolved_by");
    const std::string resolution = member(data, "resolution");
    values["incident.title"] =
        member(data, "reporter").empty() ? say(mail, Said::title, title) : title;
    values["incident.kind"] = word_kind(language, member(data, "kind"));
    values["incident.state"] = word_state(language, member(data, "state"));
    values["incident.urgency"] = word_level(language, member(data, "urgency"));
    values["incident.impact"] = word_level(language, member(data, "impact"));
    values["incident.place"] =
        place_words(language, member(data, "place"), member(object_of(data, "ci"), "site"));
    values["incident.expected"] = say(mail, Said::sight, member(data, "expected"));
    values["incident.seen"] = say(mail, Said::sight, member(data, "seen"));
    values["incident.reason"] = in_words == reason ? say(mail, Said::sight, reason) : in_words;
    values["incident.resolved"] = local(member(data, over), mail);
    values["incident.resolved_by"] = word_actor(language, by);
    values["incident.resolution"] = by == "system" ? say(mail, Said::end, resolution) : resolution;
    values["incident.duration"] =
        duration_between(language, member(data, "started"), member(data, over));
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
         {"number", "priority", "team", "assignee", "reporter", "description", "acknowledged_by"}) {
        values["incident." + std::string(key)] = member(data, key);
    }
    for (const std::string_view key : {"started", "opened", "acknowledged"}) {
        values["incident." + std::string(key)] = local(member(data, key), mail);
    }
    put_words(values, mail, data);
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
    values["probe.label"] = probe_label(mail.language, probe);
    values["probe.target"] = member(probe, "target");
    if (values["probe.target"].empty()) {
        values["probe.target"] = values["probe.host"];
    }
    values["agent.name"] = member(data, "agent");
    return values;
}

/// One line an item: "P1 INC-31 Opened: core switch does not answer (HQ), 17:30:00".
std::string item_line(const json::object& item, const config::MailSettings& mail) {
    const std::string site = member(item, "site");
    const bool is_chinese = mail.language == config::Language::zh;
    const std::string where =
        site.empty() ? site : fmt::format(fmt::runtime(is_chinese ? "（{}）" : " ({})"), site);
    return fmt::format(
        fmt::runtime(is_chinese ? "P{} {} {}：{}{}，{}\n" : "P{} {} {}: {}{}, {}\n"),
        member(item, "priority"),
        member(item, "number"),
        word_transition(mail.language, member(item, "transition")),
        say(mail, Said::title, member(item, "title")),
        where,
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
