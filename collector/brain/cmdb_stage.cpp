#include "collector/brain/cmdb_stage.hpp"

#include "cmdb/observed.hpp"
#include "collector/brain/cmdb_work.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::string_view configuration = "configuration";

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
            said.attributes.push_back({std::string(name), *value, {}});
        }
    }
    for (const auto& [name, value] : target.labels) {
        said.attributes.push_back({"label." + name, value, {}});
    }
    return said;
}

}  // namespace

CiIndex declare(Fold& fold, std::vector<cmdb::Statement> statements, WallTime at) {
    const cmdb::ObjectName first{statements.front().source, statements.front().object};
    CmdbWork work(fold);
    for (cmdb::Statement& each : statements) {
        work.submit(std::move(each), cmdb::Saying::replaces, at);
    }
    work.finish();
    return fold.state.ci_by_id.at(fold.state.identity.ci_of(first.source, first.object));
}

cmdb::Statement place_statement(
    const cmdb::Model& model,
    std::string_view source,
    std::string_view ci_class,
    const std::string& name,
    WallTime observed
) {
    cmdb::Statement said;
    said.source = source;
    said.object = std::string(ci_class) + "/" + name;
    said.ci_class = ci_class;
    said.observed = observed;
    said.attributes.push_back({"name", name, {}});
    if (ci_class == "site") {
        said.attributes.push_back({"site", name, {}});  // who may see a site alone sees it, too
    }
    said.keys = cmdb::computed_keys(model, ci_class, {{"name", name}}, {});
    return said;
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

void declare_targets(Fold& fold, std::span<const config::Target> targets) {
    std::set<std::string> gone;
    for (std::string& object : fold.state.identity.objects(configuration)) {
        gone.insert(std::move(object));
    }
    CmdbWork work(fold);
    const auto submit = [&](cmdb::Statement said) {
        gone.erase(said.object);
        work.submit(std::move(said), cmdb::Saying::replaces, fold.wall);
    };
    for (const config::Target& target : targets) {
        cmdb::Statement said = statement_of(target, fold.wall);
        const std::pair<std::string_view, const std::string*> named[] = {
            {"site", &target.site}, {"service", &target.service}
        };
        for (const auto& [ci_class, name] : named) {
            const std::string_view type = ci_class == "site" ? "located_in" : "provides";
            if (!name->empty() && fold.model.may_relate(type, target.ci_class, ci_class)) {
                submit(place_statement(fold.model, configuration, ci_class, *name, fold.wall));
                said.relations.push_back(
                    {std::string(type), std::string(ci_class) + "/" + *name, {}}
                );
            }
        }
        submit(std::move(said));
    }
    for (const std::string& object : gone) {
        work.withdraw(configuration, object, fold.wall);
    }
    work.finish();
}

}  // namespace muster::collector
