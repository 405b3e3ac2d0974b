// What is said where there is nothing of the name that was given.
#include "tests/ctl/command_line.hpp"

namespace muster::ctl {
namespace {

using Guesses = CommandLine;

TEST_F(Guesses, NameWhatWasPerhapsMeant) {
    const CannedServer server({
        {"GET /api/v1/cis?limit=200", {200, page(R"({"name":"db4"},{"name":"web4"})")}},
        {"GET /api/v1/cis?class=site&limit=200", {200, page(R"({"name":"Lhasa"})")}},
        {"GET /api/v1/channels?limit=200", {200, page(R"({"name":"operations"})")}},
        {"GET /api/v1/policies?limit=200", {200, page(R"({"name":"servers answer"})")}},
    });
    const std::vector<std::pair<std::vector<std::string>, std::string>> asked = {
        {{"ci", "show", "wbe4"}, "web4"},
        {{"ci", "history", "wbe4"}, "web4"},
        {{"ci", "diff", "wbe4", "--from", "-1h"}, "web4"},
        {{"ci", "retire", "wbe4"}, "web4"},
        {{"why", "wbe4"}, "web4"},
        {{"availability", "wbe4"}, "web4"},
        {{"receipts", "wbe4"}, "web4"},
        {{"window", "start", "wbe4", "--for", "2h", "--reason", "x"}, "web4"},
        {{"policy", "explain", "wbe4", "ping"}, "web4"},
        {{"site", "show", "lhasa"}, "Lhasa"},
        {{"channel", "test", "operation"}, "operations"},
        {{"policy", "delete", "server answers"}, "servers answer"},
    };
    for (const auto& [words, name] : asked) {
        const Ran ran = run(server, words);
        EXPECT_EQ(ran.code, 1);
        EXPECT_EQ(ran.err, "muster: no such thing; did you mean \"" + name + "\"?\n");
    }
}

TEST_F(Guesses, NameTheClassThatWasPerhapsMeant) {
    const CannedServer server({
        {"GET /api/v1/cis?class=swich&limit=100", {200, page("")}},
        {"GET /api/v1/cis?class=switch&limit=100", {200, page("")}},
        {"GET /api/v1/classes", {200, R"({"classes":[{"name":"server"},{"name":"switch"}]})"}},
    });
    const Ran wrong = run(server, {"ci", "list", "--class", "swich"});
    EXPECT_EQ(wrong.code, 1);
    EXPECT_EQ(wrong.err, "muster: there is no class \"swich\"; did you mean \"switch\"?\n");
    EXPECT_EQ(run(server, {"ci", "list", "--class", "switch"}).code, 0) << "there is none yet";
    EXPECT_EQ(run(server, {"class", "show", "swich"}).err, wrong.err);
}

TEST_F(Guesses, AreSilentWhereNothingIsCloseOrSomethingElseIsMissing) {
    const CannedServer server({{"GET /api/v1/cis?limit=200", {200, page(R"({"name":"web4"})")}}});
    EXPECT_EQ(run(server, {"ci", "show", "router"}).err, "muster: no such thing\n");
    EXPECT_EQ(run(server, {"policy", "explain", "web4", "png"}).err, "muster: no such thing\n")
        << "the CI is there";
}

TEST_F(Guesses, ListsAreNotAskedForIds) {
    const CannedServer server({});
    EXPECT_EQ(run(server, {"ci", "show", "0199a8c4-9b1e-7c3a-8f00-000000000001"}).code, 1);
    EXPECT_EQ(server.seen().size(), 1U);
}

}  // namespace
}  // namespace muster::ctl
