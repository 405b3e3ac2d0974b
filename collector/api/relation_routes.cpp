#include "collector/api/ci_change.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/json.hpp"
#include "collector/api/of_ci.hpp"
#include "collector/api/parameters.hpp"
#include "collector/api/relation_store.hpp"
#include "collector/relation_name.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t longest_reason = 1000;
constexpr std::size_t longest_name = 256;

}  // namespace

Task<HttpResponse> list_relations(Call call) {
    const Result<PageRequest> page = page_request(call.query, "relations", 3);
    if (!page) {
        co_return bad_parameter(page.error());
    }
    const Result<Moment> moment = moment_of(call);
    if (!moment) {
        co_return bad_parameter(moment.error());
    }
    const cmdb::Model& model = *call.context->configuration()->model();
    RelationFilter filter{.ci = {}, .type = parameter(call, "type"), .moment = *moment};
    if (!filter.type.empty() && model.relation(filter.type) == nullptr) {
        co_return bad_parameter(Error(
            ErrorKind::invalid,
            fmt::format(
                "there is no kind of relation \"{}\", expected one of: {}",
                filter.type,
                fmt::join(model.relation_names(), ", ")
            ),
            "type"
        ));
    }
    Task<Result<Page>> asking =
        read_list_of_ci(std::move(call), std::move(filter), *page, read_all_relations);
    Result<Page> found = co_await std::move(asking);
    co_return found ? page_answer(std::move(*found), "relations") : problem_of(found.error());
}

Task<HttpResponse> create_relation(Call call) {
    Form form(call.request);
    NamedCis ends{
        {"from", form.text("from", Form::Presence::required, longest_name)},
        {"to", form.text("to", Form::Presence::required, longest_name)}
    };
    const std::string type = form.text("type", Form::Presence::required, longest_name);
    const std::string reason = form.text("reason", Form::Presence::optional, longest_reason);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    json::object body{{"type", json_text(type)}, {"reason", json_text(reason)}};
    co_return co_await submit_change(
        std::move(call), "relation.create", std::move(body), std::move(ends)
    );
}

Task<HttpResponse> delete_relation(Call call) {
    const auto name = parse_relation_name(call.path.at("id"));
    if (!name) {
        co_return problem(
            404, "there is no relation with this id; the list of relations has their ids"
        );
    }
    NamedCis ends{{"from", name->from.text()}, {"to", name->to.text()}};
    json::object body{{"type", json_text(name->type)}};
    co_return co_await submit_change(
        std::move(call), "relation.delete", std::move(body), std::move(ends)
    );
}

}  // namespace muster::collector
