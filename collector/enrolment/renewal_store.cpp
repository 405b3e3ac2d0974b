// Owns: an agent's next certificate in access.db. Leaves to access_store.cpp: the first one.
#include "base/failpoint.hpp"
#include "collector/enrolment/access_sql.hpp"
#include "collector/enrolment/access_store.hpp"
#include "collector/enrolment/store_tools.hpp"

namespace muster::collector {

/// Part of the caller's transaction: the certificate counts beside the present one until the agent has used it.
Status AccessStore::promise(
    const EnrolledAgent& agent,
    const wire::IssuedCertificate& issued,
    const CertificateAuthority& authority
) {
    auto update = parts_->database.prepare(promise_certificate);
    if (update) {
        update->bind_text(0, issued.serial)
            .bind(1, to_ns(issued.not_after))
            .bind_text(2, authority.pin())
            .bind_blob(3, agent.id.raw())
            .bind_text(4, agent.serial);
    }
    const Result<std::int64_t> changed = run_counted(update);
    if (!changed) {
        return failure(changed.error());
    }
    if (*changed == 0) {
        return failure(
            ErrorKind::refused, "the agent has been revoked, or has another certificate by now"
        );
    }
    return {};
}

/// Part of the caller's transaction: the promised certificate is the present one from here on. False: that is known already.
Result<bool> AccessStore::replace(
    const EnrolledAgent& agent, const std::string& peer, WallTime now
) {
    auto update = parts_->database.prepare(replace_certificate);
    if (update) {
        update->bind_blob(0, agent.id.raw()).bind_text(1, agent.next_serial);
    }
    const Result<bool> changed = update ? update->step() : failure(update.error());
    if (!changed) {
        return failure(changed.error());
    }
    if (!*changed) {
        return false;
    }
    const std::string issuer(update->text(0));
    if (const auto ended = update->step(); !ended) {
        return failure(ended.error());
    }
    if (lasting_ != nullptr) {
        const std::string which = agent.id.text() + " " + agent.next_serial + " " + issuer;
        if (auto noted = lasting_->note(now, "agent.certificate", which); !noted) {
            return failure(noted.error());
        }
    }
    const std::string actor = "agent " + agent.name;
    const Status told =
        parts_->audit.add(now, actor, "agent.certificate_replaced", agent.id.text(), peer);
    return told ? Result<bool>(true) : failure(told.error());
}

Result<wire::IssuedCertificate> AccessStore::renew(
    const EnrolledAgent& agent,
    const std::string& request_pem,
    const std::string& peer,
    const CertificateAuthority& authority,
    Duration valid,
    WallTime now
) {
    auto issued = wire::issue_agent(authority.authority(), request_pem, agent.id, now, valid);
    if (!issued) {
        return failure(issued.error());
    }
    auto transaction = Transaction::begin(parts_->database);
    if (!transaction) {
        return failure(transaction.error());
    }
    if (auto promised = promise(agent, *issued, authority); !promised) {
        return failure(promised.error());
    }
    const std::string actor = "agent " + agent.name;
    if (auto told =
            parts_->audit.add(now, actor, "agent.certificate_issued", agent.id.text(), peer);
        !told) {
        return failure(told.error());
    }
    failpoint("access.before_promise");
    if (auto committed = transaction->commit(); !committed) {
        return failure(committed.error());
    }
    failpoint("access.after_promise");
    return issued;
}

Status AccessStore::adopt(const EnrolledAgent& agent, const std::string& peer, WallTime now) {
    auto transaction = Transaction::begin(parts_->database);
    if (!transaction) {
        return failure(transaction.error());
    }
    const Result<bool> is_news = replace(agent, peer, now);
    if (!is_news) {
        return failure(is_news.error());
    }
    if (!*is_news) {
        return {};
    }
    const Status done = transaction->commit();
    failpoint("access.after_adoption");
    return done;
}

}  // namespace muster::collector
