// Owns: what other machines are told to call this collector.
#pragma once

#include "collector/api/context.hpp"
#include "collector/api/http_message.hpp"

#include <string>

namespace muster::collector {

/// "https://muster.example.net:8443": the first of `names:`; without one what this request called us, where that is no loopback
/// name, and else the name of this machine.
std::string address_for_others(const ApiContext& context, const HttpRequest& request);

/// Why no other machine can reach it there, by where the two doors listen ("127.0.0.1:8443"); empty: they may.
std::string why_out_of_reach(const std::string& people, const std::string& agents);

}  // namespace muster::collector
