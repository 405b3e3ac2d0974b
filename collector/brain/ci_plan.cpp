#include "collector/brain/ci_plan.hpp"

#include "cmdb/attributes.hpp"
#include "collector/brain/cmdb_work.hpp"
#include "collector/brain/commands.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

constexpr std::size_t most_shown = 500;

/// A plan carried out on a copy of what it touches.
class Trial {
  public:
    Trial(const Fold& fold, const CiPlan& plan)
        : fold_(fold),
          plan_(plan),
          copy_(fold.state.identity.excerpt(plan.statements, concerned(fold, plan))) {}

    json::object run() {
        std::vector<std::string_view> effects;
        for (const cmdb::Statement& each : plan_.statements) {
            effects.push_back(submit(each));
        }
        take(copy_.settle());
        for (const cmdb::Word& word : plan_.taken_back) {
            take(copy_.unsay(word));
        }
        for (const cmdb::Word& word : plan_.words) {
            take(copy_.say(word));
        }
        for (const cmdb::ObjectName& name : plan_.missed) {
            miss(name);
        }
        for (const cmdb::ObjectName& name : plan_.withdrawn) {
            copy_.drop(name.source, name.object);
        }
        take(copy_.settle());
        return {
            {"items", items(effects)},
            {"changes", std::move(changes_)},
            {"attributes", attributes()}
        };
    }

    /// After run().
    bool is_foreign(const CallerSites& sites) const {
        if (!sites) {
            return false;
        }
        std::set<CiId> all(touched_.begin(), touched_.end());
        all.insert(plan_.cis.begin(), plan_.cis.end());
        for (const cmdb::Statement& said : plan_.statements) {
            const std::string_view site = cmdb::value_of(said, "site");
            if (!site.empty() && !sites->contains(site)) {
                return true;
            }
            all.insert(copy_.ci_of(said.source, said.object));
        }
        return std::ranges::any_of(all, [&](CiId ci) {
            return !was_in(ci, *sites) || !will_be_in(ci, *sites);
        });
    }

  private:
    static std::vector<CiId> concerned(const Fold& fold, const CiPlan& plan) {
        std::vector<CiId> out = plan.cis;
        for (const auto* names : {&plan.missed, &plan.withdrawn}) {
            for (const cmdb::ObjectName& name : *names) {
                out.push_back(fold.state.identity.ci_of(name.source, name.object));
            }
        }
        return out;
    }

    bool was_in(CiId ci, const std::set<std::string, std::less<>>& sites) const {
        const auto known = fold_.state.ci_by_id.find(ci);
        return known == fold_.state.ci_by_id.end() || fold_.state.identity.members(ci).empty() ||
               sites.contains(fold_.state.cis[known->second].site);
    }

    bool will_be_in(CiId ci, const std::set<std::string, std::less<>>& sites) const {
        if (copy_.is_retired(ci)) {
            return true;
        }
        const cmdb::Projection seen = projection(copy_, ci);
        const auto site = seen.attributes.find("site");
        return site != seen.attributes.end() && sites.contains(site->second.value);
    }

    void miss(const cmdb::ObjectName& name) {
        const cmdb::Statement* known = copy_.find(name.source, name.object);
        if (known == nullptr || known->missing != WallTime{} || plan_.at < cmdb::heard(*known)) {
            return;
        }
        if (fold_.model.patience(known->ci_class) <= Duration{}) {
            copy_.drop(name.source, name.object);
            return;
        }
        cmdb::Statement now = *known;
        now.missing = plan_.at;
        copy_.hear(std::move(now));
    }

    std::string_view submit(const cmdb::Statement& said) {
        const cmdb::Statement* known = copy_.find(said.source, said.object);
        const cmdb::Statement former = known == nullptr ? cmdb::Statement{} : *known;
        const bool stands = known != nullptr && !copy_.is_removed(said.source, said.object);
        if (!stands && cmdb::is_outdated(former, said, stands, plan_.at)) {
            return "unchanged";
        }
        cmdb::Statement now = cmdb::continued(former, said, plan_.saying, plan_.at);
        if (stands && cmdb::says_the_same(now, former)) {
            return "unchanged";
        }
        copy_.hear(std::move(now));
        return stands ? "updated" : "created";
    }

    void take(const cmdb::IdentityChange& change) {
        for (const CiId ci : change.touched) {
            if (std::ranges::find(touched_, ci) == touched_.end()) {
                touched_.push_back(ci);
            }
        }
        std::erase_if(apart_, [&](const auto& pair) {
            return std::ranges::find(change.decided, pair.first.first) != change.decided.end() ||
                   std::ranges::find(change.decided, pair.first.second) != change.decided.end();
        });
        apart_.insert(change.apart.begin(), change.apart.end());
        for (const auto& verdict : change.ledger) {
            if (changes_.size() < most_shown) {
                changes_.push_back(json::object{
                    {"kind", to_string(verdict.kind)},
                    {"ci", verdict.ci.text()},
                    {"name", name_of(verdict.ci)},
                    {"other",
                     verdict.other.is_nil() ? json::value(nullptr)
                                            : json::value(verdict.other.text())},
                    {"other_name", name_of(verdict.other)},
                    {"reason", verdict.reason}
                });
            }
        }
    }

    cmdb::Projection projection(const cmdb::Identification& identity, CiId ci) const {
        const auto members = identity.members(ci);
        return cmdb::project(fold_.model, members);
    }

    std::string name_of(CiId ci) const {
        const auto known = fold_.state.ci_by_id.find(ci);
        if (known != fold_.state.ci_by_id.end()) {
            return fold_.state.cis[known->second].name;
        }
        const cmdb::Projection seen = projection(copy_, ci);
        const auto name = seen.attributes.find("name");
        return name == seen.attributes.end() ? std::string{} : name->second.value;
    }

    json::array items(const std::vector<std::string_view>& effects) const {
        json::array out;
        for (std::size_t at = 0; at < effects.size(); ++at) {
            const cmdb::Statement& said = plan_.statements[at];
            const CiId ci = copy_.ci_of(said.source, said.object);
            std::string effect(effects[at]);
            std::string reason;
            if (effect == "created" && fold_.state.ci_by_id.contains(ci)) {
                effect = "updated";
                reason = "its keys are those of a CI that is known";
            }
            for (const auto& [pair, why] : apart_) {
                if (effect != "unchanged" && (pair.first == ci || pair.second == ci)) {
                    effect = "queued";
                    reason = why;
                }
            }
            out.push_back(json::object{
                {"object", said.object},
                {"class", said.ci_class},
                {"ci", ci.text()},
                {"name", name_of(ci)},
                {"effect", effect},
                {"reason", reason}
            });
        }
        return out;
    }

    json::array attributes() const {
        json::array out;
        for (const CiId ci : touched_) {
            const cmdb::Projection before = projection(fold_.state.identity, ci);
            const cmdb::Projection after = projection(copy_, ci);
            std::map<std::string, std::pair<std::string, std::string>> both;
            both["class"] = {before.ci_class, after.ci_class};
            for (const auto& [name, value] : before.attributes) {
                both[name].first = value.value;
            }
            for (const auto& [name, value] : after.attributes) {
                both[name].second = value.value;
            }
            for (const auto& [name, values] : both) {
                if (values.first != values.second && out.size() < most_shown) {
                    out.push_back(json::object{
                        {"ci", ci.text()},
                        {"name", name_of(ci)},
                        {"attribute", name},
                        {"from", values.first},
                        {"to", values.second}
                    });
                }
            }
        }
        return out;
    }

    const Fold& fold_;
    const CiPlan& plan_;
    cmdb::Identification copy_;
    std::vector<CiId> touched_;
    std::map<std::pair<CiId, CiId>, std::string> apart_;
    json::array changes_;
};

}  // namespace

Preview preview_of(const Fold& fold, const CiPlan& plan, const CallerSites& sites) {
    Trial trial(fold, plan);
    Preview out{.body = trial.run()};
    out.is_foreign = trial.is_foreign(sites);
    return out;
}

Verdict foreign_sites() {
    return problem(
        403, "Forbidden", "it would change things outside the sites that you may change"
    );
}

void perform(Fold& fold, const CiPlan& plan, std::string_view actor) {
    CmdbWork work(fold, actor);
    for (const CiPlan::Note& note : plan.notes) {
        work.note(note.kind, note.ci, note.other, note.reason);
    }
    for (const cmdb::Statement& each : plan.statements) {
        work.submit(each, plan.saying, plan.at);
    }
    for (const cmdb::Word& word : plan.taken_back) {
        work.unsay(word);
    }
    for (const cmdb::Word& word : plan.words) {
        work.say(word);
    }
    for (const cmdb::ObjectName& name : plan.missed) {
        work.miss(name.source, name.object, plan.at);
    }
    for (const cmdb::ObjectName& name : plan.withdrawn) {
        work.withdraw(name.source, name.object, plan.at);
    }
    work.finish();
}

}  // namespace muster::collector
