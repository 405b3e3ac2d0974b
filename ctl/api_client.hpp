// Owns: calls to the collector's API and its problem documents as sentences. Leaves to wire/http_client: the transport.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"
#include "ctl/output.hpp"
#include "wire/http_client.hpp"

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>

namespace muster::ctl {

/// Name → value; encoded when the request is made.
using QueryFields = std::map<std::string, std::string>;

/// "applied/web.yaml" → "watch/web.yaml"; of one object "/probes/0/url" → "web.yaml:4:7", "/" → where it begins.
using GivenNames = std::map<std::string, std::string>;

/// The limit of whoever wants a whole list.
inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

/// Which items of a list; empty texts ask for nothing.
struct ListSelection {
    std::size_t limit = 100;
    std::string filter;  ///< in the query language
    std::string sort;    ///< "name", "-created"
};

/// The items that were asked for.
struct Listing {
    json::array items;
    bool has_more = false;  ///< the list goes on behind the limit
};

/// One collector, one person. Every call blocks on a loop of its own, 30 s at most where no other patience is asked for.
class ApiClient {
  public:
    /// `server` is "https://host:8443"; `invalid` for plain http to anything but this machine, where the token could be read on
    /// the way. `ca_pem` empty: the system's authorities.
    static Result<ApiClient> open(std::string server, Secret token, std::string ca_pem);

    /// For calls that the collector answers late, because it waits for somebody else.
    void be_patient(Duration patience) { patience_ = patience; }

    /// As it was opened.
    const std::string& server() const { return server_; }

    /// `path` is below /api/v1 and already encoded. Errors are sentences a person can act on; `not_found` for 404, `refused`
    /// for 401 and 403, `conflict` for 409 and 412, `invalid` for other 4xx, `unavailable` for 5xx.
    Result<json::value> get(const std::string& path, const QueryFields& query = {}) const;
    /// `given`: what problems call a file → what the person calls it.
    Result<json::value> post(
        const std::string& path, const json::object& body, const GivenNames& given = {}
    ) const;
    Result<json::value> put(
        const std::string& path, const json::object& body, const GivenNames& given = {}
    ) const;
    Result<json::value> patch(const std::string& path, const json::object& body) const;
    Result<json::value> remove(const std::string& path) const;
    /// What the collector says of itself: {ready, checks}, with what counts only where somebody must be told.
    Result<json::value> readiness() const;
    /// From here on as this person, by a session instead of a token, until `sign_out`.
    Status sign_in(const std::string& name, const Secret& password);
    Status sign_out();
    /// All `items` of a list that `select` wants, page by page.
    Result<Listing> list(const std::string& path, QueryFields query, const ListSelection& select)
        const;

    /// A stream of server-sent events, piece by piece until the server ends it or `take` answers false. `after`: the id of the
    /// last event seen, or empty.
    Status follow(
        const std::string& path,
        const QueryFields& query,
        const std::string& after,
        std::function<bool(std::string_view piece)> take
    ) const;
    /// Waits before something is tried again.
    static void pause(Duration duration);

  private:
    ApiClient(std::string server, Secret token, std::string ca_pem);
    /// Calls and judges the answer: a problem document becomes an error.
    Result<wire::HttpAnswer> exchange(
        std::string method,
        const std::string& target,
        std::string body,
        const GivenNames& given = {}
    ) const;
    /// The body as JSON; `corrupt` where it is none, or the answer is no success.
    Result<json::value> read(const wire::HttpAnswer& answer) const;
    /// With all that proves who asks.
    wire::HttpCall request_of(std::string method, const std::string& target) const;
    /// The `items` of the page that `query` asks for; its `cursor` becomes that of the next page, or goes.
    Result<json::array> next_page(const std::string& path, QueryFields& query) const;
    Result<json::value> call(
        std::string method,
        const std::string& target,
        std::string body,
        const GivenNames& given = {}
    ) const;

    std::string server_;
    Secret token_;
    Secret cookie_;  // of a session, as it is sent
    std::string ca_pem_;
    Duration patience_ = std::chrono::seconds(30);
};

/// RFC 3986: everything but unreserved characters as %XX.
std::string percent_encoded(std::string_view text);

/// What an answer of 400 or more says: the problem's detail and each of its errors, or the status where it is no problem document.
Error problem_error(int status, std::string_view body, const GivenNames& given = {});

/// A flaw or warning of a problem document, on one line. Where it is about a file that was given, the line begins with the file.
std::string flaw_text(const json::value& flaw, const GivenNames& given);

}  // namespace muster::ctl
