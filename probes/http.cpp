// Owns: what the http probe is. Leaves to http_run.cpp: how it is done, in the worker.
#include "probes/probe_type.hpp"

namespace muster::probes {

namespace {

using config::ParamKind;
using config::ParamSpec;

constexpr ParamSpec params[] = {
    {.name = "url",
     .kind = ParamKind::url,
     .default_text = "",
     .required = true,
     .summary = "What to ask for; http or https. The host is resolved by the agent."},
    {.name = "method",
     .kind = ParamKind::choice,
     .default_text = "get",
     .choices = "get|head|post|put|options",
     .summary = "The request method."},
    {.name = "headers",
     .kind = ParamKind::text_map,
     .default_text = "",
     .summary = "Request headers to add or replace."},
    {.name = "body",
     .kind = ParamKind::text,
     .default_text = "",
     .summary = "The request body, for post and put."},
    {.name = "expect.status",
     .kind = ParamKind::integer_list,
     .default_text = "",
     .least = 100,
     .most = 599,
     .summary = "Status codes that are well; without it 200 to 299."},
    {.name = "expect.body",
     .kind = ParamKind::regex,
     .default_text = "",
     .summary = "A regular expression (RE2) the first 1 MiB of the answer's body must contain."},
    {.name = "tls.verify",
     .kind = ParamKind::boolean,
     .default_text = "true",
     .summary =
         "Whether the certificate must be valid for the host and signed by a known authority."},
    {.name = "tls.ca",
     .kind = ParamKind::secret,
     .default_text = "",
     .summary = "Certificates (PEM) of the authority to trust in place of the system's."},
    {.name = "redirects",
     .kind = ParamKind::integer,
     .default_text = "0",
     .least = 0,
     .most = 5,
     .summary = "How many redirects to follow; at 0 a redirect is itself the answer."},
    {.name = "ip",
     .kind = ParamKind::choice,
     .default_text = "any",
     .choices = "any|4|6",
     .summary = "Which IP version to use where the host has both."},
};

constexpr MetricSpec metrics[] = {
    {"total", "ms", 3, "From the first lookup to the last byte."},
    {"dns", "ms", 3, "Resolving the name; 0 for an address or a cached name."},
    {"connect", "ms", 3, "The TCP handshake."},
    {"tls", "ms", 3, "The TLS handshake; not measured for http."},
    {"first_byte", "ms", 3, "From the request sent to the first byte of the answer."},
    {"status", "count", 0, "The status code."},
    {"size", "bytes", 0, "Bytes of the body received."},
    {"certificate_days",
     "days",
     0,
     "Whole days the server's certificate is still valid; negative when expired."},
};

}  // namespace

extern constinit const ProbeType http_probe;
constinit const ProbeType http_probe = {
    .name = "http",
    .summary = "Asks an HTTP or HTTPS server and checks status, body and certificate.",
    .params = params,
    .metrics = metrics,
    .runs_in = RunsIn::worker,
    .run = nullptr,
};

}  // namespace muster::probes
