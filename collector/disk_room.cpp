#include "collector/disk_room.hpp"

#include "base/log.hpp"
#include "base/owner.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::uint64_t most_reserved = 64U << 20U;

}  // namespace

std::uint64_t reserve_of(const Space& space) {
    return std::min(most_reserved, space.all / 16);
}

Room judge(const Space& space, std::uint64_t spare, Room before) {
    const std::uint64_t reserve = reserve_of(space);
    const std::uint64_t counted = space.free - std::min(space.free, spare);
    const std::uint64_t more = reserve / 4;
    if (counted < reserve + (before == Room::none ? more : 0)) {
        return Room::none;
    }
    return counted < 2 * reserve + (before == Room::ample ? 0 : more) ? Room::scarce : Room::ample;
}

DiskRoom::DiskRoom(std::string data_dir) : path_(std::move(data_dir)) {}

bool DiskRoom::has_ballast() const {
    std::error_code problem;
    return std::filesystem::exists(path_ + "/ballast", problem);
}

/// Where the file system cannot set blocks aside there is none: zeros written out may take no room at all.
void DiskRoom::make_ballast() {
    const std::string path = path_ + "/ballast";
    const int file = open_or_make(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) {
        return;
    }
    const bool is_made = ::fallocate(file, 0, 0, static_cast<off_t>(reserve())) == 0;
    ::close(file);
    if (!is_made) {
        ::unlink(path.c_str());
    }
    spare_ = 0;
}

Room DiskRoom::look() {
    std::error_code problem;
    const auto now = std::filesystem::space(path_, problem);
    if (problem) {
        return room_;
    }
    space_ = {.free = now.available, .all = now.capacity};
    if (space_.free < reserve() / 4 && has_ballast() &&
        std::filesystem::remove(path_ + "/ballast", problem)) {
        log(LogLevel::warning, "storage.ballast_given_up", {{"bytes", reserve()}});
        spare_ = reserve();
        space_.free += reserve();
    } else if (space_.free >= 4 * reserve() && !has_ballast()) {
        make_ballast();
    }
    room_ = judge(space_, spare_, room_);
    return room_;
}

std::uint64_t DiskRoom::free() const {
    return space_.free - std::min(space_.free, spare_);
}

std::uint64_t DiskRoom::missing() const {
    const std::uint64_t wanted = 2 * reserve() + reserve() / 2;
    return wanted - std::min(wanted, free());
}

}  // namespace muster::collector
