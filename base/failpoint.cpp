#include "base/failpoint.hpp"

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <unistd.h>

namespace muster {

namespace {

struct Armed {
    std::string name;
    std::atomic<std::int64_t> passes_left = 1;

    Armed() {
        const char* variable = std::getenv("MUSTER_FAILPOINT");
        std::string_view text = variable == nullptr ? "" : variable;
        const std::size_t colon = text.rfind(':');
        if (colon != std::string_view::npos) {
            std::int64_t passes = 1;
            const std::string_view digits = text.substr(colon + 1);
            std::from_chars(digits.data(), digits.data() + digits.size(), passes);
            passes_left = passes;
            text = text.substr(0, colon);
        }
        name = text;
    }
};

Armed& armed() {
    static Armed one;
    return one;
}

}  // namespace

void failpoint(std::string_view name) {
    Armed& here = armed();
    if (here.name.empty() || here.name != name) [[likely]] {
        return;
    }
    if (here.passes_left.fetch_sub(1) == 1) {
        kill(getpid(), SIGKILL);
    }
}

}  // namespace muster
