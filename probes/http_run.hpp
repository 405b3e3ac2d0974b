// Owns: the http probe's run, over libcurl's multi interface. Linked into the worker alone.
#pragma once

#include "base/clock.hpp"
#include "base/task.hpp"
#include "probes/outcome.hpp"
#include "probes/probe_type.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace muster::probes {

struct HttpAnswer {
    Outcome outcome;
    std::string redirect;  ///< absolute URL, where the answer was a redirect that may be followed
};

/// One thread. Every run makes a connection of its own: connection and handshake are part of what is measured.
class HttpEngine {
  public:
    /// Reads the system's certificate authorities, once; a machine without any trusts only what a run brings along. Call before
    /// the sandbox closes.
    static Result<std::unique_ptr<HttpEngine>> open(asio::io_context& loop, const Clock& clock);
    ~HttpEngine();
    HttpEngine(const HttpEngine&) = delete;
    HttpEngine& operator=(const HttpEngine&) = delete;

    /// One request to one of the request's addresses; nothing is resolved, no proxy, cookie or netrc is used.
    Task<HttpAnswer> run(ProbeRequest request, Deadline deadline);

  private:
    struct Impl;
    explicit HttpEngine(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::probes
