#include "wire/descriptors.hpp"

#include <algorithm>
#include <sys/resource.h>

namespace muster::wire {

namespace {

std::size_t all_but(rlim_t reserve) {
    constexpr rlim_t most = 1U << 20U;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return most;
    }
    const rlim_t all = std::min(limit.rlim_cur, most);
    return all - std::min(reserve, all / 2);
}

bool is_below(int descriptor, std::size_t end) {
    return descriptor >= 0 && static_cast<std::size_t>(descriptor) < end;
}

constexpr rlim_t reserve = 64;

}  // namespace

std::size_t descriptors_for_sockets() {
    return all_but(reserve);
}

bool leaves_reserve(int descriptor) {
    return is_below(descriptor, all_but(reserve));
}

bool leaves_half_reserve(int descriptor) {
    return is_below(descriptor, all_but(reserve / 2));
}

}  // namespace muster::wire
