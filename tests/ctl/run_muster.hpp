// Owns: one run of the command line in this process, on files in memory and a clock that stands still.
#pragma once

#include "base/memory_files.hpp"
#include "ctl/world.hpp"

#include <map>
#include <string>
#include <vector>

namespace muster::ctl {

struct Ran {
    int code = -1;
    std::string out;
    std::string err;
};

/// The clock says 2026-11-22T09:26:00Z and HOME is /home/me.
struct Muster {
    MemoryFiles files;
    std::map<std::string, std::string> environment{{"HOME", "/home/me"}};
    std::string input;
    OutputKind output_kind = OutputKind::pipe;

    Ran run(std::vector<std::string> arguments);
    void put(const std::string& path, std::string_view text);
};

}  // namespace muster::ctl
