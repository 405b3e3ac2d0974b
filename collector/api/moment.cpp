#include "collector/api/moment.hpp"

#include "collector/api/parameters.hpp"

#include <charconv>
#include <string>

namespace muster::collector {

Result<Moment> moment_of(const Call& call) {
    const Result<WallTime> at = time_parameter(call, "at", call.context->clock->wall());
    if (!at) {
        return failure(at.error());
    }
    Moment moment{to_ns(*at), all_that_is_known};
    const std::string text = parameter(call, "known_at");
    if (!text.empty()) {
        const auto [end, problem] =
            std::from_chars(text.data(), text.data() + text.size(), moment.known_at);
        if (problem != std::errc{} || end != text.data() + text.size() || moment.known_at < 0) {
            return failure(ErrorKind::invalid, "expected a position of the journal", "known_at");
        }
    }
    return moment;
}

bool asks_for_the_past(const Call& call) {
    return !parameter(call, "at").empty() || !parameter(call, "known_at").empty();
}

}  // namespace muster::collector
