// Who is told when channels break: a webhook that hangs, one that answers errors, one that is gone, and a real mail server.
#include "base/clock.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/mail_server.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/site.hpp"
#include "tests/support/webhook_listener.hpp"
#include "wire/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <netinet/in.h>
#include <optional>
#include <set>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// The kernel accepts for it; nobody ever answers.
class MuteListener {
  public:
    MuteListener() {
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(socket_, reinterpret_cast<sockaddr*>(&here), sizeof here);
        ::listen(socket_, 64);
        socklen_t size = sizeof here;
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&here), &size);
        port_ = ntohs(here.sin_port);
    }

    ~MuteListener() { ::close(socket_); }

    MuteListener(const MuteListener&) = delete;
    MuteListener& operator=(const MuteListener&) = delete;

    std::uint16_t port() const { return port_; }

  private:
    int socket_ = -1;
    std::uint16_t port_ = 0;
};

std::string url_of(std::uint16_t port) {
    return "http://127.0.0.1:" + std::to_string(port) + "/hook";
}

/// In a network of its own nobody else takes it.
constexpr std::uint16_t nobody_listens = 8099;

/// What a receiver has taken: "INC-1 opened" and the like, each once.
std::multiset<std::string> taken_by(const WebhookListener& receiver) {
    std::multiset<std::string> out;
    for (const HookCall& call : receiver.received()) {
        const auto event = boost::json::parse(call.body);
        const std::string type = text_of(event, "type");
        out.insert(text_of(event.at("data"), "number") + " " + type.substr(type.rfind('.') + 1));
    }
    return out;
}

class TellingThroughBrokenChannels : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string why;
        ASSERT_TRUE(enter_own_network(why)) << why;
        const WallTime now = SystemClock().wall();
        const auto authority = wire::make_authority("mail authority", now);
        ASSERT_TRUE(authority);
        const auto server = wire::issue_server(*authority, {"127.0.0.1"}, now, 24h);
        ASSERT_TRUE(server);
        mail_.emplace(server->certificate_pem, server->key_pem);
        broken_.emplace();
        mute_.emplace();
        write_text(site_.dir() / "ca.pem", authority->certificate_pem);
        write_text(site_.dir() / "password", "geheim");
        write_text(site_.dir() / "hmac", "hook key");
    }

    std::string hook(const std::string& name, const std::string& url) const {
        return "  - {name: " + name + ", url: \"" + url +
               "\", secret: {file: " + site_.dir().path() + "/hmac}, dead_after: 1s}\n";
    }

    std::string mail() const {
        const std::string dir = site_.dir().path();
        return "  - {name: mail, type: smtp, server: \"" + mail_->address() +
               "\", user: muster, password: {file: " + dir + "/password}, ca_file: " + dir +
               "/ca.pem, from: muster@example.net, to: [ops@example.net], language: zh, zone: "
               "Asia/Shanghai, rate: {messages: 60, per: 10s}}\n";
    }

    std::multiset<std::string> subjects() const {
        std::multiset<std::string> all;
        for (const ReceivedMail& mail : mail_->mails()) {
            all.insert(mail.headers.at("subject"));
        }
        return all;
    }

    std::string state_of(const std::string& channel) {
        return text_of(site_.get("/channels/" + channel).body, "state");
    }

    Site site_;
    std::optional<MailServer> mail_;
    std::optional<WebhookListener> broken_;
    std::optional<MuteListener> mute_;
};

TEST_F(TellingThroughBrokenChannels, EachDeadOneIsAnIncidentOnTheOthersAndNothingIsLost) {
    broken_->refuse_next(1'000'000);
    site_.set_silence(1500ms, 2s);
    site_.configure(
        "channels:\n" + mail() + hook("broken", broken_->url()) +
        hook("mute", url_of(mute_->port())) + hook("gone", url_of(nobody_listens))
    );
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    ASSERT_NO_FATAL_FAILURE(site_.start_agent());
    ASSERT_TRUE(eventually(20s, [&] {
        return text_of(site_.get("/agents/agent1").body, "state") == "connected";
    }));
    site_.agent().kill_now();
    ASSERT_TRUE(eventually(30s, [&] { return site_.incidents().size() >= 3; }));
    // The one that hangs needs its deadline three times.
    ASSERT_TRUE(eventually(90s, [&] {
        return state_of("broken") == "dead" && state_of("gone") == "dead" &&
               state_of("mute") == "dead";
    }));
    ASSERT_TRUE(eventually(30s, [&] { return mail_->mails().size() >= 4; })) << mail_->log();
    const auto told = subjects();
    EXPECT_EQ(told.size(), 4U);
    for (const char* name : {"broken", "gone", "mute"}) {
        EXPECT_TRUE(std::ranges::any_of(told, [name](const std::string& subject) {
            return subject.find("新事件：通知通道 " + std::string(name) + " 不接收消息") !=
                   std::string::npos;
        })) << name;
    }
    const CommandResult listed = site_.muster({"channel", "list"});
    EXPECT_EQ(listed.exit_code, 0);
    EXPECT_THAT(listed.output, HasSubstr("dead"));

    // The same message under the same key until it is taken; then what waited behind it.
    broken_->refuse_next(0);
    ASSERT_TRUE(eventually(30s, [&] { return state_of("broken") == "working"; }));
    ASSERT_TRUE(eventually(30s, [&] { return !broken_->received().empty(); }));
    const std::vector<std::string> keys = broken_->keys();
    const std::string first = broken_->received().front().headers.at("idempotency-key");
    EXPECT_TRUE(first.ends_with("/INC-1/opened/broken")) << first;
    EXPECT_GE(std::ranges::count(keys, first), 4);
    ASSERT_TRUE(eventually(30s, [&] { return mail_->mails().size() >= 5; }));
    // The one that hung and the one that was not there come back at the addresses they had.
    const std::uint16_t port = mute_->port();
    mute_.reset();
    const WebhookListener no_longer_mute(port);
    const WebhookListener no_longer_gone(nobody_listens);
    ASSERT_TRUE(eventually(90s, [&] {
        return state_of("mute") == "working" && state_of("gone") == "working";
    }));
    site_.resume_agent();
    ASSERT_TRUE(eventually(30s, [&] { return site_.open_incidents() == 0; }));
    // Each hears of everything but of itself: the beginning once and the end once.
    std::map<std::string, std::string> about;
    for (const auto& incident : site_.incidents()) {
        for (const char* name : {"broken", "mute", "gone"}) {
            if (text_of(incident, "title").starts_with("channel " + std::string(name))) {
                about[name] = text_of(incident, "id");
            }
        }
    }
    ASSERT_EQ(about.size(), 3U);
    const auto all_but = [&about](const std::string& itself) {
        std::multiset<std::string> all{"INC-1 opened", "INC-1 resolved"};
        for (const auto& [name, id] : about) {
            if (name != itself) {
                all.insert(id + " opened");
                all.insert(id + " resolved");
            }
        }
        return all;
    };
    const std::map<std::string, const WebhookListener*> receivers{
        {"broken", &*broken_}, {"mute", &no_longer_mute}, {"gone", &no_longer_gone}
    };
    for (const auto& [name, receiver] : receivers) {
        EXPECT_TRUE(eventually(30s, [&] { return taken_by(*receiver) == all_but(name); }))
            << name << ": " << ::testing::PrintToString(taken_by(*receiver)) << "\nexpected "
            << ::testing::PrintToString(all_but(name));
    }
    EXPECT_TRUE(eventually(30s, [&] {
        const auto mails = mail_->mails();
        return std::ranges::any_of(mails, [](const ReceivedMail& each) {
            return each.headers.at("subject").starts_with("[INC-1] 已恢复") &&
                   each.headers.contains("references");
        });
    }));
}

TEST_F(TellingThroughBrokenChannels, ATestCallSaysWhatTheReceiverSaid) {
    site_.configure("channels:\n" + mail() + hook("broken", broken_->url()));
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    ASSERT_TRUE(eventually(10s, [&] { return state_of("mail") == "untested"; }));
    const CommandResult good = site_.muster({"channel", "test", "mail"});
    EXPECT_EQ(good.exit_code, 0) << good.output;
    EXPECT_THAT(good.output, HasSubstr("250 OK"));
    const auto mails = mail_->wait_for(1, 20s);
    ASSERT_EQ(mails.size(), 1U);
    EXPECT_EQ(mails[0].headers.at("subject"), "[Muster] 通道 mail 测试");
    broken_->refuse_next(1);
    const CommandResult bad = site_.muster({"channel", "test", "broken"});
    EXPECT_EQ(bad.exit_code, 1) << bad.output;
    EXPECT_THAT(bad.output, HasSubstr("HTTP 503"));
    EXPECT_EQ(state_of("mail"), "working");
    EXPECT_EQ(state_of("broken"), "untested");
    EXPECT_THAT(site_.muster({"channel", "list"}).output, HasSubstr("HTTP 503"));
    EXPECT_EQ(site_.post("/channels/none/test", "{}").status, 404);
}

TEST_F(TellingThroughBrokenChannels, ATestCallWaitsUntilItCanBlameAMailServerThatIsMute) {
    const std::string server = "127.0.0.1:" + std::to_string(mute_->port());
    site_.configure(
        "channels:\n  - {name: mail, type: smtp, server: \"" + server +
        "\", tls: none, from: muster@example.net, to: [ops@example.net]}\n"
    );
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    const CommandResult mute = site_.muster({"channel", "test", "mail"}, 60s);
    EXPECT_EQ(mute.exit_code, 1) << mute.output;
    EXPECT_THAT(mute.output, HasSubstr("mail     no         " + server));
}

TEST_F(TellingThroughBrokenChannels, SaysThatNobodyWillBeTold) {
    site_.configure("");
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    ASSERT_TRUE(eventually(10s, [&] {
        return text_of(site_.get("/channels").body, "nobody_told") == "no channel is configured";
    }));
    EXPECT_THAT(
        site_.muster({"incident", "list"}).output,
        HasSubstr("NOBODY WILL BE TOLD: no channel is configured")
    );
    EXPECT_THAT(site_.collector_log(), HasSubstr("telling.nobody"));
    const CommandResult strict = run_command(
        {"curl",
         "--silent",
         "--cacert",
         site_.data_dir() + "/ca/ca.crt",
         site_.url() + "/readyz?strict=1"}
    );
    EXPECT_THAT(strict.output, HasSubstr("no channel is configured"));
}

TEST_F(TellingThroughBrokenChannels, TheOutsideHearsThatTheCollectorIsWell) {
    site_.configure("heartbeat: {url: \"" + broken_->url() + "\", every: 200ms}\n");
    broken_->refuse_next(2);
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    EXPECT_TRUE(eventually(20s, [&] { return broken_->calls() >= 5; }));
    EXPECT_THAT(site_.collector_log(), HasSubstr("heartbeat.failing"));
    EXPECT_THAT(site_.collector_log(), HasSubstr("heartbeat.recovered"));
}

}  // namespace
}  // namespace muster::test
