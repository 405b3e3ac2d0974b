#include "collector/journal/entries.pb.h"
#include "collector/notify/notifier.hpp"
#include "tests/collector/api_fixture.hpp"
#include "tests/support/webhook_listener.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>

namespace muster::collector::test {
namespace {

using namespace std::chrono_literals;
using muster::test::HookCall;
using muster::test::WebhookListener;
using ::testing::ElementsAre;

class NotifierTest : public ::testing::Test {
  protected:
    NotifierTest() : state_(dir_ / "state.db") {
        reader_.emplace(*StateReader::open(dir_ / "state.db", 1));
        muster::test::write_text(dir_ / "key", "secret key\n");
        NotifierContext context;
        context.state = &*reader_;
        context.clock = &clock_;
        context.random = &random_;
        context.files = &files_;
        context.installation = "here";
        context.append = [this](EntryKind kind, std::string body) {
            EXPECT_EQ(kind, EntryKind::delivery_result);
            proto::DeliveryResult& result = results_.emplace_back();
            EXPECT_TRUE(result.ParseFromString(body));
        };
        notifier_.emplace(loop_, context, NotifierOptions{{10ms, 40ms}, 2s});
    }

    ~NotifierTest() override {
        notifier_->stop();
        loop_.restart();
        loop_.run_for(5s);
    }

    config::Channel channel(const std::string& name, const std::string& url) const {
        config::Channel made;
        made.name = name;
        made.type = "webhook";
        made.url = url;
        made.secret_file = dir_ / "key";
        return made;
    }

    /// Runs the loop until the condition holds.
    bool eventually(const std::function<bool()>& condition) {
        const auto give_up = std::chrono::steady_clock::now() + 10s;
        loop_.restart();
        while (!condition() && std::chrono::steady_clock::now() < give_up) {
            loop_.run_one_for(10ms);
        }
        return condition();
    }

    void run_for(Duration span) {
        loop_.restart();
        loop_.run_for(span);
    }

    static std::vector<std::string> keys_of(const WebhookListener& listener) {
        std::vector<std::string> keys;
        for (const HookCall& call : listener.received()) {
            const std::string& key = call.headers.at("idempotency-key");
            EXPECT_TRUE(key.starts_with("here/")) << key;
            keys.push_back(key.substr(key.find('/') + 1));
        }
        return keys;
    }

    std::size_t delivered() const {
        return static_cast<std::size_t>(std::ranges::count_if(results_, [](const auto& result) {
            return result.delivered();
        }));
    }

    muster::test::TempDir dir_;
    asio::io_context loop_;
    StateFile state_;
    std::optional<StateReader> reader_;
    SystemClock clock_;
    SystemRandom random_;
    RealFiles files_;
    std::vector<proto::DeliveryResult> results_;
    std::optional<Notifier> notifier_;
};

TEST_F(NotifierTest, TellsAReceiverOnceInOrderAndSigned) {
    WebhookListener ops;
    state_.message(10, 1, "ops");
    state_.message(20, 1, "ops", "resolved");
    state_.message(15, 2, "ops");
    notifier_->configure({channel("ops", ops.url())});
    ASSERT_TRUE(eventually([&] { return delivered() == 3; }));
    EXPECT_THAT(
        keys_of(ops), ElementsAre("INC-1/opened/ops", "INC-2/opened/ops", "INC-1/resolved/ops")
    );
    EXPECT_TRUE(muster::test::signature_holds(ops.received()[0], "secret key"));
    EXPECT_FALSE(muster::test::signature_holds(ops.received()[0], "other key"));
    EXPECT_EQ(results_[0].outbox_id(), "INC-1/opened/ops");
    EXPECT_EQ(results_[0].attempt(), 1U);
    EXPECT_EQ(results_[0].status(), 204);
}

TEST_F(NotifierTest, RepeatsNothingWhileTheBrainHasYetToFoldTheAnswer) {
    WebhookListener ops;
    state_.message(10, 1, "ops");
    notifier_->configure({channel("ops", ops.url())});
    ASSERT_TRUE(eventually([&] { return delivered() == 1; }));
    for (int i = 0; i < 5; ++i) {
        notifier_->poke();
        run_for(20ms);
    }
    EXPECT_EQ(ops.calls(), 1U);
    state_.message(11, 2, "ops");
    notifier_->poke();
    ASSERT_TRUE(eventually([&] { return delivered() == 2; }));
    EXPECT_EQ(ops.calls(), 2U);
}

TEST_F(NotifierTest, TriesAgainUntilItIsAccepted) {
    WebhookListener ops;
    ops.refuse_next(3);
    state_.message(10, 1, "ops");
    state_.message(11, 2, "ops");
    notifier_->configure({channel("ops", ops.url())});
    ASSERT_TRUE(eventually([&] { return delivered() == 2; }));
    EXPECT_THAT(keys_of(ops), ElementsAre("INC-1/opened/ops", "INC-2/opened/ops"));
    EXPECT_EQ(ops.calls(), 5U);
    ASSERT_EQ(results_.size(), 5U);
    EXPECT_EQ(results_[0].status(), 503);
    EXPECT_EQ(results_[0].detail(), "HTTP 503");
    EXPECT_EQ(results_[3].attempt(), 4U);
}

TEST_F(NotifierTest, LetsADeadChannelHoldUpNoOther) {
    WebhookListener ops;
    for (std::int64_t i = 1; i <= 100; ++i) {
        state_.message(i, i, "dead");
    }
    state_.message(101, 101, "ops");
    notifier_->configure({channel("dead", "http://127.0.0.1:1/"), channel("ops", ops.url())});
    ASSERT_TRUE(eventually([&] { return delivered() == 1; }));
    ASSERT_TRUE(eventually([&] { return results_.size() >= 4; }));
    for (const proto::DeliveryResult& result : results_) {
        EXPECT_EQ(
            result.outbox_id(), result.delivered() ? "INC-101/opened/ops" : "INC-1/opened/dead"
        );
    }
}

TEST_F(NotifierTest, GoesOnToTheNextMessageWhenOneIsGivenUp) {
    WebhookListener ops;
    state_.message(1, 1, "ops");
    state_.message(2, 2, "ops");
    config::Channel unreadable = channel("ops", ops.url());
    unreadable.secret_file = dir_ / "missing";
    notifier_->configure({unreadable});
    ASSERT_TRUE(eventually([&] { return results_.size() == 2; }));
    EXPECT_FALSE(results_[0].delivered());
    EXPECT_THAT(results_[0].detail(), testing::HasSubstr("missing"));
    state_.message_is("INC-1/opened/ops", "given_up");
    ASSERT_TRUE(eventually([&] { return results_.back().outbox_id() == "INC-2/opened/ops"; }));
    notifier_->configure({channel("ops", ops.url())});
    ASSERT_TRUE(eventually([&] { return delivered() == 1; }));
    EXPECT_THAT(keys_of(ops), ElementsAre("INC-2/opened/ops"));
}

TEST_F(NotifierTest, KeepsTheMessagesOfAChannelThatIsNotConfigured) {
    WebhookListener ops;
    state_.message(1, 1, "ops");
    notifier_->configure({});
    run_for(100ms);
    EXPECT_TRUE(results_.empty());
    notifier_->configure({channel("ops", ops.url())});
    ASSERT_TRUE(eventually([&] { return delivered() == 1; }));
}

TEST_F(NotifierTest, SendsToTheNewAddressAfterAReloadAndNothingTwice) {
    WebhookListener old_place;
    WebhookListener new_place;
    state_.message(1, 1, "ops");
    notifier_->configure({channel("ops", old_place.url())});
    ASSERT_TRUE(eventually([&] { return delivered() == 1; }));
    notifier_->configure({channel("ops", new_place.url())});
    state_.message(2, 2, "ops");
    notifier_->poke();
    ASSERT_TRUE(eventually([&] { return delivered() == 2; }));
    EXPECT_THAT(keys_of(old_place), ElementsAre("INC-1/opened/ops"));
    EXPECT_THAT(keys_of(new_place), ElementsAre("INC-2/opened/ops"));
}

TEST_F(NotifierTest, StopsInTheMiddleOfAnAttemptWithoutClaimingAnything) {
    using asio::ip::tcp;
    // The kernel accepts for it; nobody ever answers.
    tcp::acceptor mute(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    state_.message(1, 1, "ops");
    const std::string port = std::to_string(mute.local_endpoint().port());
    notifier_->configure({channel("ops", "http://127.0.0.1:" + port + "/")});
    run_for(200ms);
    notifier_->stop();
    const auto before = std::chrono::steady_clock::now();
    loop_.restart();
    loop_.run_for(5s);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 1s);
    EXPECT_TRUE(results_.empty());
}

}  // namespace
}  // namespace muster::collector::test
