#include "collector/brain/policy_commands.hpp"

#include "base/bytes.hpp"

namespace muster::collector {

Verdict confirm_configuration(Fold& fold, const CommandCall& call) {
    const std::string running = to_hex(fold.state.config_hash);
    if (text_of(call.body, "hash") != running) {
        return problem(
            409, "Conflict", "another configuration was loaded meanwhile; look at what runs now"
        );
    }
    return {.status = 200, .body = "{}", .etag = {}};
}

}  // namespace muster::collector
