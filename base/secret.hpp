// Owns: values that must never be printed.
#pragma once

#include "base/files.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>

namespace muster {

/// Bytes that have no stream, format or JSON operator; wiped on destruction. Copies are deliberate: `clone()`.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string value);
    ~Secret();
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;

    Secret clone() const;

    bool empty() const { return value_.empty(); }

    /// The value, for the library call that needs it. Never log, store or compare it by ==.
    std::string_view reveal() const { return value_; }

  private:
    std::string value_;
};

/// Reads a secret file of at most 64 KiB, one trailing newline cut. Empty files are refused.
Result<Secret> read_secret_file(Files& files, const std::string& path);

}  // namespace muster
