// Owns: clients that must not get in at the agents' port, and knocking there as one of them. Leaves to forged_certificate.hpp:
// the certificates they show.
#pragma once

#include "base/uuid.hpp"
#include "tests/support/forged_certificate.hpp"
#include "wire/tls.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_session_st;

namespace muster::test {

/// A client that checks nothing itself, allows itself every weakness, and shows this.
struct Peer {
    std::string name;  ///< what is wrong with it
    std::string chain_pem;
    std::string key_pem;
    int highest_version = 0;                  ///< 0: what OpenSSL has
    std::shared_ptr<ssl_session_st> session;  ///< resumed where there is one; shared with nobody
};

/// What is wrong with each of bad_peers, in its order.
const std::vector<std::string>& bad_peer_names();
/// All of them know the authority's name and an agent's id; some hold certificates the authority should not have signed. What only
/// the collector's own rows tell, a revoked agent, is not among them.
std::vector<Peer> bad_peers(const wire::KeyAndCertificate& authority, AgentId agent, WallTime now);
/// The one who may come in.
Peer good_peer(const wire::KeyAndCertificate& authority, AgentId agent, WallTime now);

/// Connects to 127.0.0.1, shakes hands, says `words`, and gives what came back until the other side closed or three seconds
/// passed. Blocks.
struct Knock {
    bool is_closed = false;  ///< by the other side
    std::string heard;       ///< application data
};

Knock knock(std::uint16_t port, const Peer& peer, std::string_view words);

}  // namespace muster::test
