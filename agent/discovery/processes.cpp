#include "agent/discovery/processes.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <dirent.h>
#include <memory>
#include <optional>
#include <unistd.h>
#include <unordered_set>
#include <utility>

namespace muster::agent {

namespace {

constexpr std::size_t longest_text = 512;
constexpr std::size_t shown_id = 12;
constexpr std::size_t least_id = 32;  // hexadecimal digits of a container's id
constexpr std::string_view deleted = " (deleted)";

/// "socket:[12345]"
std::uint64_t socket_inode(std::string_view target) {
    constexpr std::string_view begin = "socket:[";
    std::uint64_t inode = 0;
    if (target.starts_with(begin)) {
        target.remove_prefix(begin.size());
        std::from_chars(target.data(), target.data() + target.size(), inode);
    }
    return inode;
}

std::optional<std::uint32_t> pid_in(std::string_view name) {
    std::uint32_t pid = 0;
    const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), pid);
    return problem == std::errc{} && end == name.data() + name.size() ? std::optional(pid)
                                                                      : std::nullopt;
}

/// Rising, but process 1 last.
std::vector<std::uint32_t> all_pids(const Root& root, std::size_t most) {
    std::vector<std::uint32_t> pids;
    const auto names = root.list("/proc");
    for (const std::string& name : names ? *names : std::vector<std::string>{}) {
        if (const auto pid = pid_in(name); pid && pids.size() < most) {
            pids.push_back(*pid);
        }
    }
    std::ranges::sort(pids, {}, [](std::uint32_t pid) { return pid == 1 ? UINT32_MAX : pid; });
    return pids;
}

bool is_interpreter(std::string_view executable) {
    const std::string_view name = executable.substr(executable.rfind('/') + 1);
    for (const std::string_view known : {"python", "perl", "ruby", "node", "java", "php", "bash"}) {
        if (name.starts_with(known)) {
            return true;
        }
    }
    return false;
}

/// The first argument that is no option and looks like a file: others may be secrets.
std::string script_in(std::string_view arguments) {
    bool is_first = true;
    while (!arguments.empty()) {
        const std::size_t end = std::min(arguments.find('\0'), arguments.size());
        const std::string_view one = arguments.substr(0, end);
        arguments.remove_prefix(std::min(end + 1, arguments.size()));
        if (!std::exchange(is_first, false) && one.starts_with('/')) {
            return printable(one, longest_text);
        }
        if (!one.starts_with('-') && one.ends_with(".jar")) {
            return printable(one, longest_text);
        }
    }
    return {};
}

/// "root:x:0:0:root:/root:/bin/bash"
std::string user_named(const Root& root, std::string_view id) {
    const auto users = root.read("/etc/passwd", 1U << 20U);
    std::string_view rest = users ? std::string_view(*users) : std::string_view();
    while (!rest.empty()) {
        const std::string_view line = next_line(rest);
        const std::size_t name = line.find(':');
        const std::size_t password = line.find(':', std::min(name, line.size() - 1) + 1);
        if (name == std::string_view::npos || password == std::string_view::npos) {
            continue;
        }
        const std::string_view number = line.substr(password + 1);
        if (number.substr(0, number.find(':')) == id) {
            return printable(line.substr(0, name), longest_text);
        }
    }
    return std::string(id);
}

ProcessFacts read_process(const Root& root, std::uint32_t pid) {
    const std::string path = "/proc/" + std::to_string(pid);
    ProcessFacts facts;
    if (const auto cgroups = root.read(path + "/cgroup")) {
        facts.unit = unit_in(*cgroups);
        facts.container = container_in(*cgroups);
    }
    facts.executable = printable(root.link(path + "/exe"), longest_text);
    if (facts.executable.ends_with(deleted)) {
        facts.executable.resize(facts.executable.size() - deleted.size());  // replaced by an update
    }
    if (const auto arguments = root.read(path + "/cmdline", 16U << 10U)) {
        const std::string_view all = *arguments;
        // "nginx: master process /usr/sbin/nginx …": what a process has written over its arguments
        const std::string_view first = all.substr(0, all.find('\0'));
        facts.argument0 = printable(first.substr(0, first.find(' ')), longest_text);
        if (facts.unit.empty() && is_interpreter(facts.executable)) {
            facts.script = script_in(all);
        }
    }
    if (const auto status = root.read(path + "/status")) {
        // "Uid:	33	33	33	33"
        const std::string_view ids = field_of(*status, "Uid");
        facts.user = user_named(root, ids.substr(0, ids.find('\t')));
    }
    return facts;
}

/// Looks through the descriptors of processes for sockets that are wanted.
class Search {
  public:
    Search(const Root& root, std::span<const std::uint64_t> inodes, const HolderLimits& limits)
        : root_(root), wanted_(inodes.begin(), inodes.end()), left_(limits.descriptors) {}

    bool is_over() const { return wanted_.empty() || left_ == 0; }

    void look_into(std::uint32_t pid);

    std::size_t closed() const { return closed_; }

    std::size_t unfound() const { return wanted_.size(); }

    Holders take() { return std::move(found_); }

  private:
    void hold(std::uint32_t pid, std::uint64_t inode);

    const Root& root_;
    std::unordered_set<std::uint64_t> wanted_;
    std::size_t left_;
    std::size_t closed_ = 0;  // processes that may not be looked into
    std::optional<std::uint32_t> last_;
    Holders found_;
};

void Search::look_into(std::uint32_t pid) {
    const std::string path = root_.at("/proc/" + std::to_string(pid) + "/fd");
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
    if (!folder) {
        closed_ += errno == EACCES || errno == EPERM ? 1 : 0;
        return;
    }
    const int descriptor = ::dirfd(folder.get());
    std::array<char, 64> target{};
    while (const dirent* entry = is_over() ? nullptr : ::readdir(folder.get())) {
        --left_;
        const ssize_t length =
            ::readlinkat(descriptor, entry->d_name, target.data(), target.size());
        const std::string_view text(
            target.data(), length > 0 ? static_cast<std::size_t>(length) : 0
        );
        const std::uint64_t inode = socket_inode(text);
        if (inode != 0 && wanted_.erase(inode) != 0) {
            hold(pid, inode);
        }
    }
}

void Search::hold(std::uint32_t pid, std::uint64_t inode) {
    if (last_ != pid) {
        found_.processes.push_back(read_process(root_, pid));
        last_ = pid;
    }
    found_.of.emplace(inode, found_.processes.size() - 1);
}

}  // namespace

std::string ProcessFacts::name() const {
    if (!unit.empty()) {
        return unit;
    }
    const std::string program = executable.empty() ? argument0 : executable;
    const std::string whole = script.empty() ? program : program + " " + script;
    return container.empty() ? whole : container + " " + whole;
}

std::string unit_in(std::string_view cgroups) {
    constexpr std::string_view service = ".service";
    while (!cgroups.empty()) {
        // "1:name=systemd:/system.slice/ssh.service", "0::/…/user@1000.service/app.slice/sync.service"
        const std::string_view line = next_line(cgroups);
        const std::size_t end = line.rfind(service);
        if (end == std::string_view::npos) {
            continue;
        }
        const std::string_view whole = line.substr(0, end + service.size());
        const std::string_view unit = whole.substr(whole.rfind('/') + 1);
        // A person's manager: its services may be called as those of the machine are.
        const std::size_t manager = line.find("/user@");
        if (manager == std::string_view::npos) {
            return printable(unit, longest_text);
        }
        const std::string_view above =
            line.substr(manager + 1, line.find('/', manager + 1) - manager - 1);
        const bool is_session = unit == above;  // a program of a session, in no service
        return is_session ? ""
                          : printable(std::string(above) + "/" + std::string(unit), longest_text);
    }
    return {};
}

std::string container_in(std::string_view cgroups) {
    while (!cgroups.empty()) {
        const std::string_view line = next_line(cgroups);
        // "…/docker-<64 hex>.scope", "…/docker/<64 hex>", "…/cri-containerd-<64 hex>.scope"
        for (std::size_t at = 0; at + least_id <= line.size();) {
            const std::size_t end =
                std::min(line.find_first_not_of("0123456789abcdef", at), line.size());
            if (end - at >= least_id) {
                return std::string(line.substr(at, shown_id));
            }
            at = end + 1;
        }
    }
    return {};
}

Holders find_holders(
    const Root& root,
    std::span<const std::uint64_t> inodes,
    std::vector<std::string>& lacking,
    const HolderLimits& limits
) {
    Search search(root, inodes, limits);
    for (const std::uint32_t pid :
         search.is_over() ? std::vector<std::uint32_t>{} : all_pids(root, limits.processes)) {
        search.look_into(pid);
        if (search.is_over()) {
            break;
        }
    }
    if (search.unfound() > 0 && search.closed() > 0) {
        // Without a number: what is lacking stays the same while sockets come and go.
        lacking.emplace_back(
            "processes of listening sockets: those of other users may not be looked into"
        );
    }
    return search.take();
}

}  // namespace muster::agent
