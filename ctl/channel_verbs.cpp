#include "base/bytes.hpp"
#include "ctl/guess.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <memory>

namespace muster::ctl {

namespace {

/// The collector gives a mail 30 s: what is wrong with the mail server is to be read, not that the collector is slow.
constexpr Duration test_patience = std::chrono::seconds(45);

struct Options {
    ListSelection select;
    std::string channel;
};

std::string rate_of(const json::value& channel) {
    return text_of(channel, "rate", "messages") + " in " + text_of(channel, "rate", "per");
}

Tone tone_of_channel(const std::string& state) {
    return state == "working" ? Tone::good : state == "dead" ? Tone::bad : Tone::doubtful;
}

int list(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<Listing> channels = client->list("/channels", {}, options.select);
    if (!channels) {
        return session.fail(channels.error());
    }
    Table table{
        {"CHANNEL",
         "TYPE",
         "STATE",
         "SINCE",
         "LAST DELIVERED",
         "WAITING",
         "RATE",
         "TARGET",
         "LAST ERROR"},
        {}
    };
    for (const json::value& channel : channels->items) {
        const std::string state = text_of(channel, "state");
        table.rows.push_back(
            {{text_of(channel, "name")},
             {text_of(channel, "type")},
             {state, tone_of_channel(state)},
             {session.time(member_of(channel, "state_since"))},
             {session.time(member_of(channel, "last_delivered"))},
             {text_of(channel, "waiting")},
             {rate_of(channel)},
             {text_of(channel, "target")},
             {text_of(channel, "last_error"), Tone::bad}}
        );
    }
    session.print(table, *channels);
    warn_if_nobody_is_told(session, *client);
    return exit_success;
}

int show(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> channel =
        client->get("/channels/" + percent_encoded(options.channel));
    if (!channel) {
        return session.fail(guessed(*client, channel.error(), "channels", options.channel));
    }
    Table table{{"FIELD", "VALUE"}, {}};
    const auto add = [&table](const char* name, const std::string& value) {
        if (!value.empty()) {
            table.rows.push_back({{name, Tone::quiet}, {value}});
        }
    };
    for (const char* field :
         {"name", "type", "target", "match", "state", "failures", "last_error", "waiting", "merged"
         }) {
        add(field, text_of(*channel, field));
    }
    add("rate", rate_of(*channel));
    add("secret", text_of(*channel, "secret", "file"));
    add("password", text_of(*channel, "password", "file"));
    add("state_since", session.time(member_of(*channel, "state_since")));
    add("last_delivered", session.time(member_of(*channel, "last_delivered")));
    add("file", text_of(*channel, "file"));
    add("line", text_of(*channel, "line"));
    return session.print(table, *channel);
}

int test(Session& session, const Options& options) {
    Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    client->be_patient(test_patience);
    const Result<json::value> answer =
        client->post("/channels/" + percent_encoded(options.channel) + "/test", json::object{});
    if (!answer) {
        return session.fail(guessed(*client, answer.error(), "channels", options.channel));
    }
    const bool delivered = text_of(*answer, "delivered") == "true";
    Table table{
        {"CHANNEL", "DELIVERED", "THE RECEIVER SAID"},
        {{{text_of(*answer, "channel")},
          {delivered ? "yes" : "no", delivered ? Tone::good : Tone::bad},
          {text_of(*answer, "detail")}}}
    };
    session.print(table, *answer);
    return delivered ? exit_success : exit_failed;
}

}  // namespace

void warn_if_nobody_is_told(Session& session, const ApiClient& client) {
    const Result<json::value> answer = client.get("/channels");
    const std::string why = answer ? text_of(*answer, "nobody_told") : std::string();
    if (!why.empty()) {
        session.say("NOBODY WILL BE TOLD: " + printable(why) + " (docs/channels.md)");
    }
}

void add_channel_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* channels = app.add_subcommand("channel", "Who is told");
    channels->require_subcommand(1);

    CLI::App* lister = channels->add_subcommand(
        "list", "Channels, whether they work, and the last error of a message or test"
    );
    add_selection(*lister, options->select);
    lister->callback([&session, options] {
        session.action = [&session, options] { return list(session, *options); };
    });

    CLI::App* shower = channels->add_subcommand("show", "One channel");
    shower->add_option("CHANNEL", options->channel, "Its name")->required();
    shower->callback([&session, options] {
        session.action = [&session, options] { return show(session, *options); };
    });

    CLI::App* tester = channels->add_subcommand(
        "test", "Sends a test message now and prints what the receiver said"
    );
    tester->add_option("CHANNEL", options->channel, "Its name")->required();
    tester->callback([&session, options] {
        session.action = [&session, options] { return test(session, *options); };
    });
    add_declared_verbs(*channels, session, "channels");
}

}  // namespace muster::ctl
