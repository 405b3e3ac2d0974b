#include "collector/api/policy_store.hpp"

#include "collector/api/rows.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace muster::collector {

namespace {

constexpr NamedQuery by_origin{
    "policies.by_origin",
    R"(SELECT p.origin, COUNT(DISTINCT p.ci), COUNT(*) FROM probe p JOIN ci c ON c.id = p.ci
       WHERE p.removed_lsn IS NULL AND (?1 IS NULL OR c.site IN (SELECT value FROM json_each(?1)))
       GROUP BY p.origin)"
};
constexpr NamedQuery by_class{
    "policies.by_class",
    "SELECT class, COUNT(*) FROM ci WHERE retired IS NULL AND merged_into IS NULL GROUP BY class"
};
constexpr NamedQuery all_cis{
    "policies.cis",
    R"(SELECT id, class, name, address, site, service FROM ci
       WHERE retired IS NULL AND merged_into IS NULL
         AND (?1 IS NULL OR site IN (SELECT value FROM json_each(?1))) ORDER BY id)"
};
constexpr NamedQuery one_ci{
    "policies.ci",
    R"(SELECT id, class, name, address, site, service FROM ci
       WHERE id = ?1 AND retired IS NULL AND merged_into IS NULL
         AND (?2 IS NULL OR site IN (SELECT value FROM json_each(?2))))"
};
constexpr NamedQuery attributes_of{
    "policies.attributes",
    R"(SELECT name, value FROM ci_attribute
       WHERE ci = ?1 AND valid_to IS NULL AND superseded_lsn IS NULL)"
};

constexpr std::array queries{by_origin, by_class, all_cis, one_ci, attributes_of};

constexpr std::array<std::string_view, 5> columns = {"class", "name", "address", "site", "service"};

/// One CI's fields; attributes beyond the columns are read when one is asked for.
class CiFields {
  public:
    CiFields(StateConnection& connection, const Statement& row)
        : connection_(connection), id_(row.blob(0)) {
        for (std::size_t at = 0; at < columns.size(); ++at) {
            values_[at] = std::string(row.text(static_cast<int>(at) + 1));
        }
    }

    const std::string& name() const { return values_[1]; }

    std::optional<std::string> value(std::string_view field) {
        for (std::size_t at = 0; at < columns.size(); ++at) {
            if (columns[at] == field) {
                return values_[at].empty() ? std::nullopt : std::optional(values_[at]);
            }
        }
        if (!attributes_) {
            read_attributes();
        }
        const auto found = attributes_->find(field);
        return found == attributes_->end() ? std::nullopt : std::optional(found->second);
    }

    const Status& status() const { return status_; }

  private:
    void read_attributes() {
        attributes_.emplace();
        status_ = visit_rows(
            connection_,
            attributes_of,
            [this](Statement& statement) { statement.bind_blob(0, id_); },
            [this](const Statement& row) {
                attributes_->emplace(std::string(row.text(0)), std::string(row.text(1)));
            }
        );
    }

    StateConnection& connection_;
    std::string id_;
    std::array<std::string, columns.size()> values_;
    std::optional<std::map<std::string, std::string, std::less<>>> attributes_;
    Status status_;
};

}  // namespace

Result<std::map<std::string, PolicyCount>> count_by_origin(
    StateConnection& connection, const ReadScope& scope
) {
    std::map<std::string, PolicyCount> out;
    const Status read = visit_rows(
        connection,
        by_origin,
        [&scope](Statement& statement) { scope.bind(statement, 0); },
        [&](const Statement& row) {
            out[std::string(row.text(0))] = {row.integer(1), row.integer(2)};
        }
    );
    return read ? Result<std::map<std::string, PolicyCount>>(std::move(out))
                : failure(read.error());
}

Result<ClassUse> count_by_class(StateConnection& connection) {
    ClassUse out;
    const Status read = visit_rows(
        connection,
        by_class,
        [](Statement&) {},
        [&](const Statement& row) { out[std::string(row.text(0))] = row.integer(1); }
    );
    return read ? Result<ClassUse>(std::move(out)) : failure(read.error());
}

Task<Result<ClassUse>> declared_use(StateReader* state, const ConfigurationKeeper* running) {
    if (running->model()->declared().classes.empty()) {
        co_return ClassUse{};
    }
    std::function<Result<ClassUse>(StateConnection&)> work = count_by_class;
    co_return co_await state->query<ClassUse>(std::move(work));
}

Result<std::vector<std::vector<std::string>>> matching_cis(
    StateConnection& connection,
    const ReadScope& scope,
    const cmdb::Model& model,
    std::span<const config::Query> wanted
) {
    std::vector<std::vector<std::string>> out(wanted.size());
    const auto is_a = [&model](std::string_view name, std::string_view other) {
        return model.is_a(name, other);
    };
    Status attributes_read;
    const Status read = visit_rows(
        connection,
        all_cis,
        [&scope](Statement& statement) { scope.bind(statement, 0); },
        [&](const Statement& row) {
            CiFields fields(connection, row);
            const auto value = [&fields](std::string_view field) { return fields.value(field); };
            for (std::size_t at = 0; at < wanted.size(); ++at) {
                if (wanted[at].matches(value, is_a)) {
                    out[at].push_back(fields.name());
                }
            }
            if (!fields.status()) {
                attributes_read = fields.status();
            }
        }
    );
    if (!read || !attributes_read) {
        return failure(!read ? read.error() : attributes_read.error());
    }
    return out;
}

Result<std::vector<bool>> matching_queries(
    StateConnection& connection,
    const ReadScope& scope,
    const cmdb::Model& model,
    const std::string& ci,
    std::span<const config::Query> wanted
) {
    std::vector<bool> out(wanted.size());
    const auto is_a = [&model](std::string_view name, std::string_view other) {
        return model.is_a(name, other);
    };
    Status attributes_read;
    const Status read = visit_rows(
        connection,
        one_ci,
        [&](Statement& statement) {
            statement.bind_blob(0, ci);
            scope.bind(statement, 1);
        },
        [&](const Statement& row) {
            CiFields fields(connection, row);
            const auto value = [&fields](std::string_view field) { return fields.value(field); };
            for (std::size_t at = 0; at < wanted.size(); ++at) {
                out[at] = wanted[at].matches(value, is_a);
            }
            attributes_read = fields.status();
        }
    );
    if (!read || !attributes_read) {
        return failure(!read ? read.error() : attributes_read.error());
    }
    return out;
}

std::span<const NamedQuery> policy_queries() {
    return queries;
}

}  // namespace muster::collector
