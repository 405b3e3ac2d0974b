#include "collector/api/verdict_answer.hpp"

#include "collector/api/context.hpp"
#include "collector/api/problem.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t longest_key = 255;

std::string header(const Call& call, const std::string& name) {
    const auto found = call.request.headers.find(name);
    return found == call.request.headers.end() ? std::string() : found->second;
}

std::string unquoted(std::string etag) {
    if (etag == "*") {
        return {};
    }
    if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"')) {
        return etag.substr(1, etag.size() - 2);
    }
    return etag;
}

}  // namespace

Result<Command> command_of(const Call& call, std::string name, const boost::json::object& body) {
    Command command;
    command.name = std::move(name);
    command.actor = call.actor.name;
    command.request_id = call.request_id;
    command.idempotency_key = header(call, "idempotency-key");
    const bool printable =
        std::ranges::all_of(command.idempotency_key, [](char c) { return c >= 0x20 && c < 0x7F; });
    if (!printable || command.idempotency_key.size() > longest_key) {
        return failure(
            ErrorKind::invalid, "expected at most 255 printable ASCII characters", "Idempotency-Key"
        );
    }
    command.if_match = unquoted(header(call, "if-match"));
    command.body = boost::json::serialize(body);
    return command;
}

Task<HttpResponse> ask_brain(Call call, std::string name, boost::json::object body) {
    Result<Command> command = command_of(call, std::move(name), body);
    if (!command) {
        co_return problem_of(command.error());
    }
    Task<Result<Verdict>> asking = call.context->submit(std::move(*command));
    const Result<Verdict> verdict = co_await std::move(asking);
    co_return verdict ? verdict_answer(*verdict) : problem_of(verdict.error());
}

HttpResponse verdict_answer(const Verdict& verdict) {
    HttpResponse response;
    response.status = verdict.status;
    response.body = verdict.body;
    if (verdict.status >= 400) {
        response.content_type = problem_content_type;
    }
    if (!verdict.etag.empty()) {
        response.headers.emplace_back("ETag", quoted_etag(verdict.etag));
    }
    return response;
}

std::string quoted_etag(std::string_view version) {
    if (version.starts_with('"')) {
        return std::string(version);
    }
    return "\"" + std::string(version) + "\"";
}

}  // namespace muster::collector
