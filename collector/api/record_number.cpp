#include "collector/api/record_number.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

namespace muster::collector {

std::int64_t record_number(std::string_view text, std::string_view prefix) {
    std::string small(prefix);
    std::ranges::transform(small, small.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    if (text.starts_with(prefix) || text.starts_with(small)) {
        text.remove_prefix(prefix.size());
    }
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    return problem == std::errc{} && end == text.data() + text.size() && number > 0 ? number : 0;
}

Result<std::int64_t> before_number(const PageRequest& page) {
    std::int64_t before = std::numeric_limits<std::int64_t>::max();
    if (page.after.empty()) {
        return before;
    }
    const std::string& text = page.after.front();
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), before);
    if (problem != std::errc{} || end != text.data() + text.size()) {
        return failure(ErrorKind::invalid, "expected the next_cursor of a page", "cursor");
    }
    return before;
}

}  // namespace muster::collector
