// People sign in to the real collector with the real command line.
#include "tests/support/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace muster::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* password = "correct horse battery";

class PeopleOfASite : public ::testing::Test {
  protected:
    PeopleOfASite() {
        site_.configure("");
        site_.start_collector();
        write_text(site_.dir() / "password", std::string(password) + "\n");
        write_text(site_.dir() / "ca.pem", site_.ca_pem());
    }

    /// `muster` of a person with a home of its own, who knows nothing but what login left there.
    CommandResult as(const std::string& person, std::vector<std::string> arguments) {
        std::vector<std::string> all = {
            program("muster"), "--config", site_.dir() / (person + "/cli.yaml")
        };
        all.insert(all.end(), arguments.begin(), arguments.end());
        return run_command(std::move(all));
    }

    CommandResult login(const std::string& person, const std::string& password_file) {
        return as(
            person,
            {"login",
             "--server",
             site_.url(),
             "--ca-file",
             site_.dir() / "ca.pem",
             "--user",
             person,
             "--password-file",
             site_.dir() / password_file}
        );
    }

    Site site_;
};

TEST_F(PeopleOfASite, SignInWorkAndSignOutAgain) {
    const CommandResult made = site_.create_user("anna", "administrator");
    ASSERT_EQ(made.exit_code, 0) << made.output;
    const CommandResult in = login("anna", "password");
    ASSERT_EQ(in.exit_code, 0) << in.output << site_.collector_log();
    const auto mode = std::filesystem::status(site_.dir() / "anna/token").permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_THAT(as("anna", {"user", "list"}).output, HasSubstr("administrator"));
    const CommandResult tokens = as("anna", {"token", "list"});
    EXPECT_THAT(tokens.output, HasSubstr("muster-"));
    EXPECT_THAT(tokens.output, HasSubstr("anna"));
    EXPECT_EQ(as("anna", {"logout"}).exit_code, 0);
    EXPECT_EQ(as("anna", {"user", "list"}).exit_code, 1);
    EXPECT_THAT(site_.muster({"token", "list"}).output, HasSubstr("revoked"));
}

TEST_F(PeopleOfASite, AreToldWhatToDoAboutAnAuthorityTheyDoNotKnow) {
    ASSERT_EQ(site_.create_user("anna", "administrator").exit_code, 0);
    std::vector<std::string> arguments = {
        "login",
        "--server",
        site_.url(),
        "--user",
        "anna",
        "--password-file",
        site_.dir() / "password"
    };
    const CommandResult unknown = as("anna", arguments);
    EXPECT_EQ(unknown.exit_code, 1);
    EXPECT_THAT(unknown.output, HasSubstr("signed by another authority; copy the collector's"));
    EXPECT_THAT(unknown.output, HasSubstr("<data_dir>/ca/ca.crt"));
    EXPECT_THAT(unknown.output, HasSubstr("muster login --ca-file FILE"));
    const std::string relative = std::filesystem::relative(site_.dir() / "ca.pem");
    ASSERT_FALSE(relative.starts_with('/'));
    arguments.insert(arguments.end(), {"--ca-file", relative});
    const CommandResult in = as("anna", arguments);
    ASSERT_EQ(in.exit_code, 0) << in.output;
    EXPECT_THAT(
        read_text(site_.dir() / "anna/cli.yaml"),
        HasSubstr("ca_file: \"" + (site_.dir() / "ca.pem") + "\"")
    );
    EXPECT_EQ(as("anna", {"user", "list"}).exit_code, 0);
}

TEST_F(PeopleOfASite, DoWhatTheirRoleAllows) {
    ASSERT_EQ(site_.create_user("anna", "administrator").exit_code, 0);
    ASSERT_EQ(site_.create_user("vera", "viewer").exit_code, 0);
    ASSERT_EQ(login("vera", "password").exit_code, 0);
    EXPECT_EQ(as("vera", {"agent", "list"}).exit_code, 0);
    const CommandResult refused = as("vera", {"token", "create", "--agent"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.output, HasSubstr("does not allow"));
    EXPECT_EQ(as("vera", {"user", "list"}).exit_code, 1);
    ASSERT_EQ(site_.muster({"user", "edit", "vera", "--disable"}).exit_code, 0);
    EXPECT_EQ(as("vera", {"agent", "list"}).exit_code, 1) << "at once";
    ASSERT_EQ(site_.muster({"user", "edit", "vera", "--enable"}).exit_code, 0);
    EXPECT_EQ(as("vera", {"agent", "list"}).exit_code, 0);
    ASSERT_EQ(site_.muster({"user", "delete", "vera"}).exit_code, 0);
    EXPECT_EQ(as("vera", {"agent", "list"}).exit_code, 1);
}

TEST_F(PeopleOfASite, ChangeTheirPassword) {
    ASSERT_EQ(site_.create_user("vera", "viewer").exit_code, 0);
    ASSERT_EQ(login("vera", "password").exit_code, 0);
    write_text(site_.dir() / "fresh", "another horse battery\n");
    const CommandResult wrong =
        as("vera",
           {"user",
            "password",
            "vera",
            "--password-file",
            site_.dir() / "fresh",
            "--current-file",
            site_.dir() / "fresh"});
    EXPECT_THAT(wrong.output, HasSubstr("the current password is another"));
    const CommandResult changed =
        as("vera",
           {"user",
            "password",
            "vera",
            "--password-file",
            site_.dir() / "fresh",
            "--current-file",
            site_.dir() / "password"});
    EXPECT_EQ(changed.exit_code, 0) << changed.output;
    EXPECT_EQ(login("vera", "password").exit_code, 1);
    EXPECT_EQ(login("vera", "fresh").exit_code, 0);
}

TEST_F(PeopleOfASite, LeaveAnAuditThatHoldsOverRestartsAndNoSecrets) {
    ASSERT_EQ(site_.create_user("anna", "administrator").exit_code, 0);
    ASSERT_EQ(login("anna", "password").exit_code, 0);
    site_.stop_collector();
    site_.start_collector();
    const CommandResult rows = as("anna", {"audit", "list"});
    EXPECT_THAT(rows.output, HasSubstr("user.created"));
    EXPECT_THAT(rows.output, HasSubstr("session.opened"));
    const CommandResult verdict = as("anna", {"audit", "verify"});
    EXPECT_EQ(verdict.exit_code, 0) << verdict.output;
    EXPECT_THAT(verdict.output, HasSubstr("as they were written"));
    const std::string token = read_text(site_.dir() / "anna/token");
    const std::string secret = token.substr(token.rfind('.') + 1);
    for (const char* file : {"access.db", "access.db-wal"}) {
        const std::string stored = read_text(site_.data_dir() + "/" + file);
        EXPECT_EQ(stored.find(secret), std::string::npos) << file;
        EXPECT_EQ(stored.find(password), std::string::npos) << file;
    }
    EXPECT_THAT(site_.collector_log(), Not(HasSubstr(secret)));
    EXPECT_THAT(site_.collector_log(), Not(HasSubstr(password)));
}

}  // namespace
}  // namespace muster::test
