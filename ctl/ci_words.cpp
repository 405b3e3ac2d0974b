#include "ctl/ci_words.hpp"

namespace muster::ctl {

namespace {

// The only reason for it is that nobody has named the CI before.
constexpr const char* created = "created";

}  // namespace

std::string relation_text(const json::value& relation) {
    return text_of(relation, "label");
}

std::string identity_text(const std::string& kind, const std::string& other) {
    return (kind == created ? "new" : kind) + (other.empty() ? "" : " " + other);
}

std::string identity_reason(const std::string& kind, const std::string& reason) {
    return kind == created ? "" : reason;
}

}  // namespace muster::ctl
