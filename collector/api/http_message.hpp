// Owns: a request and an answer of the people's listener, as values. Leaves to http_server: bytes; to routes: meaning.
#pragma once

#include "base/task.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector {

/// How a connection came in. `enrolment`: the client asked for ALPN "muster-enrol/1"; such a connection reaches
/// enrolment alone, and enrolment is reachable there alone.
enum class Door { people, enrolment };

struct HttpRequest {
    std::string method;  ///< "GET"
    std::string path;    ///< as sent, still percent-encoded, without the query
    std::string query;   ///< without "?"
    std::map<std::string, std::string>
        headers;  ///< names in lower case; repeated ones joined with ", "
    std::string body;
    std::string peer;  ///< "127.0.0.1:40312", for the log
    Door door = Door::people;
};

struct HttpResponse {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers = {
    };  ///< beside those every answer has
    /// Set: the body comes from here piece by piece, after `body`, until there is nothing; the connection ends with it.
    /// Never run beside itself; may be destroyed while it waits.
    std::function<Task<std::optional<std::string>>()> stream = {};
};

/// Answers one request. Runs on the loop of the server; must not throw.
using HttpHandler = std::function<Task<HttpResponse>(HttpRequest)>;

}  // namespace muster::collector
