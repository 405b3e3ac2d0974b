// How lists are asked for, and what is said where they are cut.
#include "tests/ctl/command_line.hpp"

namespace muster::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

using Lists = CommandLine;

TEST_F(Lists, FollowsPagesUpToTheLimit) {
    const CannedServer server({
        {"GET /api/v1/cis?limit=3", {200, page(R"({"name":"a"},{"name":"b"})", "\"next\"")}},
        {"GET /api/v1/cis?cursor=next&limit=1", {200, page(R"({"name":"c"})", "\"more\"")}},
        {"GET /api/v1/cis?cursor=more&limit=1", {200, page(R"({"name":"d"})")}},
    });
    for (const char* output : {"table", "csv", "json"}) {
        const Ran ran = run(server, {"ci", "list", "--limit", "3", "-o", output});
        EXPECT_EQ(ran.code, 0) << ran.err;
        EXPECT_THAT(ran.out, HasSubstr("c"));
        EXPECT_THAT(ran.out, Not(HasSubstr("there are more")));
        EXPECT_EQ(ran.err, "there are more than these 3: --limit N\n") << output;
    }
    const Ran nothing = run(server, {"ci", "list", "--limit", "0"});
    EXPECT_EQ(nothing.code, 2);
    EXPECT_THAT(nothing.err, HasSubstr("muster: --limit: expected 1 or more\n"));
}

TEST_F(Lists, DoesNotSayThatThereAreMoreBehindTheLastItem) {
    const CannedServer server({
        {"GET /api/v1/cis?limit=1&q=site%20%3D%20HQ", {200, page(R"({"name":"a"})", "\"x\"")}},
        {"GET /api/v1/cis?cursor=x&limit=1&q=site%20%3D%20HQ", {200, page("", "\"y\"")}},
        {"GET /api/v1/cis?cursor=y&limit=1&q=site%20%3D%20HQ", {200, page("")}},
    });
    const Ran ran = run(server, {"ci", "list", "--limit", "1", "--filter", "site = HQ"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.err, "") << "the query matches none of those behind it";
}

TEST_F(Lists, FiltersAndSortsAtTheCollector) {
    const CannedServer server({
        {"GET /api/v1/agents?limit=100&q=site%20%3D%20HQ&sort=-name", {200, page("", "\"next\"")}},
        {"GET /api/v1/agents?cursor=next&limit=100&q=site%20%3D%20HQ&sort=-name",
         {200, page(R"({"name":"a1","state":"connected"})")}},
    });
    const Ran ran = run(server, {"agent", "list", "--filter", "site = HQ", "--sort", "-name"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("a1")) << "an empty page is not the end";
}

TEST_F(Lists, SitesServicesAndTeamsAreListsOfTheirOwn) {
    for (const std::string ci_class : {"site", "service", "team"}) {
        const CannedServer server(
            {{"GET /api/v1/cis?class=" + ci_class + "&limit=100", {200, page(R"({"name":"net"})")}},
             {"GET /api/v1/cis/" + ci_class + "%3Anet",
              {200, R"({"id":"c1","name":"net","attributes":[]})"}},
             {"GET /api/v1/cis/c1/relations", {200, page("")}},
             {"GET /api/v1/cis/c1/probes?limit=200", {200, page("")}}}
        );
        EXPECT_THAT(run(server, {ci_class, "list"}).out, HasSubstr("net"));
        const Ran shown = run(server, {ci_class, "show", "net"});
        EXPECT_EQ(shown.code, 0) << shown.err;
        EXPECT_THAT(shown.out, HasSubstr("name   net"));
    }
}

}  // namespace
}  // namespace muster::ctl
