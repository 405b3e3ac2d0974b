// What the collector and its probes say, in a mail's words and zone.
#include "brain_network.hpp"
#include "collector/notify/phrases.hpp"
#include "collector/notify/wording.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>
#include <vector>

namespace muster::collector {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

config::MailSettings settings(config::Language language) {
    config::MailSettings mail;
    mail.language = language;
    mail.zone = "Asia/Shanghai";
    return mail;
}

std::string in_chinese(Said where, std::string_view text) {
    return say(settings(config::Language::zh), where, text);
}

std::string in_english(Said where, std::string_view text) {
    return say(settings(config::Language::en), where, text);
}

TEST(Phrases, EachNamesEveryPartOfItselfOnce) {
    static const std::set<std::string> kinds = {
        "word", "name", "for", "at", "said", "known", "title"
    };
    for (const Said where : {Said::title, Said::sight, Said::end}) {
        for (const Phrase& phrase : phrases(where)) {
            std::string left(phrase.zh);
            std::size_t parts = 0;
            for (std::size_t at = phrase.en.find('{'); at != std::string_view::npos;
                 at = phrase.en.find('{', at + 1)) {
                const std::string kind(phrase.en.substr(at + 1, phrase.en.find('}', at) - at - 1));
                EXPECT_TRUE(kinds.contains(kind)) << phrase.en;
                const std::string position = "{" + std::to_string(parts++) + "}";
                const std::size_t there = left.find(position);
                ASSERT_NE(there, std::string::npos) << phrase.en;
                left.erase(there, position.size());
            }
            EXPECT_EQ(left.find('{'), std::string::npos) << phrase.en;
        }
    }
}

TEST(Phrases, AreSaidInChineseWithTheNamesInThem) {
    EXPECT_EQ(
        in_chinese(Said::title, "intranet: http failed: 127.0.0.1:8088: connection refused"),
        "intranet：http 失败：127.0.0.1:8088：连接被拒绝"
    );
    EXPECT_EQ(
        in_chinese(
            Said::title,
            "host h1 is down: 10.0.1.1: no reply; port 22: no connection, and its agent is silent"
        ),
        "主机 h1 宕机：10.0.1.1：无应答；端口 22：未能建立连接，且其代理失联"
    );
    EXPECT_EQ(
        in_chinese(Said::sight, "127.0.0.1:1: cannot connect: Connection refused"),
        "127.0.0.1:1：无法连接：连接被拒绝"
    );
    EXPECT_EQ(in_chinese(Said::sight, "status 200 within 2s"), "2 秒内返回状态码 200");
    EXPECT_EQ(
        in_chinese(Said::sight, "status 200 to 299 and a body that matches all well within 1m30s"),
        "1 分钟 30 秒内返回状态码 200 至 299，且正文匹配 all well"
    );
    EXPECT_EQ(
        in_chinese(Said::sight, "rtt_avg 250 ms, the 3. result in a row above"),
        "rtt_avg 250 ms，连续第 3 次高于限值"
    );
    EXPECT_EQ(
        in_chinese(Said::sight, "available for at most 98.2% of 1d: 26 min 3 s down"),
        "1 天内可用率不高于 98.2%：故障 26 分钟 3 秒"
    );
    EXPECT_EQ(
        in_chinese(Said::end, "a symptom of INC-7: site HQ is cut off: 2 of 3 agents are silent"),
        "是 INC-7 的表象：站点 HQ 断连：3 个代理中有 2 个失联"
    );
    EXPECT_EQ(
        in_chinese(
            Said::title, "agent a1 lives twice: a copy of its machine calls from 192.0.2.9:40001"
        ),
        "代理 a1 重复：其机器的副本自 192.0.2.9:40001 连接"
    );
    EXPECT_EQ(
        in_chinese(Said::title, "the collector went back to the backup 20261201T050003.054Z"),
        "采集器已恢复到备份 20261201T050003.054Z"
    );
    EXPECT_EQ(say_duration(config::Language::zh, "2 min 35 s"), "2 分钟 35 秒");
}

TEST(Phrases, LeaveWhatAPersonOrADeviceSaidAsItIs) {
    EXPECT_EQ(
        in_chinese(Said::title, "shop: http failed: 512 bytes without it: closed: no reply"),
        "shop：http 失败：512 字节中没有匹配：closed: no reply"
    );
    EXPECT_EQ(in_chinese(Said::title, "the printer is jammed"), "the printer is jammed");
    EXPECT_EQ(
        in_chinese(Said::sight, "everything that failed answers again"),
        "everything that failed answers again"
    ) << "that is how it ends, and nothing that is seen";
    const std::string deep(2000, ':');
    EXPECT_EQ(in_chinese(Said::title, deep), deep);
    EXPECT_EQ(in_chinese(Said::sight, ""), "");
}

TEST(Phrases, TellMomentsInTheZoneOfTheMail) {
    constexpr std::string_view seen =
        "10.0.1.1: no reply; nothing from agent machine2 since 2026-12-01T03:03:30.324Z";
    EXPECT_EQ(
        in_chinese(Said::sight, seen),
        "10.0.1.1：无应答；自 2026年12月1日 11:03:30 +08:00 起未收到代理 machine2 的任何消息"
    );
    EXPECT_EQ(
        in_english(Said::sight, seen),
        "10.0.1.1: no reply; nothing from agent machine2 since 2026-12-01 11:03:30 +08:00"
    );
    EXPECT_EQ(
        in_english(Said::sight, "nothing since 2026-12-01T03:03:30.324Z"),
        "nothing since 2026-12-01 11:03:30 +08:00"
    );
}

/// Words of three letters and more that are no names: what was forgotten to be said in Chinese.
std::vector<std::string> english_in(const std::string& text, const std::set<std::string>& names) {
    std::vector<std::string> out;
    std::string word;
    for (const char c : text + " ") {
        const bool goes_on = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
        if (goes_on) {
            word += c;
            continue;
        }
        const bool has_letters = std::ranges::count_if(word, [](unsigned char each) {
                                     return std::isalpha(each) != 0;
                                 }) > 2;
        if (has_letters && !names.contains(word)) {
            out.push_back(word);
        }
        word.clear();
    }
    return out;
}

std::size_t expect_all_chinese(const brain_test::BrainWorld& world, std::set<std::string> names) {
    constexpr std::size_t payload = 5;
    names.insert({"INC", "ops", "icmp", "host", "system", "rtt_avg", "Muster"});
    config::Channel channel;
    channel.name = "ops";
    channel.mail = settings(config::Language::zh);
    std::size_t mails = 0;
    for (const auto& row : world.rows("outbox")) {
        const auto wording = word_message(channel, row[payload]);
        EXPECT_TRUE(wording) << row[payload];
        if (wording) {
            EXPECT_THAT(english_in(wording->subject + "\n" + wording->body, names), IsEmpty())
                << wording->subject << "\n"
                << wording->body << row[payload];
            ++mails;
        }
    }
    return mails;
}

TEST(Phrases, SayAllThatTheBrainTellsOfANetworkInChinese) {
    using brain_test::Network;
    const std::set<std::string> names = {"local", "branch", "far1", "far2"};
    Network net(
        brain_test::three_hosts,
        brain_test::two_targets(),
        {{"far1", "10.9.0.1"}, {"far2", "10.9.0.2"}}
    );
    net.dead.insert("10.9.0.1");  // a fault
    net.run(minutes(2));
    net.dead.clear();
    net.run(minutes(6));
    net.dead.insert("10.0.1.1");  // a host that is down
    net.run(minutes(2));
    net.dead.clear();
    net.come_back("h1");
    net.run(minutes(6));
    net.linked.erase("h2");  // an agent that is silent
    net.run(minutes(7));
    net.come_back("h2");
    net.run(minutes(6));
    for (const std::string name : {"h1", "h2", "h3"}) {  // a site that is cut off
        net.linked.erase(name);
        net.severed.insert({"local", net.host_of[name]});
    }
    net.run(minutes(8));
    net.severed.clear();
    for (const std::string name : {"h1", "h2", "h3"}) {
        net.come_back(name);
    }
    net.run(minutes(6));
    std::set<std::string> kinds;
    for (const std::string& kind : net.world.column("incident", brain_test::incident_kind)) {
        kinds.insert(kind);
    }
    EXPECT_THAT(kinds, ::testing::IsSupersetOf({"fault", "agent_silent", "site_cut_off"}));
    EXPECT_GE(expect_all_chinese(net.world, names), 8U);
}

TEST(Phrases, SayAllThatTheBrainTellsOfANightInChinese) {
    std::set<std::string> names = {"local", "branch", "HQ", "shared", "web", "plant"};
    for (int i = 1; i <= 30; ++i) {
        names.insert("t" + std::to_string(i));
    }
    std::size_t mails = 0;
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        brain_test::Network net = brain_test::large_network();
        brain_test::live_through_night(net, seed);
        mails += expect_all_chinese(net.world, names);
    }
    EXPECT_GE(mails, 20U);
}

}  // namespace
}  // namespace muster::collector
