// Owns: the form of a mail (RFC 5322, 2045, 2047): headers that nothing can inject into, two encodings of the body, threads.
// Leaves to wording: what it says; to smtp_dialogue: how it goes out.
#pragma once

#include "base/time.hpp"
#include "collector/notify/outbox_row.hpp"
#include "collector/notify/smtp_dialogue.hpp"
#include "collector/notify/wording.hpp"
#include "config/channel.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// The mail of a message to `to`. Its Message-ID is made of the message's id and the installation, so that a repeat is the
/// same mail; mails about one incident are one thread. `at` becomes its date, in the channel's zone.
Result<SmtpMail> compose_mail(
    const config::Channel& channel,
    const OutboxRow& row,
    const std::string& installation,
    std::vector<std::string> to,
    WallTime at
);

/// A header's text: as it is where it is printable ASCII, else encoded words of at most 75 characters, folded (RFC 2047
/// §2). Control characters become blanks.
std::string encoded_header(std::string_view text);

/// Quoted-printable (RFC 2045 §6.7) with CRLF; lines of at most 76 characters.
std::string quoted_printable(std::string_view text);

/// "Sun, 22 Nov 2026 17:30:00 +0800". `invalid`: no such zone.
Result<std::string> mail_date(WallTime at, const std::string& zone);

}  // namespace muster::collector
