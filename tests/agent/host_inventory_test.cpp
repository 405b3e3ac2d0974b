#include "agent/discovery/host_inventory.hpp"

#include "agent/discovery/helper.hpp"
#include "agent/inventory.hpp"
#include "agent/inventory_text.hpp"
#include "base/bytes.hpp"
#include "base/random.hpp"
#include "host_tree.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/process.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace muster::agent::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr WallTime noon = wall_from_ns(1'700'000'000'000'000'000);

/// What systemd does for a socket with Accept=yes: each connection becomes standard input and output of what is started.
class HelperSocket {
  public:
    using Answer = std::function<void(int connection)>;

    explicit HelperSocket(Answer answer) : answer_(std::move(answer)) {
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path().c_str(), path().size());
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(listener_, 4), 0);
        thread_ = std::jthread([this] {
            for (;;) {
                const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
                if (connection < 0) {
                    return;
                }
                answer_(connection);
                ::close(connection);
            }
        });
    }

    ~HelperSocket() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }

    HelperSocket(const HelperSocket&) = delete;
    HelperSocket& operator=(const HelperSocket&) = delete;

    std::string path() const { return dir_ / "helper.sock"; }

  private:
    muster::test::TempDir dir_;
    Answer answer_;
    int listener_ = -1;
    std::jthread thread_;
};

/// Runs the real program with the connection as its standard output.
HelperSocket::Answer real_helper(const std::string& root) {
    return [root](int connection) {
        const std::string program = muster::test::program("muster-inventory");
        posix_spawn_file_actions_t actions{};
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, connection, STDOUT_FILENO);
        std::string option = "--root";
        std::string folder = root;
        std::string name = program;
        char* arguments[] = {name.data(), option.data(), folder.data(), nullptr};
        pid_t pid = 0;
        EXPECT_EQ(::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments, environ), 0);
        ::posix_spawn_file_actions_destroy(&actions);
        int status = 0;
        EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    };
}

HelperSocket::Answer says(std::string bytes) {
    return [bytes = std::move(bytes)](int connection) {
        EXPECT_EQ(
            ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size())
        );
    };
}

std::string why(const std::string& path, Duration patience = 5s) {
    const auto told = ask_helper(path, Deadline::in(patience));
    return told ? "it was believed" : told.error().text();
}

TEST(Helper, TellsWhatNeedsRightsOverARealSocket) {
    HostTree tree;
    make_vm(tree);
    const HelperSocket helper(real_helper(tree.path()));
    for (int round = 0; round < 2; ++round) {
        const auto told = ask_helper(helper.path(), Deadline::in(10s));
        ASSERT_TRUE(told) << told.error().text();
        EXPECT_EQ(told->items.at(0).attributes.at("serial"), "ds=nocloud-7781");
        EXPECT_EQ(told->items.at(1).object, "service/ssh.service");
    }
}

TEST(Helper, ThatSaysSomethingElseIsNotBelieved) {
    EXPECT_THAT(why("/nowhere/helper.sock"), HasSubstr("muster-inventory is not there"));
    {
        const HelperSocket silent(says(""));
        EXPECT_THAT(why(silent.path()), HasSubstr("muster-inventory hung up"));
    }
    std::string announced;
    put_u32(announced, helper_bytes + 1);
    {
        const HelperSocket large(says(announced));
        EXPECT_THAT(why(large.path()), HasSubstr("announces too many bytes"));
    }
    std::string garbage;
    put_u32(garbage, 3);
    const HelperSocket wrong(says(garbage + "\x1a\x05x"));
    EXPECT_THAT(why(wrong.path()), HasSubstr("observations"));
}

TEST(Helper, ThatDoesNotAnswerIsNotWaitedForWithoutEnd) {
    std::atomic<bool> is_over = false;
    const HelperSocket slow([&is_over](int) {
        EXPECT_TRUE(muster::test::eventually(30s, [&] { return is_over.load(); }));
    });
    EXPECT_THAT(why(slow.path(), 50ms), HasSubstr("did not answer in time"));
    is_over = true;
}

TEST(Helper, RefusesToTellMoreThanItMay) {
    wire::Observations seen;
    for (int at = 0; at < 2000; ++at) {
        seen.lacking.emplace_back(4000, 'x');
    }
    EXPECT_THAT(frame_for_agent(seen).error().text(), HasSubstr("at most 4194304 are told"));
}

HostInventoryOptions options_of(const HostTree& tree, const std::string& helper) {
    HostInventoryOptions options;
    options.root = tree.path();
    options.helper = helper;
    options.addresses = [] { return std::vector<InterfaceAddress>{}; };
    options.observer = {.agent = AgentId(Uuid::named("agent")), .version = "1"};
    return options;
}

std::vector<std::string> objects(const wire::Observations& seen) {
    std::vector<std::string> names;
    for (const wire::ObservedItem& one : seen.items) {
        names.push_back(one.object);
    }
    return names;
}

TEST(HostInventory, IsWholeWithTheHelpersPart) {
    HostTree ours;  // where nothing may be seen but the host's name
    ours.file("/proc/sys/kernel/hostname", "web1\n");
    HostTree theirs;
    make_vm(theirs);
    const HelperSocket helper(real_helper(theirs.path()));
    const HostInventory inventory = look_at_host(options_of(ours, helper.path()), noon);
    EXPECT_EQ(inventory.helper, HelperAnswer::told);
    EXPECT_TRUE(inventory.seen.full);
    EXPECT_THAT(inventory.seen.lacking, IsEmpty());
    EXPECT_THAT(objects(inventory.seen), Contains("service/nginx.service"));
    EXPECT_EQ(inventory.seen.items[0].keys.size(), 3U) << "agent, serial number, UUID";
}

TEST(HostInventory, SaysWhatItLacksWithoutTheHelper) {
    HostTree tree;
    make_vm(tree);
    const HostInventory absent = look_at_host(options_of(tree, "/nowhere/helper.sock"), noon);
    EXPECT_EQ(absent.helper, HelperAnswer::absent);
    EXPECT_TRUE(absent.seen.full) << "this is all there will ever be";
    EXPECT_THAT(
        absent.seen.lacking,
        ElementsAre("what needs rights: /nowhere/helper.sock: muster-inventory is not there")
    );
    EXPECT_THAT(objects(absent.seen), Contains("service/nginx.service")) << "its own eyes";

    const HelperSocket broken(says(""));
    const HostInventory failed = look_at_host(options_of(tree, broken.path()), noon);
    EXPECT_EQ(failed.helper, HelperAnswer::failed);
    EXPECT_FALSE(failed.seen.full) << "what it knows is not gone";

    EXPECT_THAT(look_at_host(options_of(tree, ""), noon).seen.lacking, IsEmpty());
}

TEST(HostInventory, IsSentWhenItHasChangedAndOnceADay) {
    HostTree tree;
    make_vm(tree);
    InventoryPace pace;
    MonoTime now{1000s};
    const auto is_sent = [&](WallTime wall) {
        HostInventory inventory = look_at_host(options_of(tree, ""), wall);
        inventory.seen.run = std::to_string(to_ns(wall));
        return pace.take(inventory, now);
    };
    EXPECT_TRUE(is_sent(noon));
    now += 1h;
    EXPECT_FALSE(is_sent(noon + 1h)) << "the time and the run's name are no change";
    now += 1h;
    tree.file("/proc/meminfo", "MemTotal: 16777216 kB\n");
    EXPECT_TRUE(is_sent(noon + 2h));
    now += 23h;
    EXPECT_FALSE(is_sent(noon + 25h));
    now += 1h;
    EXPECT_TRUE(is_sent(noon + 26h));
    EXPECT_FALSE(is_sent(noon + 26h));
}

TEST(HostInventory, IsAPartOnceTheHelperHasToldAndNoLongerDoes) {
    HostTree tree;
    make_vm(tree);
    InventoryPace pace;
    HostInventory with{.seen = {}, .helper = HelperAnswer::told};
    with.seen.full = true;
    EXPECT_TRUE(pace.take(with, MonoTime{1s}));
    EXPECT_TRUE(with.seen.full);
    HostInventory without{.seen = {}, .helper = HelperAnswer::absent};
    without.seen.full = true;
    EXPECT_TRUE(pace.take(without, MonoTime{2s}));
    EXPECT_FALSE(without.seen.full);
}

TEST(HostInventory, IsARecordThatFitsAFrame) {
    wire::Observations seen;
    seen.full = true;
    SeededRandom random(1);
    std::string noise(1500, '\0');
    for (int at = 0; at < 2000; ++at) {
        random.fill(std::as_writable_bytes(std::span(noise)));
        seen.items.push_back(
            {.object = std::to_string(at),
             .ci_class = "disk",
             .keys = {},
             .attributes = {{"x", to_hex(noise)}}}
        );
        seen.relations.push_back(
            {.from = 0, .to = static_cast<std::uint32_t>(at), .type = "contains"}
        );
    }
    const wire::Record record = inventory_record(seen, noon, MonoTime{1s});
    EXPECT_EQ(record.kind, wire::RecordKind::observations);
    EXPECT_EQ(record.drop_class, wire::DropClass::state);
    EXPECT_LE(record.payload.size(), 900U << 10U);
    std::string raw;
    ASSERT_TRUE(wire::open_payload(record, raw));
    const auto back = wire::decode_observations(raw);
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(record.count, 0U) << "none of it is a result";
    EXPECT_GT(back->items.size(), 1U);
    EXPECT_FALSE(back->full);
    EXPECT_THAT(back->lacking, Contains(HasSubstr("they do not fit one message")));
}

TEST(HostInventory, IsReadByPeopleAndByScripts) {
    HostTree tree;
    make_vm(tree);
    const wire::Observations seen = look_at_host(options_of(tree, "/nowhere"), noon).seen;
    const std::string table = inventory_table(seen);
    EXPECT_THAT(table, HasSubstr("service/ssh.service  (software_instance)\n"));
    EXPECT_THAT(table, HasSubstr("    provides          endpoint/tcp/0.0.0.0:22\n"));
    EXPECT_THAT(table, HasSubstr("    key smbios/uuid   4c4c4544-0051-3010-8052-b4c04f564e31\n"));
    EXPECT_THAT(table, HasSubstr("lacking: what needs rights: /nowhere"));
    const auto json = boost::json::parse(inventory_json(seen)).as_object();
    EXPECT_EQ(json.at("items").as_array().size(), seen.items.size());
    EXPECT_EQ(json.at("items").at(0).at("object"), "host");
    EXPECT_EQ(json.at("relations").at(0).at("type"), "runs_on");
    EXPECT_EQ(json.at("lacking").as_array().size(), 1U);
}

TEST(HostInventory, OfTwoThousandProcessesIsQuick) {
    HostTree tree;
    make_vm(tree);
    std::string table = "  sl\n";
    for (std::uint32_t at = 0; at < 2000; ++at) {
        tree.process(
            10'000 + at,
            "/usr/bin/x",
            fmt::format("/system.slice/x{}.service", at % 50),
            {at + 1000, at + 20'000, at + 30'000, at + 40'000, at + 50'000}
        );
    }
    for (std::uint32_t at = 0; at < 60; ++at) {
        table += tcp_line(static_cast<std::uint16_t>(1000 + at), 1000 + 33 * at);
    }
    // Nobody's: all descriptors are looked at.
    table += tcp_line(900, 999'999);
    tree.file("/proc/net/tcp", table);
    const auto begin = std::chrono::steady_clock::now();
    const HostInventory inventory = look_at_host(options_of(tree, ""), noon);
    const auto took = std::chrono::steady_clock::now() - begin;
    RecordProperty(
        "ms", static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count())
    );
    EXPECT_EQ(
        std::ranges::count(
            inventory.seen.items, "software_instance", &wire::ObservedItem::ci_class
        ),
        52
    );
    EXPECT_LT(took, 5s) << "some 0.1 s of processor time";
}

/// Runs the loop until `is_so`, at most 30 s.
template <class Predicate>
bool runs_until(asio::io_context& loop, Predicate is_so) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!is_so() && std::chrono::steady_clock::now() < end) {
        loop.restart();
        loop.run_for(10ms);
    }
    return is_so();
}

TEST(Inventory, LooksBesideTheLoopAgainAndAgainAndHandsOverWhatChanged) {
    HostTree tree;
    make_vm(tree);
    asio::io_context loop(1);
    const SystemClock clock;
    SeededRandom random(1);
    std::vector<wire::Record> records;
    Inventory inventory(
        loop,
        clock,
        random,
        {.host = options_of(tree, ""), .every = 5ms},
        [&records](wire::Record record) { records.push_back(std::move(record)); }
    );
    inventory.start();
    ASSERT_TRUE(runs_until(loop, [&] { return records.size() == 1; }));
    tree.file("/proc/meminfo", "MemTotal: 16777216 kB\n");
    ASSERT_TRUE(runs_until(loop, [&] { return records.size() == 2; }));
    std::string raw;
    ASSERT_TRUE(wire::open_payload(records[1], raw));
    const auto seen = wire::decode_observations(raw);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->items.at(0).attributes.at("memory_bytes"), "17179869184");
    EXPECT_TRUE(Uuid::parse(seen->run));
    inventory.stop();
    tree.file("/proc/meminfo", "MemTotal: 1 kB\n");
    loop.restart();
    loop.run_for(100ms);
    EXPECT_EQ(records.size(), 2U);
}

TEST(Inventory, EndsWhileALookIsUnderWay) {
    HostTree tree;
    std::atomic<bool> is_over = false;
    std::atomic<bool> is_asked = false;
    const HelperSocket slow([&](int) {
        is_asked = true;
        EXPECT_TRUE(muster::test::eventually(30s, [&] { return is_over.load(); }));
    });
    asio::io_context loop(1);
    const SystemClock clock;
    SeededRandom random(1);
    const auto begin = std::chrono::steady_clock::now();
    {
        Inventory inventory(
            loop,
            clock,
            random,
            {.host = options_of(tree, slow.path()), .every = 1h},
            [](wire::Record) { ADD_FAILURE() << "nobody waits for it any more"; }
        );
        inventory.start();
        ASSERT_TRUE(runs_until(loop, [&] { return is_asked.load(); }));
    }
    is_over = true;
    loop.restart();
    loop.run_for(20ms);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
}

TEST(Inventory, IsOffWithoutAPeriod) {
    asio::io_context loop(1);
    const SystemClock clock;
    SeededRandom random(1);
    Inventory inventory(loop, clock, random, {}, [](wire::Record) { ADD_FAILURE(); });
    inventory.start();
    EXPECT_EQ(loop.run_for(20ms), 0U);
}

}  // namespace
}  // namespace muster::agent::test
