// Tokens of both kinds: for the API, and those with which agents enrol.
#include "tests/ctl/command_line.hpp"

namespace muster::ctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using Tokens = CommandLine;

TEST_F(Tokens, PrintsAJoinTokenAloneOnStdout) {
    const CannedServer server(
        {{"POST /api/v1/join-tokens",
          {201, R"({"token":"jt1.a.b.c","expires":"2026-11-22T10:26:00Z"})"}}}
    );
    const Ran ran = run(server, {"token", "create", "--agent", "--ttl", "2h", "--site", "HQ"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.out, "jt1.a.b.c\n");
    EXPECT_EQ(server.seen()[0].body, R"({"ttl":"2h","max_uses":1,"site":"HQ"})");
    EXPECT_EQ(run(server, {"token", "create"}).code, 2) << "only join tokens exist so far";
    const Ran bound =
        run(server,
            {"token",
             "create",
             "--agent",
             "--name",
             "edge-*",
             "--uses",
             "5",
             "--from",
             "10.0.0.0/8",
             "--from",
             "2001:db8::/32"});
    EXPECT_EQ(bound.code, 0) << bound.err;
    EXPECT_EQ(
        server.seen()[1].body,
        R"({"ttl":"1h","max_uses":5,"name":"edge-*","from":["10.0.0.0/8","2001:db8::/32"]})"
    );
    EXPECT_EQ(run(server, {"token", "create", "--name", "n", "--from", "10.0.0.0/8"}).code, 2);
}

TEST_F(Tokens, ListsAndRevokesBothKindsOfTokens) {
    const std::string join =
        R"({"id":"j1","name":"edge","site":"HQ","from":["10.0.0.0/8"],"uses":1,"max_uses":3,"expires":"2026-11-23T00:00:00Z","created_by":"anna","revoked":false},
           {"id":"j2","name":"","site":"","uses":1,"max_uses":1,"expires":"2026-11-23T00:00:00Z","created_by":"anna","revoked":false},
           {"id":"j3","name":"","site":"","uses":0,"max_uses":1,"expires":"2026-11-21T00:00:00Z","created_by":"anna","revoked":false})";
    const CannedServer server({
        {"GET /api/v1/tokens?limit=100", {200, page(R"({"id":"t1","name":"grafana"})")}},
        {"GET /api/v1/join-tokens?limit=200", {200, page(join)}},
        {"GET /api/v1/join-tokens?limit=100", {200, page(join)}},
        {"DELETE /api/v1/join-tokens/j1", {200, R"({"revoked":"j1"})"}},
    });
    const Ran both = run(server, {"token", "list"});
    EXPECT_THAT(
        both.out, AllOf(HasSubstr("t1"), HasSubstr("j1          edge  HQ    10.0.0.0/8  2 of 3"))
    );
    EXPECT_THAT(both.out, AllOf(Not(HasSubstr("j2")), Not(HasSubstr("j3"))))
        << "of no use any more";
    EXPECT_THAT(run(server, {"token", "list", "-o", "json"}).out, Not(HasSubstr("j1")));
    EXPECT_THAT(
        run(server, {"token", "list", "--agent"}).out,
        AllOf(HasSubstr("valid"), HasSubstr("spent"), HasSubstr("expired"))
    );
    EXPECT_EQ(run(server, {"token", "revoke", "j1"}).err, "revoked j1\n");
    EXPECT_EQ(run(server, {"token", "revoke", "j9"}).code, 1);
}

TEST_F(Tokens, GivesALineToCopyToTheAgentsMachine) {
    const CannedServer server(
        {{"POST /api/v1/join-tokens",
          {201,
           R"({"token":"jt1.a.b.c","expires":"2026-11-22T10:26:00Z","address":"https://muster.example:8443"})"
          }}}
    );
    // Called by a name of loopback here, which is of no use elsewhere.
    muster.output_kind = OutputKind::terminal;
    EXPECT_THAT(
        run(server, {"token", "create", "--agent"}).err,
        HasSubstr("  echo 'jt1.a.b.c' | muster-agent enrol --collector https://muster.example:8443 "
                  "--token-file -\n")
    );
    muster.output_kind = OutputKind::pipe;
    const Ran into_a_file = run(server, {"token", "create", "--agent"});
    EXPECT_THAT(
        into_a_file.err,
        HasSubstr("  muster-agent enrol --collector https://muster.example:8443 --token-file FILE\n"
        )
    );
    EXPECT_EQ(into_a_file.err.find("jt1."), std::string::npos) << "it stands in the file alone";
    EXPECT_EQ(into_a_file.err.find("warning"), std::string::npos);
}

TEST_F(CommandLine, WarnsWhereNoOtherMachineCanReachTheCollector) {
    const CannedServer server(
        {{"POST /api/v1/join-tokens",
          {201,
           R"({"token":"jt1.a.b.c","expires":"2026-11-22T10:26:00Z","address":"https://vm:8443","warning":"no other machine can reach this collector"})"
          }}}
    );
    EXPECT_THAT(
        run(server, {"token", "create", "--agent"}).err,
        HasSubstr("warning: no other machine can reach this collector\n")
    );
}

}  // namespace
}  // namespace muster::ctl
