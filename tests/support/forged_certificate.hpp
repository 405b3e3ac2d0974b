// Owns: certificates that no Muster would make: weak, misnamed, too long. Leaves to wire/certificates.hpp: the good ones.
#pragma once

#include "base/time.hpp"
#include "wire/certificates.hpp"

#include <string>
#include <vector>

namespace muster::test {

/// What the certificate says; as it stands, an agent's without a name.
struct Forgery {
    enum class Key { p256, rsa_1024 };
    enum class Constraint { leaf, authority, authority_of_any_depth };

    std::vector<std::string> uris;
    std::vector<std::string> hosts;
    std::string purpose = "clientAuth";  ///< empty: for everything
    Constraint constraint = Constraint::leaf;
    Key key = Key::p256;
    std::string digest = "SHA256";
    Duration from = -std::chrono::hours(1);  ///< from `now`
    Duration until = std::chrono::hours(1);
};

/// Signed by `authority`, whatever that may sign.
wire::KeyAndCertificate forge(
    const Forgery& what, const wire::KeyAndCertificate& authority, WallTime now
);
wire::KeyAndCertificate forge_self_signed(const Forgery& what, WallTime now);

/// A request, signed by its own new key, that asks for these extensions and this common name.
struct WishedExtension {
    std::string name;   ///< OpenSSL's: "subjectAltName"
    std::string value;  ///< "URI:urn:…"
};

std::string forge_request(
    const std::string& common_name, const std::vector<WishedExtension>& wishes
);

}  // namespace muster::test
