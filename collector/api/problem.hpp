// Owns: problem documents (RFC 9457), the one shape of every refusal.
#pragma once

#include "base/result.hpp"
#include "collector/api/http_message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

inline constexpr std::string_view problem_content_type = "application/problem+json";

/// One thing wrong with a request: a JSON pointer (RFC 6901) into its body, or "?name" for a query parameter.
struct Flaw {
    std::string pointer;
    std::string detail;
};

/// The reason phrase: "Not Found" for 404; empty for statuses we never answer.
std::string_view status_title(int status);

/// `detail` is a sentence for a person.
HttpResponse problem(int status, std::string_view detail, const std::vector<Flaw>& flaws = {});

/// The status that fits the kind of error; 500s say nothing of our insides (they are logged).
HttpResponse problem_of(const Error& error);

}  // namespace muster::collector
