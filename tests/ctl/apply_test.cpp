// `muster apply`: which files are given, and what is said of what they change.
#include "tests/ctl/command_line.hpp"

namespace muster::ctl {
namespace {

using testing::HasSubstr;

using Apply = CommandLine;

TEST_F(Apply, ShowsWhatAnApplicationAddsTakesAwayAndChanges) {
    muster.put("/etc/web.yaml", "policies: []\n");
    const CannedServer server(
        {{"POST /api/v1/apply",
          {200,
           R"({"dry_run":true,"unchanged":2,"policies":[],"changes":[{"change":"changed","list":"policies","name":"web",
               "fields":[{"name":"hold","before":null,"after":"30s"},{"name":"urgency","before":"low","after":null},
                         {"name":"match","before":"a","after":"b"}]}]})"}}}
    );
    const Ran ran = run(server, {"apply", "-f", "/etc/web.yaml", "--dry-run"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("  +hold: 30s, -urgency: low, match: a → b\n"));
    EXPECT_EQ(ran.err, "1 would change, 2 as before; nothing was applied\n");
}

TEST_F(Apply, AppliesSeveralFilesAtOnce) {
    muster.put("/etc/a/web.yaml", "policies: []\n");
    muster.put("/etc/b/db.yaml", "targets: []\n");
    muster.put("/etc/b/web.yaml", "targets: []\n");
    const CannedServer server(
        {{"POST /api/v1/apply", {200, R"({"unchanged":0,"policies":[],"changes":[]})"}}}
    );
    const Ran both = run(server, {"apply", "-f", "/etc/a/web.yaml", "-f", "/etc/b/db.yaml"});
    EXPECT_EQ(both.code, 0) << both.err;
    ASSERT_EQ(server.seen().size(), 1U) << "all or nothing";
    EXPECT_THAT(
        server.seen()[0].body,
        HasSubstr(
            R"("files":[{"name":"web.yaml","text":"policies: []\n"},{"name":"db.yaml","text":"targets: []\n"}])"
        )
    );
    const Ran twice = run(server, {"apply", "-f", "/etc/a/web.yaml", "-f", "/etc/b"});
    EXPECT_EQ(twice.code, 2);
    EXPECT_EQ(
        twice.err,
        "muster: /etc/b/web.yaml: is called as /etc/a/web.yaml is; expected files of different "
        "names\n"
    );
    EXPECT_EQ(server.seen().size(), 1U);
}

TEST_F(Apply, SaysThatNobodyWillBeToldOnceTheLastChannelIsGone) {
    muster.put("/etc/web.yaml", "policies: []\n");
    constexpr const char* answer =
        R"({"unchanged":0,"policies":[],"changes":[],"warnings":[{"pointer":"","detail":"no channel is left"}]})";
    const CannedServer server(
        {{"POST /api/v1/apply", {200, answer}}, {"DELETE /api/v1/channels/ops", {200, answer}}}
    );
    EXPECT_THAT(
        run(server, {"apply", "-f", "/etc/web.yaml", "--prune"}).err,
        HasSubstr("no channel is left\n")
    );
    EXPECT_EQ(
        run(server, {"channel", "delete", "ops"}).err, "ops: deleted\nwarning: no channel is left\n"
    );
}

}  // namespace
}  // namespace muster::ctl
