// T-35 for YAML, from files and from `muster apply`: whatever it is, it is read or refused with a place, and soon.
#include "base/memory_files.hpp"
#include "config/programs.hpp"
#include "config/watch.hpp"
#include "config/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

namespace muster::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string repeated(const std::string& text, std::size_t times) {
    std::string out;
    out.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

std::string many_keys(std::size_t count, const std::string& before, const std::string& after) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += before + "k" + std::to_string(i) + ": 1" + after;
    }
    return out;
}

/// The first issue; empty where it was read.
std::string refusal(const std::string& text) {
    Issues issues;
    const auto read = parse_yaml("a.yaml", text, issues);
    if (read && issues.empty()) {
        return "";
    }
    return issues.error().text();
}

TEST(HostileYaml, T35IsRefusedWithAPlace) {
    struct Case {
        const char* what;
        std::string text;
        const char* why;
    };

    std::string laughs = "a: &a [lol, lol, lol, lol]\n";
    for (char c = 'b'; c <= 'j'; ++c) {
        const std::string before(1, static_cast<char>(c - 1));
        laughs += std::string(1, c) + ": &" + c + " [*" + before + ", *" + before + ", *" + before +
                  ", *" + before + "]\n";
    }
    std::string indented;
    for (std::size_t depth = 0; depth < 1'000; ++depth) {
        indented += std::string(depth, ' ') + "a:\n";
    }
    const std::vector<Case> cases{
        {"lists 100,000 deep", repeated("[", 100'000), ""},
        {"lists 100,000 deep that end", repeated("[", 100'000) + repeated("]", 100'000), "32"},
        {"maps 100,000 deep", repeated("{a: ", 100'000), ""},
        {"dashes 100,000 deep", repeated("- ", 100'000) + "a", "deeper than 32"},
        {"keys 1,000 deep, by indenting", indented, "deeper than 32"},
        {"an alias bomb", laughs, "anchor"},
        {"an alias to nothing", "a: *b\n", ""},
        {"a map that holds itself", "&a {a: *a}\n", "anchor"},
        {"merge keys", "<<: *x\n", ""},
        {"a tag", "a: !!python/object:os.system x\n", "tag"},
        {"a key twice", "a: 1\na: 2\n", "given twice"},
        {"a map as a key", "{a: 1}: 2\n", "key"},
        {"two documents", "a: 1\n---\nb: 2\n", "second document"},
        {"NUL", std::string("a: b\0c\n", 7), "not text"},
        {"an escape character", "a: \x1b[31m\n", "not text"},
        {"no UTF-8", "a: \xc3\x28\n", "not text"},
        {"bytes of a surrogate", "a: \xed\xa0\x80\n", "not text"},
        {"longer than it need be", "a: \xe0\x80\xaf\n", "not text"},
        {"beyond Unicode", "a: \xf4\x90\x80\x80\n", "not text"},
        {"UTF-16",
         std::string(
             "\xff\xfe"
             "a\0:\0",
             6
         ),
         "not text"},
        {"a quote without end", "a: \"" + std::string(100'000, 'x'), ""},
        {"a flow map without end", "{" + many_keys(10'000, "", ", "), ""},
    };
    for (const Case& each : cases) {
        const auto began = std::chrono::steady_clock::now();
        const std::string why = refusal(each.text);
        EXPECT_THAT(why, StartsWith("a.yaml:")) << each.what;
        EXPECT_THAT(why, HasSubstr(each.why)) << each.what;
        EXPECT_LT(why.size(), 10'000U) << each.what;
        EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20)) << each.what;
    }
}

/// One key a line, and all in one line: four times as much takes four times as long, not sixteen.
TEST(HostileYaml, T35OfManyKeysTakesTimeByItsSize) {
    using Milliseconds = std::chrono::duration<double, std::milli>;
    for (const bool in_one_line : {false, true}) {
        const auto measured = [in_one_line](std::size_t keys) {
            const std::string text = in_one_line ? "{" + many_keys(keys, "", ", ") + "last: 1}"
                                                 : many_keys(keys, "", "\n");
            const auto began = std::chrono::steady_clock::now();
            EXPECT_EQ(refusal(text), "");
            return Milliseconds(std::chrono::steady_clock::now() - began);
        };
        const Milliseconds few = measured(10'000);
        const Milliseconds many = measured(40'000);
        std::cout << (in_one_line ? "one line" : "lines") << ": 10,000 keys in " << few.count()
                  << " ms, 40,000 in " << many.count() << " ms\n";
        EXPECT_LT(many, 9 * few + Milliseconds(500));
    }
    const std::string twice = "{" + repeated("a: 1, ", 20'000) + "b: 1}";
    EXPECT_THAT(refusal(twice), HasSubstr("given twice"));
}

/// Where a number is expected, none of these is one.
TEST(HostileYaml, T35HasNumbersThatAreNone) {
    for (const char* text :
         {".nan",
          "NaN",
          ".inf",
          "-.inf",
          "1e999",
          "-1e999",
          "99999999999999999999s",
          "0x10s",
          "1_000s",
          "-1s",
          "1e3s",
          "\"\\ud800\"",
          "'\xe2\x80\xae'"}) {
        MemoryFiles files;
        ASSERT_TRUE(files.create_directories("/etc"));
        auto file = files.open("/etc/a.yaml", OpenMode::create_new);
        ASSERT_TRUE(file);
        ASSERT_TRUE((*file)->append("link: {heartbeat: " + std::string(text) + "}\n"));
        const auto loaded = load_collector_config(files, "/etc/a.yaml", {});
        ASSERT_FALSE(loaded) << text;
        EXPECT_THAT(loaded.error().text(), HasSubstr("/etc/a.yaml:1:")) << text;
        EXPECT_LT(loaded.error().text().size(), 2'000U);
    }
}

}  // namespace
}  // namespace muster::config
