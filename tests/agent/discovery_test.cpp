#include "agent/discovery/items.hpp"
#include "agent/discovery/machine.hpp"
#include "host_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace muster::agent::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using wire::Observations;
using wire::ObservedItem;
using wire::ObservedKey;

constexpr WallTime noon = wall_from_ns(1'700'000'000'000'000'000);

Result<std::vector<InterfaceAddress>> addresses_of_vm() {
    return std::vector<InterfaceAddress>{
        {.interface = "lo", .address = "127.0.0.1", .prefix_length = 8, .scope = AddressScope::host
        },
        {.interface = "eth0", .address = "10.0.0.5", .prefix_length = 24},
        {.interface = "eth0", .address = "2001:db8::5", .prefix_length = 64},
        {.interface = "eth0", .address = "fe80::1", .prefix_length = 64, .scope = AddressScope::link
        }
    };
}

Observations all_of(const HostTree& tree) {
    Observations seen = observe_open(tree.root(), addresses_of_vm, noon);
    merge(seen, observe_privileged(tree.root(), noon));
    return seen;
}

const ObservedItem& item(const Observations& seen, const std::string& object) {
    static const ObservedItem none;
    const auto found = std::ranges::find(seen.items, object, &ObservedItem::object);
    EXPECT_NE(found, seen.items.end()) << object;
    return found == seen.items.end() ? none : *found;
}

std::vector<std::string> objects(const Observations& seen) {
    std::vector<std::string> names;
    for (const ObservedItem& one : seen.items) {
        names.push_back(one.object);
    }
    return names;
}

std::set<std::string> relations(const Observations& seen) {
    std::set<std::string> all;
    for (const wire::ObservedRelation& one : seen.relations) {
        all.insert(
            seen.items.at(one.from).object + " " + one.type + " " + seen.items.at(one.to).object
        );
    }
    return all;
}

TEST(Discovery, DescribesAVirtualMachine) {
    HostTree tree;
    make_vm(tree);
    const Observations seen = all_of(tree);
    EXPECT_THAT(seen.lacking, IsEmpty());
    EXPECT_TRUE(seen.full);
    const ObservedItem& host = item(seen, "host");
    EXPECT_EQ(host.ci_class, "server");
    EXPECT_EQ(host.observed, noon);
    EXPECT_EQ(
        host.attributes,
        (std::map<std::string, std::string>{
            {"name", "web1"},
            {"hostname", "web1"},
            {"fqdn", "web1.example.net"},
            {"machine_id", "3d1219c7c4c5404aaa1f6d2a48adfda4"},
            {"manufacturer", "QEMU"},
            {"model", "Standard PC (Q35 + ICH9, 2009)"},
            {"serial", "ds=nocloud-7781"},
            {"smbios_uuid", "4c4c4544-0051-3010-8052-b4c04f564e31"},
            {"virtualization", "qemu"},
            {"cpu_model", "Xeon"},
            {"cpu_count", "2"},
            {"cpu_cores", "2"},
            {"cpu_sockets", "1"},
            {"memory_bytes", "8589934592"},
            {"swap_bytes", "1048576"},
            {"file_systems", "/ ext4 rw, /data xfs ro"}
        })
    );
    EXPECT_THAT(
        host.keys,
        ElementsAre(
            ObservedKey{"vendor", "serial", "QEMU ds=nocloud-7781"},
            ObservedKey{"smbios", "uuid", "4c4c4544-0051-3010-8052-b4c04f564e31"}
        )
    );
    EXPECT_EQ(
        item(seen, "operating_system").attributes,
        (std::map<std::string, std::string>{
            {"name", "Debian GNU/Linux"},
            {"version", "12 (bookworm)"},
            {"distribution", "debian"},
            {"kernel", "6.1.0-28-amd64"},
            {"architecture", "x86_64"}
        })
    );
}

TEST(Discovery, NamesDisksInterfacesAndAddressesAndWhatBelongsToWhat) {
    HostTree tree;
    make_vm(tree);
    const Observations seen = all_of(tree);
    EXPECT_THAT(objects(seen), Not(Contains("disk/loop0")));
    EXPECT_THAT(objects(seen), Not(Contains("interface/bonding_masters")));
    const ObservedItem& disk = item(seen, "disk/vda");
    EXPECT_EQ(disk.attributes.at("size_bytes"), "21474836480");
    EXPECT_EQ(disk.attributes.at("rotational"), "true");
    EXPECT_THAT(disk.keys, IsEmpty()) << "anybody may give a virtual disk any number";
    const ObservedItem& interface = item(seen, "interface/eth0");
    EXPECT_EQ(
        interface.attributes,
        (std::map<std::string, std::string>{
            {"name", "eth0"},
            {"mac", "00:16:3e:12:34:56"},
            {"permanent_mac", "00:16:3e:12:34:56"},
            {"mtu", "1500"},
            {"speed_bps", "10000000000"},
            {"type", "ethernet"},
            {"oper_state", "up"},
            {"local_addresses", "fe80::1/64"}
        })
    );
    EXPECT_THAT(interface.keys, ElementsAre(ObservedKey{"parent", "mac", "00:16:3e:12:34:56"}));
    const ObservedItem& loopback = item(seen, "interface/lo");
    EXPECT_THAT(loopback.keys, IsEmpty());
    EXPECT_EQ(loopback.attributes.at("local_addresses"), "127.0.0.1/8");
    EXPECT_THAT(objects(seen), Not(Contains("address/127.0.0.1")));
    EXPECT_EQ(item(seen, "address/2001:db8::5").attributes.at("family"), "ipv6");
    const auto related = relations(seen);
    for (const char* expected :
         {"operating_system runs_on host",
          "host contains disk/vda",
          "host contains interface/eth0",
          "host contains interface/lo",
          "interface/eth0 has_address address/10.0.0.5",
          "interface/eth0 has_address address/2001:db8::5"}) {
        EXPECT_THAT(related, Contains(expected));
    }
}

TEST(Discovery, FindsWhatListensAndWhichServiceItIs) {
    HostTree tree;
    make_vm(tree);
    const Observations seen = all_of(tree);
    EXPECT_EQ(
        item(seen, "service/nginx.service").attributes,
        (std::map<std::string, std::string>{
            {"name", "nginx.service"},
            {"unit", "nginx.service"},
            {"executable", "/usr/sbin/nginx"},
            {"argument0", "/usr/sbin/nginx"},
            {"user", "www-data"}
        })
    );
    EXPECT_EQ(
        item(seen, "endpoint/tcp/127.0.0.1:5432").attributes,
        (std::map<std::string, std::string>{
            {"name", "tcp/127.0.0.1:5432"},
            {"protocol", "tcp"},
            {"port", "5432"},
            {"listen_address", "127.0.0.1"},
            {"reachable", "loopback"}
        })
    );
    EXPECT_EQ(item(seen, "endpoint/tcp/[::]:80").attributes.at("reachable"), "network");
    EXPECT_THAT(objects(seen), Not(Contains("endpoint/udp/0.0.0.0:54321")))
        << "a question under way";
    const auto related = relations(seen);
    for (const char* expected :
         {"service/ssh.service provides endpoint/tcp/0.0.0.0:22",
          "service/nginx.service provides endpoint/tcp/0.0.0.0:80",
          "service/nginx.service provides endpoint/tcp/[::]:80",
          "service/nginx.service runs_on host",
          "service//opt/db/bin/postgres provides endpoint/tcp/127.0.0.1:5432",
          "service//usr/lib/systemd/systemd provides endpoint/udp/0.0.0.0:68"}) {
        EXPECT_THAT(related, Contains(expected));
    }
    EXPECT_THAT(
        related, Not(Contains("service//usr/lib/systemd/systemd provides endpoint/tcp/0.0.0.0:22"))
    ) << "systemd keeps the sockets it hands out";
}

TEST(Discovery, SendsNoPlaceholderOfAPhysicalBox) {
    HostTree tree;
    make_vm(tree);
    tree.dmi("sys_vendor", "To be filled by O.E.M.");
    tree.dmi("product_name", "System Product Name");
    tree.dmi("product_serial", "To be filled by O.E.M.");
    tree.dmi("product_uuid", "03000200-0400-0500-0006-000700080009");
    tree.dmi("chassis_asset_tag", "Default string");
    tree.dmi("board_vendor", "ASUSTeK COMPUTER INC.");
    tree.dmi("board_name", "PRIME B450M-A");
    tree.file("/proc/cpuinfo", "processor\t: 0\nflags\t: fpu vme\n");
    tree.file("/sys/block/vda/device/model", "WDC WD40\n");
    tree.file("/sys/block/vda/serial", "WD-1234\n");
    const Observations seen = all_of(tree);
    const ObservedItem& host = item(seen, "host");
    EXPECT_THAT(host.keys, IsEmpty());
    EXPECT_EQ(host.attributes.at("manufacturer"), "ASUSTeK COMPUTER INC.");
    EXPECT_EQ(host.attributes.at("model"), "PRIME B450M-A");
    EXPECT_EQ(host.attributes.at("virtualization"), "none");
    for (const char* absent : {"serial", "smbios_uuid", "asset_number"}) {
        EXPECT_EQ(host.attributes.count(absent), 0U) << absent;
    }
    EXPECT_THAT(
        item(seen, "disk/vda").keys,
        ElementsAre(ObservedKey{"vendor", "serial", "WDC WD40 WD-1234"})
    );
}

TEST(Discovery, KnowsUuidsThatAreNobodys) {
    EXPECT_FALSE(is_real_uuid("00000000-0000-0000-0000-000000000000"));
    EXPECT_FALSE(is_real_uuid("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"));
    EXPECT_FALSE(is_real_uuid("Not Settable"));
    EXPECT_TRUE(is_real_uuid("4C4C4544-0051-3010-8052-B4C04F564E31"));
}

TEST(Discovery, DoesNotReportTheHostOfAContainerAsTheContainer) {
    HostTree tree;
    make_vm(tree);
    tree.file("/run/systemd/container", "docker\n");
    const Observations seen = all_of(tree);
    const ObservedItem& host = item(seen, "host");
    EXPECT_THAT(host.keys, IsEmpty());
    EXPECT_EQ(host.attributes.at("virtualization"), "docker");
    EXPECT_EQ(host.attributes.count("serial") + host.attributes.count("manufacturer"), 0U);
    EXPECT_THAT(objects(seen), Not(Contains("disk/vda")));
}

TEST(Discovery, DescribesAMachineThatShowsNothing) {
    const HostTree tree;
    Observations seen =
        observe_open(tree.root(), [] { return std::vector<InterfaceAddress>{}; }, noon);
    merge(seen, observe_privileged(tree.root(), noon));
    EXPECT_THAT(objects(seen), ElementsAre("host", "operating_system"));
    EXPECT_THAT(item(seen, "host").attributes, IsEmpty());
    EXPECT_THAT(seen.lacking, IsEmpty()) << "what is not there is not lacking";
}

TEST(Discovery, SurvivesGarbledFiles) {
    HostTree tree;
    make_vm(tree);
    const std::string noise = std::string("\xff\xfe\0:\n\n::=\t\"", 11) + std::string(3000, 'x');
    for (const char* path :
         {"/proc/cpuinfo",
          "/proc/meminfo",
          "/etc/os-release",
          "/etc/hosts",
          "/proc/net/tcp",
          "/proc/net/udp",
          "/proc/1/mountinfo",
          "/proc/400/cgroup",
          "/proc/500/cmdline",
          "/etc/passwd",
          "/sys/block/vda/size",
          "/sys/class/net/eth0/mtu",
          "/etc/machine-id",
          "/sys/class/dmi/id/product_uuid",
          "/sys/class/dmi/id/product_serial",
          "/proc/sys/net/ipv4/ip_local_port_range",
          "/proc/sys/kernel/hostname"}) {
        tree.file(path, noise);
    }
    tree.folder("/proc/4294967296");
    tree.folder("/proc/700/fd/strange");
    tree.link("/proc/701/fd/1", "socket:[99999999999999999999999]");
    tree.link("/sys/class/net/loops", "loops");
    const Observations seen = all_of(tree);
    const auto back = wire::decode_observations(wire::encode_observations(seen));
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_THAT(item(seen, "host").keys, ElementsAre(testing::Field(&ObservedKey::kind, "serial")));
    EXPECT_EQ(item(seen, "host").attributes.count("machine_id"), 0U);
    EXPECT_THAT(objects(seen), Contains("endpoint/tcp/[::]:80"));
}

TEST(Discovery, SaysWhatItMayNotRead) {
    HostTree tree;
    make_vm(tree);
    // A folder in place of a file: even root cannot read it.
    const std::string uuid = tree.path() + "/sys/class/dmi/id/product_uuid";
    ASSERT_EQ(::unlink(uuid.c_str()), 0);
    tree.folder("/sys/class/dmi/id/product_uuid");
    const Observations seen = all_of(tree);
    EXPECT_THAT(
        seen.lacking, ElementsAre(HasSubstr("SMBIOS UUID: /sys/class/dmi/id/product_uuid"))
    );
    const auto without = observe_open(
        tree.root(), [] { return failure(ErrorKind::refused, "no AF_NETLINK"); }, noon
    );
    EXPECT_THAT(without.lacking, ElementsAre("addresses: no AF_NETLINK"));
}

TEST(Discovery, LeavesOutLegsOfContainersButNotInterfacesOfOurOwn) {
    HostTree tree;
    const auto leg = [&tree](const std::string& name) {
        tree.interface(name, "4a:00:00:00:00:01");
        ASSERT_EQ(::rmdir((tree.path() + "/sys/class/net/" + name + "/device").c_str()), 0);
        tree.file("/sys/class/net/" + name + "/iflink", "77\n");
    };
    leg("veth0a1b");
    leg("eth0");
    tree.interface("bond0", "00:16:3e:00:00:01");
    tree.file("/sys/class/net/bond0/uevent", "DEVTYPE=bond\n");
    tree.interface("ens1", "00:16:3e:00:00:01");
    tree.file("/sys/class/net/ens1/bonding_slave/perm_hwaddr", "00:16:3e:00:00:02\n");
    tree.link("/sys/class/net/ens1/master", "../bond0");
    const auto interfaces =
        read_interfaces(tree.root(), {{.interface = "eth0", .address = "172.17.0.2"}});
    std::vector<std::string> names;
    for (const InterfaceFacts& one : interfaces) {
        names.push_back(one.name);
    }
    ASSERT_THAT(names, ElementsAre("bond0", "ens1", "eth0"));
    EXPECT_EQ(interfaces[0].type, "bond");
    EXPECT_EQ(interfaces[1].permanent_mac, "00:16:3e:00:00:02");
    EXPECT_EQ(interfaces[1].master, "bond0");
    EXPECT_EQ(interfaces[2].permanent_mac, "");
}

TEST(Merging, UnitesItemsByNameAndFollowsTheirRelations) {
    Observations base;
    base.items = {
        {.object = "host",
         .ci_class = "server",
         .keys = {},
         .attributes = {{"name", "a"}, {"x", "1"}}}
    };
    base.lacking = {"same"};
    Observations more;
    more.items = {
        {.object = "service/x", .ci_class = "software_instance", .keys = {}, .attributes = {}},
        {.object = "host",
         .ci_class = "server",
         .keys = {{"vendor", "serial", "1"}},
         .attributes = {{"x", "2"}}}
    };
    more.relations = {{.from = 0, .to = 1, .type = "runs_on"}};
    more.lacking = {"same", "other"};
    merge(base, more);
    merge(base, more);
    EXPECT_THAT(objects(base), ElementsAre("host", "service/x"));
    EXPECT_EQ(base.items[0].attributes.at("x"), "2");
    EXPECT_EQ(base.items[0].attributes.at("name"), "a");
    EXPECT_EQ(base.items[0].keys.size(), 1U);
    EXPECT_THAT(relations(base), ElementsAre("service/x runs_on host"));
    EXPECT_EQ(base.relations.size(), 1U);
    EXPECT_THAT(base.lacking, ElementsAre("same", "other"));
}

TEST(Discovery, SaysWhoSawIt) {
    Observations seen;
    seen.items = {
        {.object = "host", .ci_class = "server", .keys = {}, .attributes = {{"hostname", "web1"}}}
    };
    const AgentId agent(Uuid::named("agent"));
    add_observer(seen, {.agent = agent, .version = "1.2"}, noon);
    EXPECT_THAT(seen.items[0].keys, ElementsAre(ObservedKey{"agent", "machine_key", agent.text()}));
    EXPECT_THAT(
        item(seen, "agent").keys, ElementsAre(ObservedKey{"agent", "agent_id", agent.text()})
    );
    EXPECT_EQ(item(seen, "agent").attributes.at("version"), "1.2");
    EXPECT_EQ(item(seen, "agent").attributes.at("hostname"), "web1");
    EXPECT_THAT(relations(seen), ElementsAre("agent runs_on host"));
}

TEST(Discovery, SeesTheMachineItRunsOn) {
    const Root root("/");
    Observations seen = observe_open(root, system_addresses, noon);
    merge(seen, observe_privileged(root, noon));
    const ObservedItem& host = item(seen, "host");
    EXPECT_GT(std::stoull(host.attributes.at("memory_bytes")), 100'000'000U);
    EXPECT_GE(std::stoul(host.attributes.at("cpu_count")), 1U);
    EXPECT_FALSE(host.attributes.at("hostname").empty());
    EXPECT_THAT(
        item(seen, "interface/lo").attributes.at("local_addresses"), HasSubstr("127.0.0.1/8")
    );
    EXPECT_FALSE(item(seen, "operating_system").attributes.at("kernel").empty());
    const auto back = wire::decode_observations(wire::encode_observations(seen));
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(*back, seen) << "nothing we say is changed on the way";
}

}  // namespace
}  // namespace muster::agent::test
