#include "tests/ctl/run_muster.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

namespace muster::ctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

class Completed : public testing::Test {
  protected:
    /// What the shells are told, without descriptions.
    std::vector<std::string> after(std::vector<std::string> words) {
        words.insert(words.begin(), "__complete");
        const Ran ran = muster.run(std::move(words));
        EXPECT_EQ(ran.code, 0) << ran.err;
        std::istringstream lines(ran.out);
        std::vector<std::string> found;
        for (std::string line; std::getline(lines, line);) {
            found.push_back(line.substr(0, line.find('\t')));
        }
        return found;
    }

    Muster muster;
};

TEST_F(Completed, VerbsComeFirst) {
    EXPECT_THAT(after({""}), IsSupersetOf({"incident", "probe", "ci", "completion", "config"}));
    EXPECT_THAT(after({"inc"}), ElementsAre("incident"));
    EXPECT_THAT(after({"incident", "lis"}), ElementsAre("list"));
    EXPECT_THAT(after({"probe", ""}), IsSupersetOf({"http", "icmp", "snmp", "tcp"}));
    EXPECT_THAT(after({}), Contains("incident"));
}

TEST_F(Completed, EachVerbSaysWhatItDoes) {
    EXPECT_THAT(
        muster.run({"__complete", "config", "che"}).out, HasSubstr("check\tValidate a file")
    );
}

TEST_F(Completed, OptionsAreThoseOfTheVerbAndOfMuster) {
    EXPECT_THAT(
        after({"probe", "tcp", "host1", "--"}),
        IsSupersetOf({"--port", "--expect-answer", "--timeout", "--server", "--output", "--help"})
    );
    EXPECT_THAT(after({"probe", "icmp", "--"}), Not(Contains("--port")));
    EXPECT_THAT(after({"--out"}), ElementsAre("--output"));
}

TEST_F(Completed, ValuesAreThoseThatAreAccepted) {
    EXPECT_THAT(after({"incident", "list", "--output", ""}), ElementsAre("table", "json", "csv"));
    EXPECT_THAT(after({"-o", "c"}), ElementsAre("csv"));
    EXPECT_THAT(after({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
    EXPECT_THAT(after({"-o", "json", "incident", "lis"}), ElementsAre("list"))
        << "the value is no verb";
    EXPECT_THAT(after({"probe", "snmp", "--version", ""}), ElementsAre("2c", "3"));
}

TEST_F(Completed, AnythingElseIsLeftToTheShellAsAFile) {
    EXPECT_THAT(after({"--token-file", ""}), ElementsAre(":files"));
    EXPECT_THAT(after({"config", "check", ""}), ElementsAre(":files"));
}

TEST_F(Completed, NonsenseIsPassedOver) {
    EXPECT_THAT(
        after({"no-such-verb", "incident", "--no-such-option", "lis"}), ElementsAre("list")
    );
}

TEST_F(Completed, OptionsBeforeTheQuestionArePassedOver) {
    const Ran ran = muster.run({"--config", "/etc/cli.yaml", "-o", "csv", "__complete", "inc"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, testing::StartsWith("incident\t"));
    EXPECT_EQ(muster.run({"incident", "show", "__complete"}).code, 1) << "here it is an incident";
}

TEST_F(Completed, AnotherShellIsRefused) {
    const Ran ran = muster.run({"completion", "tcsh"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.err, HasSubstr("tcsh"));
}

/// What a real shell makes of its script.
class InShell : public testing::Test {
  protected:
    /// A folder with `script/muster`, which starts the program with an option of its own, as that of a checkout does.
    InShell() {
        std::filesystem::create_directory(checkout / "script");
        muster::test::write_text(
            checkout / "script/muster",
            "#!/bin/sh\nexec " MUSTER_BIN_DIR "/muster --config /nowhere/cli.yaml \"$@\"\n"
        );
        std::filesystem::permissions(checkout / "script/muster", std::filesystem::perms::owner_all);
    }

    static bool has(const std::string& shell) {
        return std::filesystem::exists("/usr/bin/" + shell);
    }

    static std::string output_of(std::vector<std::string> command) {
        command.insert(command.begin(), {"env", "PATH=" MUSTER_BIN_DIR ":/usr/bin:/bin"});
        const muster::test::CommandResult ran = muster::test::run_command(std::move(command));
        EXPECT_EQ(ran.exit_code, 0) << ran.output;
        return ran.output;
    }

    /// Bash as it is at `line`, with or without bash-completion.
    static std::string in_bash(const std::string& before, const std::string& words) {
        return output_of(
            {"bash",
             "--norc",
             "-c",
             before + "\n. <(muster completion bash)\nCOMP_WORDS=(" + words +
                 ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\nCOMP_LINE=\"${COMP_WORDS[*]}\"\n"
                 "COMP_POINT=${#COMP_LINE}\ncompopt() { echo \"compopt $*\"; }\n_muster\n"
                 "printf '%s\\n' \"${COMPREPLY[@]}\"\ncomplete -p muster\n"}
        );
    }

    const muster::test::TempDir checkout;
};

TEST_F(InShell, BashCompletes) {
    for (const std::string before : {"", ". /usr/share/bash-completion/bash_completion"}) {
        EXPECT_EQ(in_bash(before, "muster incident lis"), "list\ncomplete -F _muster muster\n");
        EXPECT_THAT(in_bash(before, "muster completion ''"), HasSubstr("bash\nzsh\nfish\n"));
        EXPECT_THAT(in_bash(before, "muster --token-file ''"), HasSubstr("compopt -o default"));
    }
}

TEST_F(InShell, BashCompletesTheProgramOfACheckout) {
    if (!has("script")) {
        GTEST_SKIP() << "script (of util-linux) is not installed";
    }
    // As in zsh below: somebody types in a terminal. What is typed waits in the terminal until bash reads it.
    muster::test::write_text(
        checkout / "typed",
        ". <(script/muster completion bash)\nscript/muster inc\t\x01"
        "echo SA\"\"W:\x05\nexit\n"
    );
    EXPECT_THAT(
        output_of(
            {"timeout",
             "20",
             "bash",
             "-c",
             "cd " + checkout.path() + " && script -qec 'bash --norc -i' /dev/null <typed"}
        ),
        HasSubstr("SAW:script/muster incident")
    );
}

TEST_F(InShell, ZshCompletes) {
    if (!has("zsh")) {
        GTEST_SKIP() << "zsh is not installed: script/bootstrap test";
    }
    for (const std::string word : {"muster", "script/muster"}) {
        // A terminal of its own, in which somebody types, presses the tabulator, and looks at the line.
        // The word that is waited for is typed in two parts, so that it is not seen before it is printed.
        const std::string typed = "cd " + checkout.path() + R"(
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1="ZLE""> "; autoload -Uz compinit; compinit -D -u; source <()" +
                                  word + R"( completion zsh)'
zpty -r shell seen '*ZLE> *'
zpty -n -w shell $')" + word + R"( inc\t\x01print -r -- "SA""W:\x05END"\n'
zpty -r shell line '*SAW:*END*'
print -r -- "$line"
zpty -d shell
)";
        EXPECT_THAT(
            output_of({"timeout", "20", "zsh", "-f", "-c", typed}),
            HasSubstr("SAW:" + word + " incident")
        );
    }
}

TEST_F(InShell, FishCompletes) {
    if (!has("fish")) {
        GTEST_SKIP() << "fish is not installed: script/bootstrap test";
    }
    const std::string said = output_of(
        {"fish",
         "--no-config",
         "-c",
         "muster completion fish | source; complete -C 'muster incident lis'"}
    );
    EXPECT_THAT(said, testing::StartsWith("list"));
    const std::string path = checkout / "script/muster";
    EXPECT_THAT(
        output_of(
            {"fish",
             "--no-config",
             "-c",
             path + " completion fish | source; complete -C '" + path + " inc'"}
        ),
        testing::StartsWith("incident")
    );
}

}  // namespace
}  // namespace muster::ctl
