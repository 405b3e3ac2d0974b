// Classes of one's own: declared with what is watched, inherited by policies; what is wrong changes nothing.
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

namespace muster::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr const char* classes_yaml = R"(classes:
  - name: kiosk
    parent: endpoint
    label: {en: Kiosk, zh: 自助终端}
    attributes:
      - {name: asset_tag}
  - {name: info_kiosk, parent: kiosk}
relation_types:
  - name: serves
    reverse: {name: served_by}
    pairs: [{from: kiosk, to: building}]
)";

constexpr const char* targets_yaml = R"(targets:
  - {name: till1, class: info_kiosk, address: 127.0.0.1}
)";

/// `of`: the class that the policy names.
std::string policy_yaml(const std::string& name, const std::string& of) {
    return "policies:\n  - name: " + name + "\n    match: class = " + of +
           "\n    probes: [{type: icmp, name: " + of +
           ", count: 1, interval: 200ms, timeout: 150ms}]\n";
}

class Classes : public ::testing::Test {
  protected:
    void SetUp() override {
        std::filesystem::create_directories(site_.dir() / "conf.d");
        site_.configure(policy_yaml("endpoints answer", "endpoint"));
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    }

    /// One file or several, applied together in place of what was applied before.
    CommandResult apply(const std::map<std::string, std::string>& texts) {
        const std::string folder = site_.dir() / "watch";
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        for (const auto& [name, text] : texts) {
            write_text(folder + "/" + name, text);
        }
        return site_.muster({"apply", "-f", folder, "--prune"});
    }

    std::string log_after_reload(const std::string& words) {
        site_.collector().signal(SIGHUP);
        const bool is_there =
            eventually(10s, [&] { return site_.collector_log().find(words) != std::string::npos; });
        return is_there ? words : site_.collector_log();
    }

    std::string listed(std::vector<std::string> arguments) {
        const CommandResult result = site_.muster(std::move(arguments));
        EXPECT_EQ(result.exit_code, 0) << result.output;
        return result.output;
    }

    Site site_;
};

TEST_F(Classes, OfOnesOwnAreWatchedAsTheirAncestorsAreAndListedWithTheShipped) {
    ASSERT_NO_FATAL_FAILURE(site_.start_agent());
    const CommandResult first = apply(
        {{"classes.yaml", classes_yaml},
         {"targets.yaml", targets_yaml},
         {"policy.yaml", policy_yaml("kiosks answer", "kiosk")}}
    );
    ASSERT_EQ(first.exit_code, 0) << first.output;
    EXPECT_THAT(first.output, HasSubstr("classes"));
    ASSERT_TRUE(eventually(10s, [&] { return site_.probe_states()["till1 kiosk"] == "ok"; }));
    EXPECT_TRUE(eventually(10s, [&] { return site_.probe_states()["till1 endpoint"] == "ok"; }));
    EXPECT_THAT(listed({"class", "list"}), HasSubstr("declared in applied/classes.yaml:2"));
    EXPECT_THAT(listed({"class", "list"}), HasSubstr("shipped"));
    EXPECT_THAT(listed({"class", "show", "info_kiosk"}), HasSubstr("asset_tag"));
    EXPECT_THAT(listed({"class", "relations"}), HasSubstr("served_by"));
    EXPECT_THAT(listed({"ci", "list", "--filter", "class = kiosk"}), HasSubstr("till1"));
    EXPECT_THAT(
        listed({"ci", "create", "kiosk", "lobby", "--set", "asset_tag=A-17"}), HasSubstr("lobby")
    );
    EXPECT_THAT(listed({"ci", "list", "--filter", "asset_tag = A-17"}), HasSubstr("lobby"));

    // The journal has the classes: after a restart from a saved state and from none it is all the same.
    ASSERT_EQ(site_.stop_collector(), 0);
    ASSERT_NO_FATAL_FAILURE(site_.start_collector());
    const std::string id = site_.probe_id("till1 kiosk");
    EXPECT_FALSE(id.empty());
    EXPECT_TRUE(eventually(10s, [&] { return site_.probe_states()["till1 kiosk"] == "ok"; }));
    EXPECT_THAT(listed({"ci", "list", "--filter", "class = endpoint"}), HasSubstr("lobby"));
}

TEST_F(Classes, ThatAreWrongAreToldWithTheirPlaceAndTheRunningOnesStay) {
    ASSERT_EQ(apply({{"classes.yaml", classes_yaml}, {"targets.yaml", targets_yaml}}).exit_code, 0);
    const std::string classes = listed({"class", "list"});
    const std::string policies = listed({"policy", "list"});

    struct Row {
        const char* yaml;
        const char* words;  ///< behind the name of the file
    };

    const std::vector<Row> rows = {
        {"classes:\n  - {name: a, parent: b}\n  - {name: b, parent: a}\n",
         ":2:23: class \"a\" inherits from itself: a → b → a"},
        {"classes:\n  - {name: a, parent: kiosks}\n",
         ":2:23: parent: there is no class \"kiosks\"; did you mean \"kiosk\"?"},
        {"classes:\n  - {name: a, parent: kiosk, attributes: [{name: asset_tag, type: integer}]}\n",
         ":2:43: attribute \"asset_tag\" is integer in class \"a\" and text in class \"kiosk\""},
        {"classes:\n  - {name: a, identification: [{namespace: shop, kind: tag, rank: 1, of: "
         "[tag]}]}\n",
         ":2:32: of: class \"a\" has no attribute \"tag\""},
        {"policies:\n  - {name: p, match: class = kiosc, probes: [{type: icmp}]}\n",
         ":2:30: match: there is no class \"kiosc\"; did you mean \"kiosk\"?"},
        {"channels:\n  - name: post\n    type: smtp\n    server: 127.0.0.1:25\n    from: "
         "a@example.net\n    to: [b@example.net]\n    template:\n      subject: "
         "\"{{incident.titel}}\"\n",
         ":8:"},
    };
    for (const Row& row : rows) {
        const CommandResult refused = apply(
            {{"classes.yaml", classes_yaml}, {"targets.yaml", targets_yaml}, {"bad.yaml", row.yaml}}
        );
        EXPECT_EQ(refused.exit_code, 1) << refused.output;
        EXPECT_THAT(refused.output, HasSubstr("bad.yaml" + std::string(row.words)));
        EXPECT_EQ(listed({"class", "list"}), classes);
        EXPECT_EQ(listed({"policy", "list"}), policies);
    }
    // The same by file and SIGHUP. Files stand on their own: they do not see what was applied.
    const std::string file = site_.dir() / "conf.d/bad.yaml";
    write_text(site_.dir() / "conf.d/a.yaml", "classes: [{name: booth}]\n");
    EXPECT_THAT(log_after_reload("config.loaded"), HasSubstr("config.loaded"));
    ASSERT_TRUE(eventually(10s, [&] {
        return listed({"class", "list"}).find("booth") != std::string::npos;
    }));
    for (const std::string& yaml :
         {std::string("classes: [{name: a, parent: b}, {name: b, parent: a}]\n"),
          std::string("policies: [{name: p, match: class = boot, probes: [{type: icmp}]}]\n")}) {
        write_text(file, yaml);
        log_after_reload(
            yaml.starts_with("classes")
                ? "conf.d/bad.yaml:1:29: class \\\"a\\\" inherits from itself"
                : "conf.d/bad.yaml:1:37: match: there is no class"
        );
        EXPECT_THAT(site_.collector_log(), HasSubstr("config.rejected"));
        EXPECT_THAT(listed({"class", "list"}), HasSubstr("booth"));
        EXPECT_EQ(listed({"policy", "list"}), policies);
    }
}

TEST_F(Classes, StayAsLongAsThereAreThingsOfThem) {
    ASSERT_EQ(apply({{"classes.yaml", classes_yaml}}).exit_code, 0);
    ASSERT_EQ(site_.muster({"ci", "create", "kiosk", "lobby"}).exit_code, 0);
    const CommandResult refused = apply({{"none.yaml", "policies: []\n"}});
    EXPECT_EQ(refused.exit_code, 1) << refused.output;
    EXPECT_THAT(
        refused.output,
        HasSubstr(
            "applied/classes.yaml:2:11: class \"kiosk\" is no longer declared, but 1 CI is of "
            "it, expected none: reclassify or retire them first"
        )
    );
    EXPECT_THAT(listed({"class", "list"}), HasSubstr("info_kiosk"));
    ASSERT_EQ(site_.muster({"ci", "retire", "lobby"}).exit_code, 0);
    const CommandResult done = apply({{"none.yaml", "policies: []\n"}});
    EXPECT_EQ(done.exit_code, 0) << done.output;
    EXPECT_THAT(listed({"class", "list"}), Not(HasSubstr("kiosk")));
}

}  // namespace
}  // namespace muster::test
