// Targets one by one, as they are declared: one that `each` repeats is one.
#include "collector/api/declared_object.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/json.hpp"
#include "collector/api/list_rules.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace muster::collector {

namespace {

using Targets = std::span<const config::Target>;

const std::string& name_of(const config::Target& target) {
    return target.pattern.empty() ? target.name : target.pattern;
}

/// Those that one declaration made: they come in a row.
Targets made_with(Targets from) {
    std::size_t many = 1;
    while (many < from.size() && !from.front().pattern.empty() &&
           from[many].pattern == from.front().pattern) {
        ++many;
    }
    return from.first(many);
}

/// Of a repeated one, the first.
json::object target_json(Targets made) {
    const config::Target& target = made.front();
    json::object labels;
    for (const auto& [label, value] : target.labels) {
        labels[label] = json_text(value);
    }
    return {
        {"name", json_text(name_of(target))},
        {"class", json_text(target.ci_class)},
        {"address", json_text(target.address)},
        {"site", json_text(target.site)},
        {"service", json_text(target.service)},
        {"labels", std::move(labels)},
        {"urgency", urgency_word(target.urgency)},
        {"hold", own_hold(target.parts)},
        {"probes", probes_json(target.probes)},
        {"repeats", made.size()}
    };
}

HttpResponse no_such_target(Targets all, const std::string& name) {
    const auto one = std::ranges::find(all, name, &config::Target::name);
    return problem(
        404,
        one == all.end() ? "there is no target with this name: " + name
                         : "\"" + name + "\" is one of those that the target \"" + one->pattern +
                               "\" repeats; ask for that"
    );
}

}  // namespace

Task<HttpResponse> list_targets(Call call) {
    json::array items;
    for (Targets left = call.context->configuration()->running().watch.targets; !left.empty();) {
        const Targets made = made_with(left);
        items.push_back(target_json(made));
        left = left.subspan(made.size());
    }
    co_return whole_list(call.query, target_list(), std::move(items), "name");
}

Task<HttpResponse> show_target(Call call) {
    const std::string& name = call.path.at("id");
    const Targets all = call.context->configuration()->running().watch.targets;
    const auto found = std::ranges::find(all, name, name_of);
    if (found == all.end()) {
        co_return no_such_target(all, name);
    }
    const auto from = static_cast<std::size_t>(found - all.begin());
    co_return declared_answer(call, "targets", name, target_json(made_with(all.subspan(from))));
}

Task<HttpResponse> put_target(Call call) {
    std::string name = call.path.at("id");
    const Targets all = call.context->configuration()->running().watch.targets;
    const auto found = std::ranges::find(all, name, name_of);
    const auto from = static_cast<std::size_t>(found - all.begin());
    json::object shown =
        found == all.end() ? json::object() : target_json(made_with(all.subspan(from)));
    return put_object(std::move(call), "targets", std::move(name), std::move(shown));
}

Task<HttpResponse> delete_target(Call call) {
    std::string name = call.path.at("id");
    return delete_object(std::move(call), "targets", std::move(name));
}

}  // namespace muster::collector
