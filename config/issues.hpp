// Owns: the list of everything wrong in a set of files, with exact places. Leaves to the readers: finding it.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::config {

/// A place in a file. Both count from 1; columns count characters, not bytes.
struct Position {
    int line = 1;
    int column = 1;
};

/// Collects what is wrong. Not thread-safe.
class Issues {
  public:
    /// `what` says what is there and what was expected.
    void add(std::string_view file, Position at, std::string_view what);
    /// Something wrong with a file as a whole, such as one that cannot be read.
    void add_file(std::string_view file, std::string_view what);

    bool empty() const { return found_.empty(); }

    /// `invalid`: one `file:line:column: what` a line, in order of files and lines, at most 20 and the number of the rest.
    Error error() const;

  private:
    struct Issue {
        std::string file;
        Position at;
        std::string what;
    };

    std::vector<Issue> found_;
    std::size_t left_out_ = 0;
};

}  // namespace muster::config
