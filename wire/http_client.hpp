// Owns: one HTTP/1.1 request over TLS or plain TCP: enrolment, the command line, webhooks. Probing HTTP is probes/http_run.
#pragma once

#include "base/task.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace muster::wire {

/// How the server proves itself. Exactly one of ca_pem and pin decides; both empty: the system's CAs.
struct HttpTrust {
    std::string ca_pem;  ///< trust this authority
    std::string
        spki_pin;  ///< hex SHA-256 of the SPKI of a CA that must be in the chain sent by the server (join token)
    std::string alpn;  ///< e.g. "muster-enrol/1"; empty: none
    /// What the person is to do where another authority has signed the server's certificate.
    std::string remedy = {};
};

struct HttpCall {
    std::string method = "GET";
    std::string url;  ///< http:// or https://
    std::map<std::string, std::string> headers;
    std::string body;
    HttpTrust trust;
    std::size_t body_limit = 8u << 20;
    /// Set: the body of an answer of 2xx is given here piece by piece as it comes, without a limit, and false ends the call
    /// well; other answers come whole. From the header on, `quiet` instead of the deadline bounds the time between two pieces.
    std::function<bool(std::string_view piece)> on_body = {};
    Duration quiet = std::chrono::seconds(60);
};

struct HttpAnswer {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
};

/// One request on a fresh connection. Resolves names on a worker thread. Never follows redirects. `refused` when the server's
/// certificate is not trusted, with why; `unavailable` when it cannot be reached; `timeout` at the deadline.
Task<Result<HttpAnswer>> http_call(asio::io_context& loop, HttpCall call, Deadline deadline);

/// The parts of a URL we accept: scheme http/https, no user info.
struct UrlParts {
    std::string scheme;
    std::string host;
    std::uint16_t port;
    std::string target;
};

Result<UrlParts> parse_url(std::string_view url);

}  // namespace muster::wire
