#include "config/param_spec.hpp"

namespace muster::config {
namespace {

std::string canonical(ParamSpec spec, std::string_view text) {
    const auto value = canonical_value(spec, text);
    return value ? *value : "wrong: " + value.error().text();
}

TEST(ParamSpec, BringsValuesIntoOneForm) {
    EXPECT_EQ(canonical({.name = "n", .kind = ParamKind::integer, .default_text = {}}, "007"), "7");
    EXPECT_EQ(
        canonical({.name = "n", .kind = ParamKind::duration, .default_text = {}}, "5400s"), "90m"
    );
    EXPECT_EQ(
        canonical({.name = "n", .kind = ParamKind::number, .default_text = {}}, "2.50"), "2.5"
    );
    EXPECT_EQ(
        canonical(
            {.name = "n", .kind = ParamKind::oid_list, .default_text = {}}, ".1.3.6.1\n1.3.6.2"
        ),
        "1.3.6.1\n1.3.6.2"
    );
    EXPECT_EQ(
        canonical({.name = "n", .kind = ParamKind::integer_list, .default_text = {}}, "200\n0301"),
        "200\n301"
    );
    EXPECT_EQ(
        canonical({.name = "n", .kind = ParamKind::text_map, .default_text = {}}, "a\tb"), "a\tb"
    );
}

TEST(ParamSpec, SaysWhatWasExpected) {
    EXPECT_EQ(
        canonical(
            {.name = "n", .kind = ParamKind::integer, .default_text = {}, .least = 1, .most = 9},
            "10"
        ),
        "wrong: expected a whole number, 1 to 9"
    );
    EXPECT_EQ(
        canonical(
            {.name = "n", .kind = ParamKind::duration, .default_text = {}, .least = 10, .most = 5000
            },
            "6s"
        ),
        "wrong: expected a duration, 10ms to 5s"
    );
    EXPECT_EQ(
        canonical(
            {.name = "n", .kind = ParamKind::choice, .default_text = {}, .choices = "get|head"},
            "put"
        ),
        "wrong: expected one of get, head"
    );
    for (const char* url :
         {"ftp://a", "http://", "http://a b/", "http://u:p@a/", "http://a:99999/", "http://[::1/"
         }) {
        EXPECT_TRUE(canonical({.name = "n", .kind = ParamKind::url, .default_text = {}}, url)
                        .starts_with("wrong")
        ) << url;
    }
    for (const char* oid : {"1", "1.3.", "1..3", "5.1", "1.3.4294967296", "sysUpTime.0", "1.-3"}) {
        EXPECT_TRUE(canonical({.name = "n", .kind = ParamKind::oid_list, .default_text = {}}, oid)
                        .starts_with("wrong")
        ) << oid;
    }
    EXPECT_TRUE(canonical({.name = "n", .kind = ParamKind::regex, .default_text = {}}, "a(")
                    .starts_with("wrong"));
    EXPECT_TRUE(canonical({.name = "n", .kind = ParamKind::secret, .default_text = {}}, "x")
                    .starts_with("wrong"));
}

constexpr ParamSpec specs[] = {
    {.name = "url", .kind = ParamKind::url, .default_text = {}, .required = true},
    {.name = "count", .kind = ParamKind::integer, .default_text = "3", .least = 1, .most = 9},
    {.name = "password", .kind = ParamKind::secret, .default_text = {}},
};

TEST(ParamSpec, FillsInDefaults) {
    const auto params = validate_params(specs, {{"url", "http://a"}});
    ASSERT_TRUE(params) << params.error().text();
    EXPECT_EQ(*params, (Params{{"url", "http://a"}, {"count", "3"}}));
}

TEST(ParamSpec, RefusesUnknownMissingAndSecretOptions) {
    EXPECT_EQ(
        validate_params(specs, {{"urk", "x"}}).error().text(),
        "urk: unknown option; did you mean \"url\"?"
    );
    EXPECT_EQ(validate_params(specs, {}).error().text(), "url: is missing");
    EXPECT_FALSE(validate_params(specs, {{"url", "http://a"}, {"password", "x"}}));
    EXPECT_FALSE(validate_params(specs, {{"url", "http://a"}, {"count", "0"}}));
}

}  // namespace
}  // namespace muster::config
