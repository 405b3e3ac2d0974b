#include "cmdb/shipped_model.hpp"
#include "collector/api/list_rules.hpp"
#include "tests/collector/api_fixture.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cctype>
#include <fstream>
#include <sstream>

namespace muster::collector::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// One member of every item.
std::vector<std::string> members(const boost::json::value& page, std::string_view name) {
    std::vector<std::string> all;
    for (const auto& item : page.at("items").as_array()) {
        all.emplace_back(item.at(name).as_string());
    }
    return all;
}

/// As it stands in a URL.
std::string encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += std::isalnum(byte) != 0 ? std::string(1, c) : fmt::format("%{:02X}", byte);
    }
    return out;
}

class ApiLists : public ApiTest {
  protected:
    boost::json::value list(const std::string& path, const std::string& q) {
        const HttpResponse response = get(path + "?q=" + encoded(q));
        EXPECT_EQ(response.status, 200) << response.body;
        return body_of(response);
    }

    /// The names of all items, page by page; `between` runs after each page.
    std::vector<std::string> all_names(
        const std::string& target, const std::function<void()>& between = [] {}
    ) {
        std::vector<std::string> all;
        std::string cursor;
        for (int pages = 0; pages < 100; ++pages) {
            const auto page = body_of(get(target + (cursor.empty() ? "" : "&cursor=" + cursor)));
            for (std::string& name : members(page, "name")) {
                all.push_back(std::move(name));
            }
            between();
            if (page.at("next_cursor").is_null()) {
                return all;
            }
            cursor = page.at("next_cursor").as_string();
        }
        ADD_FAILURE() << "the pages do not end";
        return all;
    }
};

std::vector<ListRules> lists() {
    return {
        incident_list(),
        window_list(),
        ci_list(cmdb::shipped_model()),
        probe_list(),
        agent_list(),
        receipt_list(),
        audit_list(),
        user_list(),
        token_list(),
        join_token_list(),
        policy_list(),
        threshold_list(),
        applied_list(),
        channel_list()
    };
}

TEST_F(ApiLists, RefuseAFieldThatIsNoneWithItsColumn) {
    for (const ListRules& rules : lists()) {
        const std::string path = "/api/v1/" + std::string(rules.name);
        const HttpResponse response = get(path + "?q=" + encoded("nosuch = 1"));
        EXPECT_EQ(response.status, 400) << path;
        const auto flaw = body_of(response).at("errors").at(0);
        EXPECT_EQ(flaw.at("pointer"), "?q") << path;
        EXPECT_THAT(
            std::string(flaw.at("detail").as_string()),
            HasSubstr("column 1: there is no field \"nosuch\"")
        ) << path;
    }
}

TEST_F(ApiLists, TakeEveryFieldAndOrderTheySayTheyTake) {
    for (const ListRules& rules : lists()) {
        const std::string path = "/api/v1/" + std::string(rules.name);
        for (const std::string& field : rules.words.fields) {
            if (field != "class") {
                EXPECT_EQ(get(path + "?q=" + encoded(field + " = x")).status, 200) << field;
            }
        }
        ASSERT_FALSE(rules.sorts.empty()) << path;
        for (const std::string& sort : rules.sorts) {
            EXPECT_EQ(get(path + "?sort=" + sort).status, 200) << path << sort;
        }
        const HttpResponse response = get(path + "?sort=nosuch");
        EXPECT_EQ(response.status, 400) << path;
        EXPECT_EQ(body_of(response).at("errors").at(0).at("pointer"), "?sort");
    }
}

TEST_F(ApiLists, RefuseAQueryThatCannotBeRead) {
    const HttpResponse response = get("/api/v1/agents?q=" + encoded("state = (oops"));
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr("column"));
}

TEST_F(ApiLists, GiveTheItemsAQueryMatches) {
    state_.agent(1, "a1", "connected", "HQ");
    state_.agent(2, "a2", "silent", "HQ");
    state_.agent(3, "b1", "connected", "Depot");
    EXPECT_THAT(
        members(list("/api/v1/agents", "site = HQ and state != silent"), "name"), ElementsAre("a1")
    );
    EXPECT_THAT(
        members(list("/api/v1/agents", "name ~ \"a*\" or probes > 100"), "name"),
        ElementsAre("a1", "a2")
    );
    const auto page = list("/api/v1/agents", "name = nobody");
    EXPECT_THAT(members(page, "name"), IsEmpty());
    EXPECT_EQ(page.at("total_estimate"), 0);
}

TEST_F(ApiLists, KnowARecordByItsNameAndMore) {
    state_.agent(7, "a");
    state_.ci(1, "intranet");
    state_.ci(2, "mail");
    state_.probe(1, 1, 7, "http", "ok");
    state_.probe(2, 2, 7, "smtp", "critical");
    EXPECT_THAT(members(list("/api/v1/probes", "ci = mail"), "name"), ElementsAre("smtp"));
    EXPECT_THAT(
        members(list("/api/v1/probes", "ci.class = application_endpoint and agent = a"), "name"),
        ElementsAre("http", "smtp")
    );
    state_.incident(1, 1);
    state_.incident(2, 2);
    EXPECT_THAT(members(list("/api/v1/incidents", "ci = mail"), "id"), ElementsAre("INC-2"));
}

TEST_F(ApiLists, FollowTheTreeOfClassesAndAttributes) {
    state_.ci(1, "intranet");
    state_.ci(2, "mail");
    ASSERT_TRUE(state_.database().execute(
        "INSERT INTO ci_attribute (ci, name, value, source, valid_from, recorded_lsn) VALUES"
        " (x'00000000000000000000000000000002', 'label.tier', 'gold', 'configuration', 1, 1)"
    ));
    EXPECT_THAT(members(list("/api/v1/cis", "label.tier = gold"), "name"), ElementsAre("mail"));
    EXPECT_THAT(
        members(list("/api/v1/cis", "not label.tier = gold"), "name"), ElementsAre("intranet")
    );
    EXPECT_THAT(
        members(list("/api/v1/cis", "class = application_endpoint"), "name"),
        ElementsAre("intranet", "mail")
    );
    EXPECT_EQ(get("/api/v1/cis?q=" + encoded("class = nosuch")).status, 400);
}

TEST_F(ApiLists, LookAtABoundedNumberForOnePageAndGoOnWithTheCursor) {
    ASSERT_TRUE(state_.database().execute(
        "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 4500) "
        "INSERT INTO agent (id, name, ci, site, hostname, version, address, state, state_since, "
        "enrolled, epoch, probes) SELECT CAST(printf('%016d', i) AS BLOB), printf('a%06d', i), "
        "x'00', 'HQ', 'h', '1', '', CASE WHEN i % 1000 = 0 THEN 'silent' ELSE 'connected' END, 1, "
        "1, 0, 0 FROM n"
    ));
    const auto first = list("/api/v1/agents", "state = silent");
    EXPECT_THAT(members(first, "name"), ElementsAre("a001000", "a002000"));
    EXPECT_FALSE(first.at("next_cursor").is_null());
    EXPECT_TRUE(first.at("total_estimate").is_null());
    EXPECT_THAT(
        all_names("/api/v1/agents?q=" + encoded("state = silent")),
        ElementsAre("a001000", "a002000", "a003000", "a004000")
    );
    EXPECT_THAT(
        all_names("/api/v1/agents?limit=1&q=" + encoded("state = silent")),
        ElementsAre("a001000", "a002000", "a003000", "a004000")
    );
}

TEST_F(ApiLists, ShiftNothingWhenSomethingIsAdded) {
    for (std::uint8_t i = 0; i < 9; ++i) {
        state_.agent(static_cast<std::uint8_t>(i + 1), "m" + std::to_string(i));
    }
    std::uint8_t next = 100;
    const auto names = all_names("/api/v1/agents?limit=2", [&] {
        state_.agent(next, "a" + std::to_string(next));
        ++next;
    });
    EXPECT_THAT(names, ElementsAre("m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"))
        << "those added lie before the first page";
}

TEST(PageOf, SortsByAFieldAndTellsEqualOnesApartByTheKey) {
    const auto item = [](const char* name, const char* role, int uses) {
        return boost::json::object{{"name", name}, {"role", role}, {"uses", uses}};
    };
    const boost::json::array items{
        item("d", "viewer", 10),
        item("a", "viewer", 9),
        item("c", "admin", 100),
        item("b", "viewer", 9)
    };
    PageRequest request{.limit = 2, .after = {}};
    for (const auto& [sort, expected] :
         {std::pair(std::string("role"), std::vector<std::string>{"c", "a", "b", "d"}),
          std::pair(std::string("-role"), std::vector<std::string>{"a", "b", "d", "c"}),
          std::pair(std::string("uses"), std::vector<std::string>{"a", "b", "d", "c"}),
          std::pair(std::string("-uses"), std::vector<std::string>{"c", "d", "a", "b"})}) {
        request.sort = sort;
        request.after = {};
        std::vector<std::string> names;
        do {
            const Result<Page> page = page_of(items, "name", request);
            ASSERT_TRUE(page);
            EXPECT_EQ(page->total, 4);
            for (const auto& one : page->items) {
                names.emplace_back(one.at("name").as_string());
            }
            request.after = page->next;
        } while (!request.after.empty());
        EXPECT_EQ(names, expected) << sort;
    }
}

TEST(FieldOf, IsTextOfWhateverTheMemberIs) {
    const boost::json::object item{
        {"name", "x"},
        {"count", 3},
        {"on", true},
        {"none", nullptr},
        {"ci", boost::json::object{{"id", "1"}, {"name", "intranet"}, {"class", "server"}}},
        {"list", boost::json::array{1}}
    };
    EXPECT_EQ(field_of(item, "name"), "x");
    EXPECT_EQ(field_of(item, "count"), "3");
    EXPECT_EQ(field_of(item, "on"), "true");
    EXPECT_EQ(field_of(item, "none"), std::nullopt);
    EXPECT_EQ(field_of(item, "ci"), "intranet");
    EXPECT_EQ(field_of(item, "ci.class"), "server");
    EXPECT_EQ(field_of(item, "ci.nosuch"), std::nullopt);
    EXPECT_EQ(field_of(item, "name.more"), std::nullopt);
    EXPECT_EQ(field_of(item, "list"), std::nullopt);
}

TEST(ListRules, StandInTheDocumentation) {
    std::ifstream file(std::string(MUSTER_SOURCE_DIR) + "/docs/api.md");
    std::ostringstream text;
    text << file.rdbuf();
    for (const ListRules& rules : lists()) {
        std::string row = "| `/" + std::string(rules.name) + "` |";
        const std::size_t at = text.str().find(row);
        ASSERT_NE(at, std::string::npos) << row << " is missing in docs/api.md";
        const std::string line = text.str().substr(at, text.str().find('\n', at) - at);
        std::string sorts;
        for (const std::string& sort : rules.sorts) {
            sorts += " `" + sort + "`";
        }
        EXPECT_THAT(line, testing::EndsWith("|" + sorts + " |"));
        if (rules.words.classes.empty()) {
            std::string fields;
            for (const std::string& field : rules.words.fields) {
                fields += " `" + field + "`";
            }
            EXPECT_EQ(line, row + fields + " |" + sorts + " |");
        }
    }
}

}  // namespace
}  // namespace muster::collector::test
