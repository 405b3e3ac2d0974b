#include "collector/brain/cmdb_work.hpp"

#include "cmdb/attributes.hpp"
#include "collector/brain/host_watch.hpp"
#include "collector/brain/said_by_hand.hpp"
#include "collector/brain/windows/windows.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

using Kind = cmdb::IdentityChange::Verdict::Kind;

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

/// Since when nobody who names it sees it; 0 where somebody does.
WallTime missing_since(const std::vector<const cmdb::Statement*>& members) {
    WallTime latest{};
    for (const cmdb::Statement* each : members) {
        if (is_remark(each->source, each->object)) {
            continue;
        }
        if (each->missing == WallTime{}) {
            return {};
        }
        latest = std::max(latest, each->missing);
    }
    return latest;
}

/// Which sources name a CI; asked once for each.
class SourcesOf {
  public:
    explicit SourcesOf(const cmdb::Identification& identity) : identity_(identity) {}

    /// A source that names both tells them apart itself.
    bool are_told_apart(CiId a, CiId b) {
        const std::set<std::string>& ones = of(a);
        const std::set<std::string>& others = of(b);
        return std::ranges::any_of(ones, [&](const std::string& source) {
            return others.contains(source);
        });
    }

  private:
    const std::set<std::string>& of(CiId ci) {
        const auto [place, is_new] = known_.try_emplace(ci);
        if (is_new) {
            for (const cmdb::Statement* each : identity_.members(ci)) {
                place->second.insert(each->source);
            }
        }
        return place->second;
    }

    const cmdb::Identification& identity_;
    std::map<CiId, std::set<std::string>> known_;
};

/// Nobody names it any more but in passing.
bool has_remarks_alone(const std::vector<const cmdb::Statement*>& members) {
    return std::ranges::all_of(members, [](const cmdb::Statement* each) {
        return is_remark(each->source, each->object);
    });
}

/// A person's word on the lifecycle outranks what is seen.
bool is_retired_by_hand(const std::vector<const cmdb::Statement*>& members) {
    return std::ranges::any_of(members, [](const cmdb::Statement* each) {
        return each->source == "manual" && cmdb::value_of(*each, "lifecycle") == "retired";
    });
}

bool has_row_change(const CiState& a, const CiState& b) {
    return a.ci_class != b.ci_class || a.name != b.name || a.address != b.address ||
           a.site != b.site || a.service != b.service || a.source != b.source ||
           a.ended != b.ended || a.missing != b.missing || a.merged_into != b.merged_into;
}

}  // namespace

CmdbWork::CmdbWork(Fold& fold, std::string_view actor) : fold_(fold), actor_(actor) {}

void CmdbWork::take(cmdb::IdentityChange change) {
    for (const CiId ci : change.touched) {
        if (is_touched_.insert(ci).second) {
            touched_.push_back(ci);
        }
    }
    for (auto& verdict : change.ledger) {
        if (verdict.kind == Kind::joined) {
            merged_into_[verdict.other] = verdict.ci;
        }
        if (verdict.kind != Kind::kept_apart) {
            notes_.push_back(
                {std::string(to_string(verdict.kind)),
                 verdict.ci,
                 verdict.other,
                 std::move(verdict.reason)}
            );
        }
    }
    const std::set<CiId> decided(change.decided.begin(), change.decided.end());
    std::erase_if(apart_, [&](const auto& pair) {
        return decided.contains(pair.first.first) || decided.contains(pair.first.second);
    });
    decided_.insert(change.decided.begin(), change.decided.end());
    apart_.merge(change.apart);
    moved_.insert(moved_.end(), change.moved.begin(), change.moved.end());
}

void CmdbWork::write_relations(
    const cmdb::Statement& former, const cmdb::Statement& now, WallTime at
) {
    const auto is_in = [](const cmdb::Statement& statement, const cmdb::Related& wanted) {
        return std::ranges::any_of(statement.relations, [&](const cmdb::Related& each) {
            return each.type == wanted.type && each.to == wanted.to;
        });
    };
    for (const cmdb::Related& each : former.relations) {
        if (!is_in(now, each)) {
            fold_.store.end_relation({now.source, now.object, each.type, each.to}, at, fold_.lsn);
        }
    }
    for (const cmdb::Related& each : now.relations) {
        if (!is_in(former, each)) {
            related_.push_back({{now.source, now.object}, each});
        }
    }
}

CmdbWork::Effect CmdbWork::submit(cmdb::Statement said, cmdb::Saying saying, WallTime at) {
    State& state = fold_.state;
    const cmdb::Statement* known = state.identity.find(said.source, said.object);
    const cmdb::Statement former = known == nullptr ? cmdb::Statement{} : *known;
    const bool stands = known != nullptr && !state.identity.is_removed(said.source, said.object);
    if (cmdb::is_outdated(former, said, stands, at)) {
        note(
            "outdated",
            state.identity.ci_of(said.source, said.object),
            {},
            said.source + " said of " + said.object + " what is older than anything known of it"
        );
        if (!stands) {
            return Effect::unchanged;
        }
    }
    cmdb::Statement now = cmdb::continued(former, std::move(said), saying, at);
    if (stands && now == former) {
        return Effect::unchanged;
    }
    state.cmdb_pages.mark(0);
    if (stands && cmdb::says_the_same(now, former)) {
        state.identity.hear(std::move(now));
        return Effect::unchanged;
    }
    if (former.missing != WallTime{} && now.missing == WallTime{}) {
        state.missing.erase(state.identity.number_of(now.source, now.object));
    }
    write_relations(former, now, at);
    const cmdb::ObjectName name{now.source, now.object};
    said_.insert(name);
    state.identity.hear(std::move(now));
    const std::uint32_t number = state.identity.number_of(name.source, name.object);
    state.related.remove(former, number);
    state.related.add(state.identity.numbered(number), number);
    return stands ? Effect::updated : Effect::created;
}

void CmdbWork::miss(std::string_view source, std::string_view object, WallTime since) {
    State& state = fold_.state;
    const cmdb::Statement* known = state.identity.find(source, object);
    if (known == nullptr || known->missing != WallTime{} || since < cmdb::heard(*known) ||
        state.identity.is_removed(source, object)) {
        return;
    }
    const Duration patience = fold_.model.patience(known->ci_class);
    if (patience <= Duration{}) {
        withdraw(source, object, since);
        return;
    }
    cmdb::Statement now = *known;
    now.missing = since;
    const std::uint32_t number = state.identity.number_of(source, object);
    state.missing[number] = state.arm(fold_.elapsed + patience, Timer::Kind::missing, number);
    state.cmdb_pages.mark(0);
    said_.insert({now.source, now.object});
    state.identity.hear(std::move(now));
}

void CmdbWork::withdraw(std::string_view source, std::string_view object, WallTime at) {
    State& state = fold_.state;
    const cmdb::Statement* known = state.identity.find(source, object);
    if (known == nullptr || state.identity.is_removed(source, object)) {
        return;
    }
    const std::uint32_t number = state.identity.number_of(source, object);
    state.missing.erase(number);
    state.cmdb_pages.mark(0);
    const cmdb::Statement former = *known;
    state.related.remove(former, number);
    cmdb::Statement now = former;
    cmdb::end_values(now, at);
    write_relations(former, now, at);
    state.identity.hear(std::move(now));
    state.identity.drop(source, object);
    said_.insert({former.source, former.object});
}

void CmdbWork::say(const cmdb::Word& word) {
    fold_.state.cmdb_pages.mark(0);
    take(fold_.state.identity.say(word));
}

void CmdbWork::unsay(const cmdb::Word& word) {
    fold_.state.cmdb_pages.mark(0);
    take(fold_.state.identity.unsay(word));
}

void CmdbWork::note(std::string_view kind, CiId ci, CiId other, std::string_view reason) {
    notes_.push_back({std::string(kind), ci, other, std::string(reason)});
}

/// Rows of statements that are another CI's now, and what hangs on them.
void CmdbWork::follow_moves() {
    State& state = fold_.state;
    std::set<cmdb::ObjectName> done;
    for (const auto& move : moved_) {
        if (move.from.is_nil() || !done.insert({move.source, move.object}).second) {
            continue;
        }
        const CiId now = state.identity.ci_of(move.source, move.object);
        fold_.store.move_statement(move.source, move.object, now);
        fold_.store.move_relations(move.source, move.object, now, fold_.lsn);
        const auto id = move.source == "enrolment" ? Uuid::parse(move.object) : Uuid{};
        const auto agent = id ? state.agent_by_id.find(AgentId{*id}) : state.agent_by_id.end();
        if (agent != state.agent_by_id.end()) {
            Agent& moved = state.agents[agent->second];
            // A CI that is no more keeps it: the watch of the host stays on it until it is planned anew.
            if (moved.ci != nothing && !state.identity.members(state.cis[moved.ci].id).empty()) {
                state.cis[moved.ci].agent = nothing;
            }
            moved.ci = state.ci_by_id.at(now);
            state.cis[moved.ci].agent = agent->second;
            fold_.store.update_agent_ci(moved, now);
            want_host_watch(fold_);
        }
    }
}

CiIndex CmdbWork::slot_of(CiId id, bool& is_new) {
    State& state = fold_.state;
    const auto [place, inserted] =
        state.ci_by_id.emplace(id, static_cast<CiIndex>(state.cis.size()));
    is_new = inserted;
    if (inserted) {
        state.cis.emplace_back();
        state.cis.back().id = id;
        state.cis.back().state = "unobserved";
    }
    state.ci_pages.grow(place->second / ci_page_items + 1);
    state.ci_pages.mark(place->second / ci_page_items);
    return place->second;
}

/// Projects one CI again and writes what differs.
void CmdbWork::project(CiId id) {
    State& state = fold_.state;
    bool is_new = false;
    const CiIndex index = slot_of(id, is_new);
    CiState& ci = state.cis[index];
    const CiState before = ci;
    const auto members = state.identity.members(id);
    const auto all = state.identity.all_members(id);
    const bool is_gone = state.identity.is_retired(id) || has_remarks_alone(members);
    ci.retired = is_gone || is_retired_by_hand(members);
    ci.ended = !ci.retired ? WallTime{} : before.retired ? before.ended : fold_.wall;
    ci.merged_into = CiId{};
    if (members.empty()) {  // its statements are another CI's now
        const auto into = merged_into_.find(id);
        ci.merged_into = into == merged_into_.end() ? before.merged_into : into->second;
    } else if (!is_gone || is_new) {
        take_projection(ci, cmdb::project(fold_.model, members), *members.front());
    }
    ci.missing = ci.retired ? WallTime{} : missing_since(members);
    fold_.changed_cis.push_back(index);
    const std::vector<cmdb::AttributeInterval> timeline = cmdb::timeline(all);
    if (is_new) {
        fold_.store.insert_ci(ci, fold_.wall, fold_.lsn);
        if (ci.ended != WallTime{} || ci.missing != WallTime{}) {
            fold_.store.update_ci(ci);
        }
        for (const cmdb::AttributeInterval& each : timeline) {
            fold_.store.insert_attribute(id, each, fold_.lsn);
        }
        return;
    }
    if (has_row_change(before, ci)) {
        fold_.store.update_ci(ci);
    }
    fold_.store.put_attributes(id, timeline, fold_.lsn);
}

void CmdbWork::write_keys(CiId id) {
    const cmdb::Identification& identity = fold_.state.identity;
    fold_.store.remove_keys(id);
    for (const cmdb::Statement* statement : identity.all_members(id)) {
        for (const cmdb::Key& key : statement->keys) {
            const bool is_trusted = key.trust == cmdb::KeyTrust::trusted;
            const bool is_shared = is_trusted && identity.why_shared(*statement, key).has_value();
            fold_.store.put_key(
                key,
                id,
                is_shared    ? "shared"
                : is_trusted ? "trusted"
                             : "supporting"
            );
        }
    }
}

void CmdbWork::write_ledger() {
    const auto write = [this](std::string_view kind, CiId ci, CiId other, std::string_view reason) {
        fold_.store.insert_ledger(
            {fold_.lsn, fold_.next_ordinal(), fold_.wall, kind, ci, other, actor_, reason}
        );
    };
    for (const Note& note : notes_) {
        write(note.kind, note.ci, note.other, note.reason);
    }
    for (const auto& [pair, reason] : apart_) {
        write("kept_apart", pair.first, pair.second, reason);
    }
    for (const CiId ci : decided_) {
        fold_.store.remove_duplicates(ci);
    }
    SourcesOf sources(fold_.state.identity);
    for (const auto& [pair, reason] : apart_) {
        if (!sources.are_told_apart(pair.first, pair.second)) {
            fold_.store.put_duplicate(pair.first, pair.second, reason, fold_.wall);
        }
    }
}

void CmdbWork::finish() {
    take(fold_.state.identity.settle());
    const cmdb::Identification& identity = fold_.state.identity;
    for (const CiId id : touched_) {
        project(id);
    }
    for (const CiId id : touched_) {  // when all are known: who was merged into whom, too
        reconsider_window_member(fold_, fold_.state.ci_by_id.at(id));
    }
    follow_moves();
    for (const CiId id : decided_) {
        write_keys(id);
    }
    for (const cmdb::ObjectName& name : said_) {
        const cmdb::Statement& statement = *identity.find(name.source, name.object);
        fold_.store.put_statement(statement, identity.ci_of(name.source, name.object), fold_.lsn);
        if (identity.is_removed(name.source, name.object)) {
            fold_.store.remove_statement(name.source, name.object, fold_.lsn);
        }
    }
    for (const NewRelation& each : related_) {
        const CiId to = identity.ci_of(each.by.source, each.related.to);
        if (!to.is_nil()) {
            fold_.store.insert_relation(
                {each.by.source, each.by.object, each.related.type, each.related.to},
                identity.ci_of(each.by.source, each.by.object),
                to,
                each.related.since,
                fold_.lsn
            );
        }
    }
    write_ledger();
}

void missing_is_over(Fold& fold, std::uint32_t number, std::uint64_t timer) {
    const auto waiting = fold.state.missing.find(number);
    if (waiting == fold.state.missing.end() || waiting->second != timer) {
        return;
    }
    const cmdb::Statement& statement = fold.state.identity.numbered(number);
    const cmdb::ObjectName name{statement.source, statement.object};
    const WallTime since = statement.missing;
    CmdbWork work(fold);
    work.withdraw(name.source, name.object, since);
    work.finish();
}

}  // namespace muster::collector
