// Owns: the one error type and Result<T>. Leaves to others: probe outcomes (probes/outcome.hpp), which are data.
#pragma once

#include <string>
#include <string_view>

namespace tl {
template <class T, class E>
class [[nodiscard]] expected;
}  // namespace tl

#include <tl/expected.hpp>

namespace muster {

/// What sort of thing went wrong: decides exit codes, HTTP statuses and whether trying again can help.
enum class ErrorKind {
    invalid,      ///< input that can never be right
    not_found,    ///< the thing named does not exist
    refused,      ///< not allowed, or the peer said no
    timeout,      ///< a deadline passed
    unavailable,  ///< not now; trying again may help
    corrupt,      ///< stored or received bytes fail their checks
    full,         ///< no space, or a named bound was reached
    io,           ///< the operating system refused
    conflict,     ///< state changed under the caller
    closed,       ///< the peer or the owner closed it
    internal,     ///< a library failed in a way we do not expect
};

/// The stored and logged text of a kind, for example "not_found".
std::string_view to_string(ErrorKind kind);

/// A failure a system administrator can act on. `what` says what happened and what to do next;
/// `context` says to what (file, peer, field), outermost first.
class Error {
  public:
    Error(ErrorKind kind, std::string what, std::string context = {});

    ErrorKind kind() const { return kind_; }

    const std::string& what() const { return what_; }

    const std::string& context() const { return context_; }

    /// "context: what", or "what" where there is no context.
    std::string text() const;

    /// The same error seen from one level further out: `outer` is put before the context.
    Error in(std::string_view outer) const;

    bool operator==(const Error&) const = default;

  private:
    ErrorKind kind_;
    std::string what_;
    std::string context_;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;
using Failure = tl::unexpected<Error>;

/// `return failure(ErrorKind::io, "…")` from any function that returns a Result.
Failure failure(ErrorKind kind, std::string what, std::string context = {});

/// Passes an inner error outward with more context: `return failure(r.error(), "journal")`.
Failure failure(const Error& inner, std::string_view outer = {});

/// The error for a failed system call: `what` plus the text of `error_number`; ENOSPC and EDQUOT become `full`.
Failure system_failure(std::string_view what, int error_number, std::string context = {});

}  // namespace muster
