#include "tests/support/eventually.hpp"

#include <poll.h>

namespace muster::test {

bool eventually(Duration patience, const std::function<bool()>& condition, Duration pace) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= until) {
            return condition();
        }
        ::poll(nullptr, 0, static_cast<int>(to_ms(pace)));
    }
    return true;
}

bool throughout(Duration span, const std::function<bool()>& condition) {
    return !eventually(span, [&] { return !condition(); });
}

}  // namespace muster::test
