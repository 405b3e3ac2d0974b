#include "tests/ctl/canned_server.hpp"
#include "tests/ctl/run_muster.hpp"

namespace muster::ctl {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(ProbeVerb, PingsThisMachine) {
    Muster muster;
    const Ran ran = muster.run({"probe", "icmp", "127.0.0.1", "--count", "2", "--spacing", "10ms"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, StartsWith("ICMP OK - rtt_avg "));
    EXPECT_THAT(ran.out, HasSubstr(" loss=0.0%"));
}

TEST(ProbeVerb, AsksAWebServerThroughTheWorker) {
    const CannedServer server({{"GET /health", {200, "all is well"}}});
    Muster muster;
    const Ran good =
        muster.run({"probe", "http", server.url() + "/health", "--expect-body", "well$"});
    EXPECT_EQ(good.code, 0) << good.out << good.err;
    EXPECT_THAT(good.out, StartsWith("HTTP OK - "));
    const Ran bad = muster.run({"probe", "http", server.url() + "/nothing", "-o", "json"});
    EXPECT_EQ(bad.code, 2) << bad.out << bad.err;
    EXPECT_THAT(bad.out, HasSubstr("\"reason\": \"status\""));
}

TEST(ProbeVerb, TakesThePortBehindTheHost) {
    const CannedServer server({});
    const std::string port = server.url().substr(server.url().rfind(':') + 1);
    Muster muster;
    const Ran ran = muster.run({"probe", "tcp", "127.0.0.1:" + port});
    EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
    EXPECT_THAT(ran.out, StartsWith("TCP OK - "));
    EXPECT_EQ(muster.run({"probe", "tcp", "127.0.0.1", "--port", port}).code, 0);
    const Ran two = muster.run({"probe", "tcp", "127.0.0.1:" + port, "--port", "1"});
    EXPECT_EQ(two.code, 3);
    EXPECT_THAT(two.err, HasSubstr("there is another port in --port 1"));
}

TEST(ProbeVerb, SaysHowTheTargetIsWritten) {
    Muster muster;
    const auto said = [&](std::vector<std::string> words) {
        words.insert(words.begin(), "probe");
        const Ran ran = muster.run(std::move(words));
        EXPECT_EQ(ran.code, 3) << ran.out;
        return ran.err;
    };
    EXPECT_EQ(
        said({"tcp", "host1"}),
        "muster: host1: expected a port as well: host1:PORT, or --port PORT\n"
    );
    EXPECT_EQ(
        said({"icmp", "host1:81"}),
        "muster: host1:81: icmp asks a host, which has no port: muster probe icmp host1; muster "
        "probe "
        "tcp host1:81 asks the port\n"
    );
    EXPECT_EQ(
        said({"http", "host1/health"}),
        "muster: host1/health: expected a URL, which begins with http:// or https://: "
        "https://host1/health\n"
    );
    EXPECT_THAT(said({"icmp", "http://host1/"}), HasSubstr("muster probe http asks a URL"));
}

TEST(ProbeVerb, AnswersUsageAsAPluginDoes) {
    Muster muster;
    EXPECT_EQ(muster.run({"probe"}).code, 3);
    EXPECT_EQ(muster.run({"probe", "icmp"}).code, 3);
    EXPECT_EQ(muster.run({"probe", "icmp", "127.0.0.1", "--colour", "red"}).code, 3);
    EXPECT_EQ(muster.run({"probe", "http", "ftp://127.0.0.1"}).code, 3);
    const Ran ran = muster.run({"probe", "icmp", "127.0.0.1", "--count", "99"});
    EXPECT_EQ(ran.code, 3);
    EXPECT_EQ(ran.err, "muster: --count: expected a whole number, 1 to 20\n");
    EXPECT_EQ(muster.run({"probe", "icmp", "127.0.0.1", "--timeout", "5"}).code, 3);
}

}  // namespace
}  // namespace muster::ctl
