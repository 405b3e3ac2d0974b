// Owns: reads about a CI that a caller names: the name is looked up and the answer read in one state. Leaves to ci_store: what a
// name stands for.
#pragma once

#include "collector/api/ci_store.hpp"
#include "collector/api/context.hpp"
#include "collector/api/page.hpp"
#include "collector/api/routes.hpp"

#include <functional>
#include <string>
#include <utility>

namespace muster::collector {

/// What `read` says of the CI with this name or id, of which it is given the raw id; `not_found` and `conflict` as find_ci.
template <class Answer>
Task<Result<Answer>> read_of_ci(
    Call call,
    std::string name,
    std::function<Result<Answer>(StateConnection&, const std::string& id)> read
) {
    std::function<Result<Answer>(StateConnection&)> work =
        [scope = call.actor.scope,
         name = std::move(name),
         read = std::move(read)](StateConnection& connection) -> Result<Answer> {
        const Result<std::string> id = find_ci(connection, scope, name);
        if (!id) {
            return failure(id.error());
        }
        return read(connection, *id);
    };
    Task<Result<Answer>> asking = call.context->state->query<Answer>(std::move(work));
    co_return co_await std::move(asking);
}

/// A page of a list whose filter has a `ci`: the CI that the parameter "ci" names, where it names one.
template <class Filter>
Task<Result<Page>> read_list_of_ci(
    Call call,
    Filter filter,
    PageRequest page,
    Result<Page> (*read)(StateConnection&, const ReadScope&, const Filter&, const PageRequest&)
) {
    const auto named = call.query.find("ci");
    std::string name = named == call.query.end() ? std::string() : named->second;
    std::function<Result<Page>(StateConnection&)> work = [scope = call.actor.scope,
                                                          name = std::move(name),
                                                          filter = std::move(filter),
                                                          page = std::move(page),
                                                          read](StateConnection& connection
                                                         ) mutable -> Result<Page> {
        if (!name.empty()) {
            Result<std::string> id = find_ci(connection, scope, name);
            if (!id) {
                return failure(id.error());
            }
            filter.ci = std::move(*id);
        }
        return read(connection, scope, filter, page);
    };
    Task<Result<Page>> asking = call.context->state->query<Page>(std::move(work));
    co_return co_await std::move(asking);
}

}  // namespace muster::collector
