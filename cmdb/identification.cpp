#include "cmdb/identification.hpp"

#include "cmdb/identity_graph.hpp"

#include <algorithm>
#include <utility>

namespace muster::cmdb {

namespace {

using Verdict = IdentityChange::Verdict;

/// What decides together with keys: a change of it is judged anew.
bool judges_alike(const Statement& a, const Statement& b) {
    return a.keys == b.keys && a.below == b.below &&
           (a.missing == WallTime{}) == (b.missing == WallTime{});
}

void sort_by_age(std::vector<const Statement*>& statements) {
    std::ranges::sort(statements, [](const auto* a, const auto* b) { return older(*a, *b); });
}

}  // namespace

std::string_view to_string(IdentityChange::Verdict::Kind kind) {
    switch (kind) {
        case Verdict::Kind::created:
            return "created";
        case Verdict::Kind::joined:
            return "joined";
        case Verdict::Kind::split:
            return "split";
        case Verdict::Kind::kept_apart:
            return "kept_apart";
        case Verdict::Kind::retired:
            return "retired";
        case Verdict::Kind::returned:
            return "returned";
    }
    return "unknown";
}

Identification::Identification() : impl_(std::make_unique<Impl>()) {}

Identification::Identification(Identification&&) noexcept = default;
Identification& Identification::operator=(Identification&&) noexcept = default;
Identification::~Identification() = default;

void Identification::hear(Statement statement) {
    Impl& impl = *impl_;
    const auto found = impl.by_object.find(object_name(statement.source, statement.object));
    if (found == impl.by_object.end()) {
        const Impl::Index at = impl.add(std::move(statement));
        impl.index(at);
        impl.seeds.push_back(at);
        return;
    }
    const Impl::Index at = found->second;
    auto& record = impl.records[at];
    if (!record.present && !record.ci.is_nil() && impl.retired(record.ci)) {
        impl.returned.push_back(at);
    }
    const bool is_alike = record.present && judges_alike(record.statement, statement);
    statement.observed = record.statement.observed;
    if (is_alike) {
        record.statement = std::move(statement);
        impl.repeated.push_back(at);
        return;
    }
    const Impl::Indexes former = impl.neighbours(at);
    impl.seeds.insert(impl.seeds.end(), former.begin(), former.end());
    impl.seeds.push_back(at);
    impl.unindex(at);
    record.present = true;
    record.statement = std::move(statement);
    impl.index(at);
}

void Identification::drop(std::string_view source, std::string_view object) {
    Impl& impl = *impl_;
    const auto found = impl.by_object.find(object_name(source, object));
    if (found == impl.by_object.end() || !impl.records[found->second].present) {
        return;
    }
    auto& record = impl.records[found->second];
    // What was missing already contradicts nothing: without it all is decided as before.
    if (impl.member(found->second).is_live) {
        impl.seeds.push_back(found->second);
    }
    record.present = false;
    impl.dropped.push_back(found->second);
}

IdentityChange Identification::settle() {
    Impl& impl = *impl_;
    IdentityChange change;
    const Impl::Indexes dropped = std::exchange(impl.dropped, {});
    const Impl::Indexes returned = std::exchange(impl.returned, {});
    Impl::Indexes unmoved = std::exchange(impl.repeated, {});
    unmoved.insert(unmoved.end(), dropped.begin(), dropped.end());
    for (const Impl::Index at : unmoved) {
        change.touched.push_back(impl.records[at].ci);
    }
    if (!impl.seeds.empty() || !impl.crossed.empty()) {
        impl.decide(std::exchange(impl.seeds, {}), change);
    }
    for (const Impl::Index at : unmoved) {
        change.touched.push_back(impl.records[at].ci);
    }
    each_once(change.touched);
    each_once(change.decided);
    const auto tell =
        [&](const Impl::Indexes& which, Verdict::Kind kind, bool is_retired, const char* why) {
            std::vector<CiId> cis;
            for (const Impl::Index at : which) {
                cis.push_back(impl.records[at].ci);
            }
            each_once(cis);
            for (const CiId ci : cis) {
                if (impl.retired(ci) == is_retired) {
                    change.ledger.push_back({kind, ci, {}, why});
                }
            }
        };
    tell(returned, Verdict::Kind::returned, false, "its source names it again");
    tell(dropped, Verdict::Kind::retired, true, "no source names it any more");
    return change;
}

IdentityChange Identification::submit(Statement statement) {
    hear(std::move(statement));
    return settle();
}

IdentityChange Identification::remove(std::string_view source, std::string_view object) {
    drop(source, object);
    return settle();
}

IdentityChange Identification::say(Word word) {
    Impl& impl = *impl_;
    const auto a = impl.by_object.find(object_name(word.a.source, word.a.object));
    const auto b = impl.by_object.find(object_name(word.b.source, word.b.object));
    if (a == impl.by_object.end() || b == impl.by_object.end() || a == b) {
        return settle();
    }
    impl.seeds.insert(impl.seeds.end(), {a->second, b->second});
    std::erase_if(impl.words, [&](const Word& each) {
        return (each.a == word.a && each.b == word.b) || (each.a == word.b && each.b == word.a);
    });
    impl.words.push_back(std::move(word));
    impl.index_words();
    return settle();
}

IdentityChange Identification::unsay(const Word& word) {
    Impl& impl = *impl_;
    const auto known = std::ranges::find(impl.words, word);
    if (known != impl.words.end()) {
        impl.seeds.push_back(impl.by_object.at(object_name(word.a.source, word.a.object)));
        impl.seeds.push_back(impl.by_object.at(object_name(word.b.source, word.b.object)));
        impl.words.erase(known);
        impl.index_words();
    }
    return settle();
}

const std::vector<Word>& Identification::words() const {
    return impl_->words;
}

CiId Identification::ci_of(std::string_view source, std::string_view object) const {
    const auto* record = impl_->find(source, object);
    return record == nullptr ? CiId{} : record->ci;
}

const Statement* Identification::find(std::string_view source, std::string_view object) const {
    const auto* record = impl_->find(source, object);
    return record == nullptr ? nullptr : &record->statement;
}

bool Identification::is_removed(std::string_view source, std::string_view object) const {
    const auto* record = impl_->find(source, object);
    return record != nullptr && !record->present;
}

std::vector<const Statement*> Identification::members(CiId ci) const {
    std::vector<const Statement*> out;
    const auto found = impl_->by_ci.find(ci);
    if (found == impl_->by_ci.end()) {
        return out;
    }
    const bool all = impl_->retired(ci);
    for (const Impl::Index at : found->second) {
        if (all || impl_->records[at].present) {
            out.push_back(&impl_->records[at].statement);
        }
    }
    sort_by_age(out);
    return out;
}

std::vector<const Statement*> Identification::all_members(CiId ci) const {
    std::vector<const Statement*> out;
    if (const auto found = impl_->by_ci.find(ci); found != impl_->by_ci.end()) {
        for (const Impl::Index at : found->second) {
            out.push_back(&impl_->records[at].statement);
        }
    }
    sort_by_age(out);
    return out;
}

bool Identification::is_retired(CiId ci) const {
    return impl_->retired(ci);
}

std::vector<std::string> Identification::objects(std::string_view source) const {
    std::vector<std::string> out;
    if (const auto found = impl_->by_source.find(std::string(source));
        found != impl_->by_source.end()) {
        for (const Impl::Index at : found->second) {
            if (impl_->records[at].present) {
                out.push_back(impl_->records[at].statement.object);
            }
        }
    }
    return out;
}

std::vector<CiId> Identification::holders(const Key& key) const {
    std::vector<CiId> out;
    for (const Impl::Index at : impl_->holders(key, {})) {
        out.push_back(impl_->records[at].ci);
    }
    each_once(out);
    std::ranges::sort(out);
    return out;
}

std::optional<std::string> Identification::why_shared(const Statement& statement, const Key& key)
    const {
    const auto* record = impl_->find(statement.source, statement.object);
    if (record == nullptr || key.trust != KeyTrust::trusted) {
        return std::nullopt;
    }
    if (impl_->is_crowded(key_text(key, record->below))) {
        return "more than " + std::to_string(most_holders) + " things have it";
    }
    std::vector<Member> having;
    for (const Impl::Index at : impl_->holders(key, record->below)) {
        having.push_back(impl_->member(at));
    }
    std::ranges::sort(having, [](const Member& a, const Member& b) {
        return older(*a.statement, *b.statement);
    });
    return cmdb::why_shared(having, key);
}

std::size_t Identification::size() const {
    return impl_->records.size();
}

std::uint64_t Identification::looks() const {
    return impl_->looks;
}

std::uint32_t Identification::number_of(std::string_view source, std::string_view object) const {
    const auto found = impl_->by_object.find(object_name(source, object));
    return found == impl_->by_object.end() ? static_cast<std::uint32_t>(size()) : found->second;
}

const Statement& Identification::numbered(std::uint32_t number) const {
    return impl_->records.at(number).statement;
}

std::vector<Identification::Saved> Identification::save() const {
    std::vector<Saved> out;
    out.reserve(impl_->records.size());
    for (const auto& record : impl_->records) {
        out.push_back({record.statement, record.ci, record.present});
    }
    return out;
}

Identification Identification::load(std::vector<Saved> saved, std::vector<Word> words) {
    Identification out;
    Impl& impl = *out.impl_;
    for (Saved& each : saved) {
        const Impl::Index at = impl.add(std::move(each.statement));
        impl.records[at].ci = each.ci;
        impl.records[at].present = each.present;
        impl.by_ci[each.ci].push_back(at);
    }
    // Keys of parts need the CI of their whole, which may have come later.
    for (Impl::Index at = 0; at < impl.records.size(); ++at) {
        impl.index(at);
    }
    impl.crossed.clear();  // it is judged already
    impl.words = std::move(words);
    impl.index_words();
    return out;
}

Identification Identification::excerpt(std::span<const Statement> seeds, std::span<const CiId> cis)
    const {
    const Impl& impl = *impl_;
    Impl::Indexes reached;
    for (const Statement& seed : seeds) {
        if (const auto found = impl.by_object.find(object_name(seed.source, seed.object));
            found != impl.by_object.end()) {
            reached.push_back(found->second);
        }
    }
    for (const std::string& text : impl.keys_of(seeds)) {
        if (impl.count_of_holders(text) <= most_holders + seeds.size()) {
            const Impl::Indexes& having = impl.by_key.at(text);
            reached.insert(reached.end(), having.begin(), having.end());
        }
    }
    for (const CiId ci : cis) {
        if (const auto found = impl.by_ci.find(ci); found != impl.by_ci.end()) {
            reached.insert(reached.end(), found->second.begin(), found->second.end());
        }
    }
    // Parts follow their whole: a component, its parts, and what these are connected with.
    for (std::size_t size = 0; size != reached.size();) {
        size = reached.size();
        reached = impl.closure(std::move(reached));
        const Impl::Indexes wholes = reached;
        for (const Impl::Index at : wholes) {
            const Statement& said = impl.records[at].statement;
            if (const auto found = impl.parts.find(object_name(said.source, said.object));
                found != impl.parts.end()) {
                reached.insert(reached.end(), found->second.begin(), found->second.end());
            }
            if (const auto whole = impl.by_object.find(object_name(said.source, said.below));
                !said.below.empty() && whole != impl.by_object.end()) {
                reached.push_back(whole->second);
            }
        }
        reached = impl.closure(std::move(reached));
    }
    std::vector<Saved> saved;
    for (const Impl::Index at : reached) {
        const auto& record = impl.records[at];
        saved.push_back({record.statement, record.ci, record.present});
    }
    Identification out = load(std::move(saved), impl.words);
    std::set<std::string> texts = impl.crowded_among(reached);
    texts.merge(impl.keys_of(seeds));
    for (const std::string& text : texts) {
        out.impl_->holders_elsewhere[text] =
            impl.count_of_holders(text) - out.impl_->count_of_holders(text);
    }
    return out;
}

}  // namespace muster::cmdb
