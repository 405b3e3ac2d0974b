#include "probes/snmp_engine.hpp"

#include "base/crypto.hpp"
#include "probes/params.hpp"
#include "probes/snmp_keys_run.hpp"
#include "probes/snmp_reply.hpp"
#include "probes/snmp_run.hpp"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>

namespace muster::probes {

extern constinit const ProbeType snmp_probe;

namespace {

constexpr std::size_t most_engines = 100'000;
constexpr std::size_t most_users = 10'000;
constexpr std::size_t most_keys = 10'000;

std::string endpoint_text(const SnmpRequest& request) {
    const bool ip6 = request.address.find(':') != std::string::npos;
    return fmt::format(fmt::runtime(ip6 ? "[{}]:{}" : "{}:{}"), request.address, request.port);
}

Outcome misconfigured(std::string why) {
    return unmeasured(
        snmp_probe,
        wire::ResultState::unknown,
        "configuration",
        "options that can work",
        std::move(why)
    );
}

Result<SnmpRequest> request_of(const ProbeRequest& probe) {
    SnmpRequest request;
    request.address = probe.addresses.front();
    request.port = static_cast<std::uint16_t>(param_integer(probe.params, "port"));
    request.retries = param_integer(probe.params, "retries");
    for (const std::string& text : param_list(probe.params, "oids")) {
        auto object = parse_oid(text);
        if (!object) {
            return failure(ErrorKind::invalid, "not an object identifier in numbers", text);
        }
        request.objects.push_back(std::move(*object));
    }
    return request;
}

}  // namespace

struct SnmpEngine::Impl {
    explicit Impl(asio::io_context& on) : loop(on) {}

    Result<std::string> key(const std::string& protocol, std::string_view password);
    Result<SnmpUser> user(const ProbeRequest& request);
    void settle_user(const SnmpUser& user, const std::string& engine);
    Task<SnmpReply> ask_as(SnmpRequest request, SnmpUser user, Deadline deadline);

    asio::io_context& loop;
    std::unordered_map<std::string, std::string> keys;  ///< SHA-256 of protocol and password → key
    std::unordered_map<std::string, std::string> engines;  ///< endpoint → engine id
    std::unordered_map<std::string, std::string>
        users;  ///< engine and user → SHA-256 of the keys the library has
    SnmpCounters counters;
};

Result<std::string> SnmpEngine::Impl::key(const std::string& protocol, std::string_view password) {
    std::string question = protocol;
    question.push_back('\0');
    question += password;
    const std::string digest = sha256(question);
    if (const auto found = keys.find(digest); found != keys.end()) {
        return found->second;
    }
    auto made = make_snmp_key(protocol, password);
    if (made && keys.size() >= most_keys) {
        keys.clear();
    }
    if (made) {
        keys[digest] = *made;
    }
    return made;
}

Result<SnmpUser> SnmpEngine::Impl::user(const ProbeRequest& request) {
    SnmpUser user;
    user.name = param_text(request.params, "user");
    user.context = param_text(request.params, "context");
    user.auth_protocol = param_text(request.params, "auth_protocol");
    user.priv_protocol = param_text(request.params, "priv_protocol");
    if (user.name.empty()) {
        return failure(ErrorKind::invalid, "version 3 needs the option `user`");
    }
    const std::string_view auth_password = secret_value(request, "auth_password");
    const std::string_view priv_password = secret_value(request, "priv_password");
    if (auth_password.empty()) {
        if (!priv_password.empty()) {
            return failure(ErrorKind::invalid, "`priv_password` needs `auth_password`");
        }
        return user;
    }
    auto auth_key = key(user.auth_protocol, auth_password);
    if (!auth_key) {
        return failure(auth_key.error(), "auth_password");
    }
    user.auth_key = std::move(*auth_key);
    user.level = SnmpLevel::authentic;
    if (!priv_password.empty()) {
        auto priv_key = key(user.auth_protocol, priv_password);
        if (!priv_key) {
            return failure(priv_key.error(), "priv_password");
        }
        user.priv_key = std::move(*priv_key);
        user.level = SnmpLevel::confidential;
    }
    return user;
}

void SnmpEngine::Impl::settle_user(const SnmpUser& user, const std::string& engine) {
    std::string who = engine;
    who.push_back('\0');
    who += user.name;
    std::string what = user.auth_protocol + "\n" + user.priv_protocol + "\n";
    what += sha256(user.auth_key) + sha256(user.priv_key);
    const std::string now = sha256(what);
    auto& held = users[who];
    if (!held.empty() && held != now) {
        forget_snmp_user(engine, user.name);
    }
    held = now;
}

Task<SnmpReply> SnmpEngine::Impl::ask_as(SnmpRequest request, SnmpUser user, Deadline deadline) {
    const std::string where = endpoint_text(request);
    std::string engine;
    std::uint64_t sent = 0;
    if (const auto known = engines.find(where); known != engines.end()) {
        engine = known->second;
    } else {
        SnmpReply reply = co_await snmp_discover(&loop, request, deadline);
        const bool told = reply.end == SnmpEnd::reported && !reply.engine.empty();
        if (!told) {
            if (reply.end == SnmpEnd::reported || reply.end == SnmpEnd::answered) {
                reply.end = SnmpEnd::failed;
                reply.why = "the device did not tell its engine id (5 to 32 bytes)";
            }
            co_return reply;
        }
        sent = reply.sent;
        engine = reply.engine;
        if (engines.size() >= most_engines) {
            engines.clear();
        }
        engines[where] = engine;
    }
    settle_user(user, engine);
    SnmpReply reply =
        co_await snmp_get_as(&loop, std::move(request), std::move(user), engine, deadline);
    reply.sent += sent;
    if (reply.end != SnmpEnd::answered) {
        engines.erase(where);  // another device may have taken the address: ask again next time
    }
    co_return reply;
}

SnmpEngine::SnmpEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SnmpEngine::~SnmpEngine() = default;

Result<std::unique_ptr<SnmpEngine>> SnmpEngine::open(asio::io_context& loop) {
    start_snmp_library();
    return std::unique_ptr<SnmpEngine>(new SnmpEngine(std::make_unique<Impl>(loop)));
}

Task<Outcome> SnmpEngine::run(ProbeRequest request, Deadline deadline) {
    Impl* impl = impl_.get();
    auto question = request_of(request);
    if (!question) {
        co_return misconfigured(question.error().text());
    }
    SnmpAsked asked;
    asked.where = endpoint_text(*question);
    asked.objects = param_list(request.params, "oids");
    asked.timeout = request.timeout;
    SnmpReply reply;
    if (param_text(request.params, "version") == "3") {
        auto user = impl->user(request);
        if (!user) {
            co_return misconfigured(user.error().text());
        }
        if (impl->users.size() >= most_users) {
            co_return misconfigured("too many SNMPv3 users in one worker; add workers");
        }
        reply = co_await impl->ask_as(std::move(*question), std::move(*user), deadline);
    } else {
        std::string community(secret_value(request, "community"));
        if (community.empty()) {
            co_return misconfigured("version 2c needs the secret `community`");
        }
        reply =
            co_await snmp_get(&impl->loop, std::move(*question), std::move(community), deadline);
    }
    impl->counters.requests += reply.sent;
    impl->counters.foreign += reply.foreign;
    co_return judge_snmp(reply, asked);
}

SnmpCounters SnmpEngine::counters() const {
    return impl_->counters;
}

}  // namespace muster::probes
