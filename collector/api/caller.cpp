#include "collector/api/caller.hpp"

#include "collector/api/credentials.hpp"

#include <optional>
#include <utility>

namespace muster::collector {

Task<Result<Actor>> caller_of(const ApiContext* context, const HttpRequest* request) {
    std::optional<Secret> bearer = bearer_of(*request);
    if (bearer) {
        Task<Result<Actor>> checking =
            context->access.check_bearer(std::move(*bearer), attempt_address(*request));
        co_return co_await std::move(checking);
    }
    std::optional<Secret> cookie = cookie_of(*request);
    if (cookie) {
        Task<Result<Actor>> checking = context->access.check_session(std::move(*cookie));
        co_return co_await std::move(checking);
    }
    co_return failure(ErrorKind::not_found, "no token");
}

}  // namespace muster::collector
