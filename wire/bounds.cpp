#include "wire/bounds.hpp"

#include <string>

namespace muster::wire {

Status check_clocks(std::string_view of, std::int64_t wall_ns, std::int64_t mono_ns) {
    if (!is_possible_wall(wall_ns)) {
        return failure(
            ErrorKind::corrupt,
            std::string(of) + " of an impossible time: " + std::to_string(wall_ns) +
                " ns after 1970; possible is 1970 to 2116"
        );
    }
    if (mono_ns < 0 || mono_ns >= mono_end_ns) {
        return failure(
            ErrorKind::corrupt,
            std::string(of) + " of a machine that says it is up for " + std::to_string(mono_ns) +
                " ns; possible is up to 36 years"
        );
    }
    return {};
}

}  // namespace muster::wire
