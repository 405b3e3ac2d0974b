#include "cmdb/observed.hpp"

#include "cmdb/keys.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace muster::cmdb {

namespace {

constexpr std::size_t no_item = ~std::size_t{0};
constexpr int longest_way_up = 8;

/// One run while it is translated.
class Run {
  public:
    Run(const Model& model, const Observer& observer, const wire::Observations& seen)
        : model_(model), observer_(observer), seen_(seen), parent_(seen.items.size(), no_item) {
        for (const wire::ObservedRelation& relation : seen.relations) {
            note_parent(relation);
        }
    }

    std::vector<Statement> statements() {
        std::vector<Statement> out;
        for (std::size_t at = 0; at < seen_.items.size(); ++at) {
            out.push_back(statement(at));
        }
        for (const wire::ObservedRelation& relation : seen_.relations) {
            relate(out, relation);
        }
        add_addresses(out);
        std::ranges::stable_partition(out, [](const Statement& each) {
            return each.below.empty();
        });
        return out;
    }

  private:
    const std::string& class_of(std::size_t at) const { return seen_.items[at].ci_class; }

    void note_parent(const wire::ObservedRelation& relation) {
        const RelationType* type = model_.relation(relation.type);
        if (type == nullptr || type->parent == RelationType::Parent::none) {
            return;
        }
        const bool is_from = type->parent == RelationType::Parent::from;
        const std::size_t whole = is_from ? relation.from : relation.to;
        const std::size_t part = is_from ? relation.to : relation.from;
        if (parent_[part] == no_item && model_.is_dependent(class_of(part))) {
            parent_[part] = whole;
        }
    }

    /// The nearest thing upwards that stands for itself; `no_item` where there is none.
    std::size_t whole_of(std::size_t at) const {
        for (int step = 0; step < longest_way_up && at != no_item; ++step) {
            at = parent_[at];
            if (at != no_item && !model_.is_dependent(class_of(at))) {
                return at;
            }
        }
        return no_item;
    }

    Statement statement(std::size_t at) const {
        const wire::ObservedItem& item = seen_.items[at];
        Statement out;
        out.source = observer_.source;
        out.object = item.object;
        out.ci_class = item.ci_class;
        out.observed = std::clamp(item.observed, observer_.earliest, observer_.latest);
        if (const std::size_t whole = whole_of(at); whole != no_item) {
            out.below = seen_.items[whole].object;
        }
        Attributes attributes(item.attributes.begin(), item.attributes.end());
        for (const auto& [name, value] : attributes) {
            out.attributes.push_back({name, value, {}});
        }
        if (!observer_.site.empty() && !item.attributes.contains("site")) {
            out.attributes.push_back({"site", observer_.site, {}});
        }
        for (const wire::ObservedKey& key : item.keys) {
            add_key(out, canonical_key(model_, item.ci_class, key.space, key.kind, key.value));
        }
        for (Key& key : computed_keys(model_, item.ci_class, attributes, observer_.site)) {
            add_key(out, std::move(key));
        }
        return out;
    }

    static void add_key(Statement& to, std::optional<Key> key) {
        if (key && std::ranges::find(to.keys, *key) == to.keys.end()) {
            to.keys.push_back(std::move(*key));
        }
    }

    void relate(std::vector<Statement>& out, const wire::ObservedRelation& relation) const {
        if (relation.from != relation.to &&
            model_.may_relate(relation.type, class_of(relation.from), class_of(relation.to))) {
            out[relation.from].relations.push_back(
                {relation.type, seen_.items[relation.to].object, out[relation.from].observed}
            );
        }
    }

    /// Lower is better.
    using Preference = std::tuple<bool, bool, bool, std::size_t>;

    std::optional<Preference> preference(const wire::ObservedRelation& relation) const {
        const wire::ObservedItem& on = seen_.items[relation.from];
        const wire::ObservedItem& address = seen_.items[relation.to];
        const auto text = address.attributes.find("address");
        if (relation.type != "has_address" || text == address.attributes.end()) {
            return std::nullopt;
        }
        const bool is_link = canonical_address(text->second) == canonical_address(observer_.link);
        const bool is_real = on.attributes.contains("permanent_mac");
        return Preference{
            !is_link, !is_real, text->second.find(':') != std::string::npos, relation.to
        };
    }

    /// The address by which each machine is reached.
    void add_addresses(std::vector<Statement>& out) const {
        std::map<std::size_t, Preference> best;
        for (const wire::ObservedRelation& relation : seen_.relations) {
            const std::size_t whole = model_.is_dependent(class_of(relation.from))
                                          ? whole_of(relation.from)
                                          : relation.from;
            const auto found = preference(relation);
            if (!found || whole == no_item || !model_.is_a(class_of(whole), "hardware")) {
                continue;
            }
            const auto [known, is_new] = best.try_emplace(whole, *found);
            if (!is_new) {
                known->second = std::min(known->second, *found);
            }
        }
        for (const auto& [whole, preferred] : best) {
            const auto& attributes = seen_.items[whole].attributes;
            if (!attributes.contains("address")) {
                const std::string& text =
                    seen_.items[std::get<3>(preferred)].attributes.at("address");
                out[whole].attributes.push_back({"address", text, {}});
            }
        }
    }

    const Model& model_;
    const Observer& observer_;
    const wire::Observations& seen_;
    std::vector<std::size_t> parent_;
};

}  // namespace

std::vector<Key> computed_keys(
    const Model& model,
    std::string_view ci_class,
    const Attributes& attributes,
    std::string_view site
) {
    std::vector<Key> out;
    for (const KeyRule& rule : model.identification(ci_class)) {
        std::string value;
        bool is_whole = !rule.of.empty();
        for (const std::string& name : rule.of) {
            const auto found = std::ranges::find(attributes, name, &Attributes::value_type::first);
            const bool is_kind = name == "class";
            is_whole =
                is_whole && (is_kind || (found != attributes.end() && !found->second.empty()));
            value += (value.empty() ? "" : "/") + (is_kind                     ? rule.kind
                                                   : found != attributes.end() ? found->second
                                                                               : std::string{});
        }
        if (rule.kind == "address" && is_whole) {
            value = canonical_address(value);
        }
        if (!is_whole || value.empty()) {
            continue;
        }
        const std::string space = rule.space == "space" ? "space " + std::string(site) : rule.space;
        out.push_back(
            {.space = space,
             .kind = rule.kind,
             .value = std::move(value),
             .rank = rule.rank,
             .values = rule.values}
        );
    }
    return out;
}

WallTime time_of(const Observer& observer, const wire::Observations& seen) {
    WallTime latest{};
    for (const wire::ObservedItem& item : seen.items) {
        latest = std::max(latest, item.observed);
    }
    return std::clamp(latest, observer.earliest, observer.latest);
}

std::vector<Statement> statements_of(
    const Model& model, const Observer& observer, const wire::Observations& seen
) {
    return Run(model, observer, seen).statements();
}

}  // namespace muster::cmdb
