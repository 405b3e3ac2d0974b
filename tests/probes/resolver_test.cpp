#include "probes/resolver.hpp"

#include "tests/probes/probe_fixture.hpp"

#include <atomic>
#include <future>

namespace muster::probes::test {
namespace {

using Addresses = std::vector<std::string>;

class ResolverTest : public testing::Test {
  protected:
    Resolver resolver_with(
        std::function<Result<Addresses>(const std::string&)> lookup, Duration keep = 60s
    ) {
        return Resolver(
            loop, ResolverOptions{.threads = 2, .keep = keep, .lookup = std::move(lookup)}
        );
    }

    Result<Resolved> resolve(Resolver& resolver, const std::string& host, Duration patience = 5s) {
        return run(loop, resolver.resolve(host, Deadline::in(patience)));
    }

    asio::io_context loop{1};
};

TEST_F(ResolverTest, AsksNobodyForAnAddress) {
    Resolver resolver(loop, ResolverOptions{.lookup = [](const std::string&) -> Result<Addresses> {
                          ADD_FAILURE() << "a lookup";
                          return Addresses{};
                      }});
    for (const char* address : {"192.0.2.1", "::1", "2001:db8::1"}) {
        EXPECT_EQ(resolve(resolver, address)->addresses, Addresses{address});
    }
}

TEST_F(ResolverTest, FindsThisMachineByName) {
    Resolver resolver(loop, ResolverOptions{});
    const auto found = resolve(resolver, "localhost");
    ASSERT_TRUE(found.has_value()) << found.error().text();
    EXPECT_EQ(found->freshness, Freshness::fresh);
    EXPECT_THAT(found->addresses, testing::Contains(testing::AnyOf("127.0.0.1", "::1")));
}

TEST_F(ResolverTest, RemembersAnAnswer) {
    const auto asked = std::make_shared<std::atomic<int>>(0);
    auto resolver = resolver_with([asked](const std::string&) -> Result<Addresses> {
        ++*asked;
        return Addresses{"192.0.2.1"};
    });
    EXPECT_EQ(resolve(resolver, "a.test")->freshness, Freshness::fresh);
    EXPECT_EQ(resolve(resolver, "a.test")->freshness, Freshness::remembered);
    EXPECT_EQ(*asked, 1);
}

TEST_F(ResolverTest, GivesTheOldAnswerWhenTheNameServiceFails) {
    const auto works = std::make_shared<std::atomic<bool>>(true);
    auto resolver = resolver_with(
        [works](const std::string& host) -> Result<Addresses> {
            if (*works) {
                return Addresses{"192.0.2.1"};
            }
            return failure(ErrorKind::unavailable, "no name service", host);
        },
        0s
    );
    ASSERT_TRUE(resolve(resolver, "a.test").has_value());
    *works = false;
    const auto stale = resolve(resolver, "a.test");
    ASSERT_TRUE(stale.has_value());
    EXPECT_EQ(stale->freshness, Freshness::stale);
    EXPECT_EQ(stale->addresses, Addresses{"192.0.2.1"});
    EXPECT_EQ(resolve(resolver, "b.test").error().kind(), ErrorKind::unavailable);
}

TEST_F(ResolverTest, DoesNotWaitForALookupThatHangs) {
    // Owned by the test and by the lookup's thread, which outlives the resolver.
    const auto gate = std::make_shared<std::promise<void>>();
    const std::shared_future<void> opened = gate->get_future().share();
    {
        auto resolver = resolver_with([opened](const std::string&) -> Result<Addresses> {
            opened.wait();
            return Addresses{"192.0.2.1"};
        });
        const auto begun = std::chrono::steady_clock::now();
        const auto nothing = resolve(resolver, "slow.test", 50ms);
        ASSERT_FALSE(nothing.has_value());
        EXPECT_EQ(nothing.error().kind(), ErrorKind::timeout);
        EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
    }
    gate->set_value();
}

TEST_F(ResolverTest, AsksOnceForManyWhoWait) {
    const auto asked = std::make_shared<std::atomic<int>>(0);
    auto resolver = resolver_with([asked](const std::string&) -> Result<Addresses> {
        ++*asked;
        return Addresses{"192.0.2.1"};
    });
    int ended = 0;
    for (int i = 0; i < 10; ++i) {
        asio::co_spawn(
            loop,
            resolver.resolve("a.test", Deadline::in(5s)),
            [&ended](std::exception_ptr, Result<Resolved> found) {
                ended += found.has_value() ? 1 : 0;
            }
        );
    }
    EXPECT_TRUE(run_until(loop, [&] { return ended == 10; }));
    EXPECT_EQ(*asked, 1);
}

}  // namespace
}  // namespace muster::probes::test
