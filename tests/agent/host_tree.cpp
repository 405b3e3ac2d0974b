#include "host_tree.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace muster::agent::test {

namespace {

namespace fs = std::filesystem;

}  // namespace

void HostTree::file(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(dir_.path() + path).parent_path());
    std::ofstream(dir_.path() + path, std::ios::binary) << text;
}

void HostTree::link(const std::string& path, const std::string& target) {
    fs::create_directories(fs::path(dir_.path() + path).parent_path());
    fs::create_symlink(target, dir_.path() + path);
}

void HostTree::folder(const std::string& path) {
    fs::create_directories(dir_.path() + path);
}

void HostTree::dmi(const std::string& name, const std::string& value) {
    file("/sys/class/dmi/id/" + name, value + "\n");
}

void HostTree::process(
    std::uint32_t pid,
    const std::string& executable,
    const std::string& cgroup,
    std::initializer_list<std::uint64_t> sockets
) {
    const std::string at = "/proc/" + std::to_string(pid);
    file(at + "/cgroup", "0::" + cgroup + "\n");
    file(at + "/cmdline", executable + std::string("\0-D\0", 4));
    file(at + "/status", "Name:\tx\nUid:\t33\t33\t33\t33\n");
    link(at + "/exe", executable);
    link(at + "/fd/0", "/dev/null");
    int number = 3;
    for (const std::uint64_t inode : sockets) {
        link(at + "/fd/" + std::to_string(number++), fmt::format("socket:[{}]", inode));
    }
}

void HostTree::interface(const std::string& name, const std::string& mac) {
    const std::string at = "/sys/class/net/" + name;
    file(at + "/type", "1\n");
    file(at + "/address", mac + "\n");
    file(at + "/addr_assign_type", "0\n");
    file(at + "/mtu", "1500\n");
    file(at + "/speed", "10000\n");
    file(at + "/operstate", "up\n");
    file(at + "/ifindex", "2\n");
    file(at + "/iflink", "2\n");
    file(at + "/uevent", "INTERFACE=" + name + "\nIFINDEX=2\n");
    folder(at + "/device");
}

std::string tcp_line(std::uint16_t port, std::uint64_t inode, const std::string& address) {
    const std::string peer = std::string(address.size(), '0') + ":0000";
    return fmt::format(
        "   0: {}:{:04X} {} 0A 00000000:00000000 00:00000000 00000000     0        0 {} 1 "
        "000000009f246e8c 100 0 0 10 0\n",
        address,
        port,
        peer,
        inode
    );
}

void make_vm(HostTree& tree) {
    tree.file("/proc/sys/kernel/hostname", "web1\n");
    tree.file("/etc/hosts", "127.0.0.1 localhost\n10.0.0.5\tweb1.example.net  web1 # us\n");
    tree.file("/etc/machine-id", "3d1219c7c4c5404aaa1f6d2a48adfda4\n");
    tree.file(
        "/etc/os-release", "NAME=\"Debian GNU/Linux\"\nVERSION=\"12 (bookworm)\"\nID=debian\n"
    );
    tree.file("/proc/version", "Linux version 6.1.0-28-amd64 (x@y) (gcc-12) #1 SMP\n");
    tree.file("/proc/sys/kernel/arch", "x86_64\n");
    tree.file(
        "/proc/cpuinfo",
        "processor\t: 0\nmodel name\t: Xeon\nphysical id\t: 0\ncore id\t: 0\nflags\t: fpu "
        "hypervisor\n\n"
        "processor\t: 1\nmodel name\t: Xeon\nphysical id\t: 0\ncore id\t: 1\nflags\t: fpu "
        "hypervisor\n"
    );
    tree.file("/proc/meminfo", "MemTotal:        8388608 kB\nMemFree: 1 kB\nSwapTotal: 1024 kB\n");
    tree.dmi("sys_vendor", "QEMU");
    tree.dmi("product_name", "Standard PC (Q35 + ICH9, 2009)");
    tree.dmi("product_serial", "ds=nocloud-7781");
    tree.dmi("product_uuid", "4C4C4544-0051-3010-8052-B4C04F564E31");
    tree.file("/sys/block/vda/size", "41943040\n");
    tree.file("/sys/block/vda/queue/rotational", "1\n");
    tree.file("/sys/block/vda/serial", "root\n");
    tree.file("/sys/block/loop0/size", "8\n");
    tree.interface("eth0", "00:16:3e:12:34:56");
    tree.file("/sys/class/net/lo/type", "772\n");
    tree.file("/sys/class/net/lo/address", "00:00:00:00:00:00\n");
    tree.file("/sys/class/net/bonding_masters", "\n");
    tree.file("/etc/passwd", "root:x:0:0::/:/bin/sh\nwww-data:x:33:33::/:/bin/sh\n");
    tree.file("/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
    tree.file(
        "/proc/net/tcp",
        "  sl  local_address rem_address   st …\n" + tcp_line(22, 100) + tcp_line(80, 101) +
            tcp_line(5432, 102, "0100007F") +
            "   3: 0500000A:0016 0600000A:C350 01 00000000:00000000 00:00000000 00000000 0 0 999 "
            "1\n"
    );
    tree.file("/proc/net/tcp6", "  sl\n" + tcp_line(80, 103, "00000000000000000000000000000000"));
    tree.file(
        "/proc/net/udp",
        "  sl\n   1: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 104 "
        "2\n"
        "   2: 00000000:D431 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 105 2\n"
    );
    tree.process(1, "/usr/lib/systemd/systemd", "/init.scope", {100, 104});
    tree.process(400, "/usr/sbin/sshd", "/system.slice/ssh.service", {100});
    tree.process(500, "/usr/sbin/nginx", "/system.slice/nginx.service", {101, 103});
    tree.process(501, "/usr/sbin/nginx", "/system.slice/nginx.service", {101, 103});
    tree.process(
        600, "/opt/db/bin/postgres (deleted)", "/user.slice/user-1000.slice/session-3.scope", {102}
    );
    tree.file(
        "/proc/1/mountinfo",
        "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
        "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n"
        "30 27 8:1 / /data ro,noatime - xfs /dev/vdb1 rw\n"
    );
}

}  // namespace muster::agent::test
