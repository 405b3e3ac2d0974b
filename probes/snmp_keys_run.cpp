#include "probes/snmp_keys_run.hpp"

// net-snmp-config.h comes before the library's other headers.
// clang-format off
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/snmp_logging.h>
// clang-format on

#include <array>
#include <cstdlib>
#include <cstring>

namespace muster::probes {

namespace {

constexpr std::size_t least_password = 8;  // RFC 3414 §11.2

void quiet_library() {
    // The environment is read once, here, before any thread exists.
    setenv("MIBS", "", 1);
    setenv("MIBDIRS", "/nonexistent", 1);
    setenv("SNMPCONFPATH", "/nonexistent", 1);
    setenv("SNMP_PERSISTENT_DIR", "/nonexistent", 1);
    const auto enable = [](int option) {
        netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, option, 1);
    };
    enable(NETSNMP_DS_LIB_DONT_READ_CONFIGS);
    enable(NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD);
    enable(NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE);
    enable(NETSNMP_DS_LIB_DONT_PERSIST_STATE);
    enable(NETSNMP_DS_LIB_DONT_LOAD_HOST_FILES);
    netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
    init_snmp("muster");
}

/// The nameless user that discovery speaks as (RFC 3414 §4).
void add_nameless_user() {
    auto* user = static_cast<usmUser*>(std::calloc(1, sizeof(usmUser)));
    user->name = strdup("");
    user->secName = strdup("");
    user->authProtocolLen = OID_LENGTH(usmNoAuthProtocol);
    user->authProtocol = snmp_duplicate_objid(usmNoAuthProtocol, user->authProtocolLen);
    user->privProtocolLen = OID_LENGTH(usmNoPrivProtocol);
    user->privProtocol = snmp_duplicate_objid(usmNoPrivProtocol, user->privProtocolLen);
    usm_add_user(user);
}

}  // namespace

void start_snmp_library() {
    quiet_library();
    add_nameless_user();
}

SnmpProtocol snmp_auth_protocol(std::string_view name) {
    const std::array<SnmpProtocol, 6> known = {{
        {"md5", usmHMACMD5AuthProtocol, OID_LENGTH(usmHMACMD5AuthProtocol)},
        {"sha", usmHMACSHA1AuthProtocol, OID_LENGTH(usmHMACSHA1AuthProtocol)},
        {"sha224", usmHMAC128SHA224AuthProtocol, OID_LENGTH(usmHMAC128SHA224AuthProtocol)},
        {"sha384", usmHMAC256SHA384AuthProtocol, OID_LENGTH(usmHMAC256SHA384AuthProtocol)},
        {"sha512", usmHMAC384SHA512AuthProtocol, OID_LENGTH(usmHMAC384SHA512AuthProtocol)},
        {"sha256", usmHMAC192SHA256AuthProtocol, OID_LENGTH(usmHMAC192SHA256AuthProtocol)},
    }};
    for (const SnmpProtocol& protocol : known) {
        if (protocol.name == name) {
            return protocol;
        }
    }
    return known.back();
}

SnmpProtocol snmp_priv_protocol(std::string_view name) {
    const std::array<SnmpProtocol, 4> known = {{
        {"des", usmDESPrivProtocol, OID_LENGTH(usmDESPrivProtocol)},
        {"aes192", usmAES192PrivProtocol, OID_LENGTH(usmAES192PrivProtocol)},
        {"aes256", usmAES256PrivProtocol, OID_LENGTH(usmAES256PrivProtocol)},
        {"aes", usmAESPrivProtocol, OID_LENGTH(usmAESPrivProtocol)},
    }};
    for (const SnmpProtocol& protocol : known) {
        if (protocol.name == name) {
            return protocol;
        }
    }
    return known.back();
}

Result<std::string> make_snmp_key(std::string_view auth_protocol, std::string_view password) {
    if (password.size() < least_password) {
        return failure(ErrorKind::invalid, "an SNMPv3 password has at least 8 characters");
    }
    const SnmpProtocol protocol = snmp_auth_protocol(auth_protocol);
    std::array<u_char, USM_AUTH_KU_LEN> made{};
    std::size_t length = made.size();
    const int problem = generate_Ku(
        protocol.arcs,
        static_cast<u_int>(protocol.length),
        reinterpret_cast<const u_char*>(password.data()),
        password.size(),
        made.data(),
        &length
    );
    if (problem != SNMPERR_SUCCESS) {
        return failure(
            ErrorKind::internal, snmp_api_errstring(problem), "making a key of the password"
        );
    }
    return std::string(reinterpret_cast<const char*>(made.data()), length);
}

void forget_snmp_user(const std::string& engine, const std::string& user) {
    usmUser* known =
        usm_get_user(reinterpret_cast<const u_char*>(engine.data()), engine.size(), user.c_str());
    if (known != nullptr) {
        usm_remove_user(known);
        usm_free_user(known);
    }
}

}  // namespace muster::probes
