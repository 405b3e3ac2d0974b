#include "collector/api/entity_tag.hpp"
#include "collector/api/routes.hpp"
#include "tests/collector/api_fixture.hpp"

#include <gmock/gmock.h>

#include <regex>

namespace muster::collector::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

std::string header_of(const HttpResponse& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

TEST(EntityTags, AreReadAsTheyAreSent) {
    EXPECT_THAT(parse_entity_tags("*"), Optional(ElementsAre("*")));
    EXPECT_THAT(parse_entity_tags("\"31\""), Optional(ElementsAre("\"31\"")));
    EXPECT_THAT(parse_entity_tags("W/\"a\" , \"b,c\""), Optional(ElementsAre("\"a\"", "\"b,c\"")));
    for (const char* wrong : {"", "31", "\"31", "\"a\" \"b\"", "W/", "*, \"a\"", "'a'"}) {
        EXPECT_EQ(parse_entity_tags(wrong), std::nullopt) << wrong;
    }
}

class ApiConditions : public ApiTest {
  protected:
    HttpResponse get_unless(const std::string& path, const std::string& tag) {
        HttpRequest request;
        request.method = "GET";
        request.path = path;
        request.headers["authorization"] = "Bearer good";
        request.headers["if-none-match"] = tag;
        return ask(std::move(request));
    }
};

TEST_F(ApiConditions, EveryRecordHasATagThatChangesWithIt) {
    state_.ci(1, "intranet");
    state_.agent(7, "a");
    state_.probe(1, 1, 7, "http", "ok");
    state_.incident(1, 1);
    for (const std::string& path :
         {std::string("/api/v1/cis/intranet"),
          std::string("/api/v1/agents/a"),
          "/api/v1/probes/" + id_text(1),
          std::string("/api/v1/incidents/INC-1")}) {
        const HttpResponse first = get(path);
        const std::string tag = header_of(first, "ETag");
        EXPECT_EQ(first.status, 200) << path;
        EXPECT_THAT(tag, testing::MatchesRegex("\"[-_A-Za-z0-9]+\"")) << path;
        EXPECT_EQ(header_of(get(path), "ETag"), tag) << path;
        const HttpResponse same = get_unless(path, tag);
        EXPECT_EQ(same.status, 304) << path;
        EXPECT_EQ(same.body, "");
        EXPECT_EQ(get_unless(path, "\"another\"").status, 200) << path;
    }
    const std::string before = header_of(get("/api/v1/agents/a"), "ETag");
    ASSERT_TRUE(state_.database().execute("UPDATE agent SET state = 'silent'"));
    EXPECT_NE(header_of(get("/api/v1/agents/a"), "ETag"), before);
}

TEST_F(ApiConditions, AreRefusedWhereTheyWouldNotBeKept) {
    for (const Route& route : routes()) {
        if (route.method == Method::get || route.door != Door::people) {
            continue;
        }
        const std::string path =
            std::regex_replace(std::string(route.pattern), std::regex(R"(\{\w+\})"), "1");
        const HttpResponse wrong =
            send(std::string(to_string(route.method)), path, "{}", {{"if-match", "x"}});
        EXPECT_EQ(wrong.status, 400) << path;
        EXPECT_THAT(wrong.body, HasSubstr("If-Match")) << path;
        if (route.if_match == IfMatch::refused) {
            const HttpResponse refused =
                send(std::string(to_string(route.method)), path, "{}", {{"if-match", "\"1\""}});
            EXPECT_EQ(refused.status, 400) << path;
            EXPECT_THAT(refused.body, HasSubstr("takes none")) << path;
        }
    }
    EXPECT_THAT(around_.commands, testing::IsEmpty());
}

}  // namespace
}  // namespace muster::collector::test
