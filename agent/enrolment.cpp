#include "agent/enrolment.hpp"

#include "agent/uplink.hpp"
#include "base/bytes.hpp"
#include "wire/certificates.hpp"
#include "wire/http_client.hpp"
#include "wire/recovery.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace muster::agent {

namespace {

constexpr std::string_view alpn = "muster-enrol/1";
constexpr std::string_view enrol_path = "/api/v1/enrol";
constexpr std::string_view recover_path = "/api/v1/recover";
constexpr std::size_t longest_answer = 64u << 10;
constexpr std::uint16_t link_port = 8444;
constexpr std::size_t pin_digits = 64;

std::string text_of(const boost::json::value& json, std::string_view name) {
    const boost::json::value* value =
        json.is_object() ? json.get_object().if_contains(name) : nullptr;
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

/// A problem (RFC 9457) says it in `detail`; anything else is named by its status.
Failure refusal(const wire::HttpAnswer& answer) {
    boost::system::error_code problem;
    const boost::json::value json = boost::json::parse(answer.body, problem);
    std::string why = problem ? "" : text_of(json, "detail");
    why = why.empty() && !problem ? text_of(json, "title") : why;
    why = why.empty() ? "HTTP " + std::to_string(answer.status) : printable(why);
    return failure(ErrorKind::refused, "the collector refuses: " + why);
}

/// Where agents connect on the host they enrolled with.
std::int64_t link_port_of(const boost::json::value& answer) {
    const boost::json::value* port = answer.as_object().if_contains("link_port");
    const bool is_port = port != nullptr && port->is_int64() && port->get_int64() > 0 &&
                         port->get_int64() <= std::numeric_limits<std::uint16_t>::max();
    return is_port ? port->get_int64() : link_port;
}

Result<Identity> read_answer(
    const wire::HttpAnswer& answer, const std::string& key_pem, const std::string& collector_host
) {
    boost::system::error_code problem;
    const boost::json::value json = boost::json::parse(answer.body, problem);
    const auto id = Uuid::parse(problem ? "" : text_of(json, "agent_id"));
    Identity out;
    out.tls.private_key_pem = key_pem;
    out.tls.certificate_chain_pem = problem ? "" : text_of(json, "certificate_pem");
    out.tls.ca_pem = problem ? "" : text_of(json, "ca_pem");
    if (!id || out.tls.certificate_chain_pem.empty() || out.tls.ca_pem.empty()) {
        return failure(ErrorKind::corrupt, "the collector's answer is not an enrolment");
    }
    const auto certificate = wire::read_certificate(out.tls.certificate_chain_pem);
    if (!certificate) {
        return failure(certificate.error(), "the certificate in the answer");
    }
    if (certificate->agent != AgentId(*id)) {
        return failure(ErrorKind::corrupt, "the certificate in the answer is another agent's");
    }
    out.agent = AgentId(*id);
    out.name = text_of(json, "name");
    out.site = text_of(json, "site");
    const bool is_v6 = collector_host.find(':') != std::string::npos;
    out.link = (is_v6 ? "[" + collector_host + "]" : collector_host) + ":" +
               std::to_string(link_port_of(json));
    return out;
}

std::string without_slash(std::string url) {
    while (url.ends_with('/')) {
        url.pop_back();
    }
    return url;
}

/// To the enrolment door alone.
wire::HttpCall call_to(
    const std::string& base, std::string_view path, const boost::json::object& body
) {
    wire::HttpCall call;
    call.method = "POST";
    call.url = base + std::string(path);
    call.headers["Content-Type"] = "application/json";
    call.body = boost::json::serialize(body);
    call.trust.alpn = alpn;
    call.body_limit = longest_answer;
    return call;
}

}  // namespace

Result<std::string> pin_of_token(std::string_view token) {
    // "jt1.3f2c….kq0Z….5d41402abc4b2a76b9719d911017c592…"
    std::array<std::string_view, 4> parts;
    std::string_view rest = token;
    for (std::size_t at = 0; at + 1 < parts.size(); ++at) {
        const std::size_t dot = std::min(rest.find('.'), rest.size());
        parts[at] = rest.substr(0, dot);
        rest.remove_prefix(std::min(dot + 1, rest.size()));
    }
    parts[3] = rest;
    const std::string_view pin = parts[3];
    const bool is_hex = std::ranges::all_of(pin, [](char digit) {
        return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
    });
    if (parts[0] != "jt1" || pin.size() != pin_digits || !is_hex) {
        return failure(
            ErrorKind::invalid,
            "not a join token: expected jt1.<id>.<secret>.<pin>, as `muster token create --agent` "
            "prints it"
        );
    }
    return std::string(pin);
}

Task<Result<Identity>> enrol(asio::io_context& loop, EnrolmentRequest request, Deadline deadline) {
    const auto pin = pin_of_token(request.token.reveal());
    if (!pin) {
        co_return failure(pin.error());
    }
    const std::string base = without_slash(request.collector_url);
    const auto url = wire::parse_url(base);
    if (!url || url->scheme != "https") {
        co_return failure(
            ErrorKind::invalid, "expected https://HOST:8443", "--collector " + request.collector_url
        );
    }
    const auto own = wire::make_request(request.hostname.empty() ? "agent" : request.hostname);
    if (!own) {
        co_return failure(own.error());
    }
    boost::json::object body;
    body["token"] = request.token.reveal();
    body["request_pem"] = own->request_pem;
    body["facts"] =
        boost::json::object{{"hostname", request.hostname}, {"version", request.version}};
    if (!request.name.empty()) {
        body["name"] = request.name;
    }
    wire::HttpCall call = call_to(base, enrol_path, body);
    call.trust.spki_pin = *pin;
    const auto answer = co_await wire::http_call(loop, std::move(call), deadline);
    if (!answer) {
        co_return failure(answer.error());
    }
    if (answer->status < 200 || answer->status > 299) {
        co_return refusal(*answer);
    }
    Result<Identity> identity = read_answer(*answer, own->key_pem, url->host);
    if (identity) {
        identity->people_port = url->port;
    }
    co_return identity;
}

Task<Result<std::string>> recover(
    asio::io_context& loop,
    std::string collector_url,
    wire::TlsIdentity old,
    std::string request_pem,
    Deadline deadline
) {
    const wire::KeyAndCertificate pair{
        .key_pem = old.private_key_pem, .certificate_pem = old.certificate_chain_pem
    };
    const auto proof = wire::prove_recovery(pair, request_pem);
    if (!proof) {
        co_return failure(proof.error());
    }
    const boost::json::object body{
        {"certificate_pem", proof->certificate_pem},
        {"request_pem", proof->request_pem},
        {"signature", to_base64url(proof->signature)}
    };
    wire::HttpCall call = call_to(without_slash(std::move(collector_url)), recover_path, body);
    call.trust.ca_pem = old.ca_pem;
    const auto answer = co_await wire::http_call(loop, std::move(call), deadline);
    if (!answer) {
        co_return failure(answer.error());
    }
    if (answer->status < 200 || answer->status > 299) {
        co_return refusal(*answer);
    }
    boost::system::error_code problem;
    const boost::json::value json = boost::json::parse(answer->body, problem);
    std::string certificate = problem ? "" : text_of(json, "certificate_pem");
    if (certificate.empty()) {
        co_return failure(ErrorKind::corrupt, "the collector's answer has no certificate");
    }
    co_return certificate;
}

}  // namespace muster::agent
