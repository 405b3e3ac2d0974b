// Owns: what to watch, one object at a time: PUT and DELETE by natural name go through the same door as `apply`, and the tag of
// an object. Leaves to the routes of each list: how one looks.
#pragma once

#include "collector/api/json.hpp"
#include "collector/api/routes.hpp"
#include "config/watch.hpp"

#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

/// The body, as it would stand in a file, becomes the object `name` of `list` ("policies"): 201 where there was none, else
/// 200; the same twice changes nothing, nor does an answer of GET. 409 where another file declares it, 412 where If-Match says
/// another, 400 with a pointer to each flaw. What is refused changes nothing. `shown`: what GET has of the one that runs before
/// `declared_answer` adds to it, without what nobody declares; nothing where none runs.
Task<HttpResponse> put_object(Call call, std::string list, std::string name, json::object shown);

/// Takes away what `put_object` has put; refused as there. 404 where nothing of this name is declared.
Task<HttpResponse> delete_object(Call call, std::string list, std::string name);

/// One object of the running configuration: its members as they are declared, where they are, and the place where that is. The
/// URL of a channel, which may let in whoever knows it, is for those who may edit. Its tag differs wherever the answer does;
/// If-Match holds what it says of the declaration alone.
HttpResponse declared_answer(
    const Call& call, std::string_view list, const std::string& name, json::object body
);

/// The probes that a target or a policy declares: type, name, interval, timeout of each.
json::array probes_json(std::span<const config::ProbeDeclaration> probes);

/// The hold that a target or policy says itself; null: that of a threshold, else the shipped one.
json::value own_hold(const config::RuleParts& parts);

/// "high", "medium", "low"
std::string_view urgency_word(config::Urgency urgency);

}  // namespace muster::collector
