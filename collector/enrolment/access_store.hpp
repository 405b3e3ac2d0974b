// Owns: access.db: its one connection, join tokens and agents. Nothing of it is ever journalled. Leaves to users_store.hpp,
// sessions_store.hpp, tokens_store.hpp, audit_store.hpp: their rows; to access_adapter.hpp: threads.
#pragma once

#include "base/database.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "collector/enrolment/access_types.hpp"
#include "collector/enrolment/audit_store.hpp"
#include "collector/enrolment/certificate_authority.hpp"
#include "collector/enrolment/sessions_store.hpp"
#include "collector/enrolment/tokens_store.hpp"
#include "collector/enrolment/users_store.hpp"

#include <memory>
#include <optional>
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
    std::string next_serial;       ///< of a certificate made and not yet used; empty: none
    std::string authorities = {};  ///< whom it trusts, as note_trust was told
};

inline constexpr std::int64_t most_recoveries = 3;
inline constexpr Duration recovery_window = std::chrono::hours(24 * 30);

/// The one connection to access.db; used by one thread at a time.
class AccessStore {
  public:
    static Result<AccessStore> open(const std::string& path);

    /// A copy of access.db in `folder`.
    Result<DatabaseCopy> begin_copy(const std::string& folder) {
        return DatabaseCopy::begin(parts_->database, folder + "/access.db");
    }

    /// A row of the audit for what changes nothing else in here.
    Status note(
        WallTime now, const Actor& actor, const std::string& action, const std::string& target
    );

    /// From now on what a restore must not undo is noted there too. `lasting` outlives this.
    void keep_lasting(Lasting& lasting) {
        parts_->audit.keep_lasting(lasting);
        lasting_ = &lasting;
    }

    /// The copy that was begun is whole, and becomes part of this backup: marked in `lasting`, so that a restore knows what is noted
    /// from here on. Before anything else is done with this.
    Status note_copied(const std::string& backup, WallTime now);

    /// This was put back from a backup of `made`: what has been revoked or used up by these (noted_since) stays so, sessions end, and
    /// the journal is told of revoked agents again.
    Status restored(const std::vector<LastingFact>& facts, WallTime made, WallTime now);

    UsersStore& users() { return parts_->users; }

    SessionsStore& sessions() { return parts_->sessions; }

    TokensStore& tokens() { return parts_->tokens; }

    AuditStore& audit() { return parts_->audit; }

    Result<CreatedJoinToken> create_join_token(
        const JoinTokenRequest& request,
        const Actor& actor,
        const std::string& pin,
        Random& random,
        WallTime now
    );
    Result<std::vector<JoinToken>> join_tokens();
    /// `not_found` where there is none that counts.
    Status revoke_join_token(const std::string& id, const Actor& actor, WallTime now);

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

    /// Signs the agent's next certificate. The present one, `serial`, counts until the agent has used the next.
    Result<wire::IssuedCertificate> renew(
        const EnrolledAgent& agent,
        const std::string& request_pem,
        const std::string& peer,
        const CertificateAuthority& authority,
        Duration valid,
        WallTime now
    );
    /// The agent has used its next certificate: the one before counts no more. Nothing where this is known.
    Status adopt(const EnrolledAgent& agent, const std::string& peer, WallTime now);

    struct Recovered {
        EnrolledAgent agent;  ///< as it is from now on
        wire::IssuedCertificate certificate;
    };

    /// Signs the next certificate of an agent whose present one, or next one, has ended, where its key says so: at most
    /// most_recoveries within recovery_window. `refused` says why not; a revoked agent never gets one.
    Result<Recovered> recover(
        const RecoverRequest& request,
        const CertificateAuthority& authority,
        Duration valid,
        WallTime now
    );

    Result<std::vector<EnrolledAgent>> agents();
    /// The agent has said whom it trusts: SHA-256 in hex of the authorities as it was told them.
    Status note_trust(AgentId agent, const std::string& authorities);
    /// Agents whose agent.enrolled, or agent.revoked, may be missing in the journal.
    Result<std::vector<EnrolledAgent>> unannounced();
    Status mark_announced(AgentId agent);
    /// Its certificate counts no more. `not_found` for an unknown agent.
    Status revoke(AgentId agent, const Actor& actor, WallTime now);

  private:
    /// Together on the heap: they know each other by address.
    struct Parts {
        explicit Parts(Database opened)
            : database(std::move(opened)),
              audit(database),
              users(database, audit),
              sessions(database, audit, users),
              tokens(database, audit, users) {}

        Parts(const Parts&) = delete;
        Parts& operator=(const Parts&) = delete;

        Database database;
        AuditStore audit;
        UsersStore users;
        SessionsStore sessions;
        TokensStore tokens;
    };

    explicit AccessStore(Database database)
        : parts_(std::make_unique<Parts>(std::move(database))) {}

    static Result<EnrolledAgent> read_agent(Statement& row);
    Result<JoinToken> use_token(const EnrolRequest& request, WallTime now);
    Result<std::string> choose_name(const EnrolRequest& request, const JoinToken& token);
    Result<std::optional<EnrolledAgent>> agent_named(const std::string& name);
    Result<EnrolledAgent> recoverable(const wire::CertificateFacts& shown, WallTime now);
    Status count_recovery(const EnrolledAgent& agent, WallTime now);
    Status promise(
        const EnrolledAgent& agent,
        const wire::IssuedCertificate& issued,
        const CertificateAuthority& authority
    );
    Result<bool> replace(const EnrolledAgent& agent, const std::string& peer, WallTime now);

    /// What is signed with the certificate of an agent's row.
    struct Signed {
        WallTime not_after;
        std::string issuer;  ///< the pin of its authority
    };

    Status insert_agent(
        const EnrolledAgent& agent,
        const EnrolRequest& request,
        const Signed& certificate,
        WallTime now
    );
    Status renew_agent(
        const EnrolledAgent& agent, const EnrolRequest& request, const Signed& certificate
    );
    Result<std::vector<EnrolledAgent>> read_agents(std::string_view sql);

    std::unique_ptr<Parts> parts_;
    Lasting* lasting_ = nullptr;  // not owned; null: there is none
};

}  // namespace muster::collector
