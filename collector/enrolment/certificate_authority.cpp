#include "collector/enrolment/certificate_authority.hpp"

#include "base/log.hpp"
#include "collector/enrolment/authority_roll.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t longest_file = 64U << 10U;
constexpr Duration server_valid = std::chrono::hours(24 * 397);

/// Nothing where there is no certificate. The key is written first, so that a certificate always has one.
Result<std::optional<wire::KeyAndCertificate>> load(Files& files, const std::string& path) {
    if (!files.exists(path + ".crt")) {
        return std::nullopt;
    }
    auto key = read_file(files, path + ".key", longest_file);
    auto certificate = read_file(files, path + ".crt", longest_file);
    if (!key || !certificate) {
        return failure(!key ? key.error() : certificate.error());
    }
    return wire::KeyAndCertificate{
        .key_pem = std::move(*key), .certificate_pem = std::move(*certificate)
    };
}

/// The old certificate goes first: whatever is on disk at any moment fits together or counts as missing.
Status save(Files& files, const std::string& path, const wire::KeyAndCertificate& pair) {
    if (auto removed = files.remove(path + ".crt"); !removed) {
        return removed;
    }
    if (auto written = write_file_atomically(files, path + ".key", pair.key_pem); !written) {
        return written;
    }
    return write_file_atomically(files, path + ".crt", pair.certificate_pem);
}

/// Agents accept what their authority has signed, for a server, and in its time.
Status check_usable(
    const wire::KeyAndCertificate& authority, const wire::KeyAndCertificate& server, WallTime now
) {
    const auto facts = wire::read_certificate(server.certificate_pem);
    if (!facts) {
        return failure(facts.error());
    }
    if (now < facts->not_before || facts->not_after <= now) {
        return failure(
            ErrorKind::invalid,
            "valid from " + format_rfc3339(facts->not_before) + " to " +
                format_rfc3339(facts->not_after) + ", which is not now"
        );
    }
    return wire::check_issued(server, authority.certificate_pem);
}

bool is_good(
    const wire::KeyAndCertificate& server, const std::vector<std::string>& names, WallTime now
) {
    const auto facts = wire::read_certificate(server.certificate_pem);
    // From the future: made while our calendar was wrong, and nobody else takes it.
    if (!facts || now < facts->not_before ||
        facts->not_after - now < (facts->not_after - facts->not_before) / 3) {
        return false;
    }
    const std::set<std::string> has(facts->names.begin(), facts->names.end());
    return std::ranges::all_of(names, [&has](const std::string& name) {
        return has.contains(name);
    });
}

}  // namespace

Result<CertificateAuthority> CertificateAuthority::open(
    Files& files, const std::string& directory, std::vector<std::string> names, WallTime now
) {
    if (auto made = files.create_directories(directory); !made) {
        return failure(made.error());
    }
    if (auto finished = finish_roll(files, directory); !finished) {
        return failure(finished.error());
    }
    CertificateAuthority result;
    auto authority = load(files, directory + "/ca");
    if (!authority) {
        return failure(authority.error());
    }
    if (*authority) {
        result.authority_ = std::move(**authority);
    } else {
        auto made = wire::make_authority("Muster", now);
        if (!made) {
            return failure(made.error());
        }
        if (auto saved = save(files, directory + "/ca", *made); !saved) {
            return failure(saved.error());
        }
        result.authority_ = std::move(*made);
        log(LogLevel::notice, "authority.created", {{"path", directory + "/ca.crt"}});
    }
    auto others = other_authorities(files, directory);
    if (!others) {
        return failure(others.error());
    }
    result.trusted_pem_ = result.authority_.certificate_pem + *others;
    auto server = load(files, directory + "/server");
    if (!server) {
        return failure(server.error());
    }
    result.directory_ = directory;
    const bool is_ours = *server && wire::check_issued(**server, result.authority_.certificate_pem);
    if (is_ours && is_good(**server, names, now)) {
        result.server_ = std::move(**server);
    } else if (auto made = result.make_server(files, names, now); !made) {
        return failure(made.error());
    }
    auto pin = wire::spki_pin(result.authority_.certificate_pem);
    if (!pin) {
        return failure(pin.error());
    }
    result.pin_ = std::move(*pin);
    return result;
}

Status CertificateAuthority::make_server(
    Files& files, const std::vector<std::string>& names, WallTime now
) {
    auto issued = wire::issue_server(authority_, names, now, server_valid);
    if (!issued) {
        return failure(issued.error());
    }
    const std::string path = directory_ + "/server";
    if (auto saved = save(files, path, *issued); !saved) {
        return saved;
    }
    server_ = std::move(*issued);
    log(LogLevel::notice, "certificate.issued", {{"path", path + ".crt"}});
    return {};
}

Result<CertificateAuthority::Refreshed> CertificateAuthority::refresh(
    Files& files, const std::vector<std::string>& names, WallTime now
) {
    auto stored = load(files, directory_ + "/server");
    if (!stored) {
        return failure(stored.error());
    }
    const bool is_same = *stored && (*stored)->certificate_pem == server_.certificate_pem &&
                         (*stored)->key_pem == server_.key_pem;
    if (*stored && !is_same) {
        if (auto usable = check_usable(authority_, **stored, now); !usable) {
            return failure(usable.error(), directory_ + "/server.crt");
        }
        server_ = std::move(**stored);
    }
    if (is_good(server_, names, now)) {
        return is_same ? Refreshed::unchanged : Refreshed::taken;
    }
    if (auto made = make_server(files, names, now); !made) {
        return failure(made.error());
    }
    return Refreshed::made;
}

std::vector<std::string> CertificateAuthority::server_names() const {
    const auto facts = wire::read_certificate(server_.certificate_pem);
    return facts ? facts->names : std::vector<std::string>();
}

std::string CertificateAuthority::server_chain_pem() const {
    return server_.certificate_pem + authority_.certificate_pem;
}

wire::TlsIdentity CertificateAuthority::link_identity() const {
    return {
        .certificate_chain_pem = server_chain_pem(),
        .private_key_pem = server_.key_pem,
        .ca_pem = trusted_pem_
    };
}

}  // namespace muster::collector
