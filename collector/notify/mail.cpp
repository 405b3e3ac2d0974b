#include "collector/notify/mail.hpp"

#include "base/base64.hpp"
#include "base/zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t word_bytes = 39;     // with "Subject: " before it, a line of 73 characters
constexpr std::size_t longest_line = 998;  // RFC 5321 §4.5.3.1.6, without CRLF
constexpr std::size_t quoted_line = 75;    // and the soft break's "="

bool is_printable_ascii(char c) {
    return c >= ' ' && c <= '~';
}

std::string one_line(std::string_view text) {
    std::string out(text);
    std::ranges::replace_if(
        out, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' '
    );
    return out;
}

/// The longest beginning of at most `limit` bytes that ends between characters.
std::size_t whole_characters(std::string_view text, std::size_t limit) {
    std::size_t end = std::min(limit, text.size());
    while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U
    ) {
        --end;
    }
    return end == 0 ? std::min(limit, text.size()) : end;
}

/// Letters, digits and a few marks stay; everything else becomes "=XX", so that ids that differ stay different.
std::string id_part(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool stays = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
        if (c == '/') {
            out += '.';
        } else if (stays) {
            out += c;
        } else {
            out += fmt::format("={:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

std::string message_id(std::string_view id, std::string_view installation) {
    return fmt::format("<{}@{}.muster>", id_part(id), id_part(installation));
}

/// "INC-31/resolved/ops" → "INC-31/opened/ops"; empty for what begins a thread or belongs to none.
std::string thread_of(std::string_view id) {
    const std::size_t first = id.find('/');
    const std::size_t second = first == std::string_view::npos ? first : id.find('/', first + 1);
    if (!id.starts_with("INC-") || second == std::string_view::npos) {
        return {};
    }
    std::string root(id.substr(0, first));
    root += "/opened";
    root += id.substr(second);
    return root == id ? std::string() : root;
}

std::string with_crlf(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') {
            out += '\r';
        }
        if (c != '\r') {
            out += c;
        }
    }
    return out.ends_with('\n') ? out : out + "\r\n";
}

bool has_long_line(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        if (end - at > longest_line) {
            return true;
        }
        at = end + 1;
    }
    return false;
}

}  // namespace

std::string encoded_header(std::string_view text) {
    const std::string line = one_line(text);
    // A long line and one that looks encoded are encoded as well.
    const bool is_plain = std::ranges::all_of(line, is_printable_ascii) && line.size() <= 250 &&
                          line.find("=?") == std::string::npos;
    if (is_plain) {
        return line;
    }
    std::string out;
    for (std::string_view rest = line; !rest.empty();) {
        const std::size_t length = whole_characters(rest, word_bytes);
        out += out.empty() ? "" : "\r\n ";
        out += "=?UTF-8?B?" + to_base64(rest.substr(0, length)) + "?=";
        rest.remove_prefix(length);
    }
    return out;
}

std::string quoted_printable(std::string_view text) {
    std::string out;
    std::size_t width = 0;
    const auto put = [&](std::string_view piece) {
        if (width + piece.size() > quoted_line) {
            out += "=\r\n";
            width = 0;
        }
        out += piece;
        width += piece.size();
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\r') {
            continue;
        }
        if (c == '\n') {
            out += "\r\n";
            width = 0;
            continue;
        }
        const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
        const bool stays = (is_printable_ascii(c) || c == '\t') && c != '=' &&
                           !(ends_line && (c == ' ' || c == '\t'));
        put(stays ? std::string(1, c) : fmt::format("={:02X}", static_cast<unsigned char>(c)));
    }
    return out.ends_with('\n') ? out : out + "\r\n";
}

Result<std::string> mail_date(WallTime at, const std::string& zone) {
    // RFC 5322 §3.3: English, whatever the mail's language.
    static constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
    };
    const auto local = local_time(at, zone);
    if (!local) {
        return failure(local.error());
    }
    const auto offset = local->offset.count();
    const auto absolute = offset < 0 ? -offset : offset;
    return fmt::format(
        "{}, {} {} {} {:02}:{:02}:{:02} {}{:02}{:02}",
        days[local->weekday],
        local->day,
        months[local->month - 1],
        local->year,
        local->hour,
        local->minute,
        local->second,
        offset < 0 ? '-' : '+',
        absolute / 60,
        absolute % 60
    );
}

Result<SmtpMail> compose_mail(
    const config::Channel& channel,
    const OutboxRow& row,
    const std::string& installation,
    std::vector<std::string> to,
    WallTime at
) {
    const auto wording = word_message(channel, row.payload);
    if (!wording) {
        return failure(wording.error());
    }
    const auto date = mail_date(at, channel.mail.zone);
    if (!date) {
        return failure(date.error());
    }
    std::string recipients;
    for (const std::string& each : channel.mail.to) {
        recipients += (recipients.empty() ? "" : ",\r\n ") + one_line(each);
    }
    std::string head = "From: Muster <" + one_line(channel.mail.from) + ">\r\n";
    head += "To: " + recipients + "\r\n";
    head += "Subject: " + encoded_header(wording->subject) + "\r\n";
    head += "Date: " + *date + "\r\n";
    head += "Message-ID: " + message_id(row.id, installation) + "\r\n";
    if (const std::string thread = thread_of(row.id); !thread.empty()) {
        const std::string root = message_id(thread, installation);
        head += "In-Reply-To: " + root + "\r\nReferences: " + root + "\r\n";
    }
    head += "Auto-Submitted: auto-generated\r\n";
    head += "X-Muster-Key: " + encoded_header(installation + "/" + row.id) + "\r\n";
    head += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n";
    SmtpMail mail;
    mail.from = channel.mail.from;
    mail.to = std::move(to);
    mail.quoted = head + "Content-Transfer-Encoding: quoted-printable\r\n\r\n" +
                  quoted_printable(wording->body);
    mail.eight_bit =
        has_long_line(wording->body)
            ? mail.quoted
            : head + "Content-Transfer-Encoding: 8bit\r\n\r\n" + with_crlf(wording->body);
    return mail;
}

}  // namespace muster::collector
