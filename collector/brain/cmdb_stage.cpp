#include "collector/brain/cmdb_stage.hpp"

#include "cmdb/attributes.hpp"
#include "collector/brain/windows/windows.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::string_view configuration = "configuration";

/// Current values by name, the four that have columns of their own included.
std::map<std::string, std::string> all_attributes(const CiState& ci) {
    std::map<std::string, std::string> out(ci.others.begin(), ci.others.end());
    const std::pair<std::string_view, const std::string*> columns[] = {
        {"name", &ci.name}, {"address", &ci.address}, {"site", &ci.site}, {"service", &ci.service}
    };
    for (const auto& [name, value] : columns) {
        if (!value->empty()) {
            out.emplace(name, *value);
        }
    }
    return out;
}

std::string* column_of(CiState& ci, std::string_view name) {
    if (name == "name") {
        return &ci.name;
    }
    if (name == "address") {
        return &ci.address;
    }
    if (name == "site") {
        return &ci.site;
    }
    return name == "service" ? &ci.service : nullptr;
}

void take_projection(CiState& ci, const cmdb::Projection& seen, const cmdb::Statement& oldest) {
    ci.ci_class = seen.ci_class;
    ci.source = oldest.source;
    ci.key = oldest.object;
    ci.name.clear();
    ci.address.clear();
    ci.site.clear();
    ci.service.clear();
    ci.others.clear();
    for (const auto& [name, value] : seen.attributes) {
        if (std::string* column = column_of(ci, name); column != nullptr) {
            *column = value.value;
        } else {
            ci.others.emplace_back(name, value.value);
        }
    }
}

void write_attributes(
    Fold& fold,
    CiId ci,
    const std::map<std::string, std::string>& former,
    const std::map<std::string, cmdb::AttributeValue>& current
) {
    for (const auto& [name, value] : former) {
        const auto now = current.find(name);
        if (now == current.end() || now->second.value != value) {
            fold.store.end_attribute(ci, name, fold.wall, fold.lsn);
        }
    }
    for (const auto& [name, value] : current) {
        const auto before = former.find(name);
        if (before == former.end() || before->second != value.value) {
            fold.store.insert_attribute(ci, name, value, fold.wall, fold.lsn);
        }
    }
}

/// Projects one CI again and writes what differs.
void project_ci(Fold& fold, CiId id) {
    State& state = fold.state;
    const auto members = state.identity.members(id);
    const auto [place, is_new] = state.ci_by_id.emplace(id, static_cast<CiIndex>(state.cis.size()));
    if (is_new) {
        state.cis.emplace_back();
        state.cis.back().id = id;
        state.cis.back().state = "unobserved";
    }
    state.ci_pages.grow(place->second / ci_page_items + 1);
    state.ci_pages.mark(place->second / ci_page_items);
    CiState& ci = state.cis[place->second];
    const CiState before = ci;
    if (members.empty()) {  // its statements are another CI's now
        ci.retired = true;
        fold.store.update_ci(ci, fold.wall, {});
        reconsider_window_member(fold, place->second);
        return;
    }
    ci.retired = state.identity.is_retired(id);
    const cmdb::Projection seen = cmdb::project(fold.model, members);
    const auto former = all_attributes(ci);
    take_projection(ci, seen, *members.front());
    if (is_new) {
        fold.store.insert_ci(ci, fold.wall, fold.lsn);
    } else if (before.ci_class != ci.ci_class || before.name != ci.name ||
               before.address != ci.address || before.site != ci.site ||
               before.service != ci.service || before.source != ci.source ||
               before.retired != ci.retired) {
        fold.store.update_ci(ci, ci.retired ? fold.wall : WallTime{}, {});
    }
    write_attributes(fold, id, former, seen.attributes);
    reconsider_window_member(fold, place->second);
}

/// Rows of the statements of one side of a join or split, and of their keys.
void rewrite_members(Fold& fold, CiId side, CiId other) {
    for (const cmdb::Statement* statement : fold.state.identity.members(side)) {
        fold.store.put_statement(*statement, side, fold.lsn);
        for (const cmdb::Key& key : statement->keys) {
            fold.store.remove_key(key, other);
            fold.store.put_key(key, side);
        }
    }
}

/// Rows of keys and statements that moved with a join or a split.
void follow_moves(Fold& fold, const cmdb::IdentityChange& change) {
    using Kind = cmdb::IdentityChange::Verdict::Kind;
    for (const auto& verdict : change.ledger) {
        if (verdict.kind != Kind::joined && verdict.kind != Kind::split) {
            continue;
        }
        rewrite_members(fold, verdict.ci, verdict.other);
        rewrite_members(fold, verdict.other, verdict.ci);
        const auto from = fold.state.ci_by_id.find(verdict.other);
        if (verdict.kind == Kind::joined && from != fold.state.ci_by_id.end()) {
            fold.store.update_ci(fold.state.cis[from->second], fold.wall, verdict.ci);
        }
    }
}

cmdb::Statement statement_of(const config::Target& target, WallTime now) {
    cmdb::Statement said;
    said.source = configuration;
    said.object = "target/" + target.name;
    said.ci_class = target.ci_class;
    said.keys.push_back(
        {.space = std::string(configuration),
         .kind = "declared_name",
         .value = target.name,
         .rank = 1,
         .trust = cmdb::KeyTrust::trusted,
         .values = cmdb::KeyValues::single}
    );
    said.observed = now;
    const std::pair<std::string_view, const std::string*> values[] = {
        {"address", &target.address},
        {"name", &target.name},
        {"service", &target.service},
        {"site", &target.site}
    };
    for (const auto& [name, value] : values) {
        if (!value->empty()) {
            said.attributes.emplace_back(name, *value);
        }
    }
    for (const auto& [name, value] : target.labels) {
        said.attributes.emplace_back("label." + name, value);
    }
    std::ranges::sort(said.attributes);
    return said;
}

}  // namespace

CiIndex declare(Fold& fold, cmdb::Statement statement) {
    cmdb::Identification& identity = fold.state.identity;
    const std::string source = statement.source;
    const std::string object = statement.object;
    const cmdb::Statement* former = identity.find(source, object);
    const CiId former_ci = identity.ci_of(source, object);
    if (former != nullptr && !identity.is_retired(former_ci)) {
        statement.observed = former->observed;
        if (*former == statement) {
            return fold.state.ci_by_id.at(former_ci);
        }
    }
    if (former != nullptr) {
        for (const cmdb::Key& key : former->keys) {
            fold.store.remove_key(key, former_ci);
        }
    }
    fold.state.cmdb_pages.mark(0);
    const cmdb::IdentityChange change = identity.submit(std::move(statement));
    const CiId ci = identity.ci_of(source, object);
    const cmdb::Statement& current = *identity.find(source, object);
    for (const CiId touched : change.touched) {
        project_ci(fold, touched);
    }
    fold.store.put_statement(current, ci, fold.lsn);
    for (const cmdb::Key& key : current.keys) {
        fold.store.put_key(key, ci);
    }
    follow_moves(fold, change);
    return fold.state.ci_by_id.at(ci);
}

void withdraw_statement(Fold& fold, std::string_view source, std::string_view object) {
    fold.state.cmdb_pages.mark(0);
    const cmdb::IdentityChange change = fold.state.identity.remove(source, object);
    fold.store.remove_statement(source, object, fold.lsn);
    for (const CiId touched : change.touched) {
        project_ci(fold, touched);
    }
}

std::optional<std::string> ci_field(const CiState& ci, std::string_view field) {
    const auto filled = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
    };
    if (field == "class") {
        return filled(ci.ci_class);
    }
    if (field == "name") {
        return filled(ci.name);
    }
    if (field == "address") {
        return filled(ci.address);
    }
    if (field == "site") {
        return filled(ci.site);
    }
    if (field == "service") {
        return filled(ci.service);
    }
    for (const auto& [name, value] : ci.others) {
        if (name == field) {
            return value;
        }
    }
    return std::nullopt;
}

std::vector<CiIndex> declare_targets(Fold& fold, std::span<const config::Target> targets) {
    std::set<std::string> gone;
    for (std::string& object : fold.state.identity.objects(configuration)) {
        gone.insert(std::move(object));
    }
    std::vector<CiIndex> out;
    out.reserve(targets.size());
    for (const config::Target& target : targets) {
        cmdb::Statement said = statement_of(target, fold.wall);
        gone.erase(said.object);
        out.push_back(declare(fold, std::move(said)));
    }
    for (const std::string& object : gone) {
        withdraw_statement(fold, configuration, object);
    }
    return out;
}

}  // namespace muster::collector
