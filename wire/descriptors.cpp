#include "wire/descriptors.hpp"

#include <algorithm>
#include <sys/resource.h>

namespace muster::wire {

std::size_t descriptors_for_sockets() {
    constexpr rlim_t reserve = 64;
    constexpr rlim_t most = 1U << 20U;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return most;
    }
    const rlim_t all = std::min(limit.rlim_cur, most);
    return all - std::min(reserve, all / 2);
}

bool leaves_reserve(int descriptor) {
    return descriptor >= 0 && static_cast<std::size_t>(descriptor) < descriptors_for_sockets();
}

}  // namespace muster::wire
