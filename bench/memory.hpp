// Owns: how much memory a program takes, all its processes together. Leaves to monitor.cpp: which programs.
#pragma once

#include "tests/support/temp_dir.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <sys/types.h>
#include <vector>

namespace muster::bench {

/// A process and all it has started, by what /proc says now.
inline std::vector<pid_t> with_descendants(pid_t root) {
    std::map<pid_t, pid_t> parents;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        const std::string stat = test::read_text(entry.path() / "stat");
        if (const std::size_t end = stat.rfind(')'); end != std::string::npos) {
            std::istringstream fields(stat.substr(end + 2));
            char state = 0;
            pid_t parent = 0;
            fields >> state >> parent;
            parents[std::stoi(name)] = parent;
        }
    }
    std::vector<pid_t> out{root};
    for (std::size_t at = 0; at < out.size(); ++at) {
        for (const auto& [pid, parent] : parents) {
            if (parent == out[at]) {
                out.push_back(pid);
            }
        }
    }
    return out;
}

/// Proportional set size (proc(5), smaps_rollup): shared pages count by the share each process has of them.
inline double pss_mib(pid_t root) {
    double kib = 0;
    for (const pid_t pid : with_descendants(root)) {
        std::istringstream lines(test::read_text(fmt::format("/proc/{}/smaps_rollup", pid)));
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("Pss:")) {
                kib += std::strtod(line.c_str() + 4, nullptr);
            }
        }
    }
    return kib / 1024;
}

}  // namespace muster::bench
