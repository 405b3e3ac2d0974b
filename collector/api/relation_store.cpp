#include "collector/api/relation_store.hpp"

#include "base/bytes.hpp"
#include "collector/api/rows.hpp"
#include "collector/api/sql_text.hpp"
#include "collector/relation_name.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::collector {

namespace {

constexpr SqlText from_all(" FROM ci_relation r");
constexpr SqlText from_those_of_one(R"( FROM (
         SELECT * FROM ci_relation WHERE from_ci = ?8
         UNION ALL SELECT * FROM ci_relation WHERE to_ci = ?8 AND from_ci <> ?8) r)");

/// One row for each source that says it. The order begins with that of an index: a page of many reads on from where it stands.
template <std::size_t Size>
constexpr auto rows_of(const SqlText<Size>& from) {
    return SqlText(
               "SELECT r.type, r.from_ci, f.name, f.class, f.site, f.retired IS NOT NULL, r.to_ci, "
               "t.name, "
               "t.class, t.site, t.retired IS NOT NULL, r.valid_from, r.valid_to, r.source"
           ) +
           from + SqlText(R"( JOIN ci f ON f.id = r.from_ci JOIN ci t ON t.id = r.to_ci
       WHERE r.from_ci >= ?1 AND (r.from_ci, r.type, r.to_ci) > (?1, ?2, ?3) AND (?4 = '' OR r.type = ?4)
         AND r.valid_from <= ?5 AND (r.valid_to IS NULL OR r.valid_to > ?5)
         AND r.recorded_lsn <= ?6 AND (r.superseded_lsn IS NULL OR r.superseded_lsn > ?6)
         AND )") +
           in_scope(SqlText("f.site"), SqlText("?7")) + SqlText(" AND ") +
           in_scope(SqlText("t.site"), SqlText("?7")) +
           SqlText(" ORDER BY r.from_ci, r.type, r.to_ci, r.source LIMIT 2000");
}

constexpr auto all_text = rows_of(from_all);
constexpr auto of_one_text = rows_of(from_those_of_one);
constexpr NamedQuery all{"relations.all", all_text.view()};
constexpr NamedQuery of_one{"relations.of_one", of_one_text.view()};
constexpr std::array queries{all, of_one};

json::object end_json(const Statement& row, int column) {
    return {
        {"id", json_id(row, column)},
        {"name", json_text(row, column + 1)},
        {"class", json_text(row, column + 2)},
        {"site", json_text(row, column + 3)},
        {"retired", row.integer(column + 4) != 0}
    };
}

json::object begun(const Statement& row, const PageKey& key) {
    const Result<Uuid> from = Uuid::from_bytes(row.blob(1));
    const Result<Uuid> to = Uuid::from_bytes(row.blob(6));
    return {
        {"id", from && to ? to_text({key[1], *from, *to}) : std::string()},
        {"type", json_text(row, 0)},
        {"from", end_json(row, 1)},
        {"to", end_json(row, 6)},
        {"since", json_time(row, 11)},
        {"until", json_time(row, 12)},
        {"sources", json::array()}
    };
}

/// Rows of one relation after the other, as relations.
class Gathering {
  public:
    void add(const Statement& row) {
        rows_ += 1;
        PageKey key{id_part(row.blob(1)), std::string(row.text(0)), id_part(row.blob(6))};
        const bool is_new = keys_.empty() || keys_.back() != key;
        if (is_new) {
            items_.push_back(begun(row, key));
            keys_.push_back(std::move(key));
            since_ = row.integer(11);
            until_ = row.is_null(12) ? INT64_MAX : row.integer(12);
        }
        json::object& item = items_.back().as_object();
        if (row.integer(11) < since_) {
            since_ = row.integer(11);
            item["since"] = json_time(row, 11);
        }
        if (const std::int64_t until = row.is_null(12) ? INT64_MAX : row.integer(12);
            until > until_) {
            until_ = until;
            item["until"] = json_time(row, 12);
        }
        json::array& sources = item["sources"].as_array();
        json::value source = json_text(row, 13);
        if (std::ranges::find(sources, source) == sources.end()) {
            sources.push_back(std::move(source));
        }
    }

    Page take(const PageRequest& request) {
        const bool is_cut = rows_ >= looked_at_most;
        if (is_cut && items_.size() > 1) {  // others may say the last one, too
            items_.pop_back();
            keys_.pop_back();
        }
        Page page;
        const bool is_beyond = std::ssize(items_) > request.limit;
        if (is_beyond) {
            items_.resize(static_cast<std::size_t>(request.limit));
        }
        if (is_beyond || is_cut) {
            page.next = keys_[items_.size() - 1];
        }
        page.total = request.after.empty() && page.next.empty() ? std::optional(std::ssize(items_))
                                                                : std::nullopt;
        for (json::value& item : items_) {
            item.as_object()["evidence"] = evidence_of(item.at("sources").as_array());
        }
        page.items = std::move(items_);
        return page;
    }

  private:
    std::int64_t rows_ = 0;
    std::int64_t since_ = 0;  ///< of the last item
    std::int64_t until_ = 0;
    std::vector<PageKey> keys_;
    json::array items_;
};

}  // namespace

std::string evidence_of(const json::array& sources) {
    const bool is_manual =
        !sources.empty() && std::ranges::all_of(sources, [](const json::value& source) {
            return source.is_string() && source.get_string() == "manual";
        });
    return is_manual ? "manual" : "observed";
}

Result<Page> read_all_relations(
    StateConnection& connection,
    const ReadScope& scope,
    const RelationFilter& filter,
    const PageRequest& page
) {
    const Result<std::string> from = raw_part(page, 0);
    const Result<std::string> to = page.after.empty() ? std::string() : from_hex(page.after[2]);
    if (!from || !to) {
        return failure(ErrorKind::invalid, "expected the next_cursor of a page", "cursor");
    }
    Gathering gathering;
    const Status read = visit_rows(
        connection,
        filter.ci.empty() ? all : of_one,
        [&](Statement& statement) {
            statement.bind_blob(0, *from).bind_text(1, text_part(page, 1)).bind_blob(2, *to);
            statement.bind_text(3, filter.type);
            statement.bind(4, filter.moment.at).bind(5, filter.moment.known_at);
            scope.bind(statement, 6);
            if (!filter.ci.empty()) {
                statement.bind_blob(7, filter.ci);
            }
        },
        [&](const Statement& row) { gathering.add(row); }
    );
    if (!read) {
        return failure(read.error());
    }
    return gathering.take(page);
}

std::span<const NamedQuery> relation_queries() {
    return queries;
}

}  // namespace muster::collector
