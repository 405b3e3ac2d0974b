#include "collector/api/apply_answer.hpp"

#include "collector/api/verdict_answer.hpp"

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

namespace muster::collector {

std::string header_of(const Call& call, const std::string& name) {
    const auto found = call.request.headers.find(name);
    return found == call.request.headers.end() ? std::string() : found->second;
}

std::string pointer_to(const ApplyRequest& request, std::string_view file) {
    const auto found = std::ranges::find(request.texts, file, &config::ConfigText::name);
    return found == request.texts.end()
               ? std::string()
               : "/files/" + std::to_string(found - request.texts.begin()) + "/text";
}

json::array warnings_json(const ApplyOutcome& outcome, const ApplyRequest& request) {
    json::array out;
    for (const UnreadSecret& secret : outcome.unread) {
        out.push_back(json::object{
            {"pointer", pointer_to(request, secret.place.file)},
            {"detail", json_text(to_text(secret))}
        });
    }
    return out;
}

void warn_of_no_channel(const ApplyOutcome& outcome, std::size_t channels, json::array& warnings) {
    const auto count = [&outcome](ObjectChange::Kind kind) {
        return static_cast<std::size_t>(std::ranges::count_if(
            outcome.changes,
            [kind](const ObjectChange& change) {
                return change.list == "channels" && change.kind == kind;
            }
        ));
    };
    const std::size_t removed = count(ObjectChange::Kind::removed);
    if (removed > 0 && channels + count(ObjectChange::Kind::created) == removed) {
        warnings.push_back(json::object{
            {"pointer", ""},
            {"detail", "no channel is left: nobody will be told of any incident (docs/channels.md)"}
        });
    }
}

HttpResponse apply_refused(const Error& error, const ApplyRequest& request) {
    if (error.kind() != ErrorKind::invalid) {
        return error.kind() == ErrorKind::conflict
                   ? problem(412, "what is applied has changed since it was read; read it again")
                   : problem_of(error);
    }
    std::vector<Flaw> flaws;
    std::istringstream lines(error.text());
    for (std::string line; std::getline(lines, line);) {
        std::string pointer = pointer_to(request, line.substr(0, line.find(':')));
        flaws.push_back({std::move(pointer), std::move(line)});
    }
    return problem(400, "nothing was applied: the files are not valid together", flaws);
}

json::array changes_json(const ApplyOutcome& outcome, std::size_t& unchanged) {
    json::array out;
    for (const ObjectChange& change : outcome.changes) {
        if (change.kind == ObjectChange::Kind::unchanged) {
            ++unchanged;
            continue;
        }
        json::array fields;
        for (const ObjectChange::Field& field : change.fields) {
            fields.push_back(json::object{
                {"name", json_text(field.name)},
                {"before", json_text(field.before)},
                {"after", json_text(field.after)}
            });
        }
        out.push_back(json::object{
            {"list", change.list},
            {"name", json_text(change.name)},
            {"change", to_string(change.kind)},
            {"file", json_text(change.file)},
            {"fields", std::move(fields)}
        });
    }
    return out;
}

Task<Result<Verdict>> confirm_applied(Call call, ApplyOutcome outcome) {
    json::object body{{"hash", outcome.config_hash}};
    Result<Command> command = command_of(call, "config.apply", body);
    if (!command) {
        co_return failure(command.error());
    }
    command->if_match.clear();  // it was about what is applied
    co_return co_await call.context->submit(std::move(*command));
}

}  // namespace muster::collector
