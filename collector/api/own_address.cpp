#include "collector/api/own_address.hpp"

#include "wire/http_client.hpp"

namespace muster::collector {

namespace {

std::string https(const std::string& host, std::uint16_t port) {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return "https://" + (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

std::string why_out_of_reach(const std::string& people, const std::string& agents) {
    const auto is_near = [](const std::string& endpoint) {
        std::string host = endpoint.substr(0, endpoint.rfind(':'));
        if (host.starts_with('[') && host.ends_with(']')) {
            host = host.substr(1, host.size() - 2);
        }
        return is_loopback(host);
    };
    if (!is_near(people) && !is_near(agents)) {
        return {};
    }
    return "no other machine can reach this collector: it listens on " +
           (is_near(people) && is_near(agents) ? people + " and " + agents + " alone"
            : is_near(people)                  ? people + " alone for people and enrolment"
                                               : agents + " alone for agents") +
           " (listen: in collector.yaml; then restart it)";
}

std::string address_for_others(const ApiContext& context, const HttpRequest& request) {
    if (!context.self.names.empty()) {
        return https(context.self.names.front(), context.self.people_port);
    }
    if (const auto called = request.headers.find("host"); called != request.headers.end()) {
        const auto parts = wire::parse_url("https://" + called->second);
        if (parts && parts->target == "/" && !is_loopback(parts->host)) {
            return https(parts->host, parts->port);
        }
    }
    return https(context.self.host_name, context.self.people_port);
}

}  // namespace muster::collector
