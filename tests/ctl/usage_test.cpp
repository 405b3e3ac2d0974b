#include "tests/ctl/canned_server.hpp"
#include "tests/ctl/run_muster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace muster::ctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Usage : public testing::Test {
  protected:
    std::string said(std::vector<std::string> words) {
        const Ran ran = muster.run(std::move(words));
        EXPECT_EQ(ran.code, 2) << ran.err;
        EXPECT_EQ(ran.out, "");
        return ran.err;
    }

    Muster muster;
};

TEST_F(Usage, GuessesTheVerbThatWasMeant) {
    EXPECT_EQ(
        said({"incidents"}),
        "muster: there is no verb \"incidents\"\ndid you mean: muster incident list\n"
    );
    EXPECT_THAT(said({"policies", "show", "a b"}), HasSubstr("muster policy show 'a b'\n"));
    EXPECT_THAT(said({"agents", "a1"}), HasSubstr("did you mean: muster agent show a1\n"));
    EXPECT_THAT(said({"windows", "--all"}), HasSubstr("did you mean: muster window list --all\n"));
    EXPECT_THAT(said({"incdent", "list"}), HasSubstr("did you mean: muster incident list\n"));
    EXPECT_THAT(said({"incident", "ls"}), HasSubstr("did you mean: muster incident list\n"));
    EXPECT_THAT(said({"ack", "31"}), HasSubstr("did you mean: muster incident ack 31\n"));
    EXPECT_THAT(said({"ci", "web4"}), HasSubstr("did you mean: muster ci show web4\n"));
    EXPECT_THAT(said({"receipt"}), HasSubstr("did you mean: muster receipts\n"));
    EXPECT_THAT(muster.run({"probe", "list"}).err, HasSubstr("did you mean: muster probes\n"));
    EXPECT_THAT(
        muster.run({"probe", "ls", "web4"}).err, HasSubstr("did you mean: muster probes web4\n")
    );
}

TEST_F(Usage, ListsTheVerbsThereAre) {
    const std::string verbs = said({"ci"});
    EXPECT_THAT(verbs, StartsWith("muster: ci needs one of these verbs\n"));
    EXPECT_THAT(verbs, HasSubstr("  list        Configuration items, by name\n"));
    EXPECT_THAT(verbs, HasSubstr("  merge       Another one is the same\n"));
    EXPECT_THAT(said({}), HasSubstr("  incident      What is wrong, and what is done about it\n"));
    EXPECT_THAT(
        said({"frobnicate"}),
        AllOf(
            HasSubstr("there is no verb \"frobnicate\"; there is: status, incident, window"),
            Not(HasSubstr("mean"))
        )
    );
}

TEST_F(Usage, NamesWhatIsMissingAndHowTheVerbIsWritten) {
    EXPECT_EQ(
        said({"incident", "show"}),
        "muster: incident show needs INCIDENT: Its number: 31 or INC-31\n"
        "usage: muster incident show INCIDENT; muster incident show --help says more\n"
    );
    const std::string window = said({"window", "start", "web4"});
    EXPECT_THAT(window, HasSubstr("window start needs --for FOR: How long, such as 2h\n"));
    EXPECT_THAT(window, HasSubstr("window start needs --reason REASON: What is done in it\n"));
    EXPECT_THAT(window, HasSubstr("usage: muster window start CI|QUERY --for FOR --reason REASON"));
    EXPECT_THAT(said({"apply", "web.yaml"}), HasSubstr("did you mean: muster apply -f web.yaml\n"));
    EXPECT_THAT(said({"apply"}), Not(HasSubstr("did you mean")));
    EXPECT_THAT(
        said({"incident", "assign", "31"}), HasSubstr("expected who works on it, or --team TEAM")
    );
}

TEST_F(Usage, SaysWhichWordIsOneTooManyAndWhichOptionIsNone) {
    EXPECT_THAT(
        said({"incident", "show", "31", "32"}),
        HasSubstr("\"32\" is one word too many for incident show")
    );
    EXPECT_THAT(
        said({"incident", "show", "31", "a b"}),
        HasSubstr("\"a b\" is one word too many for incident show\n")
    );
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"ci", "retire", "web4", "trial over"},
          {"ci", "retire", "web4", "trial", "over"}}) {
        EXPECT_THAT(
            said(words), HasSubstr("did you mean: muster ci retire web4 --reason 'trial over'\n")
        );
    }
    EXPECT_THAT(
        said({"incident", "list", "--stat", "open"}),
        HasSubstr("incident list has no option --stat; did you mean --state?\n")
    );
    EXPECT_THAT(
        said({"ci", "list", "--colour=red"}), HasSubstr("ci list has no option --colour\n")
    );
    EXPECT_THAT(said({"ci", "list", "-o", "xml"}), AllOf(HasSubstr("xml"), HasSubstr("usage: ")));
}

TEST_F(Usage, TellsAMistakeOnce) {
    muster.put("/home/me/token", "it1.a.secret\n");
    const CannedServer server(
        {{"POST /api/v1/windows",
          {422,
           R"({"detail":"\"for\": expected at most 90d","errors":[{"pointer":"/for","detail":"expected at most 90d"}]})"
          }}}
    );
    const Ran ran = muster.run(
        {"window",
         "start",
         "web4",
         "--for",
         "900d",
         "--reason",
         "x",
         "--server",
         server.url(),
         "--token-file",
         "/home/me/token"}
    );
    EXPECT_EQ(ran.err, "muster: \"for\": expected at most 90d\n");
}

}  // namespace
}  // namespace muster::ctl
