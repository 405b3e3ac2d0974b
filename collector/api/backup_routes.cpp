#include "collector/api/handlers.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/enrolment/access_store.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

std::string_view to_string(BackupRow::State state) {
    switch (state) {
        case BackupRow::State::making:
            return "making";
        case BackupRow::State::good:
            return "good";
        case BackupRow::State::failed:
            return "failed";
    }
    return "failed";
}

/// Of one that is not good, only when and why.
json::object backup_json(const BackupRow& row) {
    json::object item{
        {"name", json_text(row.name)},
        {"state", json_text(to_string(row.state))},
        {"made", json_time(row.made)},
        {"version", nullptr},
        {"bytes", nullptr},
        {"files", nullptr},
        {"first_entry", nullptr},
        {"last_entry", nullptr},
        {"why", nullptr}
    };
    if (row.state == BackupRow::State::good) {
        item["version"] = json_text(row.manifest.version);
        item["bytes"] = row.manifest.bytes();
        item["files"] = row.manifest.files.size();
        item["first_entry"] = row.manifest.first;
        item["last_entry"] = row.manifest.last;
    }
    if (!row.why.empty()) {
        item["why"] = json_text(row.why);
    }
    return item;
}

}  // namespace

Task<HttpResponse> list_backups(Call call) {
    json::array items;
    for (const BackupRow& row : call.context->backups()) {
        items.push_back(backup_json(row));
    }
    co_return whole_list(call.query, backup_list(), std::move(items), "name");
}

Task<HttpResponse> show_backup(Call call) {
    const std::vector<BackupRow> rows = call.context->backups();
    const auto found = std::ranges::find(rows, call.path.at("id"), &BackupRow::name);
    co_return found == rows.end() ? problem(404, "there is no backup of this name")
                                  : json_answer(backup_json(*found));
}

Task<HttpResponse> begin_backup(Call call) {
    Form form(call.request);
    if (!form.flaws().empty()) {
        co_return form.refusal();
    }
    const Result<BackupRow> begun = call.context->back_up();
    if (!begun) {
        co_return problem_of(begun.error());
    }
    AccessWork note = [name = begun->name, actor = call.actor](AccessDesk& desk) {
        return desk.store.note(desk.now, actor, "backup.requested", name);
    };
    Task<Status> noting = call.context->access.perform(std::move(note));
    const Status noted = co_await std::move(noting);
    co_return noted ? json_answer(backup_json(*begun), 202) : problem_of(noted.error());
}

}  // namespace muster::collector
