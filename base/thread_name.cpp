#include "base/thread_name.hpp"

#include "base/expect.hpp"

#include <pthread.h>

namespace muster {

void name_thread(const char* name) {
    expect(pthread_setname_np(pthread_self(), name) == 0, "a thread's name has 15 characters");
}

}  // namespace muster
