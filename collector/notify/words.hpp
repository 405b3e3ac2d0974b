// Owns: single words of messages, by language. Leaves to wording: sentences.
#pragma once

#include "config/channel.hpp"

#include <string>
#include <string_view>

namespace muster::collector {

/// "opened" → "Opened", "新事件". What is unknown stays as it is.
std::string word_transition(config::Language language, std::string_view transition);
/// "fault" → "fault", "故障".
std::string word_kind(config::Language language, std::string_view kind);

}  // namespace muster::collector
