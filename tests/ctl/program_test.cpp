#include "tests/ctl/command_line.hpp"

#include <filesystem>

namespace muster::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* incident =
    R"({"number":31,"id":"INC-31","kind":"fault","title":"intranet does not answer",
"place":"HQ, rack R12","state":"new","priority":2,"urgency":"high","impact":"medium","impact_basis":"class server is of medium criticality","assignee":"anna","expected":"status 200","seen":"HTTP 503","reason":"status",
"started":"2026-11-22T09:20:00Z","opened":"2026-11-22T09:21:00Z","detected_late":false,"acknowledged":null,
"acknowledged_by":null,"resolved":null,"resolved_by":null,"resolution":null,"version":7,
"ci":{"id":"c1","name":"intranet","class":"application_endpoint"},"agent":null,
"probe":{"id":"p1","type":"http","name":"http","host":"intranet.example.net"}})";

TEST_F(CommandLine, ListsOpenIncidents) {
    const CannedServer server({{"GET /api/v1/incidents?limit=50&state=open", {200, page(incident)}}}
    );
    const Ran ran = run(server, {"incident", "list"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(
        ran.out,
        "INCIDENT  PRIORITY  STATE  OPENED  ASSIGNEE  CI        TITLE\n"
        "INC-31    2         new    5m ago  anna      intranet  intranet does not answer\n"
    );
    ASSERT_EQ(server.seen().size(), 3u);
    EXPECT_EQ(server.seen()[0].authorization, "Bearer it1.a.secret");
    EXPECT_EQ(server.seen()[1].line, "GET /api/v1/channels");
}

TEST_F(CommandLine, SaysThatNobodyWillBeTold) {
    const CannedServer server(
        {{"GET /api/v1/incidents?limit=50&state=open", {200, page(incident)}},
         {"GET /api/v1/channels", {200, R"({"items":[],"nobody_told":"no channel is configured"})"}}
        }
    );
    const Ran ran = run(server, {"incident", "list"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_NE(ran.err.find("NOBODY WILL BE TOLD: no channel is configured"), std::string::npos)
        << ran.err;
}

TEST_F(CommandLine, CountsTheProbesThatOpenNothingYet) {
    const auto told = [this](const std::string& probes) {
        const CannedServer server(
            {{"GET /api/v1/incidents?limit=50&state=open", {200, page("")}},
             {"GET /api/v1/probes?limit=100&state=unproven", {200, page(probes)}}}
        );
        return run(server, {"incident", "list"}).err;
    };
    EXPECT_THAT(told(""), Not(HasSubstr("never answered")));
    EXPECT_THAT(
        told(R"({"name":"icmp"})"),
        HasSubstr("1 probe has never answered: muster probes --state unproven\n")
    );
    EXPECT_THAT(told(R"({"name":"a"},{"name":"b"})"), HasSubstr("2 probes have never answered"));
}

TEST_F(CommandLine, PrintsJsonAndCsvForPrograms) {
    const CannedServer server({{"GET /api/v1/incidents?limit=50&state=open", {200, page(incident)}}}
    );
    const Ran as_json = run(server, {"incident", "list", "--output", "json"});
    EXPECT_EQ(as_json.code, 0);
    EXPECT_THAT(as_json.out, HasSubstr("\"opened\": \"2026-11-22T09:21:00Z\""));
    const Ran as_csv = run(server, {"-o", "csv", "incident", "list"});
    EXPECT_EQ(
        as_csv.out,
        "INCIDENT,PRIORITY,STATE,OPENED,ASSIGNEE,CI,TITLE\r\n"
        "INC-31,2,new,2026-11-22T09:21:00Z,anna,intranet,intranet does not answer\r\n"
    );
}

TEST_F(CommandLine, RefusesATimeZoneThatDoesNotExist) {
    const Ran ran = muster.run({"--tz", "Europe/Berin", "version"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.err, HasSubstr("there is no such time zone"));
    EXPECT_EQ(muster.run({"--tz", "Europe/Berlin", "version"}).code, 0);
}

TEST_F(CommandLine, PrintsEventsAsTheyAreTold) {
    const std::string stream =
        "retry: 2000\n\n"
        "id: 4.0\nevent: incident\n"
        R"(data: {"id":"4.0","at":"2026-11-22T09:21:00Z","kind":"incident","change":"opened",)"
        R"("actor":"system","text":"","incident":{"id":"INC-31","number":31,"title":"\u001b[2Jdown"},)"
        R"("ci":null,"agent":null})"
        "\n\n: alive\nid: 6.0\n\nid: 7.0\nevent: agent\ndata: {\"id\":";
    const CannedServer server({{"GET /api/v1/events?follow=0&from=-1h", {200, stream}}});
    const Ran ran = run(server, {"events"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("opened"));
    EXPECT_THAT(ran.out, HasSubstr("INC-31"));
    EXPECT_EQ(ran.out.find('\x1b'), std::string::npos);
    EXPECT_EQ(ran.out.find("7.0"), std::string::npos) << "what is half said is no event";
    const Ran as_csv = run(server, {"events", "-o", "csv"});
    EXPECT_THAT(as_csv.out, testing::StartsWith("ID,AT,KIND,CHANGE,ABOUT,WHO,TEXT\r\n4.0,"));
}

TEST_F(CommandLine, ShowsAnIncidentWithItsTimeline) {
    const CannedServer server({
        {"GET /api/v1/incidents/INC-31", {200, incident}},
        {"GET /api/v1/incidents/INC-31/timeline",
         {200,
          page(
              R"({"at":"2026-11-22T09:21:00Z","kind":"opened","actor":"","text":"3 failures in a row"})"
          )}},
    });
    const Ran ran = run(server, {"incident", "show", "inc-31"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("INC-31         intranet does not answer (HQ, rack R12)\n"));
    EXPECT_THAT(
        ran.out,
        HasSubstr(
            "priority       2: impact medium, urgency high; class server is of medium criticality\n"
        )
    );
    EXPECT_THAT(ran.out, HasSubstr("expected       status 200\n"));
    EXPECT_THAT(ran.out, HasSubstr("probe          http to intranet.example.net\n"));
    EXPECT_THAT(ran.out, HasSubstr("5m ago  opened       3 failures in a row\n"));
}

TEST_F(CommandLine, ExplainsWhyAndWhoWasTold) {
    const CannedServer server(
        {{"GET /api/v1/incidents/31/why",
          {200,
           R"({"incident":{"id":"INC-31","title":"t"},"why":{"rule":{"failures":3},"inputs":[{"state":"critical"}]},
                "told":[{"channel":"ops","transition":"opened","state":"sent","sent":"2026-11-22T09:21:00Z","attempts":2,"last_error":""}]})"
          }}}
    );
    const Ran ran = run(server, {"incident", "why", "31"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("rule.failures    3\n"));
    EXPECT_THAT(ran.out, HasSubstr("inputs[1].state  critical\n"));
    EXPECT_THAT(ran.out, HasSubstr("told ops         opened: sent 5m ago, 2 tries\n"));
}

TEST_F(CommandLine, ExplainsACiWithItsMaintenanceItsAgentAndWhoWatches) {
    const CannedServer server(
        {{"GET /api/v1/cis/m2/why",
          {200,
           R"({"ci":{"name":"m2"},"at":"2026-11-22T09:26:00Z","verdict":"its agent m2 has been silent for 28 s",
                "probes":[{"name":"host","state":"unproven","agent":null,"nobody":"no other agent can watch this machine"}],
                "windows":[{"id":"WIN-1","to":"2030-01-02T09:30:00Z","reason":"upgrade"}],
                "agents":[{"name":"m2","of":"agent","state":"silent","since":"2026-11-22T09:21:00Z"},
                          {"name":"m3","of":null,"state":null,"since":"2026-11-22T09:16:00Z"},
                          {"name":"m4","of":null,"state":"revoked","since":"2026-11-22T09:16:00Z","last_heard":"2026-11-22T09:06:00Z"},
                          {"name":"m5","of":null,"state":null,"since":null}],
                "incidents":[],"symptom_of":[],"receipts":[]})"}}}
    );
    const Ran ran = run(server, {"why", "m2"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(
        ran.out, HasSubstr("unproven, watched by nobody: no other agent can watch this machine\n")
    );
    EXPECT_THAT(ran.out, HasSubstr("in WIN-1 until 2030-01-02 "));
    EXPECT_THAT(ran.out, HasSubstr(" (upgrade)\n"));
    EXPECT_THAT(ran.out, HasSubstr("silent since 5m ago\n"));
    EXPECT_THAT(ran.out, HasSubstr("connected since 10m ago\n"));
    EXPECT_THAT(ran.out, HasSubstr("revoked since 10m ago, last heard 20m ago\n"));
    EXPECT_THAT(ran.out, Not(HasSubstr("agent m5"))) << "of which nothing is known";
}

constexpr const char* changed =
    R"({"number":31,"id":"INC-31","state":"new","title":"intranet does not answer"})";

TEST_F(CommandLine, SendsCommandsAndSaysWhatBecameOfThem) {
    const CannedServer server({
        {"POST /api/v1/incidents/INC-31/acknowledge", {200, changed}},
        {"POST /api/v1/incidents/INC-31/comments", {200, changed}},
        {"POST /api/v1/incidents/INC-31/resolve", {409, R"({"detail":"INC-31 is resolved"})"}},
        {"POST /api/v1/incidents/INC-31/assign", {200, changed}},
        {"POST /api/v1/incidents/INC-31/pending", {200, changed}},
        {"POST /api/v1/incidents/INC-31/links", {200, changed}},
        {"PATCH /api/v1/incidents/INC-31", {200, changed}},
    });
    EXPECT_EQ(
        run(server, {"incident", "ack", "INC-31"}).err,
        "INC-31 acknowledged: intranet does not answer\n"
    );
    EXPECT_EQ(run(server, {"incident", "comment", "INC-31", "disk full"}).code, 0);
    const Ran refused = run(server, {"incident", "resolve", "INC-31", "--code", "fixed"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_EQ(refused.err, "muster: INC-31 is resolved\n");
    EXPECT_EQ(run(server, {"incident", "assign", "inc-31", "anna", "--team", "net"}).code, 0);
    EXPECT_EQ(run(server, {"incident", "pending", "INC-31", "--reason", "supplier", "x"}).code, 0);
    EXPECT_EQ(run(server, {"incident", "link", "INC-31", "parent", "INC-30"}).code, 0);
    EXPECT_EQ(run(server, {"incident", "edit", "INC-31", "--urgency", "low"}).code, 0);
    const auto seen = server.seen();
    ASSERT_EQ(seen.size(), 7u);
    EXPECT_EQ(seen[1].body, R"({"text":"disk full"})");
    EXPECT_EQ(seen[2].body, R"({"code":"fixed"})");
    EXPECT_EQ(seen[3].body, R"({"assignee":"anna","team":"net"})");
    EXPECT_EQ(seen[4].body, R"({"text":"x","reason":"supplier"})");
    EXPECT_EQ(seen[5].body, R"({"type":"parent","to":"INC-30"})");
    EXPECT_EQ(seen[6].body, R"({"urgency":"low"})");
}

constexpr const char* of_two =
    R"({"action":"resolve","matched":2,"done":1,"results":[
         {"number":31,"id":"INC-31","title":"intranet does not answer","status":200,"state":"new"},
         {"number":32,"id":"INC-32","title":"mail does not answer","status":409,"detail":"INC-32 is resolved"}]})";

TEST_F(CommandLine, ShowsWhatItWouldDoToAllBeforeItDoes) {
    const CannedServer server({{"POST /api/v1/incidents/actions", {200, of_two}}});
    const Ran shown =
        run(server, {"incident", "resolve", "--all", "site = HQ", "the line is back"});
    EXPECT_EQ(shown.code, 0) << shown.err;
    EXPECT_THAT(shown.out, HasSubstr("intranet does not answer"));
    EXPECT_THAT(shown.out, HasSubstr("INC-32 is resolved"));
    EXPECT_EQ(
        shown.err, "2 incidents match; with --yes 1 of them is resolved, 1 does not allow it\n"
    );
    const Ran done =
        run(server, {"incident", "resolve", "--all", "site = HQ", "--yes", "the line is back"});
    EXPECT_EQ(done.code, 1) << "one was refused";
    EXPECT_THAT(done.out, HasSubstr("INC-32    INC-32 is resolved  mail does not answer\n"));
    EXPECT_EQ(done.err, "1 of 2 incidents resolved\n");
    const auto seen = server.seen();
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(
        seen[0].body,
        R"({"text":"the line is back","action":"resolve","q":"site = HQ","dry_run":true})"
    );
    EXPECT_EQ(seen[1].body, R"({"text":"the line is back","action":"resolve","q":"site = HQ"})");
    EXPECT_EQ(run(server, {"incident", "ack"}).code, 2);
    EXPECT_EQ(run(server, {"incident", "ack", "31", "--all", "site = HQ", "--yes", "x"}).code, 2);
}

TEST_F(CommandLine, SaysOfAllWhetherItIsPossible) {
    const auto said = [this](const char* answer) {
        const CannedServer server({{"POST /api/v1/incidents/actions", {200, answer}}});
        return run(server, {"incident", "ack", "--all", "ci = intranet"}).err;
    };
    EXPECT_EQ(
        said(R"({"matched":1,"done":1,"results":[]})"),
        "1 incident matches; with --yes it is acknowledged\n"
    );
    EXPECT_EQ(
        said(R"({"matched":1,"done":0,"results":[]})"),
        "1 incident matches; none can be acknowledged now\n"
    );
}

TEST_F(CommandLine, AnEmptyListSaysWhetherItWasNarrowed) {
    const CannedServer server({
        {"GET /api/v1/incidents?limit=50&q=assignee%20%3D%20anna&state=open",
         {200, R"({"items":[],"next_cursor":null})"}},
        {"GET /api/v1/incidents?limit=50&state=open", {200, R"({"items":[],"next_cursor":null})"}},
    });
    EXPECT_THAT(
        run(server, {"incident", "list", "--filter", "assignee = anna"}).err,
        HasSubstr("no open incident is like that; --all shows those in every state\n")
    );
    EXPECT_THAT(
        run(server, {"incident", "list"}).err,
        HasSubstr("no open incidents; --all shows those in every state\n")
    );
}

TEST_F(CommandLine, MakesWindowsOfANameOrAQuery) {
    const CannedServer server({
        {"POST /api/v1/windows",
         {201,
          R"({"number":3,"id":"WIN-3","state":"active","scope":"web4","to":"2026-11-22T11:26:00Z","members":2})"
         }},
        {"POST /api/v1/windows/WIN-3/cancel",
         {200, R"({"number":3,"id":"WIN-3","state":"cancelled","scope":"web4"})"}},
    });
    const Ran ran =
        run(server, {"window", "start", "web4", "--for", "2h", "--reason", "new firmware"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("WIN-3 active: web4 until 2026-11-22 "));
    EXPECT_THAT(ran.err, HasSubstr(", covers 2 CIs\n"));
    EXPECT_THAT(ran.err, Not(HasSubstr("warning")));
    const CannedServer empty({
        {"POST /api/v1/windows",
         {201,
          R"({"number":4,"id":"WIN-4","state":"active","scope":"site = Moon","to":"2026-11-22T11:26:00Z","members":0})"
         }},
    });
    EXPECT_THAT(
        run(empty, {"window", "start", "site = Moon", "--for", "2h", "--reason", "x"}).err,
        HasSubstr("warning: nothing matches it now")
    );
    EXPECT_EQ(
        run(server,
            {"window",
             "create",
             "site = HQ",
             "--from",
             "2026-12-01T22:00:00Z",
             "--for",
             "2h",
             "--reason",
             "x"})
            .code,
        0
    );
    EXPECT_EQ(run(server, {"window", "cancel", "3"}).err, "WIN-3 cancelled: web4\n");
    EXPECT_EQ(run(server, {"window", "start", "web4", "--for", "2h"}).code, 2) << "why?";
    EXPECT_EQ(
        run(server, {"window", "start", "web4", "--for", "2", "--reason", "x"}).err,
        "muster: --for: 2: expected a duration such as 2h or 30m\n"
    );
    const auto seen = server.seen();
    ASSERT_EQ(seen.size(), 3u);
    EXPECT_EQ(seen[0].body, R"({"reason":"new firmware","ci":"web4","for":"2h"})");
    EXPECT_EQ(
        seen[1].body,
        R"({"reason":"x","match":"site = HQ","for":"2h","from":"2026-12-01T22:00:00Z"})"
    );
}

TEST_F(CommandLine, WritesDurationsAsPeopleDo) {
    const CannedServer server(
        {{"GET /api/v1/cis/web4/availability",
          {200,
           R"({"from":"f","to":"t","lower":1,"upper":1,"coverage":0.5,"up_ms":15391,"down_ms":0,
                    "unobserved_ms":11520000,"excluded_ms":250,"items":[],"next_cursor":null})"}},
         {"GET /api/v1/cis/web4/availability?from=f&limit=200&to=t",
          {200, R"({"items":[],"next_cursor":null})"}}}
    );
    const Ran ran = run(server, {"availability", "web4"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("up 15 s, down 0 s, unobserved 3 h 12 min, excluded 250 ms\n"));
}

TEST_F(CommandLine, SaysWhenAnInterruptionBeganAndEnded) {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    const std::string answer =
        R"({"name":"web4","from":"2026-11-21T09:26:00Z","to":"2026-11-22T09:26:00Z","next_cursor":null,"items":[
            {"from":"2026-11-22T09:21:10Z","to":"2026-11-22T09:21:40Z","state":"down","probe":{"name":"icmp"},"cause":"critical"}]})";
    const CannedServer server(
        {{"GET /api/v1/cis/web4/availability", {200, answer}},
         {"GET /api/v1/cis/web4/"
          "availability?from=2026-11-21T09%3A26%3A00Z&limit=200&to=2026-11-22T09%3A26%3A00Z",
          {200, answer}}}
    );
    const Ran ran = run(server, {"availability", "web4"});
    EXPECT_THAT(ran.out, HasSubstr("from 2026-11-21 09:26:00 UTC to 2026-11-22 09:26:00 UTC: "));
    EXPECT_THAT(
        ran.out,
        HasSubstr("2026-11-22 09:21:10 UTC  2026-11-22 09:21:40 UTC  down   icmp   critical")
    );
}

TEST_F(CommandLine, SaysThatNothingObservesAService) {
    const std::string items =
        R"("items":[{"from":"f","to":"t","state":"unobserved","probe":null,"cause":"it has no probes"}])";
    const std::string answer =
        R"({"name":"Mail","from":"f","to":"t","lower":0,"upper":1,"coverage":0,"up_ms":0,"down_ms":0,
            "unobserved_ms":86400000,"excluded_ms":0,"next_cursor":null,)" +
        items + "}";
    const CannedServer server(
        {{"GET /api/v1/cis/Mail/availability", {200, answer}},
         {"GET /api/v1/cis/Mail/availability?from=f&limit=200&to=t", {200, answer}}}
    );
    const Ran ran = run(server, {"availability", "Mail"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("Mail has no probes of its own: ask for what provides it"));
}

TEST_F(CommandLine, SaysOfAMetricThatItHasNoThresholdOrIsNone) {
    const std::string answer =
        R"({"items":[{"type":"icmp","name":"ping","ci":"web4","candidates":[{"rank":1,"pieces":[]}]}]})";
    const std::string path = "GET /api/v1/cis/web4/probes/ping/explain?metric=";
    const CannedServer server({{path + "loss", {200, answer}}, {path + "rtt_avgg", {200, answer}}});
    const Ran none = run(server, {"policy", "explain", "web4", "ping", "loss"});
    EXPECT_EQ(none.code, 0) << none.err;
    EXPECT_THAT(none.out, HasSubstr("no threshold on this metric\n"));
    const Ran wrong = run(server, {"policy", "explain", "web4", "ping", "rtt_avgg"});
    EXPECT_EQ(wrong.code, 2);
    EXPECT_THAT(wrong.err, HasSubstr("did you mean \"rtt_avg\"?"));
}

TEST_F(CommandLine, TellsInOneLookWhatMatters) {
    const std::string none = R"({"items":[],"next_cursor":null})";
    const CannedServer server({
        {"GET /api/v1/incidents?limit=200&q=acknowledged%20%3D%20false&state=new",
         {200, page(incident)}},
        {"GET /api/v1/incidents?limit=200&state=open", {200, page(incident)}},
        {"GET /api/v1/cis?limit=200&state=down", {200, R"({"items":[{},{}],"next_cursor":null})"}},
        {"GET /api/v1/cis?limit=200&state=degraded", {200, none}},
        {"GET /api/v1/agents?limit=200&state=silent", {200, none}},
        {"GET /api/v1/probes?limit=200&state=unproven", {200, none}},
        {"GET /api/v1/windows?limit=200&state=active", {200, R"({"items":[{}],"next_cursor":null})"}
        },
        {"GET /readyz?strict=1",
         {503,
          R"({"ready":false,"checks":[{"name":"brain","ready":true,"detail":"0 entries behind the journal"},
               {"name":"telling","ready":false,"detail":"nobody will be told: there is no channel"}]})"
         }},
    });
    const Ran ran = run(server, {"status"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(
        ran.out,
        HasSubstr("incidents nobody has taken  1                                         muster "
                  "incident list --state new\n")
    );
    EXPECT_THAT(ran.out, HasSubstr("CIs down                    2 "));
    EXPECT_THAT(ran.out, HasSubstr("agents silent               0\n"));
    EXPECT_THAT(ran.out, HasSubstr("maintenance windows active  1 "));
    EXPECT_THAT(
        ran.out, HasSubstr("nobody will be told: there is no channel  muster channel list")
    );
    const Ran read = run(server, {"status", "-o", "json"});
    EXPECT_THAT(read.out, HasSubstr(R"("cis_down": 2)"));
}

TEST_F(CommandLine, ShowsWhatIsDeclared) {
    const CannedServer server({
        {"GET /api/v1/targets/core",
         {200,
          R"({"name":"core","class":"switch","repeats":1,"breach":{"failures":4},
               "probes":[{"type":"http","name":"http","interval":"5s","timeout":"5s","url":"https://intranet/",
                          "expect":{"status":200}},
                         {"type":"snmp","name":"snmp","interval":"1m","timeout":"5s",
                          "community":{"file":"/etc/muster/secrets/c"},"port":1161}]})"}},
        {"GET /api/v1/policies/gear",
         {200, R"({"name":"gear","match":"class = switch","cis":2,"breach":{"failures":4},
                    "probes":[{"type":"icmp","name":"ping","interval":"10s","timeout":"5s","count":3}]})"
         }},
    });
    const Ran target = run(server, {"target", "show", "core"});
    EXPECT_THAT(
        target.out,
        HasSubstr("http every 5s, at most 5s; url: https://intranet/; expect: {status: 200}\n")
    );
    EXPECT_THAT(
        target.out,
        HasSubstr(
            "snmp every 1m, at most 5s; community: {file: /etc/muster/secrets/c}; port: 1161\n"
        )
    );
    EXPECT_THAT(target.out, HasSubstr("{failures: 4}\n"));
    const Ran policy = run(server, {"policy", "show", "gear"});
    EXPECT_THAT(policy.out, HasSubstr("ping (icmp) every 10s, at most 5s; count: 3\n"));
    EXPECT_THAT(policy.out, HasSubstr("{failures: 4}\n"));
}

TEST_F(CommandLine, WhatWasShownIsPutBackAsItIs) {
    muster.put(
        "/home/me/trip.json", R"({"name": "trip", "probes": [{"type": "icmp", "count": 3}]})"
    );
    const CannedServer server({
        {"GET /api/v1/policies/trip", {200, "{}"}},
        {"PUT /api/v1/policies/trip", {200, R"({"changes":[],"warnings":[]})"}},
    });
    const Ran ran = run(server, {"policy", "edit", "trip", "/home/me/trip.json"});
    EXPECT_EQ(ran.err, "trip: as before\n");
    EXPECT_EQ(server.seen()[1].body, R"({"name":"trip","probes":[{"type":"icmp","count":3}]})");
}

TEST_F(CommandLine, TellsWhatAChangeDoesToACiAndNotHowItIsRecorded) {
    const CannedServer server({
        {"POST /api/v1/cis/web4/retire",
         {200,
          R"({"ci":"c1","attributes":[],"changes":[
               {"kind":"created","ci":"n1","name":"","other":null,"other_name":"","reason":"first statement of it"},
               {"kind":"joined","ci":"c1","name":"web4","other":"n1","other_name":"","reason":"a person says that they are one"},
               {"kind":"retired","ci":"c1","name":"web4","other":null,"other_name":"","reason":"trial over"}]})"
         }},
        {"GET /api/v1/cis/web4", {200, R"({"id":"c1","name":"web4","attributes":[]})"}},
        {"GET /api/v1/cis/c1/relations",
         {200,
          R"({"items":[{"type":"runs_on","label":"runs","direction":"incoming","ci":{"name":"vm1","class":"container"}}]})"
         }},
        {"GET /api/v1/cis/c1/probes?limit=200", {200, R"({"items":[],"next_cursor":null})"}},
    });
    const Ran retired = run(server, {"ci", "retire", "web4", "--reason", "trial over"});
    EXPECT_EQ(retired.code, 0) << retired.err;
    EXPECT_THAT(retired.out, HasSubstr("retired  web4 "));
    EXPECT_THAT(retired.out, Not(HasSubstr("created")));
    EXPECT_THAT(retired.out, Not(HasSubstr("joined")));
    EXPECT_THAT(run(server, {"ci", "show", "web4"}).out, HasSubstr("runs      vm1  container"));
}

TEST_F(CommandLine, AMistakeInAFileOfOneObjectHasItsPlace) {
    muster.put("/etc/ops.yaml", "name: ops\ntype: smtp\nto:\n  - ops@example.net\n  - nobody\n");
    const CannedServer server({
        {"GET /api/v1/channels/ops", {404, R"({"detail":"there is no channel"})"}},
        {"PUT /api/v1/channels/ops",
         {400,
          R"({"detail":"nothing was changed","errors":[
               {"pointer":"/to/1","detail":"\"nobody\", expected an address"},
               {"pointer":"/server","detail":"\"server\" is missing"},
               {"pointer":"","detail":"\"from\" is missing"}]})"}},
    });
    const Ran ran = run(server, {"channel", "create", "/etc/ops.yaml"});
    EXPECT_THAT(ran.err, HasSubstr("\n  /etc/ops.yaml:5:5: 1: \"nobody\", expected an address\n"));
    EXPECT_THAT(ran.err, HasSubstr("\n  /etc/ops.yaml:1:1: \"from\" is missing\n"));
    EXPECT_THAT(ran.err, HasSubstr("\n  /etc/ops.yaml:1:1: server: \"server\" is missing\n"));
}

TEST_F(CommandLine, ExplainsEachProbeBelowItsHeading) {
    const CannedServer server({
        {"GET /api/v1/cis/web4/probes/icmp/explain",
         {200,
          R"({"items":[
               {"type":"icmp","name":"icmp","ci":"web4","origin":"policy a","origin_why":"it matches","agent":"m1","vantage_why":"first",
                "candidates":[{"rank":1,"origin":"policy a","specificity":"policy","pieces":[]},
                              {"rank":2,"origin":"shipped defaults","specificity":"shipped",
                               "pieces":[{"piece":"hold","says":"5s","wins":true,"why":"nothing else says it"}]}]},
               {"type":"icmp","name":"icmp","ci":"web4","origin":"target web4","origin_why":"by hand","agent":null,"vantage_why":"none fits",
                "candidates":[{"rank":1,"origin":"target web4","specificity":"pin",
                               "pieces":[{"piece":"hold","says":"7s","wins":true,"why":"pin"}]}]}]})"
         }},
    });
    const Ran ran = run(server, {"policy", "explain", "web4", "icmp"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(
        ran.out,
        "icmp icmp of web4: from policy a (it matches)\n"
        "run by m1: first\n"
        "RANK  BY       ORIGIN            PIECE  SAYS     VERDICT  WHY\n"
        "1     policy   policy a                 nothing\n"
        "2     shipped  shipped defaults  hold   5s       wins     nothing else says it\n"
        "\n"
        "icmp icmp of web4: from target web4 (by hand)\n"
        "run by nobody: none fits\n"
        "RANK  BY   ORIGIN       PIECE  SAYS  VERDICT  WHY\n"
        "1     pin  target web4  hold   7s    wins     pin\n"
    );
}

TEST_F(CommandLine, FindsWhatIsCloseAndSaysSo) {
    const CannedServer server(
        {{"GET /api/v1/find?q=web",
          {200, R"({"items":[],"close":[{"kind":"ci","matched":["name"],"id":"c1","name":"web4",
                    "class":"server","state":"up","retired":false,"path":[]}]})"}},
         {"GET /api/v1/find?q=nil", {200, R"({"items":[],"close":[]})"}}}
    );
    const Ran close = run(server, {"find", "web"});
    EXPECT_EQ(close.code, 1) << "nothing is the whole of it";
    EXPECT_EQ(close.err, "nothing is called or has \"web\"; these have it in part:\n");
    EXPECT_THAT(close.out, HasSubstr("web4  server  up     name"));
    EXPECT_EQ(run(server, {"find", "web", "-o", "json"}).out, "[]\n")
        << "programs asked for it all";
    const Ran nothing = run(server, {"find", "nil"});
    EXPECT_EQ(nothing.code, 1);
    EXPECT_EQ(nothing.out, "");
    EXPECT_EQ(nothing.err, "nothing is called or has \"nil\"\n");
}

TEST_F(CommandLine, TurnsProblemsIntoSentences) {
    const CannedServer server({
        {"GET /api/v1/agents/x",
         {401, R"({"title":"Unauthorized","detail":"this token is not known"})"}},
        {"POST /api/v1/join-tokens",
         {400,
          R"({"detail":"the request is not valid","errors":[{"pointer":"/ttl","detail":"expected a duration"}]})"
         }},
        {"GET /api/v1/agents?limit=100&q=x",
         {400,
          R"({"detail":"the query is not what was expected","errors":[{"pointer":"?q","detail":"column 2: the end"}]})"
         }},
        {"GET /api/v1/agents/y", {502, "<html>"}},
        {"GET /api/v1/agents/z", {200, "<html>"}},
    });
    EXPECT_EQ(
        run(server, {"agent", "show", "x"}).err,
        "muster: this token is not known; give another token with --token-file or muster login\n"
    );
    EXPECT_EQ(
        run(server, {"token", "create", "--agent", "--ttl", "x"}).err,
        "muster: the request is not valid\n  ttl: expected a duration\n"
    );
    EXPECT_EQ(
        run(server, {"agent", "list", "--filter", "x"}).err, "muster: --filter: column 2: the end\n"
    );
    EXPECT_EQ(run(server, {"agent", "show", "y"}).err, "muster: the server answered 502\n");
    EXPECT_THAT(
        run(server, {"agent", "show", "z"}).err, HasSubstr("is not from a Muster collector")
    );
    EXPECT_EQ(run(server, {"agent", "show", "not/there"}).err, "muster: no such thing\n");
    const auto seen = server.seen();
    EXPECT_EQ(seen[seen.size() - 2].line, "GET /api/v1/agents/not%2Fthere");
    EXPECT_EQ(seen.back().line, "GET /api/v1/agents?limit=200") << "what was perhaps meant";
}

TEST_F(CommandLine, MakesWhatTheNetworkSaysHarmless) {
    const CannedServer server(
        {{"GET /api/v1/agents?limit=100",
          {200, page(R"({"name":"\u001b]0;x\u0007","state":"=cmd|' /c calc'!A0"})")}}}
    );
    const Ran table = run(server, {"agent", "list"});
    EXPECT_EQ(table.out.find('\x1b'), std::string::npos);
    EXPECT_EQ(table.out.find('\x07'), std::string::npos);
    EXPECT_THAT(run(server, {"agent", "list", "-o", "csv"}).out, HasSubstr(",'=cmd|"));
}

TEST_F(CommandLine, LogsInAndRemembers) {
    const CannedServer server(
        {{"GET /api/v1/agents?limit=1", {200, page("")}},
         {"GET /api/v1/agents?limit=100", {200, page(R"({"name":"a1"})")}}}
    );
    muster.input = "it1.b.other\n";
    const Ran login = muster.run({"login", "--server", server.url()});
    EXPECT_EQ(login.code, 0) << login.err;
    const Ran agents = muster.run({"agent", "list"});
    EXPECT_EQ(agents.code, 0) << agents.err;
    EXPECT_THAT(agents.out, HasSubstr("a1"));
    EXPECT_EQ(server.seen().back().authorization, "Bearer it1.b.other");
    EXPECT_EQ(login.out, "") << "the token is never printed";
    muster.input = "it1.c.next\n";
    const Ran again = muster.run({"login"});
    EXPECT_EQ(again.code, 0) << "the collector is known: " << again.err;
    EXPECT_EQ(server.seen().back().authorization, "Bearer it1.c.next");
}

TEST_F(CommandLine, KeepsATokenForEachConfiguration) {
    const CannedServer server(
        {{"GET /api/v1/agents?limit=1", {200, page("")}},
         {"GET /api/v1/agents?limit=100", {200, page("")}}}
    );
    const auto log_in = [&](const std::string& file, const std::string& token) {
        muster.input = token + "\n";
        const Ran login = muster.run({"--config", file, "login", "--server", server.url()});
        EXPECT_EQ(login.code, 0) << login.err;
    };
    log_in("/home/me/anna.yaml", "it1.a.anna");
    log_in("/home/me/bob.yaml", "it1.b.bob");
    EXPECT_EQ(muster.run({"--config", "/home/me/anna.yaml", "agent", "list"}).code, 0);
    EXPECT_EQ(server.seen().back().authorization, "Bearer it1.a.anna");
    log_in("here.yaml", "it1.h.here");
    const std::string here = std::filesystem::current_path() / "here.yaml";
    EXPECT_TRUE(muster.files.exists(here)) << "beside whoever asks";
    EXPECT_EQ(muster.run({"--config", "./here.yaml", "agent", "list"}).code, 0);
    EXPECT_EQ(server.seen().back().authorization, "Bearer it1.h.here");
}

TEST_F(CommandLine, SaysWhoOneIs) {
    const CannedServer server(
        {{"GET /api/v1/session",
          {200, R"({"name":"anna","role":"operator","all_sites":false,"sites":["HQ","Lhasa"]})"}}}
    );
    const Ran ran = run(server, {"whoami"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("anna  operator  HQ Lhasa"));
    EXPECT_THAT(muster.run({"--version"}).out, HasSubstr("muster "));
}

TEST_F(CommandLine, DoesNotRememberATokenThatIsRefused) {
    const CannedServer server({{"GET /api/v1/agents?limit=1", {401, R"({"detail":"no"})"}}});
    muster.input = "it1.b.other\n";
    EXPECT_EQ(muster.run({"login", "--server", server.url()}).code, 1);
    EXPECT_FALSE(muster.files.exists("/home/me/.config/muster/cli.yaml"));
}

TEST_F(CommandLine, OffersNoOtherTokenWhereAPasswordIsWrong) {
    const CannedServer server(
        {{"POST /api/v1/session", {401, R"({"detail":"this name and password are not known"})"}}}
    );
    muster.put("/home/me/password", "horse\n");
    const Ran ran = muster.run(
        {"login", "--server", server.url(), "--user", "anna", "--password-file", "/home/me/password"
        }
    );
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.err, HasSubstr("this name and password are not known"));
    EXPECT_THAT(ran.err, Not(HasSubstr("--token-file")));
}

TEST_F(CommandLine, NeverSendsATokenInTheClearToAnotherMachine) {
    const Ran ran = muster.run(
        {"agent", "list", "--server", "http://192.0.2.1:8443", "--token-file", "/home/me/token"}
    );
    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.err, HasSubstr("expected https://"));
}

TEST_F(CommandLine, SaysWhatIsMissing) {
    EXPECT_THAT(muster.run({"agent", "list"}).err, HasSubstr("which collector?"));
    EXPECT_THAT(
        muster.run({"agent", "list", "--server", "https://h:1"}).err, HasSubstr("no token")
    );
    muster.put("/home/me/.config/muster/cli.yaml", "sever: https://h\n");
    EXPECT_EQ(
        muster.run({"agent", "list"}).err,
        "muster: /home/me/.config/muster/cli.yaml:1:1: unknown key \"sever\"; did you mean "
        "\"server\"?\n"
    );
}

TEST_F(CommandLine, ExitsWithTwoForUsage) {
    EXPECT_EQ(muster.run({}).code, 2);
    EXPECT_EQ(muster.run({"incident"}).code, 2);
    EXPECT_EQ(muster.run({"incident", "show"}).code, 2);
    EXPECT_EQ(muster.run({"incident", "list", "--output", "xml"}).code, 2);
    EXPECT_EQ(muster.run({"incident", "comment", "probe"}).code, 2);
    EXPECT_EQ(muster.run({"--help"}).code, 0);
    EXPECT_THAT(muster.run({"version"}).out, HasSubstr("muster "));
}

TEST_F(CommandLine, ChecksConfigurationFiles) {
    muster.put(
        "/etc/muster/collector.yaml",
        "targets:\n  - {name: a, address: h, probes: [{type: icmp}]}\n"
    );
    const Ran good = muster.run({"config", "check", "/etc/muster/collector.yaml"});
    EXPECT_EQ(good.code, 0) << good.err;
    EXPECT_EQ(
        good.out,
        "/etc/muster/collector.yaml: ok: 1 file, 1 target, 1 probe, 0 policies, 0 channels\n"
    );
    muster.put("/etc/muster/agent.yaml", "link: {backoff_most: 10m}\n");
    const Ran doubtful = muster.run({"config", "check", "/etc/muster/agent.yaml"});
    EXPECT_EQ(doubtful.code, 0) << "it may be meant";
    EXPECT_THAT(
        doubtful.err,
        HasSubstr("/etc/muster/agent.yaml: warning: link.backoff_most: 10m is longer than")
    );
    muster.put("/etc/muster/agent.yaml", "colector: h:1\n");
    const Ran bad = muster.run({"config", "check", "/etc/muster/agent.yaml"});
    EXPECT_EQ(bad.code, 2);
    EXPECT_EQ(
        bad.err,
        "/etc/muster/agent.yaml:1:1: unknown key \"colector\"; did you mean \"collector\"?\n"
    );
}

}  // namespace
}  // namespace muster::ctl
