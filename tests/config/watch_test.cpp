#include "config/watch.hpp"

#include <chrono>

namespace muster::config {
namespace {

using namespace std::chrono_literals;

constexpr ParamSpec ping_params[] = {
    {.name = "count", .kind = ParamKind::integer, .default_text = "3", .least = 1, .most = 20},
    {.name = "spacing",
     .kind = ParamKind::duration,
     .default_text = "200ms",
     .least = 10,
     .most = 5000},
};
constexpr ParamSpec web_params[] = {
    {.name = "url", .kind = ParamKind::url, .default_text = {}, .required = true},
    {.name = "method", .kind = ParamKind::choice, .default_text = "get", .choices = "get|head"},
    {.name = "headers", .kind = ParamKind::text_map, .default_text = {}},
    {.name = "expect.status",
     .kind = ParamKind::integer_list,
     .default_text = {},
     .least = 100,
     .most = 599},
    {.name = "expect.body", .kind = ParamKind::regex, .default_text = {}},
    {.name = "password", .kind = ParamKind::secret, .default_text = {}},
};
constexpr ProbeSchema types[] = {{"icmp", ping_params}, {"http", web_params}};

std::vector<ConfigText> one(std::string text) {
    return {{"watch.yaml", std::move(text)}};
}

std::string wrong(const std::string& text) {
    const auto watch = parse_watch(one(text), types);
    return watch ? "accepted" : watch.error().text();
}

TEST(Watch, ReadsTargetsPoliciesAndChannels) {
    const auto watch = parse_watch(
        one(R"(
targets:
  - name: intranet
    site: HQ
    labels: {role: portal}
    service: Intranet
    hold: 250ms
    urgency: high
    from: {site: same}
    breach: {any: [{failures: 4}, {failures: 2}]}
    recover: {successes: 3}
    probes:
      - type: http
        url: "https://intranet.example.net/health"
        expect: {status: [200, 204], body: "ok"}
        headers: {Accept: text/plain, X-Probe: "1"}
        password: {file: /etc/muster/intranet.key}
        interval: 30s
policies:
  - name: network gear answers
    match: "class = network_device and site != lab"
    probes:
      - {type: icmp, interval: 500ms, count: 5}
      - {type: icmp, name: big, interval: 10s}
      - {type: icmp}
channels:
  - {name: ops, type: webhook, url: "https://127.0.0.1:9000/hook", secret: {file: /run/key}, ca_file: /run/ca.pem}
)"),
        types
    );
    ASSERT_TRUE(watch) << watch.error().text();
    ASSERT_EQ(watch->targets.size(), 1u);
    const Target& target = watch->targets[0];
    EXPECT_EQ(target.ci_class, "application_endpoint");
    EXPECT_EQ(target.from.site, "same");
    EXPECT_EQ(target.labels.at("role"), "portal");
    EXPECT_EQ(target.rule, (Rule{2, 3, 250ms}));
    EXPECT_EQ(target.urgency, Urgency::high);
    ASSERT_EQ(target.probes.size(), 1u);
    const ProbeDeclaration& http = target.probes[0];
    EXPECT_EQ(http.name, "http");
    EXPECT_EQ(http.interval, 30s);
    EXPECT_EQ(http.timeout, 5s);
    EXPECT_EQ(http.params.at("expect.status"), "200\n204");
    EXPECT_EQ(http.params.at("headers"), "Accept\ttext/plain\nX-Probe\t1");
    EXPECT_EQ(http.params.at("method"), "get");
    EXPECT_FALSE(http.params.contains("password"));
    EXPECT_EQ(http.secret_files.at("password"), "/etc/muster/intranet.key");

    ASSERT_EQ(watch->policies.size(), 1u);
    const Policy& policy = watch->policies[0];
    EXPECT_EQ(policy.rule, Rule{});
    ASSERT_EQ(policy.probes.size(), 3u);
    EXPECT_EQ(policy.probes[0].params.at("count"), "5");
    EXPECT_EQ(policy.probes[0].timeout, 500ms) << "the default time-out never passes the interval";
    EXPECT_EQ(policy.probes[1].name, "big");
    EXPECT_EQ(policy.probes[2].name, "icmp 3");

    ASSERT_EQ(watch->channels.size(), 1u);
    EXPECT_EQ(watch->channels[0].secret_file, "/run/key");
    EXPECT_EQ(watch->channels[0].ca_file, "/run/ca.pem");
}

TEST(Watch, NamesThePlaceOfAnUnknownKeyAndGuesses) {
    EXPECT_EQ(
        wrong("targets:\n  - name: a\n    adress: 127.0.0.1\n"),
        "watch.yaml:3:5: unknown key \"adress\"; did you mean \"address\"?"
    );
    EXPECT_EQ(
        wrong("targets:\n  - {name: a, address: h, probes: [{type: icmp, cuont: 3}]}\n"),
        "watch.yaml:2:49: unknown key \"cuont\"; did you mean \"count\"?"
    );
    EXPECT_EQ(
        wrong(
            "targets:\n  - {name: a, probes: [{type: http, url: 'http://h', expect: {statu: 3}}]}\n"
        ),
        "watch.yaml:2:63: unknown key \"expect.statu\"; did you mean \"expect.status\"?"
    );
    EXPECT_EQ(
        wrong("target:\n  - {name: a}\n"),
        "watch.yaml:1:1: unknown key \"target\"; did you mean \"targets\"?"
    );
}

TEST(Watch, TakesNamesAndAddressesOfTargetsAndNothingElse) {
    const auto with = [](const std::string& address) {
        return "targets:\n  - {name: \"a{n}\", each: 1..2, address: \"" + address +
               "\", probes: [{type: icmp}]}\n";
    };
    for (const char* good :
         {"sw1.example.net", "192.0.2.10", "10.0.0.{n}", "2001:db8::1", "sw_{n}"}) {
        EXPECT_EQ(wrong(with(good)), "accepted") << good;
    }
    for (const char* bad :
         {"core switch", "10.0.0.999", "10.0.0", "2001:db8:::1", "a/b", "[::1]"}) {
        EXPECT_THAT(wrong(with(bad)), testing::HasSubstr("expected a name or an address")) << bad;
    }
}

TEST(Watch, NamesThePlaceOfAWrongValueAndWhatWasExpected) {
    EXPECT_EQ(
        wrong("targets:\n  - {name: a, address: h, probes: [{type: icmp, interval: 30}]}\n"),
        "watch.yaml:2:59: interval: \"30\", expected a duration such as 30s, 100ms to 1d"
    );
    EXPECT_EQ(
        wrong("targets:\n  - {name: a, address: h, probes: [{type: icmp, count: 99}]}\n"),
        "watch.yaml:2:56: count: \"99\", expected a whole number, 1 to 20"
    );
    EXPECT_EQ(
        wrong("targets:\n  - {name: a, address: h, probes: [{type: ping}]}\n"),
        "watch.yaml:2:43: type: \"ping\", expected one of: icmp, http"
    );
    EXPECT_EQ(
        wrong("targets:\n  - {name: a, address: h, probes: [{type: icmp, interval: 1s, timeout: "
              "2s}]}\n"),
        "watch.yaml:2:72: timeout: 2s, expected at most the interval, 1s"
    );
    EXPECT_EQ(wrong("targets: 3\n"), "watch.yaml:1:10: targets: \"3\", expected a list of maps");
    EXPECT_EQ(wrong("- a\n"), "watch.yaml:1:1: a list, expected a map");
    EXPECT_EQ(
        wrong("targets:\n  - {name: größe, urgency: soon}\n"),
        "watch.yaml:2:28: urgency: \"soon\", expected one of high, medium, low"
    ) << "columns count characters";
}

TEST(Watch, NamesThePlaceInsideAQuery) {
    EXPECT_EQ(
        wrong("policies:\n  - {name: p, match: \"class == x\", probes: [{type: icmp}]}\n"),
        "watch.yaml:2:30: match: \"=\", expected a value; quote what holds blanks or is and, or, "
        "not, in"
    );
}

TEST(Watch, RefusesOneFailureUnlessItIsMeant) {
    EXPECT_EQ(
        wrong("targets:\n  - {name: a, breach: {failures: 1}}\n"),
        "watch.yaml:2:34: failures: 1 makes an incident of every lost packet, expected 2 or more, "
        "or "
        "allow_single: true"
    );
    EXPECT_NE(wrong("targets:\n  - {name: a, breach: {any: [{failures: 1}]}}\n"), "accepted");
    EXPECT_EQ(
        wrong("targets:\n  - {name: a, breach: {failures: 1, allow_single: true}}\n"), "accepted"
    );
    EXPECT_EQ(
        wrong("targets:\n  - {name: a, breach: {any: [{failures: 1, allow_single: true}]}}\n"),
        "accepted"
    );
    EXPECT_NE(wrong("targets:\n  - {name: a, breach: {}}\n"), "accepted");
}

TEST(Watch, RefusesASecretThatIsWrittenDownWithoutRepeatingIt) {
    const std::string message = wrong(
        "targets:\n  - {name: a, probes: [{type: http, url: 'http://h', password: hunter2}]}\n"
    );
    EXPECT_EQ(message, "watch.yaml:2:64: a secret is never written here, expected {file: /path}");
}

TEST(Watch, RefusesWhatYamlAllowsAndPeopleMisread) {
    EXPECT_EQ(
        wrong("targets:\n  - name: a\n    name: b\n"),
        "watch.yaml:3:5: \"name\" is given twice, expected it once"
    );
    EXPECT_EQ(
        wrong("targets: &x []\npolicies: *x\n"),
        "watch.yaml:1:10: an anchor (&name), expected plain values: aliases are not read"
    );
    EXPECT_EQ(
        wrong("targets: []\n---\ntargets: []\n"),
        "watch.yaml:2:1: a second document, expected one document a file"
    );
    EXPECT_EQ(
        wrong("targets: !!binary aGVsbG8=\n"),
        "watch.yaml:1:10: a tag (tag:yaml.org,2002:binary), expected a plain value"
    );
    EXPECT_EQ(
        wrong(std::string(40, '[') + std::string(40, ']')),
        "watch.yaml:1:33: nested deeper than 32 levels"
    );
    EXPECT_EQ(
        wrong("targets: \"open\n"),
        "watch.yaml:1:10: a quoted text without its end, expected \" before the end of the file"
    );
    EXPECT_EQ(
        wrong("targets: 'it''s open\n"),
        "watch.yaml:1:10: a quoted text without its end, expected ' before the end of the file"
    );
    EXPECT_EQ(wrong("targets: [{name: 'it''s'}, {name: \"a\\\"\"}]\n"), "accepted");
    EXPECT_EQ(
        wrong("targets: []\nname: \xff\n"),
        "watch.yaml:2:7: a byte that is not text, expected UTF-8"
    );
}

TEST(Watch, ReportsEverythingInOrder) {
    EXPECT_EQ(
        wrong(
            "channels:\n  - {name: c, url: ftp://x, secret: {file: key}}\ntargets:\n  - {nam: a}\n"
        ),
        "watch.yaml:2:20: url: \"ftp://x\", expected an http or https URL; it begins with neither "
        "http:// nor https://\n"
        "watch.yaml:2:44: file: \"key\", expected an absolute path\n"
        "watch.yaml:4:5: \"name\" is missing, expected a name\n"
        "watch.yaml:4:6: unknown key \"nam\"; did you mean \"name\"?"
    );
    std::string many = "targets:\n";
    for (int i = 0; i < 50; ++i) {
        many += "  - {x: 1, name: t" + std::to_string(i) + "}\n";
    }
    EXPECT_TRUE(wrong(many).ends_with("\nand 30 more")) << wrong(many);
}

TEST(Watch, WantsNamesThatDifferAcrossFiles) {
    const std::vector<ConfigText> files{
        {"a.yaml", "targets: [{name: x}]\n"}, {"b.yaml", "targets: [{name: x}]\n"}
    };
    const auto watch = parse_watch(files, types);
    ASSERT_FALSE(watch);
    EXPECT_EQ(
        watch.error().text(),
        "b.yaml:1:18: a second target named \"x\" (the other is at a.yaml:1:18), expected names "
        "that "
        "differ"
    );
}

TEST(Watch, BlamesANameThatIsUsedTwiceOnTheFileThatWasChanged) {
    const std::vector<ConfigText> files{
        {"a.yaml", "policies: []\ntargets: [{name: x}]\n"}, {"b.yaml", "targets: [{name: x}]\n"}
    };
    const std::vector<std::string> changed{"a.yaml"};
    const auto watch = parse_watch(files, types, nullptr, changed);
    ASSERT_FALSE(watch);
    EXPECT_EQ(
        watch.error().text(),
        "a.yaml:2:18: a second target named \"x\" (the other is at b.yaml:1:18), expected names "
        "that "
        "differ"
    );
}

TEST(Watch, KnowsWhereEachSecretIsNamed) {
    const auto watch = parse_watch(
        one(R"(targets:
  - name: portal {n}
    each: 1..2
    probes:
      - {type: http, url: "https://intranet", password: {file: "/run/portal-{n}"}}
channels:
  - {name: ops, type: webhook, url: "https://127.0.0.1:9000/hook", secret: {file: /run/key}}
)"),
        types
    );
    ASSERT_TRUE(watch) << watch.error().text();
    std::map<std::string, std::string> places;
    for (const auto& [named, at] : watch->secret_files) {
        places[named.path] = to_text(Place{named.file, at});
    }
    EXPECT_EQ(
        places,
        (std::map<std::string, std::string>{
            {"/run/key", "watch.yaml:7:76"},
            {"/run/portal-1", "watch.yaml:5:57"},
            {"/run/portal-2", "watch.yaml:5:57"}
        })
    );
}

TEST(Watch, WantsAnAddressForProbesWithoutAUrl) {
    EXPECT_EQ(
        wrong("targets:\n  - {name: a, probes: [{type: icmp}]}\n"),
        "watch.yaml:2:24: the target has no \"address\", expected one for a probe of type icmp"
    );
}

TEST(Watch, RepeatsTargetsAndProbes) {
    const auto watch = parse_watch(
        one(R"(
targets:
  - name: "host {n}"
    address: "10.0.0.{n}"
    each: 5..7
    labels: {rack: "r{n}"}
    probes: [{type: icmp}, {type: http, url: "http://10.0.0.{n}:8{n}/"}]
  - name: many
    address: 127.0.0.1
    probes: [{type: icmp, each: 1..3, name: "p{n}"}, {type: icmp, each: 1..2}]
)"),
        types
    );
    ASSERT_TRUE(watch) << watch.error().text();
    ASSERT_EQ(watch->targets.size(), 4u);
    EXPECT_EQ(watch->targets[0].name, "host 5");
    EXPECT_EQ(watch->targets[2].address, "10.0.0.7");
    EXPECT_EQ(watch->targets[2].labels.at("rack"), "r7");
    EXPECT_EQ(watch->targets[1].probes[1].params.at("url"), "http://10.0.0.6:86/");
    ASSERT_EQ(watch->targets[3].probes.size(), 5u);
    EXPECT_EQ(watch->targets[3].probes[2].name, "p3");
    EXPECT_EQ(watch->targets[3].probes[4].name, "icmp 2 2");
}

TEST(Watch, ChecksRepeatedOptionsWithTheirNumber) {
    EXPECT_EQ(
        wrong("targets:\n  - {name: a, address: h, probes: [{type: icmp, each: 19..21, count: "
              "'{n}'}]}\n"),
        "watch.yaml:2:70: count: with {n} = 21, expected a whole number, 1 to 20"
    );
    EXPECT_NE(wrong("targets:\n  - {name: a, address: h, each: 1..2}\n"), "accepted");
    EXPECT_NE(wrong("targets:\n  - {name: 'a{n}', address: h, each: 1..2000000}\n"), "accepted");
    EXPECT_NE(wrong("targets:\n  - {name: 'a{n}', address: h, each: 2..1}\n"), "accepted");
}

TEST(SlowWatch, ExpandsAMillionProbes) {
    std::string text = "targets:\n";
    for (const char* agent : {"a", "b", "c", "d"}) {
        text += std::string("  - {name: \"") + agent +
                " {n}\", address: 127.0.0.1, each: 1..250000, from: {agent: " + agent +
                "}, probes: [{type: icmp, interval: 1s}]}\n";
    }
    const auto watch = parse_watch(one(text), types);
    ASSERT_TRUE(watch) << watch.error().text();
    EXPECT_EQ(watch->targets.size(), 1'000'000u);
    EXPECT_EQ(watch->targets.back().name, "d 250000");
    EXPECT_EQ(watch->targets.back().from.agent, "d");
}

}  // namespace
}  // namespace muster::config
