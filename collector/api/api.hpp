// Owns: what every request passes before its handler: route, door, token or session, permission, content type, parameters.
// Leaves to routes.hpp: what each route asks for.
#pragma once

#include "base/task.hpp"
#include "collector/api/attempt_limiter.hpp"
#include "collector/api/context.hpp"
#include "collector/api/event_hub.hpp"
#include "collector/api/http_message.hpp"
#include "collector/api/request_figures.hpp"
#include "collector/api/sign_in_gate.hpp"

namespace muster::collector {

/// The HTTP API as a function from request to answer. Belongs to the network loop; outlives every request.
class Api {
  public:
    /// `context` outlives this.
    explicit Api(const ApiContext& context);
    Api(const Api&) = delete;
    Api& operator=(const Api&) = delete;

    /// Never fails: every fault is a problem document (RFC 9457).
    Task<HttpResponse> answer(HttpRequest request);

    /// To be woken when events are committed.
    EventHub& events() { return events_; }

  private:
    const ApiContext* context_;
    AttemptLimiter enrol_attempts_;
    SignInGate sign_ins_;
    AttemptLimiter refusal_lines_;  // in the log, by address
    EventHub events_;
    RequestFigures requests_;
};

}  // namespace muster::collector
