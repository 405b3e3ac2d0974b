// Owns: hostile bytes as certificate requests: what anybody may send to the enrolment door before its token is looked at closely, as PEM and as what is in it.
// Whatever comes, a certificate that is issued says what the collector says and nothing else.
#include "base/bytes.hpp"
#include "base/expect.hpp"
#include "base/time.hpp"
#include "wire/certificates.hpp"
#include "wire/recovery.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace muster;

const WallTime now = wall_from_ns(1'800'000'000'000'000'000);

const wire::KeyAndCertificate& authority() {
    static const wire::KeyAndCertificate made = wire::make_authority("Muster", now).value();
    return made;
}

std::string pem_of(std::string_view der) {
    std::string text = to_base64url(der);
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    text.append((4 - text.size() % 4) % 4, '=');
    std::string pem = "-----BEGIN CERTIFICATE REQUEST-----\n";
    for (std::size_t at = 0; at < text.size(); at += 64) {
        pem += text.substr(at, 64) + "\n";
    }
    return pem + "-----END CERTIFICATE REQUEST-----\n";
}

void try_request(const std::string& pem) {
    const AgentId agent{Uuid::named("agent")};
    const auto issued = wire::issue_agent(authority(), pem, agent, now, std::chrono::hours(24));
    if (!issued) {
        return;
    }
    const auto facts = wire::read_certificate(issued->certificate_pem);
    expect(facts.has_value(), "what was issued can be read");
    expect(facts->agent == agent && facts->names.size() == 1, "it names this agent alone");
    expect(facts->not_after == now + std::chrono::hours(24), "it ends when we say");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    try_request(text);
    try_request(pem_of(text));
    const auto recovered = wire::check_recovery(
        {.certificate_pem = text, .request_pem = text, .signature = text},
        authority().certificate_pem
    );
    expect(!recovered, "nobody guesses a certificate of ours");
    return 0;
}
