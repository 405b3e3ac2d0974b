#include "collector/api/doors.hpp"

#include <openssl/ssl.h>

#include <string_view>

namespace muster::collector {

namespace {

constexpr std::string_view enrolment_alpn = "muster-enrol/1";
constexpr std::string_view people_alpn = "http/1.1";

/// The client's protocol list is length-prefixed names (RFC 7301 §3.1).
const unsigned char* offered(
    const unsigned char* list, unsigned int size, std::string_view protocol
) {
    for (unsigned int at = 0; at < size; at += 1U + list[at]) {
        const std::string_view name(reinterpret_cast<const char*>(list) + at + 1, list[at]);
        if (at + 1U + list[at] <= size && name == protocol) {
            return list + at;
        }
    }
    return nullptr;
}

int select_alpn(
    SSL* /*session*/,
    const unsigned char** chosen,
    unsigned char* chosen_size,
    const unsigned char* list,
    unsigned int size,
    void* /*unused*/
) {
    const unsigned char* found = offered(list, size, enrolment_alpn);
    if (found == nullptr) {
        found = offered(list, size, people_alpn);
    }
    if (found == nullptr) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *chosen_size = *found;
    *chosen = found + 1;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

void choose_doors(ssl_ctx_st* context) {
    SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
}

Door door_of(const ssl_st* session) {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(session, &name, &size);
    const bool enrolment =
        name != nullptr &&
        std::string_view(reinterpret_cast<const char*>(name), size) == enrolment_alpn;
    return enrolment ? Door::enrolment : Door::people;
}

}  // namespace muster::collector
