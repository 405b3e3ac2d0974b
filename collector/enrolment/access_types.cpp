#include "collector/enrolment/access_types.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::array<std::pair<std::string_view, Permission>, 4> roles{{
    {"metrics", Permission::measure},
    {"viewer", Permission::view},
    {"operator", Permission::operate},
    {"administrator", Permission::administer},
}};

}  // namespace

std::optional<Permission> permission_of_role(std::string_view role) {
    for (const auto& [name, permission] : roles) {
        if (name == role) {
            return permission;
        }
    }
    return std::nullopt;
}

std::string_view least_role_for(Permission permission) {
    const auto greatest = std::prev(roles.end());
    return std::find_if(
               roles.begin(),
               greatest,
               [permission](const auto& role) { return role.second >= permission; }
    )->first;
}

std::string_view role_of_permission(Permission permission) {
    std::string_view found;
    for (const auto& [name, granted] : roles) {
        if (granted <= permission) {
            found = name;
        }
    }
    return found;
}

}  // namespace muster::collector
