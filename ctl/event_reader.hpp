// Owns: taking server-sent events out of bytes as they come (HTML Living Standard §9.2.6). Leaves to event_verbs: what they mean.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster::ctl {

struct ServerEvent {
    std::string id;  ///< the last one said, here or before
    std::string kind;
    std::string data;  ///< empty: only the id moved
};

/// Lines may be cut anywhere between two pieces. What is not finished by an empty line is no event.
class EventReader {
  public:
    std::vector<ServerEvent> take(std::string_view piece);

  private:
    void take_line(std::string_view line, std::vector<ServerEvent>& out);

    std::string unfinished_;
    ServerEvent now_;
    bool has_field_ = false;
};

}  // namespace muster::ctl
