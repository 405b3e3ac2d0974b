#include "tests/support/bad_peers.hpp"

#include "base/expect.hpp"
#include "wire/openssl.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::test {

namespace {

using namespace std::chrono_literals;

constexpr timeval patience{.tv_sec = 3, .tv_usec = 0};

struct SessionDeleter {
    void operator()(SSL* session) const { SSL_free(session); }
};

using Session = std::unique_ptr<SSL, SessionDeleter>;

wire::TlsContext make_context(const SSL_METHOD* method) {
    wire::TlsContext context(SSL_CTX_new(method));
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    return context;
}

void show(SSL_CTX* context, const std::string& chain_pem, const std::string& key_pem) {
    const auto chain = wire::read_certificates(chain_pem).value();
    const auto key = wire::read_key(key_pem).value();
    const bool fits = SSL_CTX_use_certificate(context, chain.front().get()) == 1 &&
                      SSL_CTX_use_PrivateKey(context, key.get()) == 1;
    expect(fits, "certificate and key of one pair");
    for (std::size_t i = 1; i < chain.size(); ++i) {
        SSL_CTX_add1_chain_cert(context, chain[i].get());
    }
}

/// What a server with a certificate of this authority gives to a client that never showed one: a ticket to come back with.
std::shared_ptr<SSL_SESSION> unauthenticated_session(
    const wire::KeyAndCertificate& authority, WallTime now
) {
    const auto server = wire::issue_server(authority, {"localhost"}, now, 1h).value();
    const wire::TlsContext there = make_context(TLS_server_method());
    show(there.get(), server.certificate_pem, server.key_pem);
    const wire::TlsContext here = make_context(TLS_client_method());
    const Session serving(SSL_new(there.get()));
    const Session calling(SSL_new(here.get()));
    BIO* left = nullptr;
    BIO* right = nullptr;
    BIO_new_bio_pair(&left, 0, &right, 0);
    SSL_set_bio(serving.get(), left, left);
    SSL_set_bio(calling.get(), right, right);
    SSL_set_accept_state(serving.get());
    SSL_set_connect_state(calling.get());
    for (int i = 0; i < 10; ++i) {
        SSL_do_handshake(calling.get());
        SSL_do_handshake(serving.get());
    }
    char nothing = 0;
    SSL_read(calling.get(), &nothing, 1);  // takes the ticket, which comes after the handshake
    ERR_clear_error();
    std::shared_ptr<SSL_SESSION> session(SSL_get1_session(calling.get()), SSL_SESSION_free);
    expect(SSL_SESSION_is_resumable(session.get()) == 1, "a session that can be resumed");
    return session;
}

std::string urn(AgentId agent) {
    return std::string(wire::agent_uri) + agent.text();
}

using Make = Peer (*)(const wire::KeyAndCertificate& authority, AgentId agent, WallTime now);

Peer showing(const wire::KeyAndCertificate& pair) {
    Peer peer;
    peer.chain_pem = pair.certificate_pem;
    peer.key_pem = pair.key_pem;
    return peer;
}

Forgery agents(AgentId agent) {
    return {.uris = {urn(agent)}, .hosts = {}};
}

Peer with_long_chain(const wire::KeyAndCertificate& authority, AgentId agent, WallTime now) {
    constexpr int depth = 10;
    Forgery between;
    between.purpose = "";
    between.constraint = Forgery::Constraint::authority_of_any_depth;
    wire::KeyAndCertificate signer = authority;
    std::string chain;
    for (int i = 0; i < depth; ++i) {
        signer = forge(between, signer, now);
        chain = signer.certificate_pem + chain;
    }
    Peer peer = showing(forge(agents(agent), signer, now));
    peer.chain_pem += chain;
    return peer;
}

struct Case {
    std::string name;
    Make make;
};

const std::vector<Case>& cases() {
    using Pair = wire::KeyAndCertificate;
    static const std::vector<Case> all{
        {"NoCertificate", [](const Pair&, AgentId, WallTime) { return Peer{}; }},
        {"SelfSigned",
         [](const Pair&, AgentId agent, WallTime now) {
             return showing(forge_self_signed(agents(agent), now));
         }},
        {"OtherAuthority",
         [](const Pair&, AgentId agent, WallTime now) {
             // Of the same name as ours: only the key tells them apart.
             const Pair other = wire::make_authority("Muster", now).value();
             Peer peer = showing(forge(agents(agent), other, now));
             peer.chain_pem += other.certificate_pem;
             return peer;
         }},
        {"Expired",
         [](const Pair& authority, AgentId agent, WallTime now) {
             Forgery what = agents(agent);
             what.until = -1s;
             return showing(forge(what, authority, now));
         }},
        {"NotYetValid",
         [](const Pair& authority, AgentId agent, WallTime now) {
             Forgery what = agents(agent);
             what.from = 5min;
             return showing(forge(what, authority, now));
         }},
        {"ForServers",
         [](const Pair& authority, AgentId agent, WallTime now) {
             Forgery what = agents(agent);
             what.purpose = "serverAuth";
             return showing(forge(what, authority, now));
         }},
        {"NamesNobody",
         [](const Pair& authority, AgentId, WallTime now) {
             return showing(forge({.uris = {}, .hosts = {}}, authority, now));
         }},
        {"NamesAHost",
         [](const Pair& authority, AgentId agent, WallTime now) {
             return showing(forge({.uris = {}, .hosts = {agent.text()}}, authority, now));
         }},
        {"NamesTwoAgents",
         [](const Pair& authority, AgentId agent, WallTime now) {
             const std::string other = urn(AgentId{Uuid::named("another agent")});
             return showing(forge({.uris = {urn(agent), other}, .hosts = {}}, authority, now));
         }},
        {"TheAuthorityItself",
         [](const Pair& authority, AgentId, WallTime) { return showing(authority); }},
        {"AnAuthorityThatNamesAnAgent",
         [](const Pair& authority, AgentId agent, WallTime now) {
             Forgery what = agents(agent);
             what.constraint = Forgery::Constraint::authority;
             return showing(forge(what, authority, now));
         }},
        {"SignedWithSha1",
         [](const Pair& authority, AgentId agent, WallTime now) {
             Forgery what = agents(agent);
             what.digest = "SHA1";
             return showing(forge(what, authority, now));
         }},
        {"Rsa1024",
         [](const Pair& authority, AgentId agent, WallTime now) {
             Forgery what = agents(agent);
             what.key = Forgery::Key::rsa_1024;
             return showing(forge(what, authority, now));
         }},
        {"Tls11",
         [](const Pair& authority, AgentId agent, WallTime now) {
             Peer peer = good_peer(authority, agent, now);
             peer.highest_version = TLS1_1_VERSION;
             return peer;
         }},
        // The last version in which a connection can be negotiated anew.
        {"Tls12",
         [](const Pair& authority, AgentId agent, WallTime now) {
             Peer peer = good_peer(authority, agent, now);
             peer.highest_version = TLS1_2_VERSION;
             return peer;
         }},
        {"ResumesAnUnauthenticatedSession",
         [](const Pair& authority, AgentId, WallTime now) {
             Peer peer;
             peer.session = unauthenticated_session(authority, now);
             return peer;
         }},
        {"ChainOfTen", with_long_chain},
    };
    return all;
}

}  // namespace

const std::vector<std::string>& bad_peer_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> made;
        for (const Case& each : cases()) {
            made.push_back(each.name);
        }
        return made;
    }();
    return names;
}

std::vector<Peer> bad_peers(const wire::KeyAndCertificate& authority, AgentId agent, WallTime now) {
    std::vector<Peer> made;
    for (const Case& each : cases()) {
        made.push_back(each.make(authority, agent, now));
        made.back().name = each.name;
    }
    return made;
}

Peer good_peer(const wire::KeyAndCertificate& authority, AgentId agent, WallTime now) {
    const auto request = wire::make_request("agent").value();
    const auto issued = wire::issue_agent(authority, request.request_pem, agent, now, 1h).value();
    return showing({.key_pem = request.key_pem, .certificate_pem = issued.certificate_pem});
}

Knock knock(std::uint16_t port, const Peer& peer, std::string_view words) {
    std::signal(SIGPIPE, SIG_IGN);  // who is refused may still be writing
    const wire::TlsContext context = make_context(TLS_client_method());
    if (peer.highest_version != 0) {
        SSL_CTX_set_max_proto_version(context.get(), peer.highest_version);
    }
    if (!peer.key_pem.empty()) {
        show(context.get(), peer.chain_pem, peer.key_pem);
    }
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int connected = ::connect(socket, reinterpret_cast<sockaddr*>(&where), sizeof where);
    expect(connected == 0, "somebody listens");
    Knock found;
    {
        const Session session(SSL_new(context.get()));
        SSL_set_fd(session.get(), socket);
        if (peer.session) {
            SSL_set_session(session.get(), peer.session.get());
        }
        int result = SSL_connect(session.get());
        if (result == 1) {
            SSL_write(session.get(), words.data(), static_cast<int>(words.size()));
            std::array<char, 4096> chunk{};
            while ((result = SSL_read(session.get(), chunk.data(), chunk.size())) > 0) {
                found.heard.append(chunk.data(), static_cast<std::size_t>(result));
            }
        }
        found.is_closed = SSL_get_error(session.get(), result) != SSL_ERROR_WANT_READ;
        ERR_clear_error();
    }
    ::close(socket);
    return found;
}

}  // namespace muster::test
