// Owns: what the collector and its probes say, in the words and the time zone of a mail. They say it in English, and so it is
// kept; a phrase of the table is read back and said anew. Leaves to words: single words; to wording: which value is which.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/channel.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

/// `en` as it is written, with what differs from one time to the next in braces:
///   {word}    without blanks, as it is: "127.0.0.1:8088"
///   {name}    as it is: what a person, a device or a library said
///   {for}     a length of time: "2s", "2 min 35 s"
///   {at}      a moment of ours: "2026-11-22T09:26:00.000Z"
///   {said}    a sight, or whatever stands there
///   {known}   a sight, and nothing else
///   {title}   a title, or whatever stands there
/// `zh` names them by their position: "{0}".
struct Phrase {
    std::string_view en;
    std::string_view zh;
};

/// Where a text stands: what is a sentence of ours in one place is what a device said in another.
enum class Said : std::uint8_t { title, sight, end };

/// All phrases of that place.
std::span<const Phrase> phrases(Said where);

/// `text` in the mail's language, its moments in the mail's zone; as it is where no phrase of that place fits.
std::string say(const config::MailSettings& mail, Said where, std::string_view text);

/// "2 min 35 s" and "1m30s" → in Chinese "2 分钟 35 秒", "1 分钟 30 秒". What is no length of time stays as it is.
std::string say_duration(config::Language language, std::string_view text);

/// "2026-11-22 17:30:00 +08:00", in Chinese "2026年11月22日 17:30:00 +08:00".
Result<std::string> word_time(WallTime at, const config::MailSettings& mail);

}  // namespace muster::collector
