#include "tests/support/small_disk.hpp"

#include "base/expect.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

namespace muster::test {

SmallDisk::SmallDisk(std::size_t bytes) {
    const std::string options = "mode=0700,size=" + std::to_string(bytes);
    if (::mount("tmpfs", dir_.path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) !=
        0) {
        problem_ = std::strerror(errno);
    }
}

SmallDisk::~SmallDisk() {
    if (problem_.empty()) {
        ::umount2(dir_.path().c_str(), MNT_DETACH);
    }
}

void SmallDisk::fill() {
    const int file = ::open((dir_ / "filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string page(4096, 'x');
    while (::write(file, page.data(), page.size()) > 0) {
    }
    ::close(file);
}

void SmallDisk::make_read_only() {
    expect(
        ::mount(nullptr, dir_.path().c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) ==
            0,
        "it can be made read-only"
    );
}

void SmallDisk::make_writable() {
    expect(
        ::mount(nullptr, dir_.path().c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0,
        "it can be made writable"
    );
}

void SmallDisk::make_room() {
    ::unlink((dir_ / "filler").c_str());
}

}  // namespace muster::test
