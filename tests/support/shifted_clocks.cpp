#include "tests/support/shifted_clocks.hpp"

#include "base/clock.hpp"
#include "tests/support/process.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace muster::test {

ShiftedClocks::ShiftedClocks(std::string file) : file_(std::move(file)) {
    write();
}

std::map<std::string, std::string> ShiftedClocks::environment() const {
    return {{"LD_PRELOAD", program("libshifted-clock.so")}, {"MUSTER_TEST_CLOCKS", file_}};
}

void ShiftedClocks::step_calendar(Duration by) {
    shifts_[0] += by.count();
    write();
}

void ShiftedClocks::set_calendar(WallTime to) {
    step_calendar(to - calendar());
}

void ShiftedClocks::right_calendar() {
    shifts_[0] = shifts_[1];
    write();
}

void ShiftedClocks::suspend(Duration for_so_long) {
    shifts_[1] += for_so_long.count();
    step_calendar(for_so_long);
}

WallTime ShiftedClocks::calendar() const {
    return SystemClock().wall() + Duration(shifts_[0]);
}

void ShiftedClocks::write() const {
    // In place: the daemon has the file mapped.
    const int file = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    EXPECT_EQ(
        ::pwrite(file, shifts_.data(), sizeof(shifts_), 0), static_cast<ssize_t>(sizeof(shifts_))
    ) << file_;
    ::close(file);
}

}  // namespace muster::test
