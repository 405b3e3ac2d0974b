#include "collector/configuration/secret_check.hpp"

#include "base/bytes.hpp"
#include "base/secret.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace muster::collector {

std::vector<UnreadSecret> unread_secrets(Files& files, const config::Watch& watch) {
    std::vector<UnreadSecret> out;
    for (const auto& [path, place] : watch.secret_files) {
        const Result<Secret> secret = read_secret_file(files, path);
        if (secret) {
            continue;
        }
        out.push_back(
            {place,
             "the secret cannot be read: " + printable(secret.error().text()) +
                 "; what needs it waits. Put it there, readable for the collector, and then: "
                 "systemctl reload muster-collector"}
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
