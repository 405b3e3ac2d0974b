// Owns: how much room the file system of data_dir has and what follows; the ballast, which is given up when there is none.
// Leaves to collector.cpp: doing what follows; to journal and history: what can be spared.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>

namespace muster::collector {

/// ample: nothing follows. scarce: what can be spared goes. none: no results are taken until there is room.
enum class Room { ample, scarce, none };

/// Of a file system.
struct Space {
    std::uint64_t free = 0;  ///< for who is not root
    std::uint64_t all = 0;
};

/// Left free for what the collector has to write when it takes nothing: 64 MiB, or a sixteenth of a small file system.
std::uint64_t reserve_of(const Space& space);

/// None below the reserve, scarce below twice that; a quarter of the reserve more is needed to come out again. `spare` of what is
/// free is not counted.
Room judge(const Space& space, std::uint64_t spare, Room before);

/// Looks at the file system. The loop's thread.
class DiskRoom {
  public:
    explicit DiskRoom(std::string data_dir);

    /// Gives up the ballast where hardly anything is free, makes it where there is much: some milliseconds once, else one call of the
    /// system. What cannot be asked is as before.
    Room look();

    /// As looked at last; what the ballast's loss has freed is not counted.
    Room room() const { return room_; }

    std::uint64_t free() const;
    /// What is missing until nothing has to be spared.
    std::uint64_t missing() const;

    std::uint64_t reserve() const { return reserve_of(space_); }

  private:
    bool has_ballast() const;
    void make_ballast();

    std::string path_;
    Space space_;
    std::uint64_t spare_ = 0;  ///< free because the ballast was given up
    Room room_ = Room::ample;
};

}  // namespace muster::collector
