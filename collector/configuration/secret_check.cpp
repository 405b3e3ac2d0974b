#include "collector/configuration/secret_check.hpp"

#include "base/bytes.hpp"
#include "collector/configuration/applied.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <tuple>
#include <utility>

namespace muster::collector {

namespace {

/// Beyond, each is still checked when it is read.
constexpr std::size_t most_looked_at = 1000;

constexpr std::string_view public_file = "/ca/ca.crt";

bool is_below(std::string_view path, std::string_view folder) {
    return folder == "/" ||
           (path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/');
}

/// Whether a path without links is one of the collector's own files; so is `folder`.
bool is_own(std::string_view path, const std::string& folder) {
    return !folder.empty() && is_below(path, folder) && path != folder + std::string(public_file);
}

std::string why_refused(const std::string& data_dir) {
    return fmt::format(
        "it lies below data_dir ({}), where the collector keeps its own; put the secret elsewhere, "
        "such as into /etc/muster/secrets, and name it there",
        data_dir
    );
}

/// Without looking at the file, so that the answer tells nothing of what is there.
bool may_be_applied(
    const std::string& path, const std::vector<std::string>& folders, const std::string& own
) {
    const std::string normal = std::filesystem::path(path).lexically_normal().string();
    const bool is_plain = normal == path;  // "link/.." is elsewhere than it reads
    return is_plain && (path == own + std::string(public_file) ||
                        std::ranges::any_of(folders, [&](const std::string& folder) {
                            return is_below(path, folder);
                        }));
}

}  // namespace

Result<Secret> read_named_secret(
    Files& files, const std::string& data_dir, const std::string& path
) {
    if (is_own(real_path(path), real_path(data_dir))) {
        return failure(ErrorKind::refused, why_refused(data_dir), path);
    }
    return read_secret_file(files, path);
}

Status check_secret_places(const config::LoadedCollector& loaded, const std::string& data_dir) {
    config::Issues issues;
    const std::string own = real_path(data_dir);
    const std::vector<std::string>& folders = loaded.process.secrets_from;
    std::size_t looked_at = 0;
    for (const auto& [named, at] : loaded.watch.secret_files) {
        if (named.file.starts_with(applied_prefix) &&
            !may_be_applied(named.path, folders, data_dir)) {
            issues.add(
                named.file,
                at,
                fmt::format(
                    "the secret \"{}\", expected one below {}: what is applied over the API names "
                    "no "
                    "other, unless \"secrets_from\" in collector.yaml has its folder",
                    printable(named.path),
                    folders.empty() ? "nothing" : fmt::format("{}", fmt::join(folders, ", "))
                )
            );
            continue;
        }
        if (++looked_at <= most_looked_at && is_own(real_path(named.path), own)) {
            issues.add(
                named.file,
                at,
                fmt::format("the secret \"{}\": {}", printable(named.path), why_refused(data_dir))
            );
        }
    }
    return issues.empty() ? Status{} : Status(failure(issues.error()));
}

std::vector<UnreadSecret> unread_secrets(
    Files& files, const std::string& data_dir, const config::Watch& watch
) {
    std::vector<UnreadSecret> out;
    std::size_t looked_at = 0;
    for (const auto& [named, at] : watch.secret_files) {
        if (++looked_at > most_looked_at) {
            break;
        }
        const Result<Secret> secret = read_named_secret(files, data_dir, named.path);
        if (secret) {
            continue;
        }
        out.push_back(
            {{named.file, at},
             "the secret cannot be read: " + printable(secret.error().text()) +
                 "; what needs it waits. Put it there, readable for the collector, then reload the "
                 "collector: SIGHUP, of the service by systemctl reload muster-collector"}
        );
    }
    std::ranges::sort(out, {}, [](const UnreadSecret& one) {
        return std::tuple(one.place.file, one.place.at.line, one.place.at.column);
    });
    return out;
}

std::string to_text(const UnreadSecret& secret) {
    return config::to_text(secret.place) + ": warning: " + secret.why;
}

}  // namespace muster::collector
