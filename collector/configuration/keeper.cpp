#include "collector/configuration/keeper.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "cmdb/shipped_model.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t etag_digits = 16;

std::string etag_of(const AppliedTexts& texts) {
    std::string all;
    for (const config::ConfigText& text : texts) {
        all += to_hex(sha256(text.name)) + to_hex(sha256(text.text));
    }
    return '"' + to_hex(sha256(all)).substr(0, etag_digits) + '"';
}

const config::Policy* policy_named(const config::Watch& watch, const std::string& name) {
    const auto found = std::ranges::find(watch.policies, name, &config::Policy::name);
    return found == watch.policies.end() ? nullptr : &*found;
}

std::vector<ApplyOutcome::Match> matches_of(
    const std::vector<ObjectChange>& changes,
    const config::Watch& before,
    const config::Watch& after
) {
    std::vector<ApplyOutcome::Match> out;
    for (const ObjectChange& change : changes) {
        if (change.list != "policies" || change.kind == ObjectChange::Kind::unchanged) {
            continue;
        }
        ApplyOutcome::Match match{.policy = change.name, .before = {}, .after = {}};
        if (const auto* had = policy_named(before, change.name); had != nullptr) {
            match.before = had->match;
        }
        if (const auto* has = policy_named(after, change.name); has != nullptr) {
            match.after = has->match;
        }
        out.push_back(std::move(match));
    }
    return out;
}

/// Of texts that are valid.
std::shared_ptr<const cmdb::Model> model_of(const config::LoadedCollector& loaded) {
    config::Issues none;
    return std::make_shared<const cmdb::Model>(cmdb::declared_model(loaded.texts, none));
}

/// `invalid`, with the place where it was declared, for each class with CIs that is gone.
Status check_use(const cmdb::Model& before, const cmdb::Model& after, const ClassUse& in_use) {
    config::Issues issues;
    for (const cmdb::DeclaredClass& each : before.declared().classes) {
        const auto used = in_use.find(each.value.name);
        if (after.find(each.value.name) == nullptr && used != in_use.end() && used->second > 0) {
            issues.add(
                each.file,
                each.name_at,
                "class \"" + each.value.name + "\" is no longer declared, but " +
                    (used->second == 1 ? "1 CI is" : std::to_string(used->second) + " CIs are") +
                    " of it, expected none: reclassify or retire them first"
            );
        }
    }
    return issues.empty() ? Status{} : Status(failure(issues.error()));
}

void log_rejected(const Error& why) {
    std::istringstream lines(why.text());
    for (std::string line; std::getline(lines, line);) {
        log(LogLevel::error, "config.rejected", {{"why", line}});
    }
}

}  // namespace

ConfigurationKeeper::ConfigurationKeeper(Options options, config::LoadedCollector running)
    : options_(std::move(options)), running_(std::move(running)), model_(model_of(running_)) {}

void ConfigurationKeeper::run(
    config::LoadedCollector next, std::shared_ptr<const cmdb::Model> model
) {
    running_ = std::move(next);
    model_ = std::move(model);
}

bool ConfigurationKeeper::reload(const ClassUse& in_use) {
    if (options_.path.empty()) {
        return false;
    }
    auto loaded = load_configuration(*options_.files, options_.path, options_.data_dir);
    if (!loaded) {
        log_rejected(loaded.error());
        return false;
    }
    std::shared_ptr<const cmdb::Model> model = model_of(*loaded);
    if (const Status used = check_use(*model_, *model, in_use); !used) {
        log_rejected(used.error());
        return false;
    }
    loaded->process.hash = running_.process.hash;
    if (!options_.data_dir_said.empty()) {
        loaded->process.data_dir = options_.data_dir_said;
    }
    running_.process.secrets_from = loaded->process.secrets_from;
    if (loaded->process != running_.process) {
        log(LogLevel::warning,
            "config.needs_restart",
            {{"why", "all but secrets_from and what to watch is taken at the next start"}});
    }
    loaded->process = running_.process;
    run(std::move(*loaded), std::move(model));
    return true;
}

Result<ApplyOutcome> ConfigurationKeeper::apply(const ApplyRequest& request) {
    const AppliedTexts had = applied_of(running_);
    if (!request.if_match.empty() && request.if_match != "*" &&
        request.if_match.find(etag()) == std::string::npos) {
        return failure(ErrorKind::conflict, "what is applied has changed since it was read");
    }
    const AppliedTexts wanted = after_applying(had, request.texts, request.prune);
    std::vector<std::string> given;
    std::ranges::transform(request.texts, std::back_inserter(given), &config::ConfigText::name);
    auto next = with_applied(running_, wanted, given);
    if (!next) {
        return failure(next.error());
    }
    if (const Status placed = check_secret_places(*next, options_.data_dir); !placed) {
        return failure(placed.error());
    }
    std::shared_ptr<const cmdb::Model> model = model_of(*next);
    if (const Status used = check_use(*model_, *model, request.in_use); !used) {
        return failure(used.error());
    }
    ApplyOutcome out;
    out.changes = compare_objects(objects_of(running_.texts), objects_of(next->texts));
    out.matches = matches_of(out.changes, running_.watch, next->watch);
    out.unread = unread_secrets(*options_.files, options_.data_dir, next->watch);
    std::erase_if(out.unread, [&given](const UnreadSecret& secret) {
        return std::ranges::find(given, secret.place.file) == given.end();
    });
    out.etag = etag_of(wanted);
    if (request.mode == ApplyMode::dry_run) {
        return out;
    }
    const std::string path = applied_path(options_.data_dir);
    if (const Status written = write_applied(*options_.files, path, wanted); !written) {
        return failure(written.error());
    }
    run(std::move(*next), std::move(model));
    return out;
}

std::string ConfigurationKeeper::etag() const {
    return etag_of(applied_of(running_));
}

}  // namespace muster::collector
