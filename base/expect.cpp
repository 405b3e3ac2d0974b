#include "base/expect.hpp"

#include <cstdio>
#include <cstdlib>

namespace muster {

void expect(bool condition, std::string_view why, std::source_location where) {
    if (condition) [[likely]] {
        return;
    }
    std::fprintf(
        stderr,
        "muster: this is a bug: %.*s (%s:%u, %s)\n",
        static_cast<int>(why.size()),
        why.data(),
        where.file_name(),
        static_cast<unsigned>(where.line()),
        where.function_name()
    );
    std::abort();
}

}  // namespace muster
