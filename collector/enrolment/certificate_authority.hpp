// Owns: the collector's own authority and server certificate, as files. Leaves to wire/certificates.hpp: making them.
#pragma once

#include "base/files.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/certificates.hpp"
#include "wire/connection.hpp"

#include <string>
#include <vector>

namespace muster::collector {

/// The authority is read once at start and never changes; the server's certificate does, by `refresh` alone. `authority()`,
/// `ca_pem()` and `pin()` may be called on any thread.
class CertificateAuthority {
  public:
    /// Files `ca.key`, `ca.crt`, `server.key`, `server.crt` in `directory`, 0600; `next.key` and `next.crt`, or `old.crt`, while one
    /// authority gives way to another (authority_roll.hpp). Makes what is missing; makes a new server certificate when the names
    /// have changed, a third of its life is left, or another authority signs now.
    static Result<CertificateAuthority> open(
        Files& files, const std::string& directory, std::vector<std::string> names, WallTime now
    );

    enum class Refreshed { unchanged, taken, made };
    /// Takes server.key and server.crt where somebody has changed them, and makes new ones where the names have changed or a third of
    /// the certificate's life is left. Files that cannot be used are an error, and the certificate stays what it was.
    Result<Refreshed> refresh(Files& files, const std::vector<std::string>& names, WallTime now);

    const wire::KeyAndCertificate& authority() const { return authority_; }

    /// Whom agents are to trust, and whose certificates count: this authority first, then the next or the old one where there is
    /// one.
    const std::string& ca_pem() const { return trusted_pem_; }

    /// Pin of the authority, for join tokens.
    const std::string& pin() const { return pin_; }

    /// Leaf first, then the authority.
    std::string server_chain_pem() const;

    /// Of the server's certificate.
    std::vector<std::string> server_names() const;

    const std::string& server_key_pem() const { return server_.key_pem; }

    /// For the agents' listener: the server's certificate, trusting our own agents alone.
    wire::TlsIdentity link_identity() const;

  private:
    Status make_server(Files& files, const std::vector<std::string>& names, WallTime now);

    std::string directory_;
    wire::KeyAndCertificate authority_;
    std::string trusted_pem_;
    wire::KeyAndCertificate server_;
    std::string pin_;
};

}  // namespace muster::collector
