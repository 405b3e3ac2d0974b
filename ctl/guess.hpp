// Owns: which name was perhaps meant where there is nothing of the one that was given.
#pragma once

#include "base/result.hpp"
#include "ctl/api_client.hpp"

#include <string>

namespace muster::ctl {

/// The error of a call about one record of a list ("cis", "targets"), with "did you mean …?" where it is `not_found` and something
/// there is called nearly so. Asks for the names, the first thousand of them, in that case alone. A CI's name may have its class
/// before it: "site:HQ".
Error guessed(
    const ApiClient& client, const Error& error, const std::string& list, const std::string& name
);

}  // namespace muster::ctl
