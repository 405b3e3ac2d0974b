// Owns: by what the agent proves itself: its certificate and, while it changes, the next one beside it. A value over files.
// Leaves to identity.hpp: where they lie; to uplink.hpp: connecting and asking.
#pragma once

#include "agent/identity.hpp"
#include "base/files.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>

namespace muster::agent {

/// Renewal in two phases: the next certificate is stored beside the present one, and takes its place when the collector has
/// accepted a connection with it. Until then each refusal makes the other one be tried, so that one of them works after a crash at
/// any moment on either side. Belongs to one thread; writing takes a few milliseconds.
class Credentials {
  public:
    /// `identity` as it was loaded. `files` outlives this.
    Credentials(Files& files, std::string data_dir, const Identity& identity, Random& random);

    /// What the next connection shows.
    const wire::TlsIdentity& in_use() const;
    /// The collector has accepted a connection with what is in use: the other one is of no more use.
    void accepted();
    /// The collector, or our own TLS, refuses what is in use.
    void refused();

    /// A request for the next certificate, where it is time to ask; afterwards not before an answer, or a while later.
    std::optional<std::string> request_due(WallTime now);
    /// A request for another certificate, where the one in use has ended, to be signed by its key; as request_due.
    std::optional<std::string> recovery_due(WallTime now);
    /// The answer to that: the certificate in use was good for it, as if a connection had been accepted; then as `issued`.
    Status recovered(const std::string& certificate_pem, WallTime now);
    /// The answer: stored, and in use from the next connection on. `corrupt` where it is not for our key and name; `io` where it
    /// cannot be stored: the present one stays either way.
    Status issued(const std::string& certificate_pem, WallTime now);

    /// Whom to trust from now on, as the collector says over its link: at most two authorities, first the one that signs. Stored; with a
    /// certificate of another one than the first it is time for the next. True where this was news. `corrupt` for anything
    /// else than one or two authorities; `io` where it cannot be stored: what was trusted before stays either way.
    Result<bool> trust(const std::string& authorities_pem);

    /// When the certificate in use ends; the epoch where it cannot be read.
    WallTime not_after() const { return not_after_; }

    /// When to ask for the next one: with a third of its life left, or up to a tenth of that earlier, so that agents that enrolled
    /// together do not ask together.
    WallTime due() const { return due_; }

  private:
    enum class Which { present, next };

    void plan();
    /// So short a time ago that no other request is made yet.
    bool waits(WallTime now) const;
    std::optional<std::string> make_request(WallTime now);

    Files* files_;
    std::string data_dir_;
    AgentId agent_;
    wire::TlsIdentity present_;
    std::optional<wire::TlsIdentity> next_;
    Which which_ = Which::present;
    std::string asked_key_pem_;      // of the request that is out
    std::optional<WallTime> asked_;  // last
    WallTime not_after_{};
    WallTime due_ = WallTime::max();
    Duration valid_{};
    double early_ = 0;  // of a tenth
};

}  // namespace muster::agent
