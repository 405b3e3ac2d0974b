// Owns: a file system of a few MiB, to be filled. Needs the right to mount.
#pragma once

#include "tests/support/temp_dir.hpp"

#include <cstddef>
#include <string>

namespace muster::test {

class SmallDisk {
  public:
    explicit SmallDisk(std::size_t bytes);
    ~SmallDisk();
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    /// Why there is none; empty when there is.
    const std::string& problem() const { return problem_; }

    /// Where it is mounted.
    const std::string& path() const { return dir_.path(); }

    std::string operator/(const std::string& name) const { return dir_ / name; }

    /// Until not one byte more fits.
    void fill();
    void make_room();
    /// As after an error that the kernel does not forgive.
    void make_read_only();
    void make_writable();

  private:
    TempDir dir_;
    std::string problem_;
};

}  // namespace muster::test
