// Owns: which machine this is: names, DMI, virtualisation. Leaves to items.hpp: what is said of it.
#pragma once

#include "agent/discovery/root.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::agent {

/// Each empty where it is not known.
struct MachineFacts {
    std::string hostname;
    std::string fqdn;        ///< from /etc/hosts: the name service is not asked
    std::string machine_id;  ///< survives cloning: never identifies alone
    std::string manufacturer;
    std::string model;
    std::string serial;
    std::string uuid;  ///< SMBIOS, lower case as the firmware spells it
    std::string asset_number;
    std::string bios_version;
    std::string virtualization;  ///< "none", "kvm", "vmware", …, or a container: "docker", "lxc", …
    bool is_container = false;   ///< then what DMI tells is of another machine
};

/// Names, vendor, model and virtualisation: what anybody may read.
MachineFacts read_machine(const Root& root);

/// Serial number, SMBIOS UUID and asset number, which only root may read; nothing in a container. Appends to `lacking` what
/// is there and may not be read.
void read_serials(const Root& root, MachineFacts& facts, std::vector<std::string>& lacking);

/// False for all zero, all F and those that whole series of boards share.
bool is_real_uuid(std::string_view text);

}  // namespace muster::agent
