#include "collector/api/ci_store.hpp"

#include "base/bytes.hpp"
#include "base/uuid.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/rows.hpp"
#include "collector/api/sql_text.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace muster::collector {

namespace {

/// Classes from here on are of what belongs to something: interfaces, software, agents.
constexpr std::uint32_t precedence_of_parts = 60;
/// Candidates that a refusal names.
constexpr std::size_t most_named = 10;

// A CI is unobserved when it has probes and the agent of every one of them is.
constexpr auto which_cis = SqlText(R"(c.retired IS NULL AND c.merged_into IS NULL
            AND (?3 = '' OR c.class = ?3) AND (?5 = '' OR c.site = ?5) AND )") +
                           in_scope(SqlText("c.site"), SqlText("?7"));
constexpr auto page_text = SqlText(R"(SELECT id, name FROM
         (SELECT c.id, c.name, c.class, c.site,
            CASE WHEN c.state <> 'unproven'
                  AND EXISTS (SELECT 1 FROM probe p WHERE p.ci = c.id AND p.removed_lsn IS NULL)
                  AND NOT EXISTS (SELECT 1 FROM probe p WHERE p.ci = c.id AND p.removed_lsn IS NULL
                        AND NOT EXISTS (SELECT 1 FROM agent_unobserved u
                                        WHERE u.agent = p.agent AND u.to_wall IS NULL))
                 THEN 'unobserved' ELSE c.state END AS state
          FROM ci c WHERE (c.name, c.id) > (?1, ?2) AND )") +
                           which_cis + SqlText(R"()
       WHERE ?4 = '' OR state = ?4
       ORDER BY name, id LIMIT ?6)");
constexpr auto count_text =
    SqlText("SELECT COUNT(*) FROM (SELECT 1 FROM ci c WHERE ") + which_cis + SqlText(" LIMIT ?6)");
constexpr NamedQuery page_of_cis{"cis.page", page_text.view()};
constexpr NamedQuery count_of_cis{"cis.count", count_text.view()};
constexpr NamedQuery by_name{
    "cis.by_name",
    R"(SELECT id, class, site FROM ci WHERE name = ?1 AND retired IS NULL AND merged_into IS NULL
         AND (?2 IS NULL OR site IN (SELECT value FROM json_each(?2)))
       ORDER BY class, site, id LIMIT 1000)"
};
constexpr NamedQuery one{
    "cis.one",
    R"(SELECT c.id, c.class, c.name, c.address, c.site, c.service, c.source, c.state, c.state_since,
              c.created, c.retired, c.merged_into,
              (SELECT COUNT(*) FROM probe p WHERE p.ci = c.id AND p.removed_lsn IS NULL),
              (SELECT COUNT(*) FROM probe p WHERE p.ci = c.id AND p.removed_lsn IS NULL
                 AND NOT EXISTS (SELECT 1 FROM agent_unobserved u
                                 WHERE u.agent = p.agent AND u.to_wall IS NULL)),
              (SELECT MAX(u.from_wall) FROM probe p
                 JOIN agent_unobserved u ON u.agent = p.agent AND u.to_wall IS NULL
               WHERE p.ci = c.id AND p.removed_lsn IS NULL),
              (SELECT COUNT(*) FROM incident i WHERE i.ci = c.id
                 AND i.state NOT IN ('resolved', 'closed', 'cancelled')), c.missing
       FROM ci c
       WHERE c.id = ?1 AND (?2 IS NULL OR c.site IN (SELECT value FROM json_each(?2))))"
};
constexpr NamedQuery is_there{
    "cis.is_there",
    R"(SELECT 1 FROM ci WHERE id = ?1 AND (?2 IS NULL OR site IN (SELECT value FROM json_each(?2))))"
};
constexpr NamedQuery keys{
    "cis.keys", "SELECT namespace, kind, value, state FROM ci_key WHERE ci = ?1 LIMIT 1000"
};
constexpr NamedQuery attributes{
    "cis.attributes",
    R"(SELECT name, value, source, valid_from FROM ci_attribute
       WHERE ci = ?1 AND valid_to IS NULL AND superseded_lsn IS NULL ORDER BY name LIMIT 1000)"
};

constexpr NamedQuery attribute{
    "cis.attribute",
    R"(SELECT value FROM ci_attribute
       WHERE ci = ?1 AND name = ?2 AND valid_to IS NULL AND superseded_lsn IS NULL)"
};
constexpr NamedQuery statements{
    "cis.statements",
    R"(SELECT source, object, class, observed, missing, removed_lsn IS NOT NULL FROM ci_statement
       WHERE ci = ?1 ORDER BY observed, source, object LIMIT 1000)"
};

// What it is a part of, or on: several have an eth0. A site is a member of the item already.
constexpr NamedQuery carrier{
    "cis.carrier",
    R"(SELECT o.id, o.name, o.class FROM ci_relation r
         JOIN ci o ON o.id = iif(r.from_ci = ?1, r.to_ci, r.from_ci)
       WHERE r.superseded_lsn IS NULL AND r.valid_to IS NULL AND o.retired IS NULL
         AND ((r.to_ci = ?1 AND r.type IN ('contains', 'has_address', 'provides'))
              OR (r.from_ci = ?1 AND r.type IN ('runs_on', 'hosted_on')))
         AND (?2 IS NULL OR o.site IN (SELECT value FROM json_each(?2)))
       ORDER BY o.name, o.id LIMIT 1)"
};

constexpr std::array queries{
    page_of_cis,
    count_of_cis,
    by_name,
    one,
    is_there,
    keys,
    attributes,
    attribute,
    statements,
    carrier
};

json::object ci_json(const Statement& row) {
    const std::int64_t probes = row.integer(12);
    const bool unobserved =
        probes > 0 && row.integer(13) == 0 && row.text(7) != std::string_view("unproven");
    json::object ci;
    ci["id"] = json_id(row, 0);
    ci["class"] = json_text(row, 1);
    ci["name"] = json_text(row, 2);
    ci["address"] = json_text(row, 3);
    ci["site"] = json_text(row, 4);
    ci["service"] = json_text(row, 5);
    ci["source"] = json_text(row, 6);
    ci["state"] = unobserved ? json_text("unobserved") : json_text(row, 7);
    ci["state_since"] = json_time(row, unobserved ? 14 : 8);
    ci["created"] = json_time(row, 9);
    ci["lifecycle"] = !row.is_null(10) ? "retired" : !row.is_null(16) ? "missing" : "in_service";
    ci["missing"] = json_time(row, 16);
    ci["retired"] = json_time(row, 10);
    ci["merged_into"] = json_id(row, 11);
    ci["probes"] = probes;
    ci["open_incidents"] = row.integer(15);
    return ci;
}

Result<std::optional<json::object>> read_brief(
    StateConnection& connection, const ReadScope& scope, const std::string& id
) {
    const Bind bind = [&](Statement& statement) {
        statement.bind_blob(0, id);
        scope.bind(statement, 1);
    };
    return one_row(connection, one, bind, ci_json);
}

json::object carrier_json(const Statement& row) {
    return {{"id", json_id(row, 0)}, {"name", json_text(row, 1)}, {"class", json_text(row, 2)}};
}

/// An item of a list: in brief, with what it is on.
Result<std::optional<json::object>> read_item(
    StateConnection& connection, const ReadScope& scope, const std::string& id
) {
    Result<std::optional<json::object>> item = read_brief(connection, scope, id);
    if (!item || !item->has_value()) {
        return item;
    }
    const Bind bind = [&](Statement& statement) {
        statement.bind_blob(0, id);
        scope.bind(statement, 1);
    };
    Result<std::optional<json::object>> on = one_row(connection, carrier, bind, carrier_json);
    if (!on) {
        return on;
    }
    (**item)["on"] = on->has_value() ? json::value(std::move(**on)) : json::value(nullptr);
    return item;
}

/// The current value of an attribute that is no member of the item; nothing where it has none.
std::optional<std::string> attribute_of(
    StateConnection& connection, const std::string& id, std::string_view name
) {
    std::optional<std::string> found;
    const Status read = visit_rows(
        connection,
        attribute,
        [&](Statement& statement) { statement.bind_blob(0, id).bind_text(1, name); },
        [&](const Statement& row) { found = std::string(row.text(0)); }
    );
    return read ? found : std::nullopt;
}

json::value key_json(const Statement& row) {
    return json::object{
        {"namespace", json_text(row, 0)},
        {"kind", json_text(row, 1)},
        {"value", json_text(row, 2)},
        {"state", json_text(row, 3)}
    };
}

json::value statement_json(const Statement& row) {
    return json::object{
        {"source", json_text(row, 0)},
        {"object", json_text(row, 1)},
        {"class", json_text(row, 2)},
        {"first_observed", json_time(row, 3)},
        {"missing", json_time(row, 4)},
        {"withdrawn", row.integer(5) != 0}
    };
}

/// One of those that have a name.
struct Namesake {
    std::string id;  ///< raw
    std::string ci_class;
    std::string site;
};

Result<std::vector<Namesake>> namesakes(
    StateConnection& connection, const ReadScope& scope, const std::string& name
) {
    std::vector<Namesake> found;
    const Status read = visit_rows(
        connection,
        by_name,
        [&](Statement& statement) {
            statement.bind_text(0, name);
            scope.bind(statement, 1);
        },
        [&](const Statement& row) {
            found.push_back(
                {std::string(row.blob(0)), std::string(row.text(1)), std::string(row.text(2))}
            );
        }
    );
    return read ? Result<std::vector<Namesake>>(std::move(found)) : failure(read.error());
}

/// Those that "server:web1" means; none where it does not begin with a class.
Result<std::vector<Namesake>> namesakes_of_class(
    StateConnection& connection, const ReadScope& scope, const std::string& text
) {
    const std::size_t colon = text.find(':');
    const std::string wanted = text.substr(0, colon);
    if (colon == std::string::npos || connection.model().find(wanted) == nullptr) {
        return std::vector<Namesake>();
    }
    Result<std::vector<Namesake>> found = namesakes(connection, scope, text.substr(colon + 1));
    if (found) {
        std::erase_if(*found, [&](const Namesake& each) {
            return !connection.model().is_a(each.ci_class, wanted);
        });
    }
    return found;
}

/// A machine, its agent and its interfaces may share a name: where there is something whole, its parts are not meant.
void leave_out_parts(const cmdb::Model& model, std::vector<Namesake>& found) {
    const auto is_part = [&model](const Namesake& each) {
        return model.precedence(each.ci_class) >= precedence_of_parts;
    };
    if (!std::ranges::all_of(found, is_part)) {
        std::erase_if(found, is_part);
    }
}

/// What there is to choose from, and how.
std::string which_of(const std::vector<Namesake>& found) {
    std::string out = "several CIs have this name:";
    for (std::size_t at = 0; at < std::min(found.size(), most_named); ++at) {
        const Namesake& each = found[at];
        out += at == 0 ? " " : ", ";
        out += each.ci_class;
        out += each.site.empty() ? " of no site" : " at " + each.site;
        out += " (id " + Uuid::from_bytes(each.id)->text() + ")";
    }
    if (found.size() > most_named) {
        out += ", and " + std::to_string(found.size() - most_named) + " more";
    }
    return out + "; give the id, or CLASS:NAME where one alone is of that class";
}

json::value attribute_json(const Statement& row) {
    return json::object{
        {"name", json_text(row, 0)},
        {"value", json_text(row, 1)},
        {"source", json_text(row, 2)},
        {"since", json_time(row, 3)}
    };
}

}  // namespace

Result<Page> read_cis(
    StateConnection& connection,
    const ReadScope& scope,
    const CiFilter& filter,
    const PageRequest& page
) {
    const Result<std::string> after = raw_part(page, 1);
    if (!after) {
        return failure(after.error());
    }
    PageSource source{
        .keys = page_of_cis,
        .counted = count_of_cis,
        .bind =
            [&](Statement& statement, std::int64_t limit) {
                statement.bind_text(0, text_part(page, 0)).bind_blob(1, *after);
                statement.bind_text(2, filter.ci_class).bind_text(3, filter.state);
                statement.bind_text(4, filter.site).bind(5, limit);
                scope.bind(statement, 6);
            },
        .key = [](const Statement& row
               ) { return PageKey{std::string(row.text(1)), id_part(row.blob(0))}; },
        .item = [&](const PageKey& key) { return read_item(connection, scope, *from_hex(key[1])); },
        .more = [&](const PageKey& key, std::string_view field
                ) { return attribute_of(connection, *from_hex(key[1]), field); },
        .is_a = [&](std::string_view name,
                    std::string_view wanted) { return connection.model().is_a(name, wanted); }
    };
    return read_page(connection, page, source);
}

Result<std::string> find_ci(
    StateConnection& connection, const ReadScope& scope, const std::string& id_or_name
) {
    if (const Result<Uuid> id = Uuid::parse(id_or_name); id) {
        const std::string raw(id->raw());
        bool is_found = false;
        const Status read = visit_rows(
            connection,
            is_there,
            [&](Statement& statement) {
                statement.bind_blob(0, raw);
                scope.bind(statement, 1);
            },
            [&](const Statement&) { is_found = true; }
        );
        if (!read) {
            return failure(read.error());
        }
        if (!is_found) {
            return failure(ErrorKind::not_found, "no CI has this id or name", id_or_name);
        }
        return raw;
    }
    Result<std::vector<Namesake>> found = namesakes(connection, scope, id_or_name);
    if (!found) {
        return failure(found.error());
    }
    if (found->empty()) {
        found = namesakes_of_class(connection, scope, id_or_name);
        if (!found) {
            return failure(found.error());
        }
    }
    leave_out_parts(connection.model(), *found);
    if (found->empty()) {
        return failure(ErrorKind::not_found, "no CI has this id or name", id_or_name);
    }
    if (found->size() > 1) {
        return failure(ErrorKind::conflict, which_of(*found), id_or_name);
    }
    return found->front().id;
}

Result<std::optional<json::object>> read_ci(
    StateConnection& connection, const ReadScope& scope, const std::string& id
) {
    Result<std::optional<json::object>> ci = read_brief(connection, scope, id);
    if (!ci || !ci->has_value()) {
        return ci;
    }
    const Bind bind = [&](Statement& statement) { statement.bind_blob(0, id); };
    Result<json::array> its_keys = list_rows(connection, keys, bind, key_json);
    Result<json::array> its_attributes = list_rows(connection, attributes, bind, attribute_json);
    Result<json::array> said = list_rows(connection, statements, bind, statement_json);
    if (!its_keys || !its_attributes || !said) {
        return failure(
            !its_keys         ? its_keys.error()
            : !its_attributes ? its_attributes.error()
                              : said.error()
        );
    }
    (**ci)["statements"] = std::move(*said);
    (**ci)["keys"] = std::move(*its_keys);
    (**ci)["attributes"] = std::move(*its_attributes);
    return ci;
}

std::span<const NamedQuery> ci_queries() {
    return queries;
}

}  // namespace muster::collector
