#include "probes/snmp_run.hpp"

#include "probes/error_queue.hpp"
#include "probes/snmp_keys_run.hpp"
#include "probes/waiter.hpp"

// net-snmp-config.h comes before the library's other headers.
// clang-format off
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/large_fd_set.h>
#include <net-snmp/library/snmpIPBaseDomain.h>
#include <net-snmp/library/snmpUDPDomain.h>
#include <net-snmp/library/snmpUDPIPv6Domain.h>
// clang-format on

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <sys/socket.h>
#include <utility>

namespace muster::probes {

namespace {

using Steady = std::chrono::steady_clock;
using Endpoint = asio::ip::udp::endpoint;

constexpr std::size_t least_engine_bytes = 5;  // RFC 3411 §5, SnmpEngineID
constexpr std::size_t most_engine_bytes = 32;
constexpr std::array<oid, 9> usm_stats = {1, 3, 6, 1, 6, 3, 15, 1, 1};

std::optional<std::int64_t> number_of(const netsnmp_variable_list& variable) {
    switch (variable.type) {
        case ASN_INTEGER:
            return variable.val_len == sizeof(long)
                       ? std::optional<std::int64_t>(*variable.val.integer)
                       : std::nullopt;
        case ASN_COUNTER:
        case ASN_GAUGE:
        case ASN_TIMETICKS:
        case ASN_UINTEGER:
            return static_cast<std::int64_t>(
                static_cast<unsigned long>(*variable.val.integer) & 0xffffffffu
            );
        case ASN_COUNTER64: {
            const auto high =
                static_cast<std::uint64_t>(variable.val.counter64->high) & 0xffffffffu;
            const auto low = static_cast<std::uint64_t>(variable.val.counter64->low) & 0xffffffffu;
            const std::uint64_t value = (high << 32) | low;
            const auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
            return static_cast<std::int64_t>(std::min(value, most));
        }
        default:
            return std::nullopt;
    }
}

bool is_same_peer(const Endpoint& asked, const void* opaque, int bytes) {
    if (opaque == nullptr || static_cast<std::size_t>(bytes) != sizeof(netsnmp_indexed_addr_pair)) {
        return false;
    }
    const auto* pair = static_cast<const netsnmp_indexed_addr_pair*>(opaque);
    if (asked.address().is_v4()) {
        const sockaddr_in& from = pair->remote_addr.sin;
        return from.sin_family == AF_INET && ntohs(from.sin_port) == asked.port() &&
               ntohl(from.sin_addr.s_addr) == asked.address().to_v4().to_uint();
    }
    const sockaddr_in6& from = pair->remote_addr.sin6;
    const auto bytes6 = asked.address().to_v6().to_bytes();
    return from.sin6_family == AF_INET6 && ntohs(from.sin6_port) == asked.port() &&
           std::memcmp(from.sin6_addr.s6_addr, bytes6.data(), bytes6.size()) == 0;
}

netsnmp_transport* open_transport(const Endpoint& to) {
    netsnmp_ep target{};
    std::memcpy(&target.a, to.data(), std::min(to.size(), sizeof target.a));
    return to.address().is_v4() ? netsnmp_udp_transport(&target, 0)
                                : netsnmp_udp6_transport(&target, 0);
}

/// One request and what comes back, on a socket of its own. Owned by the run and by the pending wait on the socket.
class Exchange : public std::enable_shared_from_this<Exchange> {
  public:
    Exchange(asio::io_context& loop, Endpoint to)
        : descriptor_(loop), waiter_(loop), to_(std::move(to)) {}

    ~Exchange() { close(); }

    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    /// Sends `pdu`, which it takes over, and waits. `plan` is copied by the library.
    Task<SnmpReply> perform(
        netsnmp_session plan, netsnmp_pdu* pdu, std::int64_t retries, Deadline deadline
    );

  private:
    bool open(netsnmp_session& plan);
    void close();
    void listen();
    void read();
    bool read_errors();
    void finish(SnmpEnd end, std::string why = {});
    void take_response(const netsnmp_pdu& pdu);
    void take_report(const netsnmp_pdu& pdu);

    static int on_event(
        int operation, netsnmp_session* session, int id, netsnmp_pdu* pdu, void* magic
    );
    static int before_parsing(
        netsnmp_session* session, netsnmp_transport* from, void* opaque, int bytes
    );

    asio::posix::stream_descriptor descriptor_;
    Waiter waiter_;
    Endpoint to_;
    void* handle_ = nullptr;
    SnmpReply reply_;
};

int Exchange::before_parsing(
    netsnmp_session* session, netsnmp_transport*, void* opaque, int bytes
) {
    // The library takes an answer from anybody; we do not.
    auto* exchange = static_cast<Exchange*>(session->callback_magic);
    if (is_same_peer(exchange->to_, opaque, bytes)) {
        return 1;
    }
    ++exchange->reply_.foreign;
    return 0;
}

int Exchange::on_event(
    int operation, netsnmp_session* session, int, netsnmp_pdu* pdu, void* magic
) {
    auto* exchange = static_cast<Exchange*>(magic);
    switch (operation) {
        case NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE:
            if (pdu->command == SNMP_MSG_REPORT) {
                exchange->take_report(*pdu);
            } else if (pdu->command == SNMP_MSG_RESPONSE) {
                exchange->take_response(*pdu);
            } else {
                return 0;
            }
            break;
        case NETSNMP_CALLBACK_OP_SEC_ERROR:
            if (pdu != nullptr && pdu->command == SNMP_MSG_REPORT) {
                exchange->take_report(*pdu);
            } else {
                exchange->finish(SnmpEnd::failed, snmp_api_errstring(session->s_snmp_errno));
            }
            break;
        case NETSNMP_CALLBACK_OP_TIMED_OUT:
            exchange->finish(SnmpEnd::timed_out);
            break;
        case NETSNMP_CALLBACK_OP_RESEND:
            ++exchange->reply_.sent;
            break;
        case NETSNMP_CALLBACK_OP_SEND_FAILED:
            exchange->finish(SnmpEnd::failed, std::strerror(session->s_errno));
            break;
        default:
            break;
    }
    return 1;
}

void Exchange::finish(SnmpEnd end, std::string why) {
    if (reply_.end == SnmpEnd::waiting) {
        reply_.end = end;
        reply_.why = std::move(why);
        waiter_.wake();
    }
}

void Exchange::take_response(const netsnmp_pdu& pdu) {
    if (pdu.errstat != SNMP_ERR_NOERROR) {
        reply_.device_error = fmt::format(
            "{} at object {}", snmp_errstring(static_cast<int>(pdu.errstat)), pdu.errindex
        );
    }
    for (const netsnmp_variable_list* each = pdu.variables; each != nullptr;
         each = each->next_variable) {
        const bool absent = each->type == SNMP_NOSUCHOBJECT || each->type == SNMP_NOSUCHINSTANCE;
        reply_.variables.push_back(
            {.name = SnmpOid(each->name, each->name + each->name_length),
             .presence = absent ? SnmpPresence::no_such_object : SnmpPresence::present,
             .number = number_of(*each)}
        );
    }
    finish(SnmpEnd::answered);
}

void Exchange::take_report(const netsnmp_pdu& pdu) {
    const netsnmp_variable_list* first = pdu.variables;
    if (first != nullptr && first->name_length > usm_stats.size() &&
        std::equal(usm_stats.begin(), usm_stats.end(), first->name)) {
        reply_.report = first->name[usm_stats.size()];
    }
    if (pdu.securityEngineID != nullptr && pdu.securityEngineIDLen >= least_engine_bytes &&
        pdu.securityEngineIDLen <= most_engine_bytes) {
        reply_.engine.assign(
            reinterpret_cast<const char*>(pdu.securityEngineID), pdu.securityEngineIDLen
        );
    }
    finish(SnmpEnd::reported);
}

bool Exchange::open(netsnmp_session& plan) {
    netsnmp_transport* transport = open_transport(to_);
    if (transport == nullptr) {
        finish(SnmpEnd::failed, std::strerror(errno));
        return false;
    }
    queue_errors(transport->sock);  // else a closed port is merely silent
    plan.callback = &Exchange::on_event;
    plan.callback_magic = this;
    handle_ = snmp_sess_add_ex(
        &plan,
        transport,
        &Exchange::before_parsing,
        nullptr,
        nullptr,
        nullptr,
        nullptr,
        nullptr,
        nullptr
    );
    if (handle_ == nullptr) {
        finish(SnmpEnd::failed, snmp_api_errstring(plan.s_snmp_errno));
        return false;
    }
    // Opening clears it, and the library would then probe on its own, blocking.
    snmp_sess_session(handle_)->flags |= SNMP_FLAGS_DONT_PROBE;
    boost::system::error_code problem;
    descriptor_.assign(snmp_sess_transport(handle_)->sock, problem);
    if (problem) {
        finish(SnmpEnd::failed, problem.message());
        return false;
    }
    return true;
}

void Exchange::close() {
    if (handle_ != nullptr) {
        if (descriptor_.is_open()) {
            descriptor_.release();
        }
        snmp_sess_close(handle_);
        handle_ = nullptr;
    }
}

void Exchange::listen() {
    auto ready = [self = shared_from_this()](const boost::system::error_code& problem) {
        if (problem || self->handle_ == nullptr) {
            return;
        }
        self->read();
        if (self->reply_.end == SnmpEnd::waiting) {
            self->listen();
        }
    };
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, std::move(ready));
}

/// True when the error queue held the end of this exchange.
bool Exchange::read_errors() {
    while (const auto error = next_queued_error(descriptor_.native_handle())) {
        const int number = error->number;
        if (number == ECONNREFUSED || number == EHOSTUNREACH || number == ENETUNREACH) {
            finish(SnmpEnd::refused, describe_unreachable(number));
            return true;
        }
    }
    return false;
}

void Exchange::read() {
    if (read_errors()) {
        return;
    }
    const int number = descriptor_.native_handle();
    netsnmp_large_fd_set ready;
    netsnmp_large_fd_set_init(&ready, number + 1);
    NETSNMP_LARGE_FD_ZERO(&ready);
    NETSNMP_LARGE_FD_SET(number, &ready);
    (void)snmp_sess_read2(handle_, &ready);
    netsnmp_large_fd_set_cleanup(&ready);
}

Task<SnmpReply> Exchange::perform(
    netsnmp_session plan, netsnmp_pdu* pdu, std::int64_t retries, Deadline deadline
) {
    const auto self = shared_from_this();
    const Duration attempt = deadline.left() / (retries + 1);
    plan.timeout = static_cast<long>(attempt.count() / 1000);
    plan.retries = static_cast<int>(retries);
    const auto begun = Steady::now();
    if (!open(plan)) {
        snmp_free_pdu(pdu);
        co_return std::move(reply_);
    }
    reply_.sent = 1;
    if (snmp_sess_async_send(handle_, pdu, &Exchange::on_event, this) == 0) {
        finish(SnmpEnd::failed, snmp_api_errstring(snmp_sess_session(handle_)->s_snmp_errno));
        snmp_free_pdu(pdu);
        close();
        co_return std::move(reply_);
    }
    listen();
    const Duration step = attempt + std::chrono::milliseconds(1);
    auto next = Steady::now() + step;
    while (reply_.end == SnmpEnd::waiting) {
        const Deadline until(std::min(next, deadline.at()));
        const WaitEnd end = co_await waiter_.wait(until);
        if (end == WaitEnd::cancelled) {
            finish(SnmpEnd::cancelled);
        } else if (end == WaitEnd::timed_out && deadline.left() == Duration{0}) {
            finish(SnmpEnd::timed_out);
        } else if (end == WaitEnd::timed_out) {
            const std::uint64_t before = reply_.sent;
            snmp_sess_timeout(handle_);
            // The library's own clock started a little later than ours.
            next = Steady::now() + (reply_.sent > before ? step : std::chrono::milliseconds(2));
        }
    }
    reply_.took = Steady::now() - begun;
    close();
    co_return std::move(reply_);
}

int level_of(SnmpLevel level) {
    switch (level) {
        case SnmpLevel::open:
            return SNMP_SEC_LEVEL_NOAUTH;
        case SnmpLevel::authentic:
            return SNMP_SEC_LEVEL_AUTHNOPRIV;
        case SnmpLevel::confidential:
            return SNMP_SEC_LEVEL_AUTHPRIV;
    }
    return SNMP_SEC_LEVEL_NOAUTH;
}

std::optional<Endpoint> endpoint_of(const SnmpRequest& request) {
    boost::system::error_code problem;
    const auto address = asio::ip::make_address(request.address, problem);
    if (problem) {
        return std::nullopt;
    }
    return Endpoint(address, request.port);
}

SnmpReply not_an_address(const SnmpRequest& request) {
    SnmpReply reply;
    reply.end = SnmpEnd::failed;
    reply.why = "not an IP address: " + request.address;
    return reply;
}

netsnmp_pdu* get_pdu(const SnmpRequest& request) {
    netsnmp_pdu* pdu = snmp_pdu_create(SNMP_MSG_GET);
    for (const SnmpOid& object : request.objects) {
        snmp_add_null_var(pdu, object.data(), object.size());
    }
    return pdu;
}

/// A version 3 session that does not probe: the library's own probe blocks.
netsnmp_session version_3_session(int level) {
    netsnmp_session plan;
    snmp_sess_init(&plan);
    plan.version = SNMP_VERSION_3;
    plan.securityModel = SNMP_SEC_MODEL_USM;
    plan.securityLevel = level;
    plan.flags |= SNMP_FLAGS_DONT_PROBE;
    return plan;
}

/// The plan points into `user`; the library copies what it needs when the session opens.
void put_user(netsnmp_session& plan, SnmpUser& user) {
    plan.securityName = user.name.data();
    plan.securityNameLen = user.name.size();
    plan.contextName = user.context.data();
    plan.contextNameLen = user.context.size();
    if (!user.auth_key.empty()) {
        const SnmpProtocol protocol = snmp_auth_protocol(user.auth_protocol);
        plan.securityAuthProto = const_cast<oid*>(protocol.arcs);
        plan.securityAuthProtoLen = protocol.length;
        plan.securityAuthKeyLen = std::min(user.auth_key.size(), sizeof plan.securityAuthKey);
        std::memcpy(plan.securityAuthKey, user.auth_key.data(), plan.securityAuthKeyLen);
    }
    if (!user.priv_key.empty()) {
        const SnmpProtocol protocol = snmp_priv_protocol(user.priv_protocol);
        plan.securityPrivProto = const_cast<oid*>(protocol.arcs);
        plan.securityPrivProtoLen = protocol.length;
        plan.securityPrivKeyLen = std::min(user.priv_key.size(), sizeof plan.securityPrivKey);
        std::memcpy(plan.securityPrivKey, user.priv_key.data(), plan.securityPrivKeyLen);
    }
}

}  // namespace

Task<SnmpReply> snmp_get(
    asio::io_context* loop, SnmpRequest request, std::string community, Deadline deadline
) {
    const auto to = endpoint_of(request);
    if (!to) {
        co_return not_an_address(request);
    }
    netsnmp_session plan;
    snmp_sess_init(&plan);
    plan.version = SNMP_VERSION_2c;
    plan.community = reinterpret_cast<u_char*>(community.data());
    plan.community_len = community.size();
    // Owned by this coroutine and by the pending wait on its socket.
    const auto exchange = std::make_shared<Exchange>(*loop, *to);
    netsnmp_pdu* pdu = get_pdu(request);
    co_return co_await exchange->perform(plan, pdu, request.retries, deadline);
}

Task<SnmpReply> snmp_get_as(
    asio::io_context* loop,
    SnmpRequest request,
    SnmpUser user,
    std::string engine,
    Deadline deadline
) {
    const auto to = endpoint_of(request);
    if (!to) {
        co_return not_an_address(request);
    }
    netsnmp_session plan = version_3_session(level_of(user.level));
    put_user(plan, user);
    plan.securityEngineID = reinterpret_cast<u_char*>(engine.data());
    plan.securityEngineIDLen = engine.size();
    plan.contextEngineID = plan.securityEngineID;
    plan.contextEngineIDLen = engine.size();
    // Owned by this coroutine and by the pending wait on its socket.
    const auto exchange = std::make_shared<Exchange>(*loop, *to);
    netsnmp_pdu* pdu = get_pdu(request);
    co_return co_await exchange->perform(plan, pdu, request.retries, deadline);
}

Task<SnmpReply> snmp_discover(asio::io_context* loop, SnmpRequest request, Deadline deadline) {
    const auto to = endpoint_of(request);
    if (!to) {
        co_return not_an_address(request);
    }
    const netsnmp_session plan = version_3_session(SNMP_SEC_LEVEL_NOAUTH);
    netsnmp_pdu* pdu = snmp_pdu_create(SNMP_MSG_GET);
    pdu->version = SNMP_VERSION_3;
    pdu->securityName = strdup("");
    pdu->securityNameLen = 0;
    pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
    pdu->securityModel = SNMP_SEC_MODEL_USM;
    // Owned by this coroutine and by the pending wait on its socket.
    const auto exchange = std::make_shared<Exchange>(*loop, *to);
    co_return co_await exchange->perform(plan, pdu, request.retries, deadline);
}

}  // namespace muster::probes
