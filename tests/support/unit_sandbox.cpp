#include "tests/support/unit_sandbox.hpp"

#include "base/expect.hpp"
#include "tests/support/nobody.hpp"
#include "tests/support/process.hpp"
#include "tests/support/system_call_filter.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace muster::test {
namespace {

using Words = std::vector<std::string>;

void must(bool done, const std::string& what) {
    expect(done, what + ": " + std::strerror(errno));
}

unsigned capability_number(const std::string& name) {
    const std::map<std::string, unsigned> numbers{
        {"CAP_NET_RAW", CAP_NET_RAW},
        {"CAP_DAC_READ_SEARCH", CAP_DAC_READ_SEARCH},
        {"CAP_SYS_PTRACE", CAP_SYS_PTRACE},
    };
    const auto found = numbers.find(name);
    expect(found != numbers.end(), "capability_number knows " + name);
    return found->second;
}

void bound_capabilities(const Words& kept) {
    for (unsigned each = 0; prctl(PR_CAPBSET_READ, each, 0, 0, 0) >= 0; ++each) {
        if (std::ranges::none_of(kept, [&](const std::string& name) {
                return capability_number(name) == each;
            })) {
            must(prctl(PR_CAPBSET_DROP, each, 0, 0, 0) == 0, "bounding set");
        }
    }
}

/// Every unit names a user of its own or is of DynamicUser; whoever it is, it is not root.
void become_nobody(const Words& ambient) {
    must(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0, "keeping capabilities");
    must(setgroups(0, nullptr) == 0, "setgroups");
    must(setresgid(nobody, nobody, nobody) == 0, "setresgid");
    must(setresuid(nobody, nobody, nobody) == 0, "setresuid");
    std::uint64_t kept = 0;
    for (const std::string& name : ambient) {
        kept |= std::uint64_t{1} << capability_number(name);
    }
    std::array<__user_cap_data_struct, 2> sets{};
    for (std::size_t half = 0; half < sets.size(); ++half) {
        const auto bits = static_cast<std::uint32_t>(kept >> (32 * half));
        sets[half] = {.effective = bits, .permitted = bits, .inheritable = bits};
    }
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    must(syscall(SYS_capset, &header, sets.data()) == 0, "capset");
    for (const std::string& name : ambient) {
        must(
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability_number(name), 0, 0) == 0,
            "ambient capability"
        );
    }
}

bool is_yes(const UnitFile& unit, const std::string& key) {
    return unit.words(key) == Words{"yes"};
}

}  // namespace

CallGroups installed_call_groups() {
    const CommandResult listing = run_command({"systemd-analyze", "--no-pager", "syscall-filter"});
    expect(listing.exit_code == 0, "systemd-analyze lists its groups: " + listing.output);
    return parse_call_groups(listing.output);
}

void enter_unit(const UnitFile& unit, const CallGroups& groups) {
    expect(!unit.words("SystemCallErrorNumber"), "what is not allowed kills");
    const auto calls = allowed_calls(unit, groups);
    const auto families = unit.words("RestrictAddressFamilies");
    if (const auto kept = unit.words("CapabilityBoundingSet")) {
        bound_capabilities(*kept);
    }
    become_nobody(unit.words("AmbientCapabilities").value_or(Words{}));
    if (is_yes(unit, "NoNewPrivileges")) {
        must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no new privileges");
    }
    if (families) {
        must(allow_only_families(*families), "filter of socket families");
    }
    if (is_yes(unit, "MemoryDenyWriteExecute")) {
        must(deny_writable_code(), "filter of memory");
    }
    if (calls) {
        must(allow_only_calls(*calls), "filter of system calls");
    }
}

}  // namespace muster::test
