#include "base/capabilities.hpp"

#include <array>
#include <cerrno>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace muster {

namespace {

constexpr unsigned long most_capabilities = 63;

}  // namespace

Status drop_capabilities() {
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned long each = 0; each <= most_capabilities; ++each) {
        // Needs a capability itself; the sets below matter more.
        (void)prctl(PR_CAPBSET_DROP, each, 0, 0, 0);
    }
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    const std::array<__user_cap_data_struct, 2> none{};
    if (syscall(SYS_capset, &header, none.data()) != 0) {
        return system_failure("capabilities are kept", errno);
    }
    return {};
}

}  // namespace muster
