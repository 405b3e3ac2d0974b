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
/// "refused" → "refused", "连接被拒绝": of the probes and of the collector.
std::string word_reason(config::Language language, std::string_view reason);
/// "high" → "high", "高": urgency and impact.
std::string word_level(config::Language language, std::string_view level);
/// "new" → "new", "新建": of an incident.
std::string word_state(config::Language language, std::string_view state);
/// "system" → "system", "系统"; a person's name stays.
std::string word_actor(config::Language language, std::string_view actor);
/// "rack R12" → "rack R12", "机柜 R12": a part of a place; a name stays.
std::string word_place_part(config::Language language, std::string_view part);

}  // namespace muster::collector
