// Owns: a server for one test: takes one connection at a time, keeps what it was asked, answers what it was told to.
#pragma once

#include "wire/tls.hpp"

#include <functional>
#include <memory>
#include <string>

namespace muster::wire::test {

/// How the server answers and proves itself. Without an identity it speaks plain HTTP.
struct TinyServerOptions {
    TlsIdentity identity;
    std::string alpn;           ///< chosen where the client offers it
    std::string answer;         ///< sent byte for byte after a whole request
    bool stays_silent = false;  ///< reads, never answers, until the client leaves
    std::string greeting = {};  ///< without an identity: said to whoever comes, unasked
    bool is_outdated = false;   ///< speaks TLS 1.2 and nothing newer
};

/// Runs on its own thread from construction to destruction; 127.0.0.1, a free port.
class TinyServer {
  public:
    explicit TinyServer(TinyServerOptions options);
    ~TinyServer();
    TinyServer(const TinyServer&) = delete;
    TinyServer& operator=(const TinyServer&) = delete;

    std::uint16_t port() const;
    /// The last request, headers and body, after its answer was sent.
    std::string request() const;
    /// Those that ended, whatever came of them.
    int connections() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::wire::test
