#include "probes/runner.hpp"

#include "base/expect.hpp"
#include "probes/http_url.hpp"
#include "probes/params.hpp"
#include "probes/resolver.hpp"
#include "probes/services.hpp"
#include "probes/worker_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace muster::probes {

namespace {

bool is_ip6(const std::string& address) {
    return address.find(':') != std::string::npos;
}

/// Only the wanted IP version, in order.
std::vector<std::string> of_version(
    std::vector<std::string> addresses, const std::string& version
) {
    if (version == "4") {
        std::erase_if(addresses, [](const std::string& address) { return is_ip6(address); });
    } else if (version == "6") {
        std::erase_if(addresses, [](const std::string& address) { return !is_ip6(address); });
    }
    return addresses;
}

/// The next request of a redirect: another origin gets none of our headers.
Status turn_to(ProbeRequest& request, const std::string& redirect) {
    const auto before = parse_http_origin(param_text(request.params, "url"));
    const auto after = parse_http_origin(redirect);
    if (!after) {
        return failure(after.error());
    }
    if (!before || !(*before == *after)) {
        request.params["headers"].clear();
    }
    request.params["url"] = redirect;
    request.params["redirects"] = fmt::format("{}", param_integer(request.params, "redirects") - 1);
    request.host = after->host;
    return {};
}

/// Times of hops add up; `total` and `dns` are the first two values of the http probe.
void add_hop(Outcome& outcome, const std::vector<std::int64_t>& before) {
    for (std::size_t i = 0; i < 2 && i < before.size() && i < outcome.values.size(); ++i) {
        if (outcome.values[i] != wire::absent_value && before[i] != wire::absent_value) {
            outcome.values[i] += before[i];
        }
    }
}

}  // namespace

struct Runner::Impl {
    Impl(asio::io_context& loop, Random& random, RunnerOptions with)
        : options(std::move(with)),
          resolver(loop, ResolverOptions{}),
          icmp(loop, random),
          services{.icmp = icmp},
          pool(
              loop, WorkerPoolOptions{.program = options.worker_program, .workers = options.workers}
          ) {}

    Task<std::optional<Outcome>> find_addresses(
        const ProbeType* type, ProbeRequest* request, Deadline deadline
    );
    Task<Outcome> run_in_worker(const ProbeType* type, ProbeRequest request, Deadline deadline);

    RunnerOptions options;
    Resolver resolver;
    IcmpEngine icmp;
    ProbeServices services;
    WorkerPool pool;
    std::uint64_t runs = 0;
};

/// Fills in the request's addresses; an outcome where there is none to use. `request` lives in the caller's frame.
Task<std::optional<Outcome>> Runner::Impl::find_addresses(
    const ProbeType* type, ProbeRequest* request, Deadline deadline
) {
    const auto give_up = [type](std::string reason, std::string expected, std::string seen) {
        return unmeasured(
            *type,
            wire::ResultState::unknown,
            std::move(reason),
            std::move(expected),
            std::move(seen)
        );
    };
    auto resolved = co_await resolver.resolve(request->host, deadline);
    if (!resolved) {
        co_return give_up("resolve", "an address of " + request->host, resolved.error().text());
    }
    const std::string version = param_text(request->params, "ip");
    request->addresses = of_version(std::move(resolved->addresses), version);
    request->resolve_time += resolved->took;
    if (request->addresses.empty()) {
        co_return give_up(
            "resolve",
            fmt::format("an IPv{} address of {}", version, request->host),
            "none of that version"
        );
    }
    if (options.denied) {
        const std::string first = request->addresses.front();
        std::erase_if(request->addresses, options.denied);
        if (request->addresses.empty()) {
            co_return give_up("denied", "an address this agent may probe", first);
        }
    }
    co_return std::nullopt;
}

Task<Outcome> Runner::Impl::run_in_worker(
    const ProbeType* type, ProbeRequest request, Deadline deadline
) {
    auto answer = co_await pool.run(type, request, deadline);
    while (!answer.redirect.empty() && param_integer(request.params, "redirects") > 0) {
        const auto turned = turn_to(request, answer.redirect);
        if (!turned) {
            Outcome outcome = std::move(answer.outcome);
            outcome.state = wire::ResultState::critical;
            outcome.reason = "redirect";
            outcome.seen = turned.error().text();
            co_return outcome;
        }
        request.resolve_time = Duration{};
        auto nowhere = co_await find_addresses(type, &request, deadline);
        if (nowhere) {
            co_return std::move(*nowhere);
        }
        const auto before = answer.outcome.values;
        answer = co_await pool.run(type, request, deadline);
        add_hop(answer.outcome, before);
    }
    co_return std::move(answer.outcome);
}

Runner::Runner(asio::io_context& loop, Random& random, RunnerOptions options)
    : impl_(std::make_unique<Impl>(loop, random, std::move(options))) {}

Runner::~Runner() = default;

Status Runner::prepare() {
    return impl_->icmp.open();
}

Task<Outcome> Runner::run(
    std::string type, std::string host, config::Params params, Secrets secrets, Duration timeout
) {
    Impl* impl = impl_.get();
    ++impl->runs;
    const Deadline deadline = Deadline::in(timeout);
    const ProbeType* found = find_probe_type(type);
    if (found == nullptr) {
        Outcome outcome;
        outcome.reason = "configuration";
        outcome.expected = "a probe type this agent knows";
        outcome.seen = type;
        co_return outcome;
    }
    auto valid = config::validate_params(found->params, params);
    if (!valid) {
        co_return unmeasured(
            *found,
            wire::ResultState::unknown,
            "configuration",
            "valid options",
            valid.error().text()
        );
    }
    ProbeRequest request;
    request.host = std::move(host);
    request.params = std::move(*valid);
    request.secrets = std::move(secrets);
    request.timeout = timeout;
    if (request.host.empty()) {
        const auto origin = parse_http_origin(param_text(request.params, "url"));
        if (!origin) {
            co_return unmeasured(
                *found, wire::ResultState::unknown, "configuration", "a host", origin.error().text()
            );
        }
        request.host = origin->host;
    }
    auto nowhere = co_await impl->find_addresses(found, &request, deadline);
    if (nowhere) {
        co_return std::move(*nowhere);
    }
    if (found->runs_in == RunsIn::worker) {
        co_return co_await impl->run_in_worker(found, std::move(request), deadline);
    }
    expect(found->run != nullptr, "an in-process probe type has a run");
    co_return co_await found->run(&impl->services, std::move(request), deadline);
}

void Runner::stop() {
    impl_->pool.stop();
}

RunnerCounters Runner::counters() const {
    const WorkerPoolCounters workers = impl_->pool.counters();
    return {
        .runs = impl_->runs,
        .workers_started = workers.started,
        .workers_died = workers.died,
        .targets_set_aside = workers.set_aside,
    };
}

std::vector<int> Runner::workers() const {
    return impl_->pool.processes();
}

}  // namespace muster::probes
