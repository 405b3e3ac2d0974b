#include "collector/authority_command.hpp"

#include "collector/data_directory.hpp"
#include "collector/enrolment/authority_roll.hpp"
#include "wire/certificates.hpp"

#include <algorithm>
#include <cstdio>

namespace muster::collector {

namespace {

constexpr std::size_t longest_file = 64U << 10U;
constexpr std::size_t most_named = 20;

int complain(const std::string& text) {
    std::fprintf(stderr, "muster-collector: %s\n", text.c_str());
    return 1;
}

void print_authority(Files& files, const std::string& path, const char* role) {
    const auto pem = read_file(files, path, longest_file);
    const auto facts = pem ? wire::read_certificate(*pem) : failure(pem.error());
    const auto pin = pem ? wire::spki_pin(*pem) : failure(pem.error());
    if (facts && pin) {
        std::printf(
            "%-8s %s  until %s\n", role, pin->c_str(), format_rfc3339(facts->not_after).c_str()
        );
    }
}

const char* next_of(RollStep step) {
    switch (step) {
        case RollStep::none:
            return "`muster-collector ca add` makes the next one";
        case RollStep::added:
            return "started, the collector tells agents of the next one; then `muster-collector ca "
                   "use`";
        case RollStep::used:
            return "started, agents renew their certificates; then `muster-collector ca drop`";
    }
    return "";
}

std::string names_of(const std::vector<std::string>& agents) {
    std::string text;
    for (std::size_t at = 0; at < std::min(agents.size(), most_named); ++at) {
        text += (at == 0 ? "" : ", ") + agents[at];
    }
    return agents.size() > most_named
               ? text + " and " + std::to_string(agents.size() - most_named) + " more"
               : text;
}

int list(Files& files, const std::string& folder, const std::string& access) {
    print_authority(files, folder + "/ca.crt", "signs");
    print_authority(files, folder + "/next.crt", "next");
    print_authority(files, folder + "/old.crt", "old");
    const auto waiting = shut_out(files, folder, access);
    if (!waiting) {
        return complain(waiting.error().text());
    }
    if (!waiting->empty()) {
        std::printf("not yet there: %s\n", names_of(*waiting).c_str());
    }
    std::printf("%s\n", next_of(roll_step(files, folder)));
    return 0;
}

Status change(Files& files, const std::string& folder, AuthorityVerb verb, WallTime now) {
    return verb == AuthorityVerb::add   ? add_authority(files, folder, now)
           : verb == AuthorityVerb::use ? use_authority(files, folder)
                                        : drop_authority(files, folder);
}

}  // namespace

int run_authority_command(
    Files& files, const std::string& data_dir, const AuthorityCommand& command, WallTime now
) {
    const auto data = DataDirectory::open(files, data_dir);
    if (!data) {
        return complain(data.error().text());
    }
    const std::string folder = *data / "ca";
    const std::string access = *data / "access.db";
    if (auto finished = finish_roll(files, folder); !finished) {
        return complain(finished.error().text());
    }
    if (command.verb == AuthorityVerb::list) {
        return list(files, folder, access);
    }
    const auto waiting = shut_out(files, folder, access);
    if (!waiting) {
        return complain(waiting.error().text());
    }
    const bool is_safe = waiting->empty() || command.verb == AuthorityVerb::add || command.force;
    if (!is_safe) {
        return complain(
            std::to_string(waiting->size()) + (waiting->size() == 1 ? " agent" : " agents") +
            " would be shut out, and would have to enrol anew: " + names_of(*waiting) +
            "; start the collector and wait until they have connected, revoke those that are gone, "
            "or add "
            "--force"
        );
    }
    if (auto done = change(files, folder, command.verb, now); !done) {
        return complain(done.error().text());
    }
    return list(files, folder, access);
}

}  // namespace muster::collector
