// Owns: which door of the people's listener a client asks for by its protocol. Leaves to http_server.cpp: everything after.
#pragma once

#include "collector/api/http_message.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace muster::collector {

/// Sessions of this context take "muster-enrol/1" and "http/1.1", and end where a client offers others alone.
void choose_doors(ssl_ctx_st* context);
/// After the handshake.
Door door_of(const ssl_st* session);

}  // namespace muster::collector
