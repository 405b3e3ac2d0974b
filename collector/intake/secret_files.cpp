#include "collector/intake/secret_files.hpp"

#include "base/log.hpp"

#include <utility>

namespace muster::collector {

void SecretFiles::fill_in(AssignmentItem& item) {
    for (const auto& [option, path] : item.secret_files) {
        auto found = read_.find(path);
        if (found == read_.end()) {
            auto secret = read_secret_file(*files_, path);
            if (!secret) {
                log(LogLevel::error, "assignment.secret_missing", {{"why", secret.error().text()}});
                secret = Secret();
            }
            found = read_.emplace(path, std::move(*secret)).first;
        }
        if (!found->second.empty()) {
            (*item.assignment.mutable_secrets())[option] = std::string(found->second.reveal());
        }
    }
}

}  // namespace muster::collector
