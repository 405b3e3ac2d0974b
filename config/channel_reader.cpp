#include "config/channel_reader.hpp"

#include "base/zone.hpp"
#include "config/query_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace muster::config {

namespace {

constexpr std::size_t longest_address = 254;  // RFC 5321 §4.5.3.1.3, without the brackets
constexpr std::size_t most_recipients = 50;
constexpr Rate mail_rate{60, std::chrono::hours(1)};

/// "ops@example.net": what may stand between angle brackets without quoting (RFC 5321 §4.1.2, dot-atoms).
bool is_mail_address(std::string_view text) {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos || at == 0 || at + 1 == text.size() ||
        text.size() > longest_address || text.find('@') != at) {
        return false;
    }
    return std::ranges::all_of(text, [](char c) {
        return c > ' ' && c < '\x7f' &&
               std::string_view("<>()[]\\,;:\"").find(c) == std::string_view::npos;
    });
}

bool is_loopback(std::string_view server) {
    return server.starts_with("localhost:") || server.starts_with("127.") ||
           server.starts_with("[::1]:");
}

Rate read_rate(const Source& source, const MapReader& channel, Rate fallback) {
    if (!channel.has("rate")) {
        return fallback;
    }
    Rate rate = fallback;
    const MapReader reader(source, channel.section("rate"), schema::channel_rate);
    reader.read("messages", rate.messages);
    reader.read("per", rate.per);
    if (!reader.has("messages") || !reader.has("per")) {
        source.wrong(channel.at("rate"), "rate: expected both, as in {messages: 20, per: 1m}");
    }
    return rate;
}

/// The place in the file of a flaw in a text: exact in a text of one line and in one written line by line (`|`).
Position place_of(const YamlNode& node, const TemplateFlaw& flaw) {
    Position at = node.at;
    if (node.block_indent > 0) {
        at.line += static_cast<int>(flaw.line);
        at.column = node.block_indent + static_cast<int>(flaw.column);
    } else if (node.text.find('\n') == std::string::npos) {
        at.column += static_cast<int>(flaw.column) - 1 + (node.style == YamlStyle::quoted ? 1 : 0);
    }
    return at;
}

enum class Lines { one, many };

Template read_template(
    const Source& source, const MapReader& reader, std::string_view key, Lines lines
) {
    const YamlNode* node = reader.find(key);
    if (node == nullptr) {
        return {};
    }
    if (node->kind != YamlKind::scalar || node->text.empty()) {
        source.wrong(node->at, fmt::format("{}: {}, expected text", key, node->described()));
        return {};
    }
    const std::string_view text = node->text;
    const bool is_plain = std::ranges::all_of(text, [lines](char c) {
        return (static_cast<unsigned char>(c) >= ' ' && c != '\x7f') || c == '\t' ||
               (c == '\n' && lines == Lines::many);
    });
    if (!is_plain) {
        source.wrong(
            node->at,
            fmt::format(
                "{}: expected {} without control characters",
                key,
                lines == Lines::one ? "one line of text" : "text"
            )
        );
        return {};
    }
    auto parsed = Template::parse(text, mail_placeholder_names());
    if (!parsed) {
        source.wrong(
            place_of(*node, parsed.error()), fmt::format("{}: {}", key, parsed.error().what)
        );
        return {};
    }
    return std::move(*parsed);
}

void check_zone(
    const Source& source, const MapReader& reader, const std::string& zone, ZoneCheck check
) {
    const bool has_form =
        !zone.empty() && zone.size() <= 64 && zone.find("..") == std::string::npos &&
        std::ranges::all_of(zone, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '/' || c == '_' || c == '-' || c == '+';
        });
    if (!has_form || (check == ZoneCheck::known_here && !zone_exists(zone))) {
        source.wrong(
            reader.at("zone"),
            fmt::format(
                "zone: \"{}\", expected a zone of this machine's tzdata such as Asia/Shanghai", zone
            )
        );
    }
}

void refuse_address(
    const Source& source, const MapReader& reader, std::string_view key, const std::string& text
) {
    source.wrong(
        reader.at(key),
        fmt::format("{}: \"{}\", expected an address such as ops@example.net", key, text)
    );
}

void require(const Source& source, const MapReader& reader, std::string_view key) {
    if (!reader.has(key)) {
        source.wrong(reader.at(key), fmt::format("\"{}\" is missing, expected for this type", key));
    }
}

/// A key of the other type would be silently without effect.
void refuse_others(
    const Source& source,
    const MapReader& reader,
    std::string_view type,
    std::initializer_list<std::string_view> keys
) {
    for (const std::string_view key : keys) {
        if (reader.has(key)) {
            source.wrong(reader.at(key), fmt::format("{}: has no meaning for type {}", key, type));
        }
    }
}

void check_sign_in(const Source& source, const MapReader& reader, const MailSettings& mail) {
    if (mail.user.empty() != mail.password_file.empty()) {
        source.wrong(
            reader.at(mail.user.empty() ? "password" : "user"),
            "expected \"user\" and \"password\" together"
        );
    }
    if (!mail.user.empty() && mail.tls == MailTls::none && !is_loopback(mail.server)) {
        source.wrong(
            reader.at("tls"),
            "tls: a password is sent over TLS alone, expected starttls or implicit"
        );
    }
}

MailSettings read_mail(const Source& source, const MapReader& reader, ZoneCheck zones) {
    MailSettings mail;
    for (const std::string_view key : {"server", "from", "to"}) {
        require(source, reader, key);
    }
    reader.read("server", mail.server);
    std::string tls = "starttls";
    reader.read("tls", tls);
    mail.tls = tls == "none"       ? MailTls::none
               : tls == "implicit" ? MailTls::implicit
                                   : MailTls::starttls;
    reader.read("user", mail.user);
    reader.read("password", mail.password_file);
    check_sign_in(source, reader, mail);
    reader.read("from", mail.from);
    if (!mail.from.empty() && !is_mail_address(mail.from)) {
        refuse_address(source, reader, "from", mail.from);
    }
    reader.read("to", mail.to);
    for (const std::string& to : mail.to) {
        if (!is_mail_address(to)) {
            refuse_address(source, reader, "to", to);
        }
    }
    if (reader.has("to") && (mail.to.empty() || mail.to.size() > most_recipients)) {
        source.wrong(
            reader.at("to"), fmt::format("to: expected 1 to {} addresses", most_recipients)
        );
    }
    std::string language = "en";
    reader.read("language", language);
    mail.language = language == "zh" ? Language::zh : Language::en;
    reader.read("zone", mail.zone);
    check_zone(source, reader, mail.zone, zones);
    if (reader.has("template")) {
        const MapReader wording(source, reader.section("template"), schema::channel_template);
        mail.subject = read_template(source, wording, "subject", Lines::one);
        mail.body = read_template(source, wording, "body", Lines::many);
    }
    return mail;
}

Query read_match(const Source& source, const MapReader& reader) {
    Query match = read_query(source, reader, "match");
    for (const std::string& field : match.fields()) {
        if (std::ranges::find(incident_fields(), field) == incident_fields().end() &&
            !field.starts_with("label.")) {
            source.wrong(
                reader.at("match"),
                fmt::format(
                    "match: unknown field \"{}\", expected one of: {}, label.NAME",
                    field,
                    fmt::join(incident_fields(), ", ")
                )
            );
        }
    }
    return match;
}

}  // namespace

Channel read_channel(const Source& source, const MapReader& reader, ZoneCheck zones) {
    Channel channel;
    reader.read("name", channel.name);
    channel.type = reader.has("type") ? "" : "webhook";
    reader.read("type", channel.type);
    if (channel.type.empty()) {
        return channel;  // what it may have depends on what it is
    }
    reader.read("ca_file", channel.ca_file);
    reader.read("dead_after", channel.dead_after);
    channel.match = read_match(source, reader);
    if (channel.type == "smtp") {
        refuse_others(source, reader, "smtp", {"url", "secret"});
        channel.rate = read_rate(source, reader, mail_rate);
        channel.mail = read_mail(source, reader, zones);
        return channel;
    }
    refuse_others(
        source,
        reader,
        "webhook",
        {"server", "tls", "user", "password", "from", "to", "language", "zone", "template"}
    );
    require(source, reader, "url");
    require(source, reader, "secret");
    channel.rate = read_rate(source, reader, Rate{});
    reader.read("url", channel.url);
    reader.read("secret", channel.secret_file);
    return channel;
}

}  // namespace muster::config
