// A receiver is never told more than its channel's rate, whatever happens and however long it was away, and misses nothing:
// what is beyond comes in digests.
#include "base/clock.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/mail_server.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/site.hpp"
#include "tests/support/webhook_listener.hpp"
#include "wire/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t targets = 12;
constexpr std::size_t rate_messages = 3;
constexpr Duration rate_per = 5s;
/// The mail server's log knows no less.
constexpr Duration precision = 1ms;

/// "INC-1 opened" and the like, as often as it was told.
using Told = std::multiset<std::string>;

class Rates : public ::testing::Test {
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
        hook_.emplace();
        write_text(site_.dir() / "ca.pem", authority->certificate_pem);
        write_text(site_.dir() / "hmac", "hook key");
        site_.configure(channels() + watch());
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.start_agent());
        ASSERT_TRUE(eventually(20s, [&] { return well() == targets; }));
    }

    std::string channels() const {
        const std::string rate = ", rate: {messages: " + std::to_string(rate_messages) +
                                 ", per: " + format_duration(rate_per) + "}}\n";
        return "channels:\n  - {name: hook, url: \"" + hook_->url() +
               "\", secret: {file: " + (site_.dir() / "hmac") + "}" + rate +
               "  - {name: mail, type: smtp, server: \"" + mail_->address() +
               "\", ca_file: " + (site_.dir() / "ca.pem") +
               ", from: muster@example.net, to: [ops@example.net]" + rate;
    }

    /// Every failure is an incident of its own: no storm, none is opened again, and none flaps.
    static std::string watch() {
        return "storm: {incidents: 1000}\nincidents: {reopen_within: 0s}\ntargets:\n  - {name: "
               "\"t{n}\", class: server, address: \"127.9.0.{n}\", each: 1.." +
               std::to_string(targets) +
               ", hold: 250ms, flapping: {transitions: 100, over: 1s}, probes: [{type: icmp, "
               "count: "
               "1, interval: 500ms, timeout: 400ms}]}\n";
    }

    std::size_t well() {
        const auto states = site_.probe_states();
        return static_cast<std::size_t>(std::ranges::count_if(states, [](const auto& each) {
            return each.second == "ok";
        }));
    }

    /// All targets fail, and are well again.
    void break_and_mend() {
        const std::size_t before = site_.incidents().size();
        set_pings_v4(Pings::ignored);
        ASSERT_TRUE(eventually(20s, [&] { return site_.open_incidents() == targets; }))
            << site_.open_incidents();
        set_pings_v4(Pings::answered);
        ASSERT_TRUE(eventually(20s, [&] { return site_.open_incidents() == 0; }));
        ASSERT_EQ(site_.incidents().size(), before + targets);
    }

    /// Each incident's beginning and end.
    Told all_there_is() {
        Told all;
        for (const boost::json::value& incident : site_.incidents()) {
            all.insert(text_of(incident, "id") + " opened");
            all.insert(text_of(incident, "id") + " resolved");
        }
        return all;
    }

    Told told_by_hook() const {
        Told out;
        for (const HookCall& call : hook_->received()) {
            const boost::json::value event = boost::json::parse(call.body);
            const std::string type = text_of(event, "type");
            const boost::json::value& data = event.at("data");
            if (type != "net.muster.incident.digest") {
                out.insert(text_of(data, "number") + " " + type.substr(type.rfind('.') + 1));
                continue;
            }
            for (const boost::json::value& item : data.at("items").as_array()) {
                out.insert(text_of(item, "number") + " " + text_of(item, "transition"));
            }
        }
        return out;
    }

    /// A mail of one: "[INC-1] Opened: …" is its subject. Of many: each is a line "P3 INC-1 Opened: …".
    Told told_by_mail() const {
        static const std::regex single(R"(^\[(INC-\d+)\] (Opened|Resolved): )");
        static const std::regex item(R"(P\d (INC-\d+) (Opened|Resolved): )");
        Told out;
        const auto add = [&out](const std::smatch& match) {
            out.insert(match.str(1) + (match.str(2) == "Opened" ? " opened" : " resolved"));
        };
        for (const ReceivedMail& mail : mail_->mails()) {
            const std::string& subject = mail.headers.at("subject");
            if (std::smatch match; std::regex_search(subject, match, single)) {
                add(match);
                continue;
            }
            for (auto at = std::sregex_iterator(mail.body.begin(), mail.body.end(), item);
                 at != std::sregex_iterator();
                 ++at) {
                add(*at);
            }
        }
        return out;
    }

    /// Once each, on both channels, and nothing after that.
    void expect_everything_told() {
        const Told all = all_there_is();
        EXPECT_TRUE(eventually(40s, [&] { return told_by_hook() == all; }))
            << testing::PrintToString(told_by_hook());
        EXPECT_TRUE(eventually(40s, [&] { return told_by_mail() == all; }))
            << testing::PrintToString(told_by_mail()) << mail_->log();
        const auto arrived = [&] { return std::pair(hook_->calls(), mail_->arrivals().size()); };
        EXPECT_TRUE(throughout(2s, [&, then = arrived()] { return arrived() == then; }));
    }

    template <typename Time>
    static void expect_within_rate(const std::vector<Time>& arrivals, const char* where) {
        for (std::size_t i = rate_messages; i < arrivals.size(); ++i) {
            EXPECT_GE(arrivals[i] - arrivals[i - rate_messages], rate_per - precision)
                << where << ": arrival " << i + 1 << " of " << arrivals.size();
        }
    }

    Site site_;
    std::optional<MailServer> mail_;
    std::optional<WebhookListener> hook_;
};

TEST_F(Rates, NoSpanHoldsMoreAndNothingIsLeftOut) {
    ASSERT_NO_FATAL_FAILURE(break_and_mend());
    expect_everything_told();
    const std::size_t before = hook_->calls();

    // Both are away for a whole outage and longer: one answers errors, the other is not there.
    hook_->refuse_next(1'000'000);
    mail_->stop();
    ASSERT_NO_FATAL_FAILURE(break_and_mend());
    ASSERT_TRUE(eventually(30s, [&] { return hook_->calls() >= before + 4; }));
    hook_->refuse_next(0);
    mail_->start();
    ASSERT_NO_FATAL_FAILURE(break_and_mend());
    expect_everything_told();

    expect_within_rate(hook_->arrivals(), "webhook");
    expect_within_rate(mail_->arrivals(), "mail");
    EXPECT_LT(hook_->received().size(), 20U) << "of 72 messages";
    EXPECT_LT(mail_->mails().size(), 20U) << "of 72 messages";
}

}  // namespace
}  // namespace muster::test
