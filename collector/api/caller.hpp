// Owns: who sends a request, by its token or its session. Leaves to credentials.hpp: where they stand; to api.cpp: what is refused.
#pragma once

#include "collector/api/context.hpp"
#include "collector/api/http_message.hpp"

namespace muster::collector {

/// A token counts where one is given, else the session's cookie. `not_found`: neither; `refused`: not valid here.
/// The request outlives the call.
Task<Result<Actor>> caller_of(const ApiContext* context, const HttpRequest* request);

}  // namespace muster::collector
