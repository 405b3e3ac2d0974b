#include "base/files.hpp"
#include "base/zone.hpp"
#include "config/channel_reader.hpp"
#include "config/watch.hpp"
#include "config/watch_reader.hpp"

#include <chrono>

namespace muster::config {
namespace {

using namespace std::chrono_literals;

const std::string mail = R"(
channels:
  - name: mail
    type: smtp
    server: mail.example.net:587
    from: muster@example.net
    to: [ops@example.net, "night+shift@example.net"]
)";

Result<Watch> read(const std::string& text) {
    Issues issues;
    const auto root = parse_yaml("watch.yaml", text, issues);
    WatchReader reader({}, nullptr, ZoneCheck::known_here);
    if (root) {
        reader.read(Source{"watch.yaml", issues}, *root);
    }
    if (!issues.empty()) {
        return failure(issues.error());
    }
    return reader.take();
}

std::string wrong(const std::string& text) {
    const auto watch = read(text);
    return watch ? "accepted" : watch.error().text();
}

TEST(Channels, ReadsAMailChannelWithEverything) {
    const auto watch = read(mail + R"(
    tls: implicit
    user: muster
    password: {file: /etc/muster/mail.key}
    ca_file: /etc/muster/ca.pem
    language: zh
    zone: Asia/Shanghai
    match: priority in (1, 2) and site = HQ
    rate: {messages: 20, per: 1m}
    dead_after: 10m
    template:
      subject: "[{{incident.priority}}] {{incident.title}}"
      body: |
        {{transition}}
        {{incident.title}}
)");
    ASSERT_TRUE(watch) << watch.error().text();
    const Channel& channel = watch->channels.at(0);
    EXPECT_EQ(channel.type, "smtp");
    EXPECT_EQ(channel.mail.tls, MailTls::implicit);
    EXPECT_EQ(channel.mail.password_file, "/etc/muster/mail.key");
    EXPECT_EQ(channel.mail.to.size(), 2U);
    EXPECT_EQ(channel.mail.language, Language::zh);
    EXPECT_EQ(channel.mail.zone, "Asia/Shanghai");
    EXPECT_EQ(channel.rate, (Rate{20, 1min}));
    EXPECT_EQ(channel.dead_after, Duration(10min));
    EXPECT_EQ(channel.mail.body.text(), "{{transition}}\n{{incident.title}}\n");
    EXPECT_TRUE(channel.match.matches([](std::string_view field) -> std::optional<std::string> {
        return field == "priority" ? "2" : "HQ";
    }));
}

TEST(Channels, HaveTheRateOfTheirType) {
    const auto watch =
        read(mail + "  - {name: hook, url: \"https://h.example.net/\", secret: {file: /k}}\n");
    ASSERT_TRUE(watch) << watch.error().text();
    EXPECT_EQ(watch->channels[0].rate, (Rate{60, 1h}));
    EXPECT_EQ(watch->channels[1].rate, (Rate{600, 1min}));
    EXPECT_EQ(watch->channels[0].mail.tls, MailTls::starttls);
}

TEST(Channels, SayWhichTemplateIsWrongAndWhere) {
    EXPECT_TRUE(wrong(mail + "    template:\n      subject: \"事件 {{incident.titel}}\"\n")
                    .starts_with("watch.yaml:9:20: subject: unknown placeholder \"incident.titel\"")
    );
    EXPECT_EQ(
        wrong(mail + "    template:\n      body: |\n        fine\n          and {{transition\n"),
        "watch.yaml:11:15: body: \"{{\" is not closed, expected \"}}\" on its line"
    );
}

TEST(Channels, RefuseWhatWouldNeverBeDelivered) {
    EXPECT_EQ(
        wrong(mail + "    zone: Asia/Peking\n"),
        "watch.yaml:8:11: zone: \"Asia/Peking\", expected a zone of this machine's tzdata such as "
        "Asia/Shanghai"
    );
    EXPECT_NE(wrong(mail + "    zone: ../../etc/passwd\n"), "accepted");
    EXPECT_NE(wrong(mail + "    url: \"https://h.example.net/\"\n"), "accepted");
    EXPECT_NE(wrong(mail + "    user: me\n"), "accepted");
    EXPECT_NE(wrong(mail + "    rate: {messages: 20}\n"), "accepted");
    EXPECT_NE(wrong(mail + "    tls: none\n    user: me\n    password: {file: /p}\n"), "accepted");
    EXPECT_NE(wrong("channels: [{name: hook}]\n"), "accepted");
    for (const char* from : {"ops", "a b@c", "a@b>", "@b", "a@", "a\\r\\nBcc: x@y", "a@b@c"}) {
        EXPECT_NE(
            wrong(
                "channels:\n  - {name: m, type: smtp, server: \"h:25\", to: [a@b], from: \"" +
                std::string(from) + "\"}\n"
            ),
            "accepted"
        ) << from;
    }
}

TEST(Channels, OfATypeThereIsNotAreAskedForNothingElse) {
    EXPECT_EQ(
        wrong("channels:\n  - {name: m, type: smpt, server: \"h:25\", from: a@b, to: [a@b]}\n"),
        "watch.yaml:2:21: type: \"smpt\", expected one of webhook, smtp; did you mean \"smtp\"?"
    );
}

TEST(Channels, MatchOnFieldsThatIncidentsHave) {
    EXPECT_TRUE(wrong(mail + "    match: prioritiy = 1\n")
                    .starts_with("watch.yaml:8:12: match: unknown field \"prioritiy\""));
    EXPECT_EQ(wrong(mail + "    match: label.team = web\n"), "accepted");
}

TEST(Channels, AreReadAgainWithoutLookingAtTheMachine) {
    EXPECT_TRUE(
        parse_watch(std::vector<ConfigText>{{"watch.yaml", mail + "    zone: Asia/Peking\n"}}, {})
    );
}

TEST(Channels, HaveEveryPlaceholderInTheDocumentation) {
    RealFiles files;
    const auto text = read_file(files, MUSTER_SOURCE_DIR "/docs/channels.md", 1 << 20);
    ASSERT_TRUE(text);
    for (const Placeholder& each : mail_placeholders()) {
        const std::string row =
            "| `" + std::string(each.name) + "` | " + std::string(each.summary) + " |\n";
        EXPECT_NE(text->find(row), std::string::npos) << row;
    }
}

TEST(Query, SaysWhetherAnythingOfAKindCouldMatch) {
    const auto first = [](std::string_view field) -> std::optional<std::string> {
        return field == "priority" ? std::optional<std::string>("1") : std::nullopt;
    };
    for (const char* text :
         {"priority = 1",
          "site = HQ",
          "priority in (1, 2) and site != HQ",
          "not (site = HQ and priority = 1)",
          "priority = 3 or kind = fault"}) {
        EXPECT_TRUE(Query::parse(text)->possible(first)) << text;
    }
    for (const char* text :
         {"priority = 3", "priority != 1", "not priority = 1", "priority = 2 and site = HQ"}) {
        EXPECT_FALSE(Query::parse(text)->possible(first)) << text;
    }
    EXPECT_EQ(
        Query::parse("site = a or (kind = b and site = c)")->fields(),
        (std::vector<std::string>{"site", "kind"})
    );
}

TEST(Zone, TellsTheTimeThere) {
    // 2026-03-29 01:30 UTC: half an hour into summer time in Berlin.
    const WallTime at = wall_from_ns(1'774'747'800'000'000'000);
    const auto berlin = local_time(at, "Europe/Berlin");
    ASSERT_TRUE(berlin);
    EXPECT_EQ(berlin->hour, 3);
    EXPECT_EQ(berlin->offset, 120min);
    EXPECT_EQ(berlin->abbreviation, "CEST");
    const auto shanghai = local_time(at, "Asia/Shanghai");
    EXPECT_EQ(shanghai->hour, 9);
    EXPECT_EQ(shanghai->weekday, 0U);
    EXPECT_FALSE(local_time(at, "Nowhere/Land"));
}

}  // namespace
}  // namespace muster::config
