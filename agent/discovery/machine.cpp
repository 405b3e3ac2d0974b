#include "agent/discovery/machine.hpp"

#include "base/uuid.hpp"
#include "wire/placeholder.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace muster::agent {

namespace {

constexpr std::string_view dmi = "/sys/class/dmi/id/";

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return out;
}

std::string dmi_value(const Root& root, std::string_view name) {
    std::string value = root.line(std::string(dmi) + std::string(name));
    return wire::is_placeholder(value) ? "" : value;
}

/// "10.0.0.5  web1.example.net web1": the first name with a dot of a line that has the host's.
std::string fqdn_of(const Root& root, const std::string& hostname) {
    if (hostname.find('.') != std::string::npos) {
        return hostname;
    }
    const auto hosts = root.read("/etc/hosts");
    std::string_view rest = hosts ? std::string_view(*hosts) : std::string_view();
    while (!rest.empty()) {
        std::string_view line = next_line(rest);
        line = line.substr(0, line.find('#'));
        std::string full;
        bool is_ours = false;
        for (bool is_name = false; !(line = trimmed(line)).empty(); is_name = true) {
            const std::string_view word = line.substr(0, line.find_first_of(" \t"));
            line.remove_prefix(word.size());
            is_ours = is_ours || (is_name && word == hostname);
            if (is_name && full.empty() && word.starts_with(hostname + ".")) {
                full = word;
            }
        }
        if (is_ours && !full.empty()) {
            return lower(full);
        }
    }
    return {};
}

/// What runs the container we are in; empty outside of one.
std::string container_of(const Root& root) {
    if (std::string told = root.line("/run/systemd/container"); !told.empty()) {
        return lower(told);
    }
    if (root.exists("/.dockerenv")) {
        return "docker";
    }
    if (root.exists("/run/.containerenv")) {
        return "podman";
    }
    // Cgroup version 1: "9:memory:/docker/4f1c…"; with version 2 a container sees "0::/".
    const auto cgroups = root.read("/proc/1/cgroup");
    constexpr std::pair<std::string_view, std::string_view> marks[] = {
        {"/docker", "docker"},
        {"/kubepods", "kubernetes"},
        {"/libpod", "podman"},
        {"/lxc", "lxc"},
        {"/machine.slice/machine-", "systemd-nspawn"}
    };
    for (const auto& [mark, name] : marks) {
        if (cgroups && cgroups->find(mark) != std::string::npos) {
            return std::string(name);
        }
    }
    return {};
}

/// As systemd-detect-virt calls them.
std::string hypervisor_of(const Root& root, const MachineFacts& facts) {
    const std::string told = facts.manufacturer + "|" + facts.model + "|" + facts.bios_version;
    constexpr std::pair<std::string_view, std::string_view> marks[] = {
        {"KVM", "kvm"},
        {"QEMU", "qemu"},
        {"OpenStack", "kvm"},
        {"VMware", "vmware"},
        {"VMW", "vmware"},
        {"innotek GmbH", "oracle"},
        {"VirtualBox", "oracle"},
        {"Xen", "xen"},
        {"Bochs", "bochs"},
        {"Parallels", "parallels"},
        {"BHYVE", "bhyve"},
        {"Hyper-V", "microsoft"},
        {"Microsoft Corporation|Virtual Machine", "microsoft"},
        {"Google Compute Engine", "google"},
        {"Alibaba Cloud", "kvm"},
        {"Tencent Cloud", "kvm"},
        {"Huawei Cloud", "kvm"}
    };
    for (const auto& [mark, name] : marks) {
        if (told.find(mark) != std::string::npos) {
            return std::string(name);
        }
    }
    if (told.find("Amazon EC2") != std::string::npos) {
        return facts.model.ends_with(".metal") ? "none" : "amazon";
    }
    const auto cpus = root.read("/proc/cpuinfo");
    const std::string flags = " " + std::string(field_of(cpus ? *cpus : "", "flags")) + " ";
    if (flags.find(" hypervisor ") != std::string::npos) {
        return "vm-other";
    }
    // Where there is neither DMI nor such a flag nothing is known (boards, mainframes).
    return facts.manufacturer.empty() && facts.model.empty() ? "" : "none";
}

void read_one(
    const Root& root,
    std::string_view name,
    std::string_view called,
    std::string& value,
    std::vector<std::string>& lacking
) {
    const std::string path = std::string(dmi) + std::string(name);
    const auto text = root.read(path);
    if (!text) {
        if (text.error().kind() != ErrorKind::not_found) {
            lacking.push_back(std::string(called) + ": " + text.error().text());
        }
        return;
    }
    value = dmi_value(root, name);
}

}  // namespace

bool is_real_uuid(std::string_view text) {
    constexpr std::string_view shared[] = {
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "03000200-0400-0500-0006-000700080009",
        "00020003-0004-0005-0006-000700080009",
        "12345678-1234-5678-90ab-cddeefaabbcc"
    };
    const std::string value = lower(text);
    return Uuid::parse(value).has_value() && std::ranges::find(shared, value) == std::end(shared);
}

MachineFacts read_machine(const Root& root) {
    MachineFacts facts;
    facts.hostname = root.line("/proc/sys/kernel/hostname");
    facts.fqdn = fqdn_of(root, facts.hostname);
    facts.machine_id = root.line("/etc/machine-id");
    if (facts.machine_id.size() != 32) {
        facts.machine_id.clear();  // "uninitialized" in an image
    }
    facts.virtualization = container_of(root);
    facts.is_container = !facts.virtualization.empty();
    if (facts.is_container) {
        return facts;
    }
    facts.manufacturer = dmi_value(root, "sys_vendor");
    facts.model = dmi_value(root, "product_name");
    facts.bios_version = dmi_value(root, "bios_version");
    if (facts.manufacturer.empty() && facts.model.empty()) {
        facts.manufacturer = dmi_value(root, "board_vendor");
        facts.model = dmi_value(root, "board_name");
    }
    if (facts.model.empty()) {
        facts.model = root.line("/proc/device-tree/model");  // boards without DMI
    }
    facts.virtualization = hypervisor_of(root, facts);
    return facts;
}

void read_serials(const Root& root, MachineFacts& facts, std::vector<std::string>& lacking) {
    if (facts.is_container) {
        return;
    }
    read_one(root, "product_serial", "serial number", facts.serial, lacking);
    read_one(root, "product_uuid", "SMBIOS UUID", facts.uuid, lacking);
    facts.uuid = is_real_uuid(facts.uuid) ? lower(facts.uuid) : "";
    facts.asset_number = dmi_value(root, "chassis_asset_tag");
}

}  // namespace muster::agent
