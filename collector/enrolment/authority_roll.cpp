#include "collector/enrolment/authority_roll.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"
#include "base/database.hpp"
#include "base/failpoint.hpp"
#include "collector/enrolment/access_sql.hpp"
#include "collector/enrolment/store_tools.hpp"
#include "wire/certificates.hpp"

#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t longest_file = 64U << 10U;

Result<std::string> read(Files& files, const std::string& directory, const std::string& name) {
    return read_file(files, directory + "/" + name, longest_file);
}

Status copy(
    Files& files, const std::string& directory, const std::string& from, const std::string& to
) {
    const auto content = read(files, directory, from);
    return content ? write_file_atomically(files, directory + "/" + to, *content)
                   : failure(content.error());
}

bool there(Files& files, const std::string& directory, const std::string& name) {
    return files.exists(directory + "/" + name);
}

/// What is not there is no failure.
Status remove_durably(Files& files, const std::string& directory, const std::string& name) {
    const Status removed = files.remove(directory + "/" + name);
    return removed ? files.sync_directory(directory) : removed;
}

}  // namespace

RollStep roll_step(Files& files, const std::string& directory) {
    return there(files, directory, "next.crt")  ? RollStep::added
           : there(files, directory, "old.crt") ? RollStep::used
                                                : RollStep::none;
}

Status add_authority(Files& files, const std::string& directory, WallTime now) {
    if (!there(files, directory, "ca.crt")) {
        return failure(
            ErrorKind::not_found, "there is no authority yet: the first start makes one", directory
        );
    }
    if (roll_step(files, directory) != RollStep::none) {
        return failure(
            ErrorKind::conflict,
            "another authority is there already: `muster-collector ca list` says what comes next",
            directory
        );
    }
    // Told from the others by its moment: agents and people see which one they have.
    const auto made = wire::make_authority("Muster " + format_rfc3339(now), now);
    if (!made) {
        return failure(made.error());
    }
    // The certificate is written last: without it there is none.
    if (auto key = write_file_atomically(files, directory + "/next.key", made->key_pem); !key) {
        return key;
    }
    return write_file_atomically(files, directory + "/next.crt", made->certificate_pem);
}

Status use_authority(Files& files, const std::string& directory) {
    if (roll_step(files, directory) != RollStep::added) {
        return failure(
            ErrorKind::conflict, "no next authority: `muster-collector ca add` first", directory
        );
    }
    // From here on finish_roll knows what was begun.
    if (auto kept = copy(files, directory, "ca.crt", "old.crt"); !kept) {
        return kept;
    }
    failpoint("authority.old_kept");
    return finish_roll(files, directory);
}

Status finish_roll(Files& files, const std::string& directory) {
    if (!there(files, directory, "old.crt") || !there(files, directory, "next.crt")) {
        return {};
    }
    // What is in place may have lost next.key already: a power cut has brought back next.crt alone.
    const auto now = read(files, directory, "ca.crt");
    const auto next = read(files, directory, "next.crt");
    const bool is_in_place = now && next && *now == *next;
    Status done = is_in_place ? Status{} : copy(files, directory, "next.key", "ca.key");
    failpoint("authority.key_replaced");
    if (done && !is_in_place) {
        done = copy(files, directory, "next.crt", "ca.crt");
    }
    failpoint("authority.certificate_replaced");
    if (done) {
        done = remove_durably(files, directory, "next.crt");
    }
    failpoint("authority.next_removed");
    return done ? remove_durably(files, directory, "next.key") : done;
}

Status drop_authority(Files& files, const std::string& directory) {
    if (roll_step(files, directory) != RollStep::used) {
        return failure(ErrorKind::conflict, "there is no old authority", directory);
    }
    return remove_durably(files, directory, "old.crt");
}

Result<std::string> other_authorities(Files& files, const std::string& directory) {
    switch (roll_step(files, directory)) {
        case RollStep::added:
            return read(files, directory, "next.crt");
        case RollStep::used:
            return read(files, directory, "old.crt");
        case RollStep::none:
            break;
    }
    return std::string();
}

Result<std::vector<std::string>> shut_out(
    Files& files, const std::string& directory, const std::string& access_path
) {
    const RollStep step = roll_step(files, directory);
    if (step == RollStep::none || !files.exists(access_path)) {
        return std::vector<std::string>();
    }
    const auto current = read(files, directory, "ca.crt");
    const auto other = other_authorities(files, directory);
    if (!current || !other) {
        return failure(!current ? current.error() : other.error());
    }
    const auto pin = wire::spki_pin(*current);
    auto database = Database::open(access_path, {.mode = DatabaseMode::reader});
    if (!pin || !database) {
        return failure(!pin ? pin.error() : database.error());
    }
    const bool is_added = step == RollStep::added;
    auto agents = database->prepare(is_added ? agents_without_authorities : agents_of_other_issuer);
    if (!agents) {
        return failure(agents.error());
    }
    agents->bind_text(0, is_added ? to_hex(sha256(*current + *other)) : *pin);
    return gather<std::string>(*agents, [](Statement& row) -> Result<std::string> {
        return std::string(row.text(0));
    });
}

}  // namespace muster::collector
