// Owns: who is told, as configured: one channel. Leaves to channel_reader.hpp: reading it; to collector/brain: routing and
// rates; to collector/notify: sending.
#pragma once

#include "base/time.hpp"
#include "config/query.hpp"
#include "config/template.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::config {

/// At most `messages` in any span of `per`.
struct Rate {
    std::uint32_t messages = 600;
    Duration per = std::chrono::minutes(1);
    bool operator==(const Rate&) const = default;
};

/// none: plain text. starttls: TLS before anything is said. implicit: TLS from the first byte.
enum class MailTls { none, starttls, implicit };

enum class Language { en, zh };

/// What a channel of type smtp has beside the rest.
struct MailSettings {
    std::string server;  ///< "mail.example.net:587"
    MailTls tls = MailTls::starttls;
    std::string user;           ///< empty: nobody signs in
    std::string password_file;  ///< of `user`
    std::string from;
    std::vector<std::string> to;
    Language language = Language::en;
    std::string zone = "UTC";  ///< IANA: times in messages
    Template subject;          ///< without text: the shipped one
    Template body;
};

struct Channel {
    std::string name;
    std::string type;         ///< "webhook" or "smtp"
    std::string url;          ///< webhook
    std::string secret_file;  ///< webhook: the HMAC key
    std::string ca_file;      ///< optional: the authority of a private endpoint
    Query match = {};         ///< over incident_fields(); without text: every incident
    Rate rate = {};
    Duration dead_after = std::chrono::minutes(5);  ///< failing this long, it counts as dead
    MailSettings mail = {};
};

/// What `match:` of a channel may ask of an incident; beside these `label.NAME`.
std::span<const std::string_view> incident_fields();

/// One placeholder of a mail template.
struct Placeholder {
    std::string_view name;
    std::string_view summary;
};

/// Every placeholder of `template:`, in the order of the documentation.
std::span<const Placeholder> mail_placeholders();
/// Their names alone.
std::span<const std::string_view> mail_placeholder_names();

}  // namespace muster::config
