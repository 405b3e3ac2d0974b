#include "collector/notify/mail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view opened =
    R"({"type":"net.muster.incident.opened","time":"2026-11-22T09:30:00.000Z",
"data":{"number":"INC-31","kind":"fault","title":"core switch does not answer","expected":"answers","seen":"no reply\r\nBcc: x@y",
"state":"new","priority":2,"urgency":"high","reason":"timeout","started":"2026-11-22T09:29:40.000Z","opened":"2026-11-22T09:30:00.000Z",
"services":["Mail","Shop"],"ci":{"name":"core switch","class":"network_device","site":"总部"},"probe":{"name":"icmp","type":"icmp","host":"192.0.2.7"}}})";

config::Channel mail_channel(config::Language language = config::Language::en) {
    config::Channel channel;
    channel.name = "mail";
    channel.type = "smtp";
    channel.mail.from = "muster@example.net";
    channel.mail.to = {"ops@example.net", "boss@example.net"};
    channel.mail.language = language;
    channel.mail.zone = "Asia/Shanghai";
    return channel;
}

const WallTime at = *parse_rfc3339("2026-11-22T09:30:05Z");

TEST(Wording, SaysInEnglishWhatHappenedInTheRecipientsTime) {
    const auto wording = word_message(mail_channel(), opened);
    ASSERT_TRUE(wording);
    EXPECT_EQ(wording->subject, "[INC-31] Opened: core switch does not answer");
    EXPECT_THAT(wording->body, HasSubstr("Incident:     INC-31 (fault), priority 2\n"));
    EXPECT_THAT(wording->body, HasSubstr("Since:        2026-11-22 17:29:40 +08:00\n"));
    EXPECT_THAT(wording->body, HasSubstr("Place:        总部\nServices:     Mail, Shop\n"));
    EXPECT_THAT(wording->body, HasSubstr("Probe:        icmp on 192.0.2.7\n"));
    EXPECT_THAT(wording->body, Not(HasSubstr("Over:")));
    EXPECT_THAT(wording->body, Not(HasSubstr("\nBcc")));
}

TEST(Wording, SaysItInChinese) {
    const auto wording = word_message(mail_channel(config::Language::zh), opened);
    ASSERT_TRUE(wording);
    EXPECT_EQ(wording->subject, "[INC-31] 新事件：core switch does not answer");
    EXPECT_THAT(wording->body, HasSubstr("INC-31（故障），优先级 2"));
    EXPECT_THAT(wording->body, HasSubstr("业务系统：Mail, Shop\n"));
    EXPECT_THAT(wording->body, HasSubstr("开始于：　2026年11月22日 17:29:40 +08:00"));
}

TEST(Wording, UsesTheChannelsOwnTemplate) {
    config::Channel channel = mail_channel();
    channel.mail.subject = *config::Template::parse(
        "P{{incident.priority}} {{ci.name}}", config::mail_placeholder_names()
    );
    const auto wording = word_message(channel, opened);
    EXPECT_EQ(wording->subject, "P2 core switch");
    EXPECT_THAT(wording->body, HasSubstr("Opened: core switch"));
}

TEST(Wording, SaysFirstHowAnIncidentEnded) {
    std::string payload(opened);
    payload.replace(payload.find("incident.opened"), 15, "incident.resolved");
    payload.replace(
        payload.find("\"title\""),
        0,
        R"("resolution":"what failed is no longer probed","resolved_by":"system",)"
    );
    const auto in_english = word_message(mail_channel(config::Language::en), payload);
    ASSERT_TRUE(in_english);
    EXPECT_THAT(
        in_english->body,
        StartsWith("Resolved: what failed is no longer probed; it was: core switch does not answer")
    );
    EXPECT_THAT(in_english->subject, HasSubstr("Resolved: core switch does not answer"));
    const auto in_chinese = word_message(mail_channel(config::Language::zh), payload);
    ASSERT_TRUE(in_chinese);
    EXPECT_THAT(
        in_chinese->body,
        StartsWith("已恢复：失败的对象已不再探测；原为：core switch does not answer")
    );
}

TEST(Wording, SaysWhatTheProductWordedInTheLanguageOfTheMail) {
    constexpr std::string_view resolved =
        R"({"type":"net.muster.incident.resolved","time":"2026-11-22T09:32:15.000Z",
"data":{"number":"INC-7","kind":"fault","title":"intranet: http failed: 127.0.0.1:8088: connection refused",
"expected":"status 200 and a body that matches ready within 2s","seen":"127.0.0.1:8088: connection refused","reason":"refused",
"state":"resolved","priority":2,"urgency":"high","impact":"low","place":"HQ, rack R12, port Gi1/0/3",
"started":"2026-11-22T09:29:40.000Z","opened":"2026-11-22T09:30:00.000Z",
"acknowledged":"2026-11-22T09:31:00.000Z","acknowledged_by":"anna",
"resolved":"2026-11-22T09:32:15.000Z","resolved_by":"system","resolution":"everything that failed answers again",
"ci":{"name":"intranet","class":"application_endpoint","site":"HQ"},
"probe":{"name":"http","type":"http","host":"127.0.0.1","target":"http://127.0.0.1:8088/health"},"agent":"a1"}})";
    const auto in_chinese = word_message(mail_channel(config::Language::zh), resolved);
    ASSERT_TRUE(in_chinese);
    EXPECT_EQ(
        in_chinese->subject, "[INC-7] 已恢复：intranet：http 失败：127.0.0.1:8088：连接被拒绝"
    );
    EXPECT_EQ(
        in_chinese->body,
        "已恢复：所有失败的探测均已恢复应答；原为：intranet：http "
        "失败：127.0.0.1:8088：连接被拒绝\n"
        "\n"
        "事件：　　INC-7（故障），优先级 2\n"
        "配置项：　intranet\n"
        "位置：　　HQ, 机柜 R12, 端口 Gi1/0/3\n"
        "期望：　　2 秒内返回状态码 200，且正文匹配 ready\n"
        "实际：　　127.0.0.1:8088：连接被拒绝\n"
        "原因：　　连接被拒绝\n"
        "探测：　　http，目标 http://127.0.0.1:8088/health\n"
        "代理：　　a1\n"
        "开始于：　2026年11月22日 17:29:40 +08:00\n"
        "已确认：　2026年11月22日 17:31:00 +08:00，确认人 anna\n"
        "结束于：　2026年11月22日 17:32:15 +08:00，历时 2 分钟 35 秒\n"
        "结束人：　系统\n"
    );
    const auto in_english = word_message(mail_channel(), resolved);
    ASSERT_TRUE(in_english);
    EXPECT_THAT(
        in_english->body,
        HasSubstr("Expected:     status 200 and a body that matches ready within 2s\n"
                  "Seen:         127.0.0.1:8088: connection refused\n"
                  "Reason:       refused\n"
                  "Probe:        http on http://127.0.0.1:8088/health\n"
                  "Agent:        a1\n"
                  "Since:        2026-11-22 17:29:40 +08:00\n"
                  "Acknowledged: 2026-11-22 17:31:00 +08:00 by anna\n"
                  "Over:         2026-11-22 17:32:15 +08:00, after 2 min 35 s\n"
                  "Ended by:     system\n")
    );
}

TEST(Wording, LeavesWhatPeopleSaidAsTheySaidIt) {
    constexpr std::string_view cancelled =
        R"({"type":"net.muster.incident.cancelled","time":"2026-11-22T09:32:15.000Z",
"data":{"number":"INC-8","kind":"reported","title":"shop: it failed: no reply","expected":"","seen":"","reason":"",
"state":"cancelled","priority":3,"started":"2026-11-22T09:29:40.000Z","reporter":"paul","description":"no reply",
"closed":"2026-11-22T09:32:15.000Z","closed_by":"anna","resolution":"connected again"}})";
    const auto in_chinese = word_message(mail_channel(config::Language::zh), cancelled);
    ASSERT_TRUE(in_chinese);
    EXPECT_EQ(
        in_chinese->body,
        "已取消：connected again；原为：shop: it failed: no reply\n"
        "\n"
        "事件：　　INC-8（人工上报），优先级 3\n"
        "上报人：　paul\n"
        "描述：　　no reply\n"
        "开始于：　2026年11月22日 17:29:40 +08:00\n"
        "结束于：　2026年11月22日 17:32:15 +08:00，历时 2 分钟 35 秒\n"
        "结束人：　anna\n"
    );
    const auto in_english = word_message(mail_channel(), cancelled);
    ASSERT_TRUE(in_english);
    EXPECT_THAT(
        in_english->body,
        StartsWith("Cancelled: connected again; it was: shop: it failed: no reply\n")
    );
    EXPECT_THAT(in_english->body, HasSubstr("Ended by:     anna\n"));
}

TEST(Wording, ListsWhatADigestHolds) {
    constexpr std::string_view digest =
        R"({"type":"net.muster.incident.digest","time":"2026-11-22T09:30:00.000Z","data":{
"count":2,"opened":1,"resolved":1,"reopened":0,"left_out":0,"items":[
{"number":"INC-2","transition":"opened","title":"a","priority":1,"site":"HQ","at":"2026-11-22T09:00:00.000Z"},
{"number":"INC-1","transition":"resolved","title":"b","priority":3,"site":"","at":"2026-11-22T09:10:00.000Z"}]}})";
    const auto wording = word_message(mail_channel(config::Language::zh), digest);
    ASSERT_TRUE(wording);
    EXPECT_THAT(wording->subject, HasSubstr("2 条消息合并：新开 1，恢复 1"));
    EXPECT_THAT(
        wording->body,
        HasSubstr("P1 INC-2 新事件：a（HQ），2026年11月22日 17:00:00 +08:00\nP3 INC-1 已恢复：b，")
    );
    EXPECT_THAT(wording->body, Not(HasSubstr("未列出")));
}

TEST(Wording, EveryShippedTextIsAValidTemplate) {
    for (const config::Language language : {config::Language::en, config::Language::zh}) {
        for (const char* type : {"incident.opened", "incident.digest", "test"}) {
            const std::string payload =
                std::string(R"({"type":"net.muster.)") + type +
                R"(","time":"2026-11-22T09:30:00.000Z","data":{"count":1}})";
            const auto wording = word_message(mail_channel(language), payload);
            ASSERT_TRUE(wording) << type;
            EXPECT_FALSE(wording->subject.empty());
            EXPECT_FALSE(wording->body.empty());
        }
    }
    EXPECT_EQ(shipped_wordings().size(), 6U);
}

TEST(Wording, RefusesWhatIsNoMessage) {
    EXPECT_FALSE(word_message(mail_channel(), "no JSON"));
    EXPECT_FALSE(word_message(mail_channel(), "[]"));
    EXPECT_TRUE(word_message(mail_channel(), R"({"data":{"ci":"text","title":{"a":1}}})"));
}

TEST(Mail, HasHeadersThatMakeAThreadAndSayThatAProgramWroteIt) {
    const OutboxRow row{"INC-31/resolved/mail", std::string(opened), {1, 0}, 0};
    const auto mail = compose_mail(mail_channel(), row, "a1b2", {"ops@example.net"}, at);
    ASSERT_TRUE(mail);
    EXPECT_THAT(mail->quoted, HasSubstr("Message-ID: <INC-31.resolved.mail@a1b2.muster>\r\n"));
    EXPECT_THAT(mail->quoted, HasSubstr("References: <INC-31.opened.mail@a1b2.muster>\r\n"));
    EXPECT_THAT(mail->quoted, HasSubstr("In-Reply-To: <INC-31.opened.mail@a1b2.muster>\r\n"));
    EXPECT_THAT(mail->quoted, HasSubstr("Date: Sun, 22 Nov 2026 17:30:05 +0800\r\n"));
    EXPECT_THAT(mail->quoted, HasSubstr("Auto-Submitted: auto-generated\r\n"));
    EXPECT_THAT(mail->quoted, HasSubstr("X-Muster-Key: a1b2/INC-31/resolved/mail\r\n"));
    EXPECT_THAT(mail->quoted, HasSubstr("To: ops@example.net,\r\n boss@example.net\r\n"));
    EXPECT_EQ(mail->to, std::vector<std::string>{"ops@example.net"});
    const OutboxRow first{"INC-31/opened/mail", std::string(opened), {1, 0}, 0};
    const auto root = compose_mail(mail_channel(), first, "a1b2", {"ops@example.net"}, at);
    EXPECT_THAT(root->quoted, HasSubstr("Message-ID: <INC-31.opened.mail@a1b2.muster>\r\n"));
    EXPECT_THAT(root->quoted, Not(HasSubstr("References")));
}

TEST(Mail, CannotBeGivenHeadersByATitle) {
    std::string payload(opened);
    const std::string title = "core switch does not answer";
    payload.replace(
        payload.find(title), title.size(), "a\\r\\nBcc: evil@example.net\\r\\n\\r\\nbody"
    );
    const OutboxRow row{"INC-31/opened/ma\r\nil", payload, {1, 0}, 0};
    const auto mail = compose_mail(mail_channel(), row, "a1b2", {"ops@example.net"}, at);
    ASSERT_TRUE(mail);
    const std::string head = mail->quoted.substr(0, mail->quoted.find("\r\n\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("\nBcc")));
    EXPECT_THAT(head, Not(HasSubstr("il@a1b2.muster>\r\nil")));
    EXPECT_THAT(head, HasSubstr("Auto-Submitted"));
}

TEST(Mail, IsAsciiAloneWhereItIsQuoted) {
    const OutboxRow row{"INC-31/opened/mail", std::string(opened), {1, 0}, 0};
    const auto mail =
        compose_mail(mail_channel(config::Language::zh), row, "a1b2", {"ops@example.net"}, at);
    ASSERT_TRUE(mail);
    EXPECT_TRUE(std::ranges::all_of(mail->quoted, [](char c) {
        return c == '\r' || c == '\n' || (c >= ' ' && c <= '~');
    }));
    std::size_t start = 0;
    for (std::size_t end = mail->quoted.find("\r\n"); end != std::string::npos;
         start = end + 2, end = mail->quoted.find("\r\n", start)) {
        EXPECT_LE(end - start, 78U);
    }
    EXPECT_THAT(mail->eight_bit, HasSubstr("事件：　　INC-31（故障），优先级 2\r\n"));
    EXPECT_THAT(mail->eight_bit, HasSubstr("Content-Transfer-Encoding: 8bit\r\n"));
}

TEST(Mail, EncodesHeadersInWordsThatEndBetweenCharacters) {
    EXPECT_EQ(encoded_header("plain text"), "plain text");
    EXPECT_EQ(encoded_header("事件"), "=?UTF-8?B?5LqL5Lu2?=");
    EXPECT_EQ(encoded_header("a\r\nb"), "a  b");
    EXPECT_TRUE(encoded_header("=?UTF-8?B?eA==?=").starts_with("=?UTF-8?B?"));
    std::string many;
    for (int i = 0; i < 40; ++i) {
        many += "事";
    }
    std::string thirteen = "=?UTF-8?B?";
    for (int i = 0; i < 13; ++i) {
        thirteen += "5LqL";
    }
    EXPECT_TRUE(encoded_header(many).starts_with(thirteen + "?=\r\n =?UTF-8?B?5LqL"));
}

TEST(Mail, QuotesAsTheStandardSays) {
    EXPECT_EQ(quoted_printable("a=b \nü\n"), "a=3Db=20\r\n=C3=BC\r\n");
    const std::string wide = quoted_printable(std::string(200, 'x'));
    EXPECT_EQ(wide.find("=\r\n"), 75U);
}

TEST(Mail, DatesByTheZoneOfTheRecipient) {
    EXPECT_EQ(*mail_date(at, "America/St_Johns"), "Sun, 22 Nov 2026 06:00:05 -0330");
    EXPECT_FALSE(mail_date(at, "Nowhere/Land"));
}

}  // namespace
}  // namespace muster::collector
