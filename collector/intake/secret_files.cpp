#include "collector/intake/secret_files.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"
#include "collector/configuration/secret_check.hpp"

#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t longest_problem = 1000;

}  // namespace

const SecretFiles::ReadSecret& SecretFiles::read(const std::string& path) {
    auto found = read_.find(path);
    if (found == read_.end()) {
        ReadSecret one;
        if (auto secret = read_named_secret(*files_, data_dir_, path)) {
            one.value = std::move(*secret);
        } else {
            one.problem = printable(secret.error().text(), longest_problem);
        }
        found = read_.emplace(path, std::move(one)).first;
    }
    return found->second;
}

void SecretFiles::fill_in(AssignmentItem& item) {
    for (const auto& [option, path] : item.secret_files) {
        const ReadSecret& secret = read(path);
        if (secret.problem.empty()) {
            (*item.assignment.mutable_secrets())[option] = std::string(secret.value.reveal());
        } else {
            (*item.assignment.mutable_unread_secrets())[option] = secret.problem;
        }
    }
}

std::string SecretFiles::fingerprint(const std::set<std::string>& paths) {
    std::string all;
    for (const std::string& path : paths) {
        const ReadSecret& secret = read(path);
        all += sha256(path) + sha256(secret.value.reveal()) + sha256(secret.problem);
    }
    return all.empty() ? std::string() : to_hex(sha256(all));
}

}  // namespace muster::collector
