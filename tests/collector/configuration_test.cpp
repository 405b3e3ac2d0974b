// What was applied over the API, and what differs between two sets of texts.
#include "base/memory_files.hpp"
#include "collector/configuration/keeper.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sys/stat.h>

namespace muster::collector {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* collector_yaml = R"(data_dir: /data
targets:
  - name: web
    address: 127.0.0.1
    probes: [{type: icmp}]
)";

constexpr const char* policy_yaml = R"(policies:
  - name: servers answer
    match: class = server
    probes: [{type: icmp, interval: 10s}]
)";

config::ConfigText text(const std::string& name, const std::string& body) {
    return {std::string(applied_prefix) + name, body};
}

class Keeper : public testing::Test {
  protected:
    Keeper() {
        EXPECT_TRUE(files.create_directories("/etc"));
        EXPECT_TRUE(files.create_directories("/data"));
        write("/etc/collector.yaml", collector_yaml);
        reopen();
    }

    void write(const std::string& path, const std::string& body) {
        EXPECT_TRUE(write_file_atomically(files, path, body));
    }

    /// As after a restart.
    void reopen() {
        auto loaded = load_configuration(files, "/etc/collector.yaml", "");
        ASSERT_TRUE(loaded) << loaded.error().text();
        keeper.emplace(
            ConfigurationKeeper::Options{
                .files = &files,
                .path = "/etc/collector.yaml",
                .data_dir = "/data",
                .data_dir_said = ""
            },
            std::move(*loaded)
        );
    }

    Result<ApplyOutcome> apply(
        AppliedTexts texts, Prune prune = Prune::no, ApplyMode mode = ApplyMode::apply
    ) {
        return keeper->apply(
            {.texts = std::move(texts), .prune = prune, .mode = mode, .if_match = ""}
        );
    }

    std::vector<std::string> policies() const {
        std::vector<std::string> out;
        for (const config::Policy& policy : keeper->running().watch.policies) {
            out.push_back(policy.name);
        }
        return out;
    }

    static std::vector<std::string> changes(const ApplyOutcome& outcome) {
        std::vector<std::string> out;
        for (const ObjectChange& change : outcome.changes) {
            if (change.kind != ObjectChange::Kind::unchanged) {
                out.push_back(
                    std::string(to_string(change.kind)) + " " + change.list + " " + change.name
                );
            }
        }
        return out;
    }

    MemoryFiles files;
    std::optional<ConfigurationKeeper> keeper;
};

TEST_F(Keeper, RunsWhatIsAppliedAndStillDoesAfterARestart) {
    const auto outcome = apply({text("servers.yaml", policy_yaml)});
    ASSERT_TRUE(outcome) << outcome.error().text();
    EXPECT_THAT(changes(*outcome), ElementsAre("created policies servers answer"));
    EXPECT_THAT(policies(), ElementsAre("servers answer"));
    reopen();
    EXPECT_THAT(policies(), ElementsAre("servers answer"));
    EXPECT_EQ(keeper->etag(), outcome->etag);
    EXPECT_TRUE(keeper->reload());
    EXPECT_THAT(policies(), ElementsAre("servers answer"));
}

TEST_F(Keeper, OnlyTellsInADryRun) {
    const auto outcome = apply({text("a.yaml", policy_yaml)}, Prune::no, ApplyMode::dry_run);
    ASSERT_TRUE(outcome);
    EXPECT_THAT(changes(*outcome), ElementsAre("created policies servers answer"));
    EXPECT_THAT(policies(), testing::IsEmpty());
    EXPECT_FALSE(files.exists("/data/applied.json"));
}

TEST_F(Keeper, TellsFieldByFieldWhatDiffers) {
    ASSERT_TRUE(apply({text("a.yaml", policy_yaml)}));
    std::string edited = policy_yaml;
    edited.replace(edited.find("10s"), 3, "30s");
    const auto outcome = apply({text("a.yaml", edited + "    urgency: high\n")});
    ASSERT_TRUE(outcome) << outcome.error().text();
    const auto change =
        std::ranges::find(outcome->changes, ObjectChange::Kind::changed, &ObjectChange::kind);
    ASSERT_NE(change, outcome->changes.end());
    ASSERT_EQ(change->fields.size(), 2u);
    EXPECT_EQ(change->fields[0].name, "probes.0.interval");
    EXPECT_EQ(change->fields[0].before, "10s");
    EXPECT_EQ(change->fields[0].after, "30s");
    EXPECT_EQ(change->fields[1].name, "urgency");
    ASSERT_EQ(outcome->matches.size(), 1u);
    EXPECT_EQ(outcome->matches[0].before.text(), outcome->matches[0].after.text());
}

TEST_F(Keeper, TakesAwayWithPruneWhatIsNoLongerGiven) {
    ASSERT_TRUE(apply({text("a.yaml", policy_yaml)}));
    const std::string other =
        "policies: [{name: other, match: name = x, probes: [{type: icmp}]}]\n";
    ASSERT_TRUE(apply({text("b.yaml", other)}));
    EXPECT_THAT(policies(), ElementsAre("servers answer", "other"));
    const auto outcome = apply({text("b.yaml", other)}, Prune::yes);
    ASSERT_TRUE(outcome);
    EXPECT_THAT(changes(*outcome), ElementsAre("removed policies servers answer"));
    EXPECT_THAT(policies(), ElementsAre("other"));
}

TEST_F(Keeper, KeepsEverythingWhenOneTextIsWrong) {
    ASSERT_TRUE(apply({text("a.yaml", policy_yaml)}));
    const std::string etag = keeper->etag();
    for (const auto& [body, words] : std::vector<std::pair<std::string, std::string>>{
             {"policies: [{name: b, match: class = sevrer, probes: [{type: icmp}]}]",
              "applied/b.yaml:1:37: match: there is no class \"sevrer\"; did you mean \"server\"?"},
             {"targets: [{name: web, address: h, probes: [{type: icmp}]}]",
              "applied/b.yaml:1:18: a second target named \"web\""},
             {"listen: {people: \"127.0.0.1:1\"}", "applied/b.yaml:1:1: unknown key \"listen\""},
             {"targets: [", "applied/b.yaml:"},
             {"targets:\n  - {name: a, address: h, breach: {failures: 1}, probes: [{type: icmp}]}",
              "applied/b.yaml:2:46: failures: 1 makes an incident of every lost packet"},
         }) {
        const auto outcome = apply({text("b.yaml", body)});
        ASSERT_FALSE(outcome) << body;
        EXPECT_THAT(outcome.error().text(), HasSubstr(words));
        EXPECT_EQ(keeper->etag(), etag);
        EXPECT_THAT(policies(), ElementsAre("servers answer"));
    }
}

TEST_F(Keeper, BlamesANameThatIsUsedTwiceOnWhatIsBeingApplied) {
    ASSERT_TRUE(apply({text("z.yaml", policy_yaml)}));
    const auto outcome = apply({text("a.yaml", policy_yaml)});
    ASSERT_FALSE(outcome);
    EXPECT_THAT(
        outcome.error().text(),
        HasSubstr("applied/a.yaml:2:11: a second policy named \"servers answer\" (the other is at "
                  "applied/z.yaml:2:11)")
    );
}

TEST_F(Keeper, WarnsOfSecretsThatCannotBeReadAndTakesTheRest) {
    const auto watch = [](const std::string& name) {
        return "targets: [{name: " + name +
               ", address: h, probes: [{type: snmp, community: {file: /etc/muster/" + name +
               "}}]}]\n";
    };
    const auto first = apply({text("a.yaml", watch("one"))});
    ASSERT_TRUE(first) << first.error().text();
    ASSERT_EQ(first->unread.size(), 1u);
    EXPECT_THAT(
        to_text(first->unread[0]),
        HasSubstr("applied/a.yaml:1:68: warning: the secret cannot be read: /etc/muster/one: ")
    );
    ASSERT_TRUE(files.create_directories("/etc/muster"));
    write("/etc/muster/two", "public\n");
    const auto second = apply({text("b.yaml", watch("two"))}, Prune::no, ApplyMode::dry_run);
    ASSERT_TRUE(second) << second.error().text();
    EXPECT_TRUE(second->unread.empty()) << "what is wrong elsewhere has been told";
}

std::string hook_with(const std::string& secret) {
    return "channels:\n  - {name: ops, url: \"https://hooks.example.net\", secret: {file: " +
           secret + "}}\n";
}

TEST_F(Keeper, AppliesNoSecretOutsideOfTheFoldersForThem) {
    write("/etc/shadow", "something");
    for (const char* path :
         {"/etc/shadow",
          "/etc/muster/../shadow",
          "/etc/muster/./key",
          "/etc/mustering/key",
          "/etc/muster",
          "/data/admin.token"}) {
        const auto outcome = apply({text("a.yaml", hook_with(path))});
        ASSERT_FALSE(outcome) << path;
        EXPECT_THAT(
            outcome.error().text(),
            HasSubstr(
                "applied/a.yaml:2:59: the secret \"" + std::string(path) +
                "\", expected one below /etc/muster: "
            )
        ) << "whether it is there or not";
    }
    EXPECT_TRUE(apply({text("a.yaml", hook_with("/etc/muster/hook.key"))}));
    EXPECT_TRUE(apply({text("a.yaml", hook_with("/data/ca/ca.crt"))})) << "it is public";
}

TEST_F(Keeper, ChecksWhatIsAppliedAlsoWhereAFileOfTheMachineNamesTheSameSecret) {
    write("/etc/collector.yaml", collector_yaml + hook_with("/srv/hook.key"));
    reopen();
    EXPECT_FALSE(apply({text(
        "a.yaml",
        "targets: [{name: x, address: h, probes: [{type: snmp, community: {file: "
        "/srv/hook.key}}]}]"
    )}));
}

TEST_F(Keeper, TakesTheFoldersOfSecretsAtAReload) {
    const AppliedTexts hook{text("a.yaml", hook_with("/srv/keys/hook"))};
    ASSERT_FALSE(apply(hook));
    write("/etc/collector.yaml", "secrets_from: [/srv/keys/]\n" + std::string(collector_yaml));
    ASSERT_TRUE(keeper->reload());
    EXPECT_TRUE(apply(hook));
    write("/etc/collector.yaml", collector_yaml);
    EXPECT_FALSE(keeper->reload()) << "what runs would name what it may not";
}

TEST_F(Keeper, ReadsNoSecretOfItsOwnWhoeverNamesIt) {
    for (const char* path : {"/data/admin.token", "/data/ca/ca.key", "/srv/../data/access.db"}) {
        write("/etc/collector.yaml", collector_yaml + hook_with(path));
        const auto loaded = load_configuration(files, "/etc/collector.yaml", "");
        ASSERT_FALSE(loaded) << path;
        EXPECT_THAT(
            loaded.error().text(),
            HasSubstr(
                "/etc/collector.yaml:7:59: the secret \"" + std::string(path) +
                "\": it lies below data_dir (/data)"
            )
        );
        EXPECT_FALSE(keeper->reload());
    }
    write("/etc/collector.yaml", collector_yaml + hook_with("/data/ca/ca.crt"));
    EXPECT_TRUE(keeper->reload());
}

TEST(NamedSecret, ReadsNothingBelowTheDataDirectoryThroughLinksEither) {
    const test::TempDir dir;
    RealFiles files;
    ASSERT_TRUE(files.create_directories(dir / "data/ca"));
    ASSERT_TRUE(write_file_atomically(files, dir / "data/ca/ca.key", "key"));
    ASSERT_TRUE(write_file_atomically(files, dir / "data/ca/ca.crt", "certificate"));
    ASSERT_TRUE(write_file_atomically(files, dir / "outside", "community"));
    std::filesystem::create_symlink(dir / "data/ca/ca.key", dir / "link");
    std::filesystem::create_directory_symlink(dir / "data", dir / "folder");
    const auto read = [&](const std::string& path) {
        return read_named_secret(files, dir / "folder", path);
    };
    for (const std::string& path :
         {dir / "data/ca/ca.key", dir / "link", dir / "folder/ca/ca.key"}) {
        const Result<Secret> secret = read(path);
        ASSERT_FALSE(secret) << path;
        EXPECT_EQ(secret.error().kind(), ErrorKind::refused);
    }
    EXPECT_TRUE(read(dir / "outside"));
    EXPECT_TRUE(read(dir / "data/ca/ca.crt"));
}

TEST(NamedSecret, IsWarnedOfAtOnceWhereItIsAPipe) {
    const test::TempDir dir;
    RealFiles files;
    ASSERT_EQ(mkfifo((dir / "community").c_str(), 0600), 0);
    config::Watch watch;
    watch.secret_files[{"collector.yaml", dir / "community"}] = {3, 5};
    const auto unread = unread_secrets(files, dir / "data", watch);
    ASSERT_EQ(unread.size(), 1u);
    EXPECT_THAT(to_text(unread[0]), HasSubstr("collector.yaml:3:5: warning: "));
    EXPECT_THAT(to_text(unread[0]), HasSubstr("it is a named pipe, expected a regular file"));
}

TEST_F(Keeper, RefusesToApplyToASetThatHasChangedSince) {
    const std::string before = keeper->etag();
    ASSERT_TRUE(apply({text("a.yaml", policy_yaml)}));
    const auto late = keeper->apply({.texts = {}, .prune = Prune::yes, .if_match = before});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind(), ErrorKind::conflict);
    EXPECT_TRUE(keeper->apply({.texts = {}, .prune = Prune::yes, .if_match = keeper->etag()}));
    EXPECT_THAT(policies(), testing::IsEmpty());
}

TEST_F(Keeper, KeepsWhatRunsWhenTheFilesAreWrong) {
    ASSERT_TRUE(apply({text("a.yaml", policy_yaml)}));
    write("/etc/collector.yaml", "targets: [{name: web, adress: 127.0.0.1}]\n");
    EXPECT_FALSE(keeper->reload());
    EXPECT_EQ(keeper->running().watch.targets.size(), 1u);
    EXPECT_THAT(policies(), ElementsAre("servers answer"));
}

TEST_F(Keeper, LetsFilesOfOneSetNameWhatOthersDeclare) {
    const std::string declared = "classes: [{name: kiosk, parent: endpoint}]\n";
    const std::string used =
        "policies: [{name: kiosks, match: class = kiosk, probes: [{type: icmp}]}]\n";
    EXPECT_FALSE(apply({text("a.yaml", used)}));
    const auto outcome = apply({text("a.yaml", used), text("b.yaml", declared)});
    ASSERT_TRUE(outcome) << outcome.error().text();
    EXPECT_THAT(changes(*outcome), ElementsAre("created classes kiosk", "created policies kiosks"));
    EXPECT_TRUE(keeper->model()->is_a("kiosk", "endpoint"));
    reopen();
    EXPECT_TRUE(keeper->model()->is_a("kiosk", "endpoint"));
}

TEST_F(Keeper, KeepsAClassThatThingsAreOf) {
    ASSERT_TRUE(apply({text("a.yaml", "classes: [{name: kiosk}, {name: booth}]\n")}));
    const auto without = [&](ClassUse in_use) {
        return keeper->apply(
            {.texts = {text("a.yaml", "classes: [{name: booth}]\n")},
             .if_match = "",
             .in_use = std::move(in_use)}
        );
    };
    const auto refused = without({{"kiosk", 2}, {"server", 9}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(
        refused.error().text(),
        "applied/a.yaml:1:18: class \"kiosk\" is no longer declared, but 2 CIs are of it, expected "
        "none: reclassify or retire them first"
    );
    EXPECT_NE(keeper->model()->find("kiosk"), nullptr);
    write("/etc/collector.yaml", std::string(collector_yaml) + "classes: [{name: hut}]\n");
    EXPECT_TRUE(keeper->reload({{"kiosk", 2}}));
    write("/etc/collector.yaml", collector_yaml);
    EXPECT_FALSE(keeper->reload({{"hut", 1}}));
    EXPECT_NE(keeper->model()->find("hut"), nullptr);
    EXPECT_TRUE(without({{"kiosk", 0}, {"booth", 1}}));
    EXPECT_EQ(keeper->model()->find("kiosk"), nullptr);
}

TEST(AppliedNames, ArePlainFileNames) {
    EXPECT_EQ(*applied_name("web-1.yaml"), "applied/web-1.yaml");
    for (const char* wrong :
         {"", "web", "../web.yaml", "a/b.yaml", ".hidden.yaml", "web.yml", "we b.yaml"}) {
        EXPECT_FALSE(applied_name(wrong)) << wrong;
    }
}

TEST(AppliedFile, IsRefusedWhenItIsNotOurs) {
    MemoryFiles files;
    ASSERT_TRUE(files.create_directories("/d"));
    EXPECT_TRUE(read_applied(files, "/d/applied.json")->empty());
    for (const char* body : {"", "[]", "{}", R"({"files":[{"name":1,"text":""}]})"}) {
        ASSERT_TRUE(write_file_atomically(files, "/d/applied.json", body));
        const auto read = read_applied(files, "/d/applied.json");
        ASSERT_FALSE(read) << body;
        EXPECT_EQ(read.error().kind(), ErrorKind::corrupt);
    }
}

}  // namespace
}  // namespace muster::collector
