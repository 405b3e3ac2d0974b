// Owns: whether this build is a sanitizer's, which makes system calls of its own: MUSTER_TEST_SANITIZED is then defined.
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MUSTER_TEST_SANITIZED
#endif
#endif
