#include "ctl/api_client.hpp"

#include "base/bytes.hpp"
#include "base/task.hpp"
#include "wire/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <vector>

namespace muster::ctl {

namespace {

constexpr std::size_t page_size = 200;
constexpr int not_ready = 503;

constexpr const char* untold_authority =
    "copy the collector's <data_dir>/ca/ca.crt here (it is no secret) and give it: muster login "
    "--ca-file FILE";
constexpr const char* other_authority =
    "the --ca-file (or the one login kept) is another collector's: take <data_dir>/ca/ca.crt of "
    "this one and give it: muster login --ca-file FILE";

bool is_this_machine(const std::string& host) {
    return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

ErrorKind kind_of(int status) {
    switch (status) {
        case 401:
        case 403:
            return ErrorKind::refused;
        case 404:
            return ErrorKind::not_found;
        case 409:
        case 412:
            return ErrorKind::conflict;
        default:
            return status >= 500 ? ErrorKind::unavailable : ErrorKind::invalid;
    }
}

/// Runs one call to its end on a loop of its own.
Result<wire::HttpAnswer> perform(wire::HttpCall call, Duration patience) {
    asio::io_context loop(1);
    std::optional<Result<wire::HttpAnswer>> answer;
    asio::co_spawn(
        loop,
        wire::http_call(loop, std::move(call), Deadline::in(patience)),
        [&answer](const std::exception_ptr& problem, Result<wire::HttpAnswer> got) {
            if (problem) {
                std::rethrow_exception(problem);
            }
            answer.emplace(std::move(got));
        }
    );
    loop.run();
    if (!answer) {
        return failure(ErrorKind::internal, "the call ended without an answer");
    }
    return std::move(*answer);
}

std::string with_query(std::string path, const QueryFields& query) {
    char separator = '?';
    for (const auto& [name, value] : query) {
        path += fmt::format("{}{}={}", separator, percent_encoded(name), percent_encoded(value));
        separator = '&';
    }
    return path;
}

/// Where in the person's file the member of a pointer is, or what it is missing in; empty where nothing is known of it.
std::string position_of(std::string pointer, const GivenNames& given) {
    pointer = pointer.empty() ? "/" : pointer;  // the object itself
    while (pointer.starts_with('/')) {
        if (const auto found = given.find(pointer); found != given.end()) {
            return found->second;
        }
        pointer.resize(std::max<std::size_t>(pointer.rfind('/'), pointer.size() > 1 ? 1 : 0));
    }
    return {};
}

/// "/ttl" → "ttl", as the option is called; what lies deeper keeps its pointer: "/files/0/name".
std::string place_of(const json::value& flaw) {
    const std::string pointer = text_of(flaw, "pointer");
    if (pointer == "?q") {
        return "--filter";
    }
    return pointer.size() > 1 && pointer.find('/', 1) == std::string::npos ? pointer.substr(1)
                                                                           : pointer;
}

}  // namespace

std::string percent_encoded(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                                c == '~';
        encoded +=
            unreserved
                ? std::string(1, c)
                : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    return encoded;
}

std::string flaw_text(const json::value& flaw, const GivenNames& given) {
    std::string detail = text_of(flaw, "detail");
    const std::string pointer = text_of(flaw, "pointer");
    if (const std::string position = position_of(pointer, given); !position.empty()) {
        const std::string member = pointer.substr(pointer.rfind('/') + 1);
        return printable(
            fmt::format("{}: {}{}{}", position, member, member.empty() ? "" : ": ", detail)
        );
    }
    bool is_placed = false;
    for (const auto& [name, path] : given) {
        if (name.starts_with('/')) {
            continue;
        }
        const std::string before = name + ":";
        is_placed = is_placed || detail.starts_with(before);
        for (std::size_t at = 0; (at = detail.find(before, at)) != std::string::npos;) {
            detail.replace(at, name.size(), path);
            at += path.size();
        }
    }
    const std::string place = place_of(flaw);
    return printable(is_placed || place.empty() ? detail : place + ": " + detail);
}

Error problem_error(int status, std::string_view body, const GivenNames& given) {
    boost::system::error_code wrong;
    const json::value problem = json::parse(json::string_view(body.data(), body.size()), wrong);
    std::string text = wrong ? std::string() : text_of(problem, "detail");
    if (text.empty()) {
        text = wrong ? std::string() : text_of(problem, "title");
    }
    if (text.empty()) {
        text = fmt::format("the server answered {}", status);
    }
    text = printable(text);
    const bool is_general = text == "the request body is not what was expected" ||
                            text == "the query is not what was expected";
    std::string flaws;
    const json::array* errors = wrong ? nullptr : member_of(problem, "errors").if_array();
    for (const json::value& error : errors != nullptr ? *errors : json::array()) {
        const bool is_said = text.find(printable(text_of(error, "detail"))) != std::string::npos;
        flaws += is_said ? "" : "\n  " + flaw_text(error, given);
    }
    // What is wrong says more than that something is.
    if (is_general && errors != nullptr && errors->size() == 1 && !flaws.empty()) {
        return {kind_of(status), flaws.substr(flaws.find_first_not_of("\n "))};
    }
    return {kind_of(status), text + flaws};
}

namespace {

/// Who signs in with a password has no token to give another of.
Error refusal_of(const wire::HttpAnswer& answer, bool has_token, const GivenNames& given = {}) {
    const Error error = problem_error(answer.status, answer.body, given);
    return answer.status == 401 && has_token
               ? Error(
                     error.kind(),
                     error.what() + "; give another token with --token-file or muster login"
                 )
               : error;
}

}  // namespace

Result<ApiClient> ApiClient::open(std::string server, Secret token, std::string ca_pem) {
    while (server.ends_with('/')) {
        server.pop_back();
    }
    const Result<wire::UrlParts> parts = wire::parse_url(server);
    if (!parts) {
        return failure(parts.error(), "server");
    }
    if (parts->scheme != "https" && !is_this_machine(parts->host)) {
        return failure(
            ErrorKind::invalid,
            "expected https:// (over http anybody on the way could read the token)",
            server
        );
    }
    return ApiClient(std::move(server), std::move(token), std::move(ca_pem));
}

ApiClient::ApiClient(std::string server, Secret token, std::string ca_pem)
    : server_(std::move(server)), token_(std::move(token)), ca_pem_(std::move(ca_pem)) {}

wire::HttpCall ApiClient::request_of(std::string method, const std::string& target) const {
    wire::HttpCall request;
    request.method = std::move(method);
    request.url = server_ + "/api/v1" + target;
    request.headers["Accept"] = "application/json";
    if (!token_.empty()) {
        request.headers["Authorization"] = "Bearer " + std::string(token_.reveal());
    }
    if (!cookie_.empty()) {
        request.headers["Cookie"] = std::string(cookie_.reveal());
        request.headers["Origin"] = server_;
    }
    if (request.method != "GET") {
        request.headers["Content-Type"] = "application/json";
    }
    request.trust.ca_pem = ca_pem_;
    request.trust.remedy = ca_pem_.empty() ? untold_authority : other_authority;
    return request;
}

Result<wire::HttpAnswer> ApiClient::exchange(
    std::string method, const std::string& target, std::string body, const GivenNames& given
) const {
    wire::HttpCall request = request_of(std::move(method), target);
    request.body = std::move(body);
    Result<wire::HttpAnswer> answer = perform(std::move(request), patience_);
    if (!answer) {
        return failure(answer.error(), server_);
    }
    if (answer->status >= 400) {
        return tl::unexpected(refusal_of(*answer, !token_.empty(), given));
    }
    return answer;
}

Result<json::value> ApiClient::call(
    std::string method, const std::string& target, std::string body, const GivenNames& given
) const {
    const Result<wire::HttpAnswer> answer =
        exchange(std::move(method), target, std::move(body), given);
    if (!answer) {
        return failure(answer.error());
    }
    return read(*answer);
}

Result<json::value> ApiClient::read(const wire::HttpAnswer& answer) const {
    boost::system::error_code wrong;
    json::value value = json::parse(answer.body, wrong);
    if (wrong || answer.status < 200 || answer.status >= 300) {
        return failure(
            ErrorKind::corrupt,
            fmt::format("the answer (status {}) is not from a Muster collector", answer.status),
            server_
        );
    }
    return value;
}

Status ApiClient::follow(
    const std::string& path,
    const QueryFields& query,
    const std::string& after,
    std::function<bool(std::string_view piece)> take
) const {
    wire::HttpCall request = request_of("GET", with_query(path, query));
    request.headers["Accept"] = "text/event-stream";
    if (!after.empty()) {
        request.headers["Last-Event-ID"] = after;
    }
    request.on_body = std::move(take);
    const Result<wire::HttpAnswer> answer = perform(std::move(request), patience_);
    if (!answer) {
        return failure(answer.error(), server_);
    }
    if (answer->status >= 400) {
        return tl::unexpected(refusal_of(*answer, !token_.empty()));
    }
    return {};
}

void ApiClient::pause(Duration duration) {
    asio::io_context loop(1);
    asio::co_spawn(loop, sleep_for(duration), [](const std::exception_ptr&, bool) {});
    loop.run();
}

Status ApiClient::sign_in(const std::string& name, const Secret& password) {
    const json::object body{
        {"name", name},
        {"password", json::string_view(password.reveal().data(), password.reveal().size())}
    };
    const Result<wire::HttpAnswer> answer = exchange("POST", "/session", json::serialize(body));
    if (!answer) {
        return failure(answer.error());
    }
    const auto cookie = answer->headers.find("set-cookie");
    if (cookie == answer->headers.end()) {
        return failure(ErrorKind::corrupt, "the collector gave no session", server_);
    }
    cookie_ = Secret(cookie->second.substr(0, cookie->second.find(';')));
    return {};
}

Status ApiClient::sign_out() {
    const Result<json::value> ended = call("DELETE", "/session", "");
    cookie_ = Secret();
    return ended ? Status{} : Status{failure(ended.error())};
}

Result<json::value> ApiClient::get(const std::string& path, const QueryFields& query) const {
    return call("GET", with_query(path, query), "");
}

Result<json::value> ApiClient::post(
    const std::string& path, const json::object& body, const GivenNames& given
) const {
    return call("POST", path, json::serialize(body), given);
}

Result<json::value> ApiClient::put(
    const std::string& path, const json::object& body, const GivenNames& given
) const {
    return call("PUT", path, json::serialize(body), given);
}

Result<json::value> ApiClient::patch(const std::string& path, const json::object& body) const {
    return call("PATCH", path, json::serialize(body));
}

Result<json::value> ApiClient::remove(const std::string& path) const {
    return call("DELETE", path, "");
}

Result<json::value> ApiClient::readiness() const {
    wire::HttpCall request = request_of("GET", "");
    request.url = server_ + "/readyz?strict=1";
    Result<wire::HttpAnswer> answer = perform(std::move(request), patience_);
    if (!answer) {
        return failure(answer.error(), server_);
    }
    if (answer->status == not_ready) {
        answer->status = 200;  // an answer as well: it says what is not ready
    }
    return read(*answer);
}

Result<json::array> ApiClient::next_page(const std::string& path, QueryFields& query) const {
    const Result<json::value> page = get(path, query);
    if (!page) {
        return failure(page.error());
    }
    const json::array* items = member_of(*page, "items").if_array();
    if (items == nullptr) {
        return failure(ErrorKind::corrupt, "the answer is not a list", server_);
    }
    query.erase("cursor");
    if (std::string cursor = text_of(*page, "next_cursor"); !cursor.empty()) {
        query["cursor"] = std::move(cursor);
    }
    return *items;
}

Result<Listing> ApiClient::list(
    const std::string& path, QueryFields query, const ListSelection& select
) const {
    if (!select.filter.empty()) {
        query["q"] = select.filter;
    }
    if (!select.sort.empty()) {
        query["sort"] = select.sort;
    }
    Listing found;
    json::array& all = found.items;
    do {
        const std::size_t missing = select.limit - all.size();
        query["limit"] = std::to_string(std::clamp<std::size_t>(missing, 1, page_size));
        const Result<json::array> page = next_page(path, query);
        if (!page) {
            return failure(page.error());
        }
        // With a filter, a page may be empty and yet have a next one: only an item more is more.
        found.has_more = missing == 0 && !page->empty();
        if (missing > 0) {
            all.insert(all.end(), page->begin(), page->end());
        }
    } while (query.contains("cursor") && !found.has_more);
    return found;
}

}  // namespace muster::ctl
