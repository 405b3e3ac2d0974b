#include "collector/api/problem.hpp"

#include "base/bytes.hpp"
#include "base/log.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <span>
#include <string>

namespace muster::collector {

namespace {

/// A body of a megabyte can hold a hundred thousand; nobody reads more.
constexpr std::size_t most_flaws = 100;

int status_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::invalid:
            return 400;
        case ErrorKind::refused:
            return 403;
        case ErrorKind::not_found:
            return 404;
        case ErrorKind::conflict:
            return 409;
        case ErrorKind::timeout:
        case ErrorKind::unavailable:
        case ErrorKind::full:
        case ErrorKind::closed:
            return 503;
        case ErrorKind::corrupt:
        case ErrorKind::io:
        case ErrorKind::internal:
            return 500;
    }
    return 500;
}

}  // namespace

std::string_view status_title(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 422:
            return "Unprocessable Content";
        case 415:
            return "Unsupported Media Type";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 503:
            return "Service Unavailable";
        default:
            return "";
    }
}

HttpResponse problem(int status, std::string_view detail, const std::vector<Flaw>& flaws) {
    boost::json::object body;
    body["type"] = "about:blank";
    body["title"] = status_title(status);
    body["status"] = status;
    body["detail"] = printable(detail);
    if (!flaws.empty()) {
        boost::json::array errors;
        for (const Flaw& flaw : std::span(flaws).first(std::min(flaws.size(), most_flaws))) {
            errors.push_back(boost::json::object{
                {"pointer", printable(flaw.pointer)}, {"detail", printable(flaw.detail)}
            });
        }
        if (flaws.size() > most_flaws) {
            const std::string rest = "and " + std::to_string(flaws.size() - most_flaws) + " more";
            errors.push_back(boost::json::object{{"pointer", ""}, {"detail", rest}});
        }
        body["errors"] = std::move(errors);
    }
    HttpResponse response;
    response.status = status;
    response.content_type = problem_content_type;
    response.body = boost::json::serialize(body);
    return response;
}

HttpResponse problem_of(const Error& error) {
    const int status = status_of(error.kind());
    if (status == 500) {
        log(LogLevel::error, "api.failed", {{"why", error.text()}});
        return problem(status, "the collector could not read or write its data; see its log");
    }
    HttpResponse response = problem(status, error.text());
    if (status == 503) {
        response.headers.emplace_back("Retry-After", "1");
    }
    return response;
}

}  // namespace muster::collector
