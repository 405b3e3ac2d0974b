// Owns: the table of commands: which name does what, and one verdict for one idempotency key. Leaves to the stages:
// what a command does; to api/: form and authority.
#pragma once

#include "collector/brain/fold.hpp"

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::collector {

/// A command as its handler sees it. References live during the call.
struct CommandCall {
    std::string_view name;
    std::string_view actor;
    std::string_view if_match;  ///< empty: any state will do
    const boost::json::object& body;
};

/// Decides on the folded state and changes it; a verdict other than 2xx has changed nothing.
using CommandHandler = Verdict (*)(Fold& fold, const CommandCall& call);

/// "command". Sets fold.verdict. The same idempotency key of the same actor gets the same verdict within a day and
/// changes nothing again.
void fold_command(Fold& fold, const Entry& entry);

/// Null where there is no such command.
CommandHandler find_command(std::string_view name);

/// Timer `forget_verdict`.
void forget_old_verdicts(Fold& fold);

/// An RFC 9457 document as a verdict.
Verdict problem(int status, std::string_view title, const std::string& detail);
/// 422: what is wrong with one member of the body.
Verdict unacceptable(std::string_view member, const std::string& detail);
/// The text member `key`, printable and at most 16 KiB; empty where there is none.
std::string text_of(const boost::json::object& body, std::string_view key);
/// Whether it only asks what the command would do: member "dry_run" of a body.
bool is_dry_run(const boost::json::object& body);
/// The positive whole number `key`; 0 where there is none.
std::uint64_t number_of(const boost::json::object& body, std::string_view key);
/// Whether an If-Match header names this etag, with its quotes. "W/" and lists are as good as one tag here.
bool matches_etag(std::string_view if_match, std::string_view etag);

}  // namespace muster::collector
