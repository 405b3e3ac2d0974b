// A machine whose clocks a test sets: preloaded into a daemon it adds to what the kernel says the two numbers (nanoseconds, 8 bytes
// each) in the file MUSTER_TEST_CLOCKS: the first to the calendar, the second to CLOCK_BOOTTIME, which counts suspended time.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

using Shifts = std::array<volatile std::int64_t, 2>;
const Shifts* shifts = nullptr;

/// Before main(): a sandbox lets nobody open files later.
__attribute__((constructor)) void open_shifts() {
    const char* path = std::getenv("MUSTER_TEST_CLOCKS");
    const int file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return;
    }
    void* mapped = ::mmap(nullptr, sizeof(Shifts), PROT_READ, MAP_SHARED, file, 0);
    ::close(file);
    if (mapped != MAP_FAILED) {
        shifts = static_cast<const Shifts*>(mapped);
    }
}

std::int64_t shift_of(clockid_t clock) {
    if (shifts == nullptr) {
        return 0;
    }
    switch (clock) {
        case CLOCK_REALTIME:
        case CLOCK_REALTIME_COARSE:
            return (*shifts)[0];
        case CLOCK_BOOTTIME:
            return (*shifts)[1];
        default:
            return 0;
    }
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
    const long failed = ::syscall(SYS_clock_gettime, clock, now);
    if (failed != 0) {
        return static_cast<int>(failed);
    }
    const std::int64_t ns = now->tv_sec * second_ns + now->tv_nsec + shift_of(clock);
    now->tv_sec = ns / second_ns;
    now->tv_nsec = ns % second_ns;
    return 0;
}

int gettimeofday(timeval* now, void* /*zone*/) noexcept {
    timespec exact{};
    const int failed = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return failed;
}

time_t time(time_t* out) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != nullptr) {
        *out = now.tv_sec;
    }
    return now.tv_sec;
}
}
