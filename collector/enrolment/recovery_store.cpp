// Owns: the next certificate of an agent whose present one has ended, in access.db. Leaves to wire/recovery.hpp: the proof that it is
// that agent; to renewal_store.cpp: what follows once it has used the new one.
#include "collector/enrolment/access_sql.hpp"
#include "collector/enrolment/access_store.hpp"
#include "collector/enrolment/store_tools.hpp"
#include "wire/refusal.hpp"

#include <utility>

namespace muster::collector {

/// The agent of a good proof, where it may have another certificate.
Result<EnrolledAgent> AccessStore::recoverable(const wire::CertificateFacts& shown, WallTime now) {
    auto find = parts_->database.prepare(find_agent_id);
    auto row = find ? find->bind_blob(0, shown.agent.raw()).step() : failure(find.error());
    if (!row) {
        return failure(row.error());
    }
    if (!*row) {
        return failure(ErrorKind::refused, "this agent is not enrolled here");
    }
    Result<EnrolledAgent> agent = read_agent(*find);
    if (!agent) {
        return failure(agent.error());
    }
    if (!agent->is_active) {
        return failure(ErrorKind::refused, std::string(wire::revoked_reason));
    }
    if (shown.serial != agent->serial && shown.serial != agent->next_serial) {
        return failure(ErrorKind::refused, "this certificate has been replaced by a newer one");
    }
    if (shown.not_after > now) {
        return failure(
            ErrorKind::refused,
            "this certificate counts until " + format_rfc3339(shown.not_after) +
                " and is renewed over the link; compare the clocks of the two machines"
        );
    }
    return agent;
}

Status AccessStore::count_recovery(const EnrolledAgent& agent, WallTime now) {
    auto forget = parts_->database.prepare(forget_recoveries);
    if (forget) {
        forget->bind_blob(0, agent.id.raw()).bind(1, to_ns(now - recovery_window));
    }
    if (auto forgotten = run_to_end(forget); !forgotten) {
        return forgotten;
    }
    auto count = parts_->database.prepare(count_recoveries);
    auto there = count ? count->bind_blob(0, agent.id.raw()).step() : failure(count.error());
    if (!there) {
        return failure(there.error());
    }
    if (count->integer(0) >= most_recoveries) {
        return failure(
            ErrorKind::refused,
            "this agent has recovered " + std::to_string(most_recoveries) +
                " times within 30 days; find out why, and enrol it anew with a join token for its "
                "name"
        );
    }
    auto insert = parts_->database.prepare(insert_recovery);
    if (insert) {
        insert->bind_blob(0, agent.id.raw()).bind(1, to_ns(now));
    }
    return run_to_end(insert);
}

Result<AccessStore::Recovered> AccessStore::recover(
    const RecoverRequest& request,
    const CertificateAuthority& authority,
    Duration valid,
    WallTime now
) {
    const auto shown = wire::check_recovery(request.proof, authority.ca_pem());
    if (!shown) {
        return failure(shown.error());
    }
    auto transaction = Transaction::begin(parts_->database);
    if (!transaction) {
        return failure(transaction.error());
    }
    Result<EnrolledAgent> agent = recoverable(*shown, now);
    if (!agent) {
        return failure(agent.error());
    }
    if (auto counted = count_recovery(*agent, now); !counted) {
        return failure(counted.error());
    }
    const std::string& asked = request.proof.request_pem;
    auto issued = wire::issue_agent(authority.authority(), asked, agent->id, now, valid);
    if (!issued) {
        return failure(issued.error());
    }
    // Whoever signs with the key of the next certificate has it: that one is the present one from here on.
    if (shown->serial == agent->next_serial) {
        if (auto replaced = replace(*agent, request.peer, now); !replaced) {
            return failure(replaced.error());
        }
        agent->serial = agent->next_serial;
    }
    Status done = promise(*agent, *issued, authority);
    if (done) {
        const std::string actor = "agent " + agent->name;
        done = parts_->audit.add(
            now, actor, "agent.certificate_recovered", agent->id.text(), request.peer
        );
    }
    if (done) {
        done = transaction->commit();
    }
    if (!done) {
        return failure(done.error());
    }
    agent->next_serial = issued->serial;
    return Recovered{.agent = std::move(*agent), .certificate = std::move(*issued)};
}

}  // namespace muster::collector
