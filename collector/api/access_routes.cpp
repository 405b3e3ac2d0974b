#include "base/bytes.hpp"
#include "collector/api/access_json.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/own_address.hpp"
#include "collector/api/parameters.hpp"
#include "collector/enrolment/access_store.hpp"
#include "collector/enrolment/join_rules.hpp"

#include <utility>

namespace muster::collector {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_request_pem = 16u << 10;
constexpr std::size_t longest_signature = 1024;
constexpr std::int64_t most_uses = 10'000;

json::object join_token_json(const JoinToken& token) {
    json::array sources;
    for (const std::string& source : token.sources) {
        sources.push_back(json_text(source));
    }
    return {
        {"id", json_text(token.id)},
        {"site", json_text(token.site)},
        {"name", json_text(token.name)},
        {"from", std::move(sources)},
        {"uses", token.uses},
        {"max_uses", token.max_uses},
        {"created", json_time(token.created)},
        {"created_by", json_text(token.created_by)},
        {"expires", json_time(token.expires)},
        {"revoked", token.revoked}
    };
}

HttpResponse too_many(Duration wait) {
    HttpResponse response = problem(429, "too many refused enrolments from this address");
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
    return response;
}

}  // namespace

Task<HttpResponse> list_join_tokens(Call call) {
    std::function<Result<std::vector<JoinToken>>(AccessDesk&)> work = [](AccessDesk& desk) {
        return desk.store.join_tokens();
    };
    const Result<std::vector<JoinToken>> tokens =
        co_await call.context->access.query<std::vector<JoinToken>>(std::move(work));
    if (!tokens) {
        co_return problem_of(tokens.error());
    }
    json::array items;
    for (const JoinToken& token : *tokens) {
        items.push_back(join_token_json(token));
    }
    co_return whole_list(call.query, join_token_list(), std::move(items), "id");
}

Task<HttpResponse> create_join_token(Call call) {
    Form form(call.request);
    JoinTokenRequest wanted;
    wanted.ttl = form.duration("ttl", 1h, 1s, 24h * 30);
    wanted.max_uses = static_cast<std::uint32_t>(form.integer("max_uses", 1, 1, most_uses));
    wanted.site = form.text("site", Form::Presence::optional, longest_name);
    wanted.name = form.text("name", Form::Presence::optional, longest_name);
    wanted.sources = form.texts("from", most_source_ranges, longest_name);
    for (const std::string& source : wanted.sources) {
        if (const Result<std::string> range = read_source_range(source); !range) {
            form.blame("from", range.error().what());
        }
    }
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    std::function<Result<CreatedJoinToken>(AccessDesk&)> work =
        [wanted, actor = call.actor](AccessDesk& desk) {
            return desk.store.create_join_token(
                wanted, actor, desk.authority.pin(), desk.random, desk.now
            );
        };
    const Result<CreatedJoinToken> created =
        co_await call.context->access.query<CreatedJoinToken>(std::move(work));
    if (!created) {
        co_return problem_of(created.error());
    }
    json::object body = join_token_json(created->row);
    body["token"] = json_text(created->token.reveal());
    body["address"] = json_text(address_for_others(*call.context, call.request));
    const config::CollectorConfig& process = call.context->configuration()->running().process;
    if (std::string why = why_out_of_reach(process.listen_people, process.listen_agents);
        !why.empty()) {
        body["warning"] = json_text(why);
    }
    co_return json_answer(body, 201);
}

Task<HttpResponse> revoke_join_token(Call call) {
    const std::string id = call.path.at("id");
    AccessWork work = [id, actor = call.actor](AccessDesk& desk) {
        return desk.store.revoke_join_token(id, actor, desk.now);
    };
    Task<Status> revoking = call.context->access.perform(std::move(work));
    const Status revoked = co_await std::move(revoking);
    co_return revoked ? json_answer(json::object{{"revoked", json_text(id)}})
                      : problem_of(revoked.error());
}

Task<HttpResponse> recover_agent(Call call) {
    const std::string address = address_of(call.request);
    const MonoTime now = call.context->clock->mono();
    Duration wait{};
    if (!call.enrol_attempts->allows(address, now, wait)) {
        co_return too_many(wait);
    }
    Form form(call.request);
    RecoverRequest wanted;
    wanted.proof.certificate_pem =
        form.text("certificate_pem", Form::Presence::required, longest_request_pem);
    wanted.proof.request_pem =
        form.text("request_pem", Form::Presence::required, longest_request_pem);
    const auto signature =
        from_base64url(form.text("signature", Form::Presence::required, longest_signature));
    if (!signature) {
        form.blame("signature", "expected base64url");
    }
    wanted.peer = call.request.peer;
    form.tolerate_others();  // newer agents may tell more
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    wanted.proof.signature = *signature;
    Task<Result<RecoverAnswer>> asking = call.context->access.recover(std::move(wanted));
    const Result<RecoverAnswer> agent = co_await std::move(asking);
    if (!agent) {
        if (agent.error().kind() == ErrorKind::refused) {
            call.enrol_attempts->failed(address, now);
        }
        co_return problem_of(agent.error());
    }
    json::object body{
        {"agent_id", json_text(agent->agent.text())},
        {"name", json_text(agent->name)},
        {"certificate_pem", json_text(agent->certificate_pem)},
        {"ca_pem", json_text(agent->ca_pem)}
    };
    co_return json_answer(body, 201);
}

Task<HttpResponse> enrol_agent(Call call) {
    const std::string address = address_of(call.request);
    const MonoTime now = call.context->clock->mono();
    Duration wait{};
    if (!call.enrol_attempts->allows(address, now, wait)) {
        co_return too_many(wait);
    }
    Form form(call.request);
    Form facts = form.object("facts");
    EnrolRequest wanted;
    wanted.token = Secret(form.text("token", Form::Presence::required, 1024));
    wanted.request_pem = form.text("request_pem", Form::Presence::required, longest_request_pem);
    wanted.name = form.text("name", Form::Presence::optional, longest_name);
    wanted.hostname = facts.text("hostname", Form::Presence::optional, longest_name);
    wanted.version = facts.text("version", Form::Presence::optional, longest_name);
    wanted.peer = call.request.peer;
    form.tolerate_others();  // newer agents may tell more
    form.absorb(facts);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    Task<Result<EnrolAnswer>> asking = call.context->access.enrol(std::move(wanted));
    const Result<EnrolAnswer> agent = co_await std::move(asking);
    if (!agent) {
        if (agent.error().kind() == ErrorKind::refused) {
            call.enrol_attempts->failed(address, now);
        }
        co_return problem_of(agent.error());
    }
    json::object body{
        {"agent_id", json_text(agent->agent.text())},
        {"name", json_text(agent->name)},
        {"site", json_text(agent->site)},
        {"certificate_pem", json_text(agent->certificate_pem)},
        {"ca_pem", json_text(agent->ca_pem)},
        {"link_port", call.context->self.agents_port}
    };
    co_return json_answer(body, 201);
}

}  // namespace muster::collector
