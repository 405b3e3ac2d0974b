// Owns: whether this build is a sanitizer's, which makes system calls of its own and is slow: MUSTER_TEST_SANITIZED is then defined.
#pragma once

#include <cstdint>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MUSTER_TEST_SANITIZED
#endif
#endif

namespace muster::test {

/// What a sanitizer finds it finds in fewer seeds.
#ifdef MUSTER_TEST_SANITIZED
inline constexpr std::uint64_t fewer_by = 10;
#else
inline constexpr std::uint64_t fewer_by = 1;
#endif

}  // namespace muster::test
