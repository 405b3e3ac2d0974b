// What listens, and whose it is.
#include "agent/discovery/items.hpp"
#include "agent/discovery/processes.hpp"
#include "agent/discovery/sockets.hpp"
#include "host_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace muster::agent::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;
using wire::Observations;
using wire::ObservedItem;

constexpr WallTime noon = wall_from_ns(1'700'000'000'000'000'000);

TEST(Listeners, AreReadFromTheKernelsTables) {
    EXPECT_THAT(parse_listeners("", "tcp"), IsEmpty());
    const auto six = parse_listeners(
        tcp_line(443, 7, "0000000000000000FFFF00000100007F") +
            tcp_line(8443, 8, "B80D0120000000000000000005000000"),
        "tcp"
    );
    ASSERT_EQ(six.size(), 2U);
    EXPECT_EQ(six[0].address, "127.0.0.1") << "an IPv4 address of an IPv6 socket";
    EXPECT_EQ(six[0].reach, AddressScope::host);
    EXPECT_EQ(six[1].address, "2001:db8::5");
    EXPECT_EQ(six[1].port, 8443);
    EXPECT_EQ(six[1].inodes, std::vector<std::uint64_t>{8});
    EXPECT_THAT(parse_listeners(tcp_line(1, 1, "0100"), "tcp"), IsEmpty());
    EXPECT_THAT(parse_listeners(tcp_line(1, 1, "zzzzzzzz"), "tcp"), IsEmpty());
}

TEST(Listeners, TenThousandAreTheMost) {
    HostTree tree;
    make_vm(tree);
    std::string table = "  sl\n";
    for (std::uint32_t at = 0; at < 10'500; ++at) {
        table += tcp_line(static_cast<std::uint16_t>(1000 + at), 100'000 + at);
        table += tcp_line(static_cast<std::uint16_t>(1000 + at), 200'000 + at);  // SO_REUSEPORT
    }
    tree.file("/proc/net/tcp", table);
    const Observations seen = observe_privileged(tree.root(), noon);
    const auto endpoints =
        std::ranges::count(seen.items, "application_endpoint", &ObservedItem::ci_class);
    EXPECT_EQ(endpoints, 10'000);
    EXPECT_THAT(seen.lacking, Contains(HasSubstr("listening sockets: all but 10000")));
    EXPECT_TRUE(wire::decode_observations(wire::encode_observations(seen)));
}

TEST(Processes, BelongToTheServiceTheirControlGroupNames) {
    EXPECT_EQ(unit_in("0::/system.slice/nginx.service\n"), "nginx.service");
    EXPECT_EQ(unit_in("12:pids:/x\n1:name=systemd:/system.slice/ssh.service\n"), "ssh.service");
    EXPECT_EQ(
        unit_in("0::/system.slice/system-getty.slice/getty@tty1.service\n"), "getty@tty1.service"
    );
    EXPECT_EQ(
        unit_in("0::/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service\n"),
        "user@1000.service/sync.service"
    );
    EXPECT_EQ(
        unit_in("0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope\n"), ""
    );
    EXPECT_EQ(unit_in("0::/user.slice/user-1000.slice/session-3.scope\n"), "");
    EXPECT_EQ(unit_in("0::/system.slice/docker.service/child\n"), "docker.service");
    const std::string id(64, 'a');
    EXPECT_EQ(container_in("0::/system.slice/docker-" + id + ".scope\n"), "aaaaaaaaaaaa");
    EXPECT_EQ(container_in("5:cpu:/docker/" + id + "\n"), "aaaaaaaaaaaa");
    EXPECT_EQ(container_in("0::/system.slice/nginx.service\n"), "");
}

TEST(Processes, AreNamedByWhatAnInterpreterRunsAndNotByItsSecrets) {
    HostTree tree;
    tree.process(10, "/usr/bin/python3.11", "/", {5});
    tree.file(
        "/proc/10/cmdline", std::string("python3\0-u\0--password=secret\0/opt/app/serve.py\0", 48)
    );
    std::vector<std::string> lacking;
    const std::vector<std::uint64_t> wanted{5, 6};
    const Holders found = find_holders(tree.root(), wanted, lacking);
    ASSERT_EQ(found.processes.size(), 1U);
    EXPECT_EQ(found.processes[0].name(), "/usr/bin/python3.11 /opt/app/serve.py");
    EXPECT_EQ(found.processes[0].user, "33");
    EXPECT_THAT(found.of, UnorderedElementsAre(Pair(5U, 0U)));
    EXPECT_THAT(lacking, IsEmpty()) << "a socket of the kernel's is nobody's";
}

TEST(Processes, AreLookedIntoOnlySoFar) {
    HostTree tree;
    for (std::uint32_t pid = 2; pid < 40; ++pid) {
        tree.process(pid, "/bin/x", "/", {pid});
    }
    std::vector<std::string> lacking;
    const std::vector<std::uint64_t> wanted{39};
    EXPECT_THAT(find_holders(tree.root(), wanted, lacking, {.descriptors = 10}).of, IsEmpty());
    EXPECT_THAT(find_holders(tree.root(), wanted, lacking, {.processes = 5}).of, IsEmpty());
    EXPECT_EQ(find_holders(tree.root(), wanted, lacking).of.size(), 1U);
}

}  // namespace
}  // namespace muster::agent::test
