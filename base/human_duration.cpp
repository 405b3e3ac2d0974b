#include "base/human_duration.hpp"

#include <array>
#include <string_view>

namespace muster {

namespace {

using namespace std::chrono_literals;

struct Unit {
    std::string_view name;
    Duration length;
};

constexpr std::array<Unit, 4> units = {{{" d", 24h}, {" h", 1h}, {" min", 1min}, {" s", 1s}}};

std::string counted(Duration duration, const Unit& unit) {
    return std::to_string(duration / unit.length) + std::string(unit.name);
}

}  // namespace

std::string human_duration(Duration duration) {
    if (duration < 0ns) {
        return "-" + human_duration(-duration);
    }
    if (duration < 1s) {
        const bool is_tiny = duration > 0ns && duration < 1ms;
        return duration == 0ns ? "0 s" : is_tiny ? "under 1 ms" : counted(duration, {" ms", 1ms});
    }
    if (duration < 10s && duration % 1s >= 100ms) {
        return std::to_string(duration / 1s) + "." + std::to_string(duration % 1s / 100ms) + " s";
    }
    std::size_t at = 0;
    while (duration < units[at].length) {
        ++at;
    }
    std::string text = counted(duration, units[at]);
    const Duration rest = duration % units[at].length;
    if (at + 1 < units.size() && rest >= units[at + 1].length) {
        text += " " + counted(rest, units[at + 1]);
    }
    return text;
}

}  // namespace muster
