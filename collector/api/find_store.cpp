#include "collector/api/find_store.hpp"

#include "cmdb/keys.hpp"
#include "collector/api/incident_store.hpp"
#include "collector/api/rows.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>
#include <vector>

namespace muster::collector {

namespace {

constexpr int longest_path = 4;
constexpr std::size_t most_hits = 100;
constexpr std::size_t most_close_hits = 20;
constexpr std::size_t least_part = 2;
constexpr std::size_t least_mac_digits = 4;

constexpr NamedQuery found_cis{
    "find.whole",
    R"(SELECT DISTINCT c.id, c.name, c.class, c.site, c.state, m.matched, c.retired IS NOT NULL FROM (
         SELECT id, 'name' AS matched FROM ci WHERE name IN (SELECT value FROM json_each(?1))
         UNION ALL SELECT id, 'address' FROM ci WHERE address IN (SELECT value FROM json_each(?1))
         UNION ALL SELECT ci, name FROM ci_attribute
           WHERE value IN (SELECT value FROM json_each(?1)) AND superseded_lsn IS NULL AND valid_to IS NULL
             AND name IN ('mac', 'permanent_mac', 'serial', 'hostname', 'fqdn', 'asset_number', 'smbios_uuid', 'machine_id', 'url')
         UNION ALL SELECT ci, kind FROM ci_key WHERE value IN (SELECT value FROM json_each(?1))
       ) m JOIN ci c ON c.id = m.id
       WHERE c.merged_into IS NULL AND (?2 IS NULL OR c.site IN (SELECT value FROM json_each(?2)))
       ORDER BY c.retired IS NOT NULL, c.name, c.id, m.matched LIMIT 400)"
};
// Only where nothing is the whole of what was asked: every name, address, key and searched value is looked at, up to 5000 matches
// that may be seen, within the time of one piece of work;
// what begins with it (?2) comes before what has it somewhere (?1). ?3 is for MAC addresses: hexadecimal digits alone, null where
// it is none.
constexpr NamedQuery close_cis{
    "find.close",
    R"(WITH visible AS NOT MATERIALIZED (
         SELECT * FROM ci WHERE merged_into IS NULL AND (?4 IS NULL OR site IN (SELECT value FROM json_each(?4))))
       SELECT c.id, c.name, c.class, c.site, c.state, m.matched, c.retired IS NOT NULL FROM (
         SELECT id, 'name' AS matched, name LIKE ?2 ESCAPE '\' AS begins FROM visible WHERE name LIKE ?1 ESCAPE '\'
         UNION ALL SELECT id, 'address', address LIKE ?2 ESCAPE '\' FROM visible WHERE address LIKE ?1 ESCAPE '\'
         UNION ALL SELECT ci, name, value LIKE ?2 ESCAPE '\' FROM ci_attribute
           WHERE superseded_lsn IS NULL AND valid_to IS NULL
             AND name IN ('mac', 'permanent_mac', 'serial', 'hostname', 'fqdn', 'asset_number', 'smbios_uuid', 'machine_id', 'url')
             AND (value LIKE ?1 ESCAPE '\' OR (name IN ('mac', 'permanent_mac') AND replace(value, ':', '') LIKE ?3))
             AND EXISTS (SELECT 1 FROM visible v WHERE v.id = ci)
         UNION ALL SELECT ci, kind, value LIKE ?2 ESCAPE '\' FROM ci_key
           WHERE (value LIKE ?1 ESCAPE '\' OR (kind = 'mac' AND replace(value, ':', '') LIKE ?3))
             AND EXISTS (SELECT 1 FROM visible v WHERE v.id = ci)
         LIMIT 5000) m JOIN ci c ON c.id = m.id
       GROUP BY c.id, m.matched
       ORDER BY c.retired IS NOT NULL, MAX(MAX(m.begins)) OVER (PARTITION BY c.id) DESC, c.name, c.id, m.matched LIMIT 400)"
};
// What it is a part of, or on, or in: nearest first.
constexpr NamedQuery place_of{
    "find.place",
    R"(SELECT o.id, o.name, o.class FROM ci_relation r
         JOIN ci o ON o.id = iif(r.from_ci = ?1, r.to_ci, r.from_ci)
       WHERE r.superseded_lsn IS NULL AND r.valid_to IS NULL AND o.retired IS NULL
         AND ((r.to_ci = ?1 AND r.type IN ('contains', 'has_address', 'provides'))
              OR (r.from_ci = ?1 AND r.type IN ('runs_on', 'hosted_on', 'member_of', 'located_in')))
         AND (?2 IS NULL OR o.site IN (SELECT value FROM json_each(?2)))
       ORDER BY r.type = 'located_in', r.type = 'member_of', o.name, o.id LIMIT 1)"
};

constexpr std::array queries{found_cis, close_cis, place_of};

/// From the nearest to the farthest: interface, machine, site.
Result<json::array> path_of(StateConnection& connection, const ReadScope& scope, std::string id) {
    json::array path;
    std::set<std::string> seen{id};
    for (int step = 0; step < longest_path; ++step) {
        std::string next;
        const Status read = visit_rows(
            connection,
            place_of,
            [&](Statement& statement) {
                statement.bind_blob(0, id);
                scope.bind(statement, 1);
            },
            [&](const Statement& row) {
                next = row.blob(0);
                if (!seen.contains(next)) {
                    path.push_back(json::object{
                        {"id", json_id(row, 0)},
                        {"name", json_text(row, 1)},
                        {"class", json_text(row, 2)}
                    });
                }
            }
        );
        if (!read) {
            return failure(read.error());
        }
        if (next.empty() || !seen.insert(next).second) {
            break;
        }
        id = next;
    }
    return path;
}

/// Each CI of a query once, with what of it matched and where it is; at most so many hits.
Status add_cis(
    StateConnection& connection,
    const ReadScope& scope,
    const NamedQuery& query,
    const Bind& bind,
    std::size_t most,
    json::array& hits
) {
    std::vector<std::string> ids;
    const Status read = visit_rows(connection, query, bind, [&](const Statement& row) {
        const std::string id(row.blob(0));
        if (ids.empty() || ids.back() != id) {
            if (hits.size() >= most) {
                return;
            }
            ids.push_back(id);
            hits.push_back(json::object{
                {"kind", "ci"},
                {"matched", json::array{}},
                {"id", json_id(row, 0)},
                {"name", json_text(row, 1)},
                {"class", json_text(row, 2)},
                {"site", json_text(row, 3)},
                {"state", json_text(row, 4)},
                {"retired", row.integer(6) != 0}
            });
        }
        hits.back().as_object()["matched"].as_array().push_back(json_text(row, 5));
    });
    if (!read) {
        return read;
    }
    const std::size_t first = hits.size() - ids.size();
    for (std::size_t at = 0; at < ids.size(); ++at) {
        Result<json::array> path = path_of(connection, scope, ids[at]);
        if (!path) {
            return failure(path.error());
        }
        hits[first + at].as_object()["path"] = std::move(*path);
    }
    return {};
}

/// For LIKE: what stands for anything there stands for itself.
std::string literal_of(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out;
}

/// "2B3C.4D" → "2b3c4d": the digits of a part of a MAC address; empty for what is none. With dots it has groups of four digits,
/// which tells it from an IPv4 address.
std::string mac_digits_of(const std::string& text) {
    std::string digits;
    std::size_t group = 0;
    std::size_t longest_group = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isxdigit(byte) != 0) {
            digits += static_cast<char>(std::tolower(byte));
            longest_group = std::max(longest_group, ++group);
        } else if (c == ':' || c == '-' || c == '.') {
            group = 0;
        } else {
            return {};
        }
    }
    const bool is_dotted = text.find('.') != std::string::npos;
    const bool fits = digits.size() >= least_mac_digits && digits.size() <= 12 &&
                      (!is_dotted || longest_group == 4);
    return fits ? digits : std::string();
}

Status add_incident(
    StateConnection& connection, const ReadScope& scope, const std::string& text, json::array& hits
) {
    const bool is_named = text.starts_with("INC-") || text.starts_with("inc-");
    const std::int64_t number = is_named ? incident_number(text) : 0;
    if (number == 0) {
        return {};
    }
    const Result<std::optional<json::object>> found = read_incident(connection, scope, number);
    if (!found) {
        return failure(found.error());
    }
    if (*found) {
        const json::object& incident = **found;
        const json::value& ci = incident.at("ci");
        hits.push_back(json::object{
            {"kind", "incident"},
            {"matched", json::array{"number"}},
            {"id", incident.at("id")},
            {"name", incident.at("title")},
            {"state", incident.at("state")},
            {"priority", incident.at("priority")},
            {"ci", ci.is_null() ? ci : ci.at("name")}
        });
    }
    return {};
}

}  // namespace

Result<json::array> find_anything(
    StateConnection& connection, const ReadScope& scope, const std::string& text
) {
    json::array hits;
    if (const Status read = add_incident(connection, scope, text, hits); !read) {
        return failure(read.error());
    }
    const std::string forms = forms_of(text);
    const Bind bind = [&](Statement& statement) {
        statement.bind_text(0, forms);
        scope.bind(statement, 1);
    };
    const Status read = add_cis(connection, scope, found_cis, bind, most_hits, hits);
    return read ? Result<json::array>(std::move(hits)) : failure(read.error());
}

Result<json::array> find_close(
    StateConnection& connection, const ReadScope& scope, const std::string& text
) {
    json::array hits;
    if (text.size() < least_part) {
        return hits;
    }
    const std::string literal = literal_of(text);
    const std::string digits = mac_digits_of(text);
    const Bind bind = [&](Statement& statement) {
        statement.bind_text(0, "%" + literal + "%").bind_text(1, literal + "%");
        if (digits.empty()) {
            statement.bind_null(2);
        } else {
            statement.bind_text(2, "%" + digits + "%");
        }
        scope.bind(statement, 3);
    };
    const Status read = add_cis(connection, scope, close_cis, bind, most_close_hits, hits);
    return read ? Result<json::array>(std::move(hits)) : failure(read.error());
}

std::string forms_of(const std::string& text) {
    std::string lower = text;
    std::string upper = text;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
    std::set<std::string> forms{
        text,
        lower,
        upper,
        cmdb::canonical_mac(text),
        cmdb::canonical_address(text),
        cmdb::canonical_uuid(text),
        cmdb::canonical_serial(text)
    };
    forms.erase("");
    json::array out;
    for (const std::string& form : forms) {
        out.push_back(json_text(form));
    }
    return json::serialize(out);
}

std::span<const NamedQuery> find_queries() {
    return queries;
}

}  // namespace muster::collector
