#include "base/bytes.hpp"
#include "ctl/event_reader.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <memory>
#include <ostream>
#include <utility>

namespace muster::ctl {

namespace {

struct Options {
    bool follow = false;
    std::string from;
    std::string after;
};

/// What an event is about: "INC-31 intranet is down", "core-sw1".
std::string subject_of(const json::value& event) {
    const std::string incident = text_of(event, "incident", "id");
    if (!incident.empty()) {
        return incident + " " + text_of(event, "incident", "title");
    }
    const std::string window = text_of(event, "window", "id");
    if (!window.empty()) {
        return window + " " + text_of(event, "window", "reason");
    }
    const std::string ci = text_of(event, "ci", "name");
    return ci.empty() ? text_of(event, "agent", "name") : ci;
}

/// Prints events as they come; remembers where it stands.
class Printer {
  public:
    Printer(Session& session, std::string after) : session_(&session), after_(std::move(after)) {}

    const std::string& after() const { return after_; }

    void take(std::string_view piece) {
        for (const ServerEvent& event : reader_.take(piece)) {
            after_ = event.id;
            print(event);
        }
        session_->world().out.flush();
    }

    /// The connection is a new one: what was half said is said again.
    void begin_again() { reader_ = {}; }

  private:
    void print(const ServerEvent& event) {
        if (event.kind == "reset") {
            session_->say("events in between are not kept any more; going on with the newest");
            return;
        }
        boost::system::error_code wrong;
        const json::value data = json::parse(event.data, wrong);
        if (wrong || event.kind == "start" || event.kind.empty()) {
            return;
        }
        std::ostream& out = session_->world().out;
        if (session_->format() == Format::json) {
            out << json::serialize(data) << "\n";
            return;
        }
        const std::string who = text_of(data, "actor");
        std::string text = text_of(data, "text");
        text = text == text_of(data, "incident", "title") ? std::string() : text;
        Table line{{"ID", "AT", "KIND", "CHANGE", "ABOUT", "WHO", "TEXT"}, {}};
        line.rows.push_back(
            {{text_of(data, "id")},
             {session_->time(member_of(data, "at"))},
             {text_of(data, "kind")},
             {text_of(data, "change"), tone_of_state(text_of(data, "change"))},
             {subject_of(data)},
             {who},
             {text}}
        );
        if (session_->format() == Format::csv) {
            const std::string csv = render_csv(line);
            out << (std::exchange(has_titles_, true) ? csv.substr(csv.find('\n') + 1) : csv);
            return;
        }
        out << printable(fmt::format(
                   "{:<10}  {:<16}  {:<13}  {:<13}  {}{}{}",
                   line.rows[0][0].text,
                   line.rows[0][1].text,
                   line.rows[0][2].text,
                   line.rows[0][3].text,
                   line.rows[0][4].text,
                   who.empty() || who == "system" ? "" : "  (" + who + ")",
                   text.empty() ? "" : "  " + text
               ))
            << "\n";
    }

    Session* session_;
    std::string after_;
    EventReader reader_;
    bool has_titles_ = false;
};

/// What may be over in a moment: the collector starts again, the network comes back.
bool may_pass(ErrorKind kind) {
    return kind == ErrorKind::unavailable || kind == ErrorKind::timeout ||
           kind == ErrorKind::closed;
}

int events(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    Printer printer(session, options.after);
    const auto take = [&printer](std::string_view piece) {
        printer.take(piece);
        return true;
    };
    bool is_connected = false;
    for (;;) {
        QueryFields query;
        query["follow"] = options.follow ? "1" : "0";
        if (!options.follow || !options.from.empty()) {
            query["from"] = options.from.empty() ? "-1h" : options.from;
        }
        const Status ended = client->follow("/events", query, printer.after(), take);
        if (!ended && !(is_connected && options.follow && may_pass(ended.error().kind()))) {
            return session.fail(ended.error());
        }
        if (!options.follow) {
            return exit_success;
        }
        is_connected = is_connected || ended.has_value();
        printer.begin_again();
        client->pause(std::chrono::seconds(2));
    }
}

}  // namespace

void add_event_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand("events", "What has changed, oldest first");
    verb->add_flag("-f,--follow", options->follow, "Goes on as things change, until it is stopped");
    add_moment(*verb, session, "--from", options->from, "Since, such as 22:00; -1h by default");
    verb->add_option("--after", options->after, "After the event with this id, instead of --from");
    verb->callback([&session, options] {
        session.action = [&session, options] { return events(session, *options); };
    });
}

}  // namespace muster::ctl
