#include "agent/credentials.hpp"

#include "base/log.hpp"
#include "wire/certificates.hpp"

#include <algorithm>
#include <utility>

namespace muster::agent {

namespace {

/// An answer that has not come, or a refusal, is followed by another request.
constexpr Duration longest_pause = std::chrono::hours(1);
constexpr std::uint64_t grains = 1000;
constexpr std::size_t most_authorities = 2;

}  // namespace

Credentials::Credentials(
    Files& files, std::string data_dir, const Identity& identity, Random& random
)
    : files_(&files),
      data_dir_(std::move(data_dir)),
      agent_(identity.agent),
      present_(identity.tls),
      next_(identity.next),
      which_(identity.next ? Which::next : Which::present),
      early_(static_cast<double>(random.below(grains)) / grains) {
    plan();
}

const wire::TlsIdentity& Credentials::in_use() const {
    return which_ == Which::next ? *next_ : present_;
}

void Credentials::plan() {
    const auto facts = wire::read_certificate(in_use().certificate_chain_pem);
    if (!facts) {
        return;  // nothing can be connected with it either, which says more
    }
    not_after_ = facts->not_after;
    valid_ = facts->not_after - facts->not_before - wire::clock_slack;
    const Duration third = valid_ / 3;
    const auto earlier =
        static_cast<std::int64_t>(static_cast<double>(third.count()) / 10 * early_);
    due_ = not_after_ - third - Duration(earlier);
    // The authority that signs is another by now, and the one before will be dropped.
    if (!wire::is_issued_by(in_use().certificate_chain_pem, in_use().ca_pem)) {
        due_ = facts->not_before;
    }
}

Result<bool> Credentials::trust(const std::string& authorities_pem) {
    if (authorities_pem == present_.ca_pem) {
        return false;
    }
    const auto count = wire::count_authorities(authorities_pem);
    if (!count || *count > most_authorities) {
        return failure(
            ErrorKind::corrupt, "not one or two authorities, as the collector tells them"
        );
    }
    if (auto stored = store_authorities(*files_, data_dir_, authorities_pem); !stored) {
        return failure(stored.error());
    }
    present_.ca_pem = authorities_pem;
    if (next_) {
        next_->ca_pem = authorities_pem;
    }
    plan();
    return true;
}

void Credentials::accepted() {
    if (!next_) {
        return;
    }
    const bool is_next = which_ == Which::next;
    const Status done =
        is_next ? adopt_next(*files_, data_dir_, *next_) : forget_next(*files_, data_dir_);
    if (!done) {
        // It is accepted at the next start, too, and stored then.
        log(LogLevel::warning, "certificate.not_stored", {{"why", done.error().text()}});
    }
    if (is_next) {
        present_ = std::move(*next_);
        log(LogLevel::info, "certificate.renewed", {{"until", format_rfc3339(not_after_)}});
    }
    next_.reset();
    which_ = Which::present;
    plan();
}

void Credentials::refused() {
    if (next_) {
        which_ = which_ == Which::next ? Which::present : Which::next;
        plan();
    }
}

std::optional<std::string> Credentials::request_due(WallTime now) {
    return next_ || now < due_ || waits(now) ? std::nullopt : make_request(now);
}

std::optional<std::string> Credentials::recovery_due(WallTime now) {
    const bool has_ended = not_after_ != WallTime{} && not_after_ <= now;
    return !has_ended || waits(now) ? std::nullopt : make_request(now);
}

bool Credentials::waits(WallTime now) const {
    // A calendar set back since then must not make years of the pause.
    return asked_ && now >= *asked_ &&
           now < *asked_ + std::min<Duration>(longest_pause, valid_ / 30);
}

std::optional<std::string> Credentials::make_request(WallTime now) {
    asked_ = now;
    auto request = wire::make_request(agent_.text());
    if (!request) {
        log(LogLevel::error, "certificate.no_request", {{"why", request.error().text()}});
        return std::nullopt;
    }
    asked_key_pem_ = std::move(request->key_pem);
    return std::move(request->request_pem);
}

Status Credentials::recovered(const std::string& certificate_pem, WallTime now) {
    accepted();
    return issued(certificate_pem, now);
}

Status Credentials::issued(const std::string& certificate_pem, WallTime now) {
    const std::string key_pem = std::exchange(asked_key_pem_, {});
    if (key_pem.empty() || next_) {
        return {};  // an answer nobody waits for
    }
    const auto facts = wire::read_certificate(certificate_pem);
    if (!facts || facts->agent != agent_ || facts->not_after <= now) {
        return failure(
            ErrorKind::corrupt,
            "the certificate from the collector is not this agent's, or has ended"
        );
    }
    wire::TlsIdentity next{
        .certificate_chain_pem = certificate_pem,
        .private_key_pem = key_pem,
        .ca_pem = present_.ca_pem
    };
    const wire::KeyAndCertificate pair{.key_pem = key_pem, .certificate_pem = certificate_pem};
    if (auto ours = wire::check_issued(pair, present_.ca_pem); !ours) {
        return failure(
            ErrorKind::corrupt, ours.error().what(), "the certificate from the collector"
        );
    }
    if (auto stored = store_next(*files_, data_dir_, next); !stored) {
        return stored;
    }
    next_ = std::move(next);
    which_ = Which::next;
    plan();
    return {};
}

}  // namespace muster::agent
