// Owns: what a mail says: a message of the outbox in words, in a language and a time zone. Leaves to mail: the form of a
// mail; to templates/: the shipped texts.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/channel.hpp"

#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

/// A file of templates/: the subject's line, an empty line, the body.
struct ShippedWording {
    std::string_view name;  ///< "en_message"
    std::string_view text;
};

std::span<const ShippedWording> shipped_wordings();

/// UTF-8. The subject is one line; lines of the body end with a line feed.
struct Wording {
    std::string subject;
    std::string body;
};

/// `payload` is a CloudEvents document as the brain wrote it: net.muster.incident.*, .digest or net.muster.test. Texts from
/// devices in it are made printable. `corrupt` when it is none; `invalid` when the channel's zone is unknown here.
Result<Wording> word_message(const config::Channel& channel, std::string_view payload);

}  // namespace muster::collector
