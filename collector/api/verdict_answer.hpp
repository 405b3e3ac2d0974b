// Owns: from a request to a command and from its verdict back to an answer. Leaves to the brain: the verdict.
#pragma once

#include "base/result.hpp"
#include "collector/api/routes.hpp"
#include "collector/command.hpp"

#include <boost/json.hpp>

#include <string>
#include <string_view>

namespace muster::collector {

/// Actor, request id, Idempotency-Key (at most 255 printable ASCII characters; else `invalid`) and If-Match (without its
/// quotes; "*" is any) of the call.
Result<Command> command_of(const Call& call, std::string name, const boost::json::object& body);

/// The command of that name with this body; the brain's verdict is the answer.
Task<HttpResponse> ask_brain(Call call, std::string name, boost::json::object body);

HttpResponse verdict_answer(const Verdict& verdict);

/// "\"31\"" of 31 (RFC 9110 §8.8.3).
std::string quoted_etag(std::string_view version);

}  // namespace muster::collector
