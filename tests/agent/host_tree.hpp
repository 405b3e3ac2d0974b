// Owns: the files of a machine, for tests of discovery: written below a temporary folder.
#pragma once

#include "agent/discovery/root.hpp"
#include "tests/support/temp_dir.hpp"

#include <cstdint>
#include <string>

namespace muster::agent::test {

/// Begins empty. Paths are those of the machine.
class HostTree {
  public:
    Root root() const { return Root(dir_.path()); }

    const std::string& path() const { return dir_.path(); }

    void file(const std::string& path, const std::string& text);
    void link(const std::string& path, const std::string& target);
    /// A folder with nothing in it.
    void folder(const std::string& path);

    /// DMI as the kernel shows it.
    void dmi(const std::string& name, const std::string& value);
    /// A process that holds sockets, in a service of systemd's or none.
    void process(
        std::uint32_t pid,
        const std::string& executable,
        const std::string& cgroup,
        std::initializer_list<std::uint64_t> sockets
    );
    /// An Ethernet interface with a maker's address.
    void interface(const std::string& name, const std::string& mac);

  private:
    muster::test::TempDir dir_{"/dev/shm"};  // thousands of files
};

/// A virtual machine of KVM with ssh and nginx.
void make_vm(HostTree& tree);

/// A line of /proc/net/tcp: a socket that listens on 0.0.0.0.
std::string tcp_line(
    std::uint16_t port, std::uint64_t inode, const std::string& address = "00000000"
);

}  // namespace muster::agent::test
