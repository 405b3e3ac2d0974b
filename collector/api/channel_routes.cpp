#include "collector/api/channel_store.hpp"
#include "collector/api/declared_object.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/json.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/verdict_answer.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace muster::collector {

namespace {

/// null: somebody would be told.
json::value nobody_told(const Call& call) {
    const std::string why = call.context->nobody_told();
    return why.empty() ? json::value(nullptr) : json_text(why);
}

HttpResponse no_such_channel(const std::string& name) {
    return problem(
        404, "there is no channel \"" + name + "\"; the list of channels has their names"
    );
}

/// Where its secrets are kept: what is in them never comes here.
void add_secrets(const Call& call, const std::string& name, json::object& channel) {
    const std::vector<config::Channel>& all =
        call.context->configuration()->running().watch.channels;
    const auto found = std::ranges::find(all, name, &config::Channel::name);
    const auto add = [&channel](const char* member, const std::string& file) {
        channel[member] = file.empty() ? json::value(nullptr)
                                       : json::value(json::object{{"file", json_text(file)}});
    };
    add("secret", found == all.end() ? std::string() : found->secret_file);
    add("password", found == all.end() ? std::string() : found->mail.password_file);
}

/// What show_channel has of it without its being declared.
json::object declarable(const config::Channel& channel) {
    return {
        {"type", json_text(channel.type)},
        {"rate",
         json::object{
             {"messages", channel.rate.messages},
             {"per", json_text(format_duration(channel.rate.per))}
         }}
    };
}

}  // namespace

Task<HttpResponse> list_channels(Call call) {
    std::function<Result<json::array>(StateConnection&)> work = read_channels;
    Result<json::array> found = co_await call.context->state->query<json::array>(std::move(work));
    if (!found) {
        co_return problem_of(found.error());
    }
    HttpResponse response = whole_list(call.query, channel_list(), std::move(*found), "name");
    if (response.status == 200) {
        json::object body = json::parse(response.body).as_object();
        body["nobody_told"] = nobody_told(call);
        response.body = json::serialize(body);
    }
    co_return response;
}

Task<HttpResponse> show_channel(Call call) {
    using Found = std::optional<json::object>;
    const std::string name = call.path.at("name");
    std::function<Result<Found>(StateConnection&)> work = [name](StateConnection& connection) {
        return read_channel_row(connection, name);
    };
    Result<Found> found = co_await call.context->state->query<Found>(std::move(work));
    if (!found) {
        co_return problem_of(found.error());
    }
    if (!found->has_value()) {
        co_return no_such_channel(name);
    }
    add_secrets(call, name, **found);
    co_return declared_answer(call, "channels", name, std::move(**found));
}

Task<HttpResponse> put_channel(Call call) {
    std::string name = call.path.at("name");
    const std::vector<config::Channel>& all =
        call.context->configuration()->running().watch.channels;
    const auto found = std::ranges::find(all, name, &config::Channel::name);
    json::object shown = found == all.end() ? json::object() : declarable(*found);
    return put_object(std::move(call), "channels", std::move(name), std::move(shown));
}

Task<HttpResponse> delete_channel(Call call) {
    std::string name = call.path.at("name");
    return delete_object(std::move(call), "channels", std::move(name));
}

/// Sends first, then records: the verdict says what the receiver said.
Task<HttpResponse> test_channel(Call call) {
    Form form(call.request);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    const std::string name = call.path.at("name");
    Task<std::optional<ChannelTest>> testing = call.context->test_channel(name);
    const std::optional<ChannelTest> test = co_await std::move(testing);
    if (!test) {
        co_return no_such_channel(name);
    }
    const json::object body{
        {"name", name},
        {"delivered", test->delivered},
        {"status", test->status},
        {"detail", json_text(test->detail)}
    };
    Result<Command> command = command_of(call, "channel.test", body);
    if (!command) {
        co_return problem_of(command.error());
    }
    Task<Result<Verdict>> asking = call.context->submit(std::move(*command));
    const Result<Verdict> verdict = co_await std::move(asking);
    co_return verdict ? verdict_answer(*verdict) : problem_of(verdict.error());
}

}  // namespace muster::collector
