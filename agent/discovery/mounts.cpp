#include "agent/discovery/mounts.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

namespace muster::agent {

namespace {

constexpr std::size_t longest = 4000;
constexpr std::size_t table_bytes = 2U << 20U;

/// "36 35 98:0 / /data rw,noatime shared:1 - xfs /dev/sdb1 rw": "/data xfs rw" (proc_pid_mountinfo(5)).
std::string mount_in(std::string_view line) {
    constexpr std::string_view kept[] = {"ext2",     "ext3",    "ext4",           "xfs",
                                         "btrfs",    "zfs",     "f2fs",           "jfs",
                                         "reiserfs", "vfat",    "exfat",          "ntfs3",
                                         "nfs",      "nfs4",    "cifs",           "smb3",
                                         "ceph",     "gfs2",    "ocfs2",          "glusterfs",
                                         "lustre",   "9p",      "virtiofs",       "bcachefs",
                                         "erofs",    "fuseblk", "fuse.glusterfs", "fuse.sshfs"};
    std::vector<std::string_view> words;
    while (!(line = trimmed(line)).empty()) {
        words.push_back(line.substr(0, line.find(' ')));
        line.remove_prefix(words.back().size());
    }
    const auto dash = std::ranges::find(words, "-");
    if (words.size() < 6 || std::distance(dash, words.end()) < 4) {
        return {};
    }
    const std::string_view type = dash[1];
    const std::string_view super = dash[3];
    if (std::ranges::find(kept, type) == std::end(kept)) {
        return {};
    }
    const bool is_read_only = words[5].starts_with("ro") || super.starts_with("ro");
    return printable(words[4]) + " " + std::string(type) + (is_read_only ? " ro" : " rw");
}

}  // namespace

std::string read_mounts(const Root& root, std::vector<std::string>& lacking) {
    const auto table = root.read("/proc/1/mountinfo", table_bytes);
    if (!table) {
        if (table.error().kind() != ErrorKind::not_found) {
            lacking.push_back("file systems: " + table.error().text());
        }
        return {};
    }
    std::set<std::string> mounts;
    for (std::string_view rest = *table; !rest.empty();) {
        if (std::string one = mount_in(next_line(rest)); !one.empty()) {
            mounts.insert(std::move(one));
        }
    }
    std::string all;
    for (const std::string& one : mounts) {
        if (all.size() + one.size() + 2 > longest) {
            break;
        }
        all += (all.empty() ? "" : ", ") + one;
    }
    return all;
}

}  // namespace muster::agent
