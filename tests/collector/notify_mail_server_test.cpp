// Mail through a real server: Debian's exim4, over TLS by an authority of our own.
#include "collector/notify/courier.hpp"
#include "tests/collector/api_fixture.hpp"
#include "tests/support/mail_server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>

namespace muster::collector::test {
namespace {

using namespace std::chrono_literals;
using muster::test::MailServer;
using muster::test::ReceivedMail;
using ::testing::HasSubstr;

constexpr std::string_view happened =
    R"({"type":"net.muster.incident.TRANSITION","time":"2026-11-22T09:30:00.000Z",
"data":{"number":"INC-31","kind":"fault","title":"核心交换机 does not answer","expected":"answers","seen":"no reply",
"state":"new","priority":1,"urgency":"high","started":"2026-11-22T09:29:40.000Z","ci":{"name":"core","class":"network_device","site":"总部"}}})";

OutboxRow row(const std::string& transition) {
    std::string payload(happened);
    payload.replace(payload.find("TRANSITION"), 10, transition);
    return {"INC-31/" + transition + "/mail", payload, {1, 0}, 0};
}

class MailThroughExim : public ::testing::Test {
  protected:
    MailThroughExim() {
        authority_ = *wire::make_authority("mail authority", clock_.wall());
        const auto key = *wire::issue_server(authority_, {"127.0.0.1"}, clock_.wall(), 24h);
        server_.emplace(key.certificate_pem, key.key_pem);
        muster::test::write_text(dir_ / "ca.pem", authority_.certificate_pem);
        muster::test::write_text(dir_ / "password", "geheim\n");
        courier_.loop = &loop_;
        courier_.clock = &clock_;
        courier_.files = &files_;
        courier_.installation = "a1b2";
        courier_.mail_timeout = 10s;
    }

    config::Channel channel() const {
        config::Channel made;
        made.name = "mail";
        made.type = "smtp";
        made.ca_file = dir_ / "ca.pem";
        made.mail.server = server_->address();
        made.mail.user = "muster";
        made.mail.password_file = dir_ / "password";
        made.mail.from = "muster@example.net";
        made.mail.to = {"ops@example.net"};
        made.mail.language = config::Language::zh;
        made.mail.zone = "Asia/Shanghai";
        return made;
    }

    DeliveryAnswer send(const config::Channel& through, const OutboxRow& message) {
        return run(loop_, deliver(&courier_, through, message, through.mail.to));
    }

    muster::test::TempDir dir_;
    asio::io_context loop_;
    SystemClock clock_;
    RealFiles files_;
    wire::KeyAndCertificate authority_;
    std::optional<MailServer> server_;
    Courier courier_;
};

TEST_F(MailThroughExim, ArrivesInTheRecipientsLanguageZoneAndThread) {
    const DeliveryAnswer first = send(channel(), row("opened"));
    ASSERT_TRUE(first.delivered) << first.detail << "\n" << server_->log();
    ASSERT_TRUE(send(channel(), row("resolved")).delivered);
    std::vector<ReceivedMail> mails = server_->wait_for(2, 20s);
    ASSERT_EQ(mails.size(), 2U) << server_->log();
    if (mails[0].headers.contains("references")) {
        std::swap(mails[0], mails[1]);
    }
    EXPECT_EQ(mails[0].headers.at("subject"), "[INC-31] 新事件：核心交换机 does not answer");
    EXPECT_EQ(mails[0].envelope_to, "ops@example.net");
    EXPECT_EQ(mails[0].headers.at("auto-submitted"), "auto-generated");
    EXPECT_THAT(mails[0].headers.at("date"), HasSubstr("+0800"));
    EXPECT_THAT(mails[0].body, HasSubstr("位置：　　总部\n"));
    EXPECT_THAT(mails[0].body, HasSubstr("开始于：　2026年11月22日 17:29:40 +08:00\n"));
    EXPECT_EQ(mails[1].headers.at("references"), mails[0].headers.at("message-id"));
    EXPECT_EQ(mails[1].headers.at("x-muster-key"), "a1b2/INC-31/resolved/mail");
    // Signed in under TLS, and in eight bits, as exim offers.
    EXPECT_THAT(server_->log(), HasSubstr("A=plain:muster"));
    EXPECT_THAT(server_->log(), HasSubstr("P=esmtpsa"));
    EXPECT_EQ(mails[0].headers.at("content-transfer-encoding"), "8bit");
}

TEST_F(MailThroughExim, TellsEachRecipientsFate) {
    config::Channel several = channel();
    several.mail.to = {"nobody-here@example.net", "ops@example.net"};
    const DeliveryAnswer some = send(several, row("opened"));
    EXPECT_TRUE(some.delivered);
    EXPECT_THAT(some.detail, HasSubstr("nobody-here@example.net: 550 no such user here"));
    several.mail.to = {"greylisted@example.net", "boss@example.net"};
    const DeliveryAnswer later = send(several, row("opened"));
    EXPECT_FALSE(later.delivered);
    EXPECT_FALSE(later.refused);
    EXPECT_THAT(later.detail, HasSubstr("greylisted@example.net: 451 come back later"));
    EXPECT_EQ(later.delivered_to, std::vector<std::string>{"boss@example.net"});
    several.mail.to = {"ops@elsewhere.net"};
    EXPECT_THAT(send(several, row("opened")).detail, HasSubstr("relay not permitted"));
    EXPECT_EQ(server_->wait_for(2, 20s).size(), 2U);
}

TEST_F(MailThroughExim, SendsNoPasswordToAStranger) {
    const auto stranger = *wire::make_authority("somebody else", clock_.wall());
    muster::test::write_text(dir_ / "ca.pem", stranger.certificate_pem);
    const DeliveryAnswer answer = send(channel(), row("opened"));
    EXPECT_FALSE(answer.delivered);
    EXPECT_THAT(answer.detail, HasSubstr("signed by another authority"));
    EXPECT_THAT(server_->log(), Not(HasSubstr("A=plain")));
}

TEST_F(MailThroughExim, SaysThatTheServerDoesNotKnowUs) {
    muster::test::write_text(dir_ / "password", "wrong\n");
    const DeliveryAnswer answer = send(channel(), row("opened"));
    EXPECT_FALSE(answer.delivered);
    EXPECT_EQ(answer.status, 535);
}

TEST_F(MailThroughExim, IsNotDeliveredWhenNobodyAnswersOrNobodyIsThere) {
    using asio::ip::tcp;
    tcp::acceptor mute(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    courier_.mail_timeout = 300ms;
    config::Channel other = channel();
    other.mail.server = "127.0.0.1:" + std::to_string(mute.local_endpoint().port());
    EXPECT_THAT(send(other, row("opened")).detail, HasSubstr("no answer within"));
    server_->stop();
    const DeliveryAnswer gone = send(channel(), row("opened"));
    EXPECT_FALSE(gone.delivered);
    EXPECT_THAT(gone.detail, HasSubstr("cannot connect"));
    courier_.mail_timeout = 10s;
    server_->start();
    EXPECT_TRUE(send(channel(), row("opened")).delivered) << server_->log();
}

}  // namespace
}  // namespace muster::collector::test
