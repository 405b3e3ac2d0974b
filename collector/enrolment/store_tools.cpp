#include "collector/enrolment/store_tools.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cctype>

namespace muster::collector {

namespace json = boost::json;

Status run_to_end(Result<Statement>& statement) {
    auto ran = run_counted(statement);
    return ran ? Status{} : Status{failure(ran.error())};
}

Result<std::int64_t> run_counted(Result<Statement>& statement) {
    if (!statement) {
        return failure(statement.error());
    }
    return statement->run();
}

bool is_good_access_name(std::string_view name) {
    constexpr std::string_view others = "-_.@+";
    return !name.empty() && name.size() <= longest_access_name &&
           std::ranges::all_of(name, [&](unsigned char c) {
               return std::isalnum(c) != 0 ||
                      others.find(static_cast<char>(c)) != std::string_view::npos;
           });
}

std::string sites_text(const std::vector<std::string>& sites) {
    json::array names;
    for (const std::string& site : sites) {
        names.emplace_back(json::string_view(site.data(), site.size()));
    }
    return json::serialize(names);
}

Result<std::vector<std::string>> sites_from(std::string_view text) {
    boost::system::error_code problem;
    const json::value value = json::parse(json::string_view(text.data(), text.size()), problem);
    std::vector<std::string> sites;
    bool good = !problem && value.is_array();
    for (std::size_t i = 0; good && i < value.get_array().size(); ++i) {
        const json::value& site = value.get_array()[i];
        good = site.is_string();
        if (good) {
            sites.emplace_back(site.get_string());
        }
    }
    if (!good) {
        return failure(ErrorKind::corrupt, "a list of sites is not readable", "access.db");
    }
    return sites;
}

std::optional<WallTime> time_or_nothing(const Statement& row, int column) {
    return row.is_null(column) ? std::nullopt : std::optional(wall_from_ns(row.integer(column)));
}

void bind_time(Statement& statement, int position, const std::optional<WallTime>& time) {
    if (time) {
        statement.bind(position, to_ns(*time));
    } else {
        statement.bind_null(position);
    }
}

Error revoked_name(const std::string& name) {
    return {
        ErrorKind::conflict,
        "the agent \"" + name +
            "\" has been revoked, and its name is not given again; choose another"
    };
}

}  // namespace muster::collector
