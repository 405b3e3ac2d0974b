// One object at a time, and one statement at a time, on the command line.
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Declared : public ::testing::Test {
  protected:
    void SetUp() override {
        site_.configure("targets:\n  - {name: web1, class: server, address: 127.0.0.1, site: HQ}\n"
        );
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        // Ready is when it answers; what the configuration declares is folded a moment later.
        ASSERT_TRUE(eventually(20s, [this] {
            return site_.muster({"ci", "show", "web1"}).exit_code == 0;
        }));
    }

    std::string file(const std::string& text) {
        write_text(site_.dir() / "object.yaml", text);
        return site_.dir() / "object.yaml";
    }

    /// What it says; a failure where it ends in another way than it should.
    std::string muster(std::vector<std::string> arguments, int exit_code = 0) {
        const CommandResult result = site_.muster(std::move(arguments));
        EXPECT_EQ(result.exit_code, exit_code) << result.output;
        return result.output;
    }

    Site site_;
};

TEST_F(Declared, TargetsAreMadeChangedAndTakenAway) {
    muster({"target", "create", file("{name: db1, class: server, address: 127.0.0.2, site: HQ}")});
    EXPECT_THAT(muster({"target", "list"}), AllOf(HasSubstr("db1"), HasSubstr("web1")));
    EXPECT_THAT(muster({"ci", "show", "db1"}), HasSubstr("127.0.0.2")) << "it is a CI at once";
    muster({"target", "edit", "db1", file("{name: db1, class: server, address: 127.0.0.3}")});
    EXPECT_THAT(muster({"target", "show", "db1"}), HasSubstr("127.0.0.3"));
    EXPECT_THAT(
        muster({"target", "edit", "db1", file("{name: db1, class: severs}")}, 1),
        HasSubstr("class: there is no class \"severs\"; did you mean \"server\"?")
    );
    EXPECT_THAT(muster({"target", "show", "db1"}), HasSubstr("127.0.0.3")) << "as it was";
    EXPECT_THAT(muster({"target", "delete", "web1"}, 1), HasSubstr("it is declared in"))
        << "a file of the collector says so";
    muster({"target", "delete", "db1"});
    EXPECT_THAT(muster({"target", "list"}), Not(HasSubstr("db1")));
}

TEST_F(Declared, ChannelsAreMadeWithoutTheirSecretsEverComingBack) {
    write_text(site_.dir() / "hook.key", "correct horse");
    const std::string channel = file(
        "{name: night, url: \"http://127.0.0.1:1/x\", secret: {file: " +
        (site_.dir() / "hook.key") + "}}"
    );
    muster({"channel", "create", channel});
    EXPECT_THAT(
        muster({"channel", "show", "night", "--output", "json"}),
        AllOf(HasSubstr("hook.key"), Not(HasSubstr("correct horse")))
    );
    EXPECT_THAT(muster({"channel", "list"}), HasSubstr("night"));
    muster({"channel", "delete", "night"});
    EXPECT_THAT(muster({"channel", "show", "night"}, 1), HasSubstr("night"));
}

TEST_F(Declared, RelationsAreStatedShownAndWithdrawn) {
    muster({"ci", "create", "server", "db1", "--set", "site=HQ"});
    EXPECT_THAT(muster({"relation", "create", "web1", "likes", "db1"}, 1), HasSubstr("depends_on"))
        << "with those that may be";
    muster({"relation", "create", "web1", "depends_on", "db1", "--reason", "told by anna"});
    EXPECT_THAT(
        muster({"relation", "list", "web1", "--type", "depends_on"}),
        AllOf(HasSubstr("server:web1"), HasSubstr("server:db1"), HasSubstr("manual"))
    );
    EXPECT_THAT(muster({"ci", "show", "db1"}), HasSubstr("used by"));
    EXPECT_THAT(muster({"ci", "history", "db1"}), HasSubstr("told by anna"));
    muster({"relation", "delete", "web1", "depends_on", "db1"});
    EXPECT_THAT(
        muster({"relation", "list", "web1", "--type", "depends_on"}), Not(HasSubstr("server:db1"))
    );
    EXPECT_THAT(muster({"relation", "delete", "web1", "depends_on", "db1"}, 1), HasSubstr("db1"));
    EXPECT_THAT(muster({"site", "list"}), HasSubstr("HQ"));
    EXPECT_THAT(muster({"site", "show", "HQ"}), HasSubstr("location of"));
}

TEST_F(Declared, ListsSayThatTheyWereCutAndNamesAreGuessed) {
    const std::string more = "there are more than these 1: --limit N\n";
    muster({"ci", "create", "server", "db1"});
    muster({"ci", "create", "team", "network"});
    EXPECT_THAT(muster({"ci", "list", "--class", "server", "--limit", "1"}), HasSubstr(more));
    EXPECT_THAT(
        muster({"ci", "list", "--class", "server", "--limit", "2"}), Not(HasSubstr("more"))
    );
    EXPECT_THAT(
        muster({"ci", "list", "--filter", "class = server", "--limit", "1", "-o", "json"}),
        HasSubstr(more)
    );
    EXPECT_THAT(muster({"team", "list"}), AllOf(HasSubstr("network"), Not(HasSubstr("db1"))));
    EXPECT_THAT(muster({"team", "show", "network"}), HasSubstr("team"));
    EXPECT_THAT(muster({"ci", "show", "wbe1"}, 1), HasSubstr("did you mean \"web1\"?"));
    EXPECT_THAT(muster({"why", "dbl"}, 1), HasSubstr("did you mean \"db1\"?"));
    EXPECT_THAT(muster({"target", "show", "web2"}, 1), HasSubstr("did you mean \"web1\"?"));
    EXPECT_THAT(muster({"availability", "network"}), HasSubstr("network has no probes of its own"));
}

TEST_F(Declared, EveryMomentIsTakenInEveryForm) {
    for (const char* at : {"now", "0s ago", "-0s"}) {
        EXPECT_THAT(muster({"ci", "list", "--at", at}), HasSubstr("web1")) << at;
    }
    for (const char* at :
         {"-2h", "2h ago", "yesterday 09:00", "2026-01-31", "2026-01-31 02:14 UTC"}) {
        EXPECT_THAT(muster({"ci", "list", "--at", at}), Not(HasSubstr("web1"))) << at;
        muster({"ci", "diff", "web1", "--from", "now", "--to", "now"});
        muster({"events", "--from", at});
        muster({"receipts", "--from", at});
        muster({"audit", "list", "--from", at});
        muster({"availability", "web1", "--from", at});
    }
}

}  // namespace
}  // namespace muster::test
