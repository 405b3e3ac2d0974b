#include "ctl/event_reader.hpp"

namespace muster::ctl {

std::vector<ServerEvent> EventReader::take(std::string_view piece) {
    std::vector<ServerEvent> out;
    unfinished_ += piece;
    std::size_t begin = 0;
    for (std::size_t end = unfinished_.find('\n'); end != std::string::npos;
         end = unfinished_.find('\n', begin)) {
        std::string_view line = std::string_view(unfinished_).substr(begin, end - begin);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        take_line(line, out);
        begin = end + 1;
    }
    unfinished_.erase(0, begin);
    return out;
}

void EventReader::take_line(std::string_view line, std::vector<ServerEvent>& out) {
    if (line.empty()) {
        if (has_field_) {
            out.push_back(now_);
        }
        now_.kind.clear();
        now_.data.clear();
        has_field_ = false;
        return;
    }
    const std::size_t colon = line.find(':');
    const std::string_view field = line.substr(0, colon);
    std::string_view value =
        colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) {
        value.remove_prefix(1);
    }
    if (field == "id") {
        now_.id = value;
    } else if (field == "event") {
        now_.kind = value;
    } else if (field == "data") {
        now_.data += now_.data.empty() ? "" : "\n";
        now_.data += value;
    } else {
        return;  // comments and what we do not know
    }
    has_field_ = true;
}

}  // namespace muster::ctl
