// Owns: reading what a machine shows of itself in files, below an injected folder, bounded. Leaves to the other files
// here: what the files mean.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace muster::agent {

/// The file system of a machine: "/" or, in tests, a tree of fixtures. Paths are absolute within it ("/proc/cpuinfo").
/// Safe to use from any thread; opens nothing for writing and never waits for a pipe.
class Root {
  public:
    explicit Root(std::string path = "/");

    /// The first `limit` bytes of a file. `not_found`, `refused` (no rights) or `io`.
    Result<std::string> read(std::string_view path, std::size_t limit = 64U << 10U) const;
    /// The first line, printable, without space around it; empty where there is none or it may not be read.
    std::string line(std::string_view path) const;
    /// Names in a folder, sorted, at most 100,000; errors as for `read`.
    Result<std::vector<std::string>> list(std::string_view path) const;
    /// Where a symbolic link points, as it stands; empty where it is none or may not be read.
    std::string link(std::string_view path) const;
    bool exists(std::string_view path) const;

    /// The path for the operating system.
    std::string at(std::string_view path) const;

  private:
    std::string path_;
};

/// `text` without space at both ends.
std::string_view trimmed(std::string_view text);

/// Takes the line up to the next '\n' from `text`, without it.
std::string_view next_line(std::string_view& text);

/// "Name:  value" → value, for the first line of `text` that begins with `name` and has a `separator` after it; empty
/// where there is none.
std::string_view field_of(std::string_view text, std::string_view name, char separator = ':');

}  // namespace muster::agent
