#include "agent/discovery/hardware.hpp"

#include "agent/discovery/machine.hpp"
#include "base/bytes.hpp"
#include "wire/placeholder.hpp"

#include <charconv>
#include <set>
#include <sys/utsname.h>
#include <utility>

namespace muster::agent {

namespace {

constexpr std::size_t most_disks = 1000;
constexpr std::size_t cpuinfo_bytes = 8U << 20U;
constexpr std::uint64_t sector_bytes = 512;  // of /sys/block/*/size, whatever the device's own
constexpr std::size_t longest_value = 256;

std::uint64_t number_in(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// PRETTY="quoted" → quoted. os-release(5) allows shell quotes; what is escaped inside stays as it is.
std::string unquoted(std::string_view text) {
    if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
        text.back() == text.front()) {
        text = text.substr(1, text.size() - 2);
    }
    return printable(text, longest_value);
}

/// "MemTotal:       16384256 kB"
std::uint64_t kib_of(std::string_view text, std::string_view name) {
    return number_in(field_of(text, name)) * 1024;
}

bool is_left_out(std::string_view name) {
    for (const std::string_view kind : {"loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd"}) {
        if (name.starts_with(kind)) {
            return true;
        }
    }
    return false;
}

std::string first_of(const Root& root, std::initializer_list<std::string> paths) {
    for (const std::string& path : paths) {
        if (std::string value = root.line(path); !wire::is_placeholder(value)) {
            return value;
        }
    }
    return {};
}

}  // namespace

OperatingSystemFacts read_operating_system(const Root& root) {
    OperatingSystemFacts facts;
    auto release = root.read("/etc/os-release");
    if (!release) {
        release = root.read("/usr/lib/os-release");
    }
    const std::string_view text = release ? std::string_view(*release) : std::string_view();
    facts.name = unquoted(field_of(text, "NAME", '='));
    facts.version = unquoted(field_of(text, "VERSION", '='));
    if (facts.version.empty()) {
        facts.version = unquoted(field_of(text, "VERSION_ID", '='));
    }
    facts.id = unquoted(field_of(text, "ID", '='));
    // "Linux version 6.1.0-28-amd64 (debian-kernel@lists.debian.org) (gcc-12 …) #1 SMP …"
    const std::string version = root.line("/proc/version");
    constexpr std::string_view begin = "Linux version ";
    if (version.starts_with(begin)) {
        facts.kernel = version.substr(begin.size());
        facts.kernel = facts.kernel.substr(0, facts.kernel.find(' '));
    }
    facts.architecture = root.line("/proc/sys/kernel/arch");  // since Linux 6.1
    utsname own{};
    if (facts.architecture.empty() && ::uname(&own) == 0) {
        facts.architecture = own.machine;
    }
    return facts;
}

ProcessorFacts read_processors(const Root& root) {
    ProcessorFacts facts;
    const auto info = root.read("/proc/cpuinfo", cpuinfo_bytes);
    if (!info) {
        return facts;
    }
    std::set<std::string_view> sockets;
    std::set<std::pair<std::string_view, std::string_view>> cores;
    std::string_view socket;
    std::string_view rest = *info;
    while (!rest.empty()) {
        const std::string_view line = next_line(rest);
        const std::string_view name = trimmed(line.substr(0, line.find(':')));
        const std::string_view value = field_of(line, name);
        if (name == "processor") {
            ++facts.threads;
        } else if (name == "physical id") {
            sockets.insert(socket = value);
        } else if (name == "core id") {
            cores.emplace(socket, value);
        } else if (facts.model.empty() &&
                   (name == "model name" || name == "Model" || name == "cpu model")) {
            facts.model = printable(value, longest_value);
        }
    }
    facts.sockets = static_cast<std::uint32_t>(sockets.size());
    facts.cores = static_cast<std::uint32_t>(cores.size());
    return facts;
}

MemoryFacts read_memory(const Root& root) {
    const auto info = root.read("/proc/meminfo");
    if (!info) {
        return {};
    }
    return {
        .memory_bytes = kib_of(*info, "MemTotal"),
        .swap_bytes = kib_of(*info, "SwapTotal"),
    };
}

std::vector<DiskFacts> read_disks(const Root& root) {
    std::vector<DiskFacts> disks;
    const auto names = root.list("/sys/block");
    for (const std::string& name : names ? *names : std::vector<std::string>{}) {
        const std::string path = "/sys/block/" + name;
        if (is_left_out(name) || disks.size() >= most_disks) {
            continue;
        }
        DiskFacts disk;
        disk.name = name;
        disk.size_bytes = number_in(root.line(path + "/size")) * sector_bytes;
        if (disk.size_bytes == 0) {
            continue;
        }
        disk.manufacturer = first_of(root, {path + "/device/vendor"});
        if (disk.manufacturer.starts_with("0x")) {
            disk.manufacturer.clear();  // a virtio or PCI number
        }
        disk.model = first_of(root, {path + "/device/model", path + "/device/name"});
        disk.serial = first_of(root, {path + "/device/serial", path + "/serial"});
        disk.wwid = first_of(root, {path + "/device/wwid", path + "/wwid"});
        disk.is_rotational = root.line(path + "/queue/rotational") == "1";
        disks.push_back(std::move(disk));
    }
    return disks;
}

}  // namespace muster::agent
