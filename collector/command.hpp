// Owns: what a person or program asks the brain to do, and what it answered.
#pragma once

#include <string>

namespace muster::collector {

/// docs/journal.md lists the names with their bodies.
struct Command {
    std::string name;
    std::string actor;  ///< "admin", for the timeline
    std::string request_id;
    std::string idempotency_key;  ///< same key, same verdict; empty: none
    std::string if_match;         ///< the ETag the caller saw; empty: any
    std::string body;             ///< JSON object
};

/// HTTP status and JSON body (a problem document from 400 up).
struct Verdict {
    int status = 200;
    std::string body;
    std::string etag;
};

}  // namespace muster::collector
