// Owns: which values identify anything, and the one form each of them has. Leaves to model: which kinds identify a class.
#pragma once

#include "cmdb/model.hpp"
#include "cmdb/statement.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace muster::cmdb {

/// A key of a class in its canonical form, with the class's rank for it. A kind that the class does not know, and a MAC
/// address that is locally administered (IEEE 802), supports a match and never decides one. Nothing for a value that
/// tells nothing apart: empty, what makers leave where a number should be, a UUID of zeros or ones, the virtual MAC
/// addresses of VRRP (RFC 9568), HSRP and GLBP.
std::optional<Key> canonical_key(
    const Model& model,
    std::string_view ci_class,
    std::string_view space,
    std::string_view kind,
    std::string_view value
);

/// "aa:bb:cc:dd:ee:ff" of any usual notation; empty where it is none.
std::string canonical_mac(std::string_view text);
/// An IP address in the form of RFC 5952, IPv4 mapped into IPv6 as IPv4; empty where it is none.
std::string canonical_address(std::string_view text);
/// The lesser of both byte orders in which SMBIOS UUIDs are told (DMTF DSP0134 §7.2.1); empty where it is none.
std::string canonical_uuid(std::string_view text);
/// In small letters with single blanks, and without the legal form of a maker ("Dell Inc." is "dell").
std::string canonical_serial(std::string_view text);

}  // namespace muster::cmdb
