// Owns: access.db: join tokens, agents, API tokens and the audit of their changes. Nothing of it is ever journalled.
// Leaves to access_adapter.hpp: threads; to certificate_authority.hpp: keys.
#pragma once

#include "base/database.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "collector/api/context.hpp"
#include "collector/enrolment/certificate_authority.hpp"

#include <functional>
#include <string>
#include <vector>

namespace muster::collector {

/// An agent as enrolled.
struct EnrolledAgent {
    AgentId id;
    std::string name;
    std::string site;
    std::string hostname;
    std::string serial;  ///< of its certificate, lower-case hex
    bool is_active = true;
};

/// The one connection to access.db; used by one thread at a time.
class AccessStore {
  public:
    static Result<AccessStore> open(const std::string& path);

    /// Keeps the token in `path` valid, and makes it where there is no administrator yet: `path` is 0600.
    Status ensure_administrator(
        Files& files, const std::string& path, Random& random, WallTime now
    );
    /// `refused` says why.
    Result<Actor> check_bearer(const Secret& bearer, WallTime now);

    Result<CreatedJoinToken> create_join_token(
        const JoinTokenRequest& request,
        const Actor& actor,
        const std::string& pin,
        Random& random,
        WallTime now
    );
    Result<std::vector<JoinToken>> join_tokens();

    struct Enrolled {
        EnrolledAgent agent;
        std::string certificate_pem;
    };

    /// Uses the token up, makes the agent's row and signs its certificate, in one transaction. A token made for the name of
    /// an agent that is there gives this agent a new certificate.
    Result<Enrolled> enrol(
        const EnrolRequest& request,
        const CertificateAuthority& authority,
        Duration valid,
        Random& random,
        WallTime now
    );

    Result<std::vector<EnrolledAgent>> agents();
    /// Agents whose agent.enrolled may be missing in the journal.
    Result<std::vector<EnrolledAgent>> unannounced();
    Status mark_announced(AgentId agent);
    /// Its certificate counts no more. `not_found` for an unknown agent.
    Status revoke(AgentId agent, const Actor& actor, WallTime now);

  private:
    explicit AccessStore(Database database) : database_(std::move(database)) {}

    Status audit(
        WallTime now,
        const std::string& actor,
        const std::string& action,
        const std::string& target,
        const std::string& peer
    );
    Result<JoinToken> use_token(const EnrolRequest& request, WallTime now);
    Result<std::string> choose_name(const EnrolRequest& request, const JoinToken& token);
    Result<std::optional<EnrolledAgent>> agent_named(const std::string& name);
    Status insert_agent(
        const EnrolledAgent& agent, const EnrolRequest& request, WallTime not_after, WallTime now
    );
    Status renew_agent(const EnrolledAgent& agent, const EnrolRequest& request, WallTime not_after);
    Result<std::vector<EnrolledAgent>> read_agents(std::string_view sql);

    Database database_;
};

}  // namespace muster::collector
