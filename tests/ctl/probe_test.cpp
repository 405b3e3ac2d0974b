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
