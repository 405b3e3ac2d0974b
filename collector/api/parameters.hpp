// Owns: reading the query of a call, and who called. Leaves to page.hpp: limit and cursor.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "collector/api/problem.hpp"
#include "collector/api/routes.hpp"

#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

/// Empty where it was not given.
std::string parameter(const Call& call, const std::string& name);

/// RFC 3339, or a duration before now ("-24h"); `absent` where it was not given. The error's context is the name.
Result<WallTime> time_parameter(const Call& call, const std::string& name, WallTime absent);

/// `absent` where it was not given.
Result<Duration> duration_parameter(const Call& call, const std::string& name, Duration absent);

/// Empty where it was not given; `invalid` for anything but these: a filter with a typing error would find nothing and mislead.
Result<std::string> choice_parameter(
    const Call& call, const std::string& name, std::span<const std::string_view> choices
);

/// The peer without its port: "127.0.0.1", "[::1]".
std::string address_of(const HttpRequest& request);

/// 400 with the error's context as the parameter to blame; other kinds as problem_of.
HttpResponse bad_parameter(const Error& error);

}  // namespace muster::collector
