#include "probes/http_run.hpp"

#include "base/log.hpp"
#include "probes/http_judgement.hpp"
#include "probes/http_url.hpp"
#include "probes/params.hpp"
#include "probes/socket_watch.hpp"
#include "probes/waiter.hpp"

#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <optional>
#include <utility>

namespace muster::probes {

extern constinit const ProbeType http_probe;

namespace {

constexpr std::size_t kept_body = 1u << 20;
constexpr std::int64_t read_body = 16 << 20;  ///< beyond it the transfer ends, as if complete
constexpr std::array<const char*, 4> authority_files = {
    "/etc/ssl/certs/ca-certificates.crt",  // Debian
    "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, RHEL, openEuler
    "/etc/ssl/ca-bundle.pem",              // SUSE
    "/etc/ssl/cert.pem",
};

struct FreeStore {
    void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};

using Store = std::unique_ptr<X509_STORE, FreeStore>;

struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

using List = std::unique_ptr<curl_slist, FreeList>;

void append(List& list, const std::string& text) {
    curl_slist* longer = curl_slist_append(list.get(), text.c_str());
    if (longer != nullptr) {
        (void)list.release();
        list.reset(longer);
    }
}

Store new_store() {
    Store store(X509_STORE_new());
    // A pinned intermediate is enough: the run said whom it trusts.
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
    return store;
}

Store system_store() {
    for (const char* file : authority_files) {
        Store store = new_store();
        if (X509_STORE_load_file(store.get(), file) == 1) {
            return store;
        }
    }
    return new_store();
}

/// The authorities of a PEM text; null where it holds none.
Store store_of(std::string_view pem) {
    Store store = new_store();
    const std::unique_ptr<BIO, decltype(&BIO_free)> source(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free
    );
    int found = 0;
    for (;;) {
        const std::unique_ptr<X509, decltype(&X509_free)> certificate(
            PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr), &X509_free
        );
        if (!certificate) {
            break;
        }
        found += X509_STORE_add_cert(store.get(), certificate.get());
    }
    return found > 0 ? std::move(store) : nullptr;
}

/// One request. Lives in the frame of `run`, which takes it out of the multi handle before it ends.
struct Transfer {
    explicit Transfer(asio::io_context& loop) : easy(curl_easy_init()), waiter(loop) {}

    std::unique_ptr<CURL, FreeEasy> easy;
    Waiter waiter;
    X509_STORE* trusted = nullptr;  ///< owned by the engine or by `own_store`
    Store own_store;
    List headers;
    List resolve;
    List connect_to;
    std::string body_out;
    HttpMeasurement measured;
    std::optional<CURLcode> result;
    std::array<char, CURL_ERROR_SIZE> message{};
    std::string verify_problem;
    WallTime now;
    bool cut = false;  ///< the body was longer than we read
};

std::size_t on_body(char* data, std::size_t, std::size_t bytes, void* user) {
    auto* transfer = static_cast<Transfer*>(user);
    std::string& body = transfer->measured.body;
    body.append(data, std::min(bytes, kept_body - body.size()));
    transfer->measured.size += static_cast<std::int64_t>(bytes);
    if (transfer->measured.size > read_body) {
        transfer->cut = true;
        return 0;
    }
    return bytes;
}

std::optional<std::int64_t> days_left(const X509* certificate, WallTime now) {
    std::tm expiry{};
    if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &expiry) != 1) {
        return std::nullopt;
    }
    const WallTime end = std::chrono::system_clock::from_time_t(timegm(&expiry));
    return std::chrono::floor<std::chrono::days>(end - now).count();
}

int on_verify(X509_STORE_CTX* context, void* user) {
    auto* transfer = static_cast<Transfer*>(user);
    transfer->measured.certificate_days =
        days_left(X509_STORE_CTX_get0_cert(context), transfer->now);
    const int good = X509_verify_cert(context);
    if (good != 1) {
        transfer->verify_problem = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
    }
    return good;
}

CURLcode on_tls(CURL*, void* context, void* user) {
    auto* transfer = static_cast<Transfer*>(user);
    auto* tls = static_cast<SSL_CTX*>(context);
    SSL_CTX_set1_cert_store(tls, transfer->trusted);
    SSL_CTX_set_cert_verify_callback(tls, &on_verify, transfer);
    return CURLE_OK;
}

template <class Value>
void set(Transfer& transfer, CURLoption option, Value value) {
    // Only out of memory can fail here; the transfer then fails by itself.
    (void)curl_easy_setopt(transfer.easy.get(), option, value);
}

std::optional<Duration> time_of(const Transfer& transfer, CURLINFO what) {
    curl_off_t us = 0;
    if (curl_easy_getinfo(transfer.easy.get(), what, &us) != CURLE_OK || us <= 0) {
        return std::nullopt;
    }
    return std::chrono::microseconds(us);
}

HttpFailure failure_of(CURLcode code, long system_error) {
    switch (code) {
        case CURLE_OK:
            return HttpFailure::none;
        case CURLE_COULDNT_CONNECT:
            if (system_error == ECONNREFUSED) {
                return HttpFailure::refused;
            }
            return system_error == EHOSTUNREACH || system_error == ENETUNREACH
                       ? HttpFailure::unreachable
                       : HttpFailure::connect;
        case CURLE_OPERATION_TIMEDOUT:
            return HttpFailure::timeout;
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_INVALIDCERTSTATUS:
            return HttpFailure::tls;
        case CURLE_GOT_NOTHING:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_PARTIAL_FILE:
            return HttpFailure::closed;
        default:
            return HttpFailure::protocol;
    }
}

/// Sends the transfer to the addresses given and nowhere else.
void aim(Transfer& transfer, const HttpOrigin& origin, const std::vector<std::string>& addresses) {
    transfer.measured.peer = fmt::format("{}:{}", bracketed(addresses.front()), origin.port);
    if (origin.kind == HttpHost::address) {
        append(
            transfer.connect_to, fmt::format("::{}:{}", bracketed(addresses.front()), origin.port)
        );
        set(transfer, CURLOPT_CONNECT_TO, transfer.connect_to.get());
        return;
    }
    std::string entry = fmt::format("{}:{}:", origin.host, origin.port);
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        entry += (i == 0 ? "" : ",") + bracketed(addresses[i]);
    }
    append(transfer.resolve, entry);
    set(transfer, CURLOPT_RESOLVE, transfer.resolve.get());
}

void prepare_method(Transfer& transfer, const config::Params& params) {
    const std::string method = param_text(params, "method");
    transfer.body_out = param_text(params, "body");
    if (method == "head") {
        set(transfer, CURLOPT_NOBODY, 1L);
    } else if (method == "options") {
        set(transfer, CURLOPT_CUSTOMREQUEST, "OPTIONS");
    } else if (method == "post" || method == "put") {
        set(transfer, CURLOPT_POST, 1L);
        set(transfer, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.body_out.size())
        );
        set(transfer, CURLOPT_POSTFIELDS, transfer.body_out.c_str());
        if (method == "put") {
            set(transfer, CURLOPT_CUSTOMREQUEST, "PUT");
        }
    }
}

void prepare_headers(Transfer& transfer, const config::Params& params) {
    append(transfer.headers, "Expect:");
    for (const auto& [name, value] : param_map(params, "headers")) {
        append(transfer.headers, value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
    }
    set(transfer, CURLOPT_HTTPHEADER, transfer.headers.get());
}

void prepare(Transfer& transfer, const ProbeRequest& request, Deadline deadline) {
    const config::Params& params = request.params;
    const long verify = param_boolean(params, "tls.verify") ? 1L : 0L;
    const long left_ms = static_cast<long>(std::max<std::int64_t>(1, to_ms(deadline.left())));
    set(transfer, CURLOPT_URL, param_text(params, "url").c_str());
    set(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
    set(transfer, CURLOPT_FOLLOWLOCATION, 0L);
    set(transfer, CURLOPT_PROXY, "");
    set(transfer, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(transfer, CURLOPT_NOSIGNAL, 1L);
    set(transfer, CURLOPT_QUICK_EXIT, 1L);
    set(transfer, CURLOPT_TIMEOUT_MS, left_ms);
    set(transfer, CURLOPT_CONNECTTIMEOUT_MS, left_ms);
    set(transfer, CURLOPT_FRESH_CONNECT, 1L);
    set(transfer, CURLOPT_FORBID_REUSE, 1L);
    set(transfer, CURLOPT_USERAGENT, "muster");
    set(transfer, CURLOPT_ERRORBUFFER, transfer.message.data());
    set(transfer, CURLOPT_PRIVATE, &transfer);
    set(transfer, CURLOPT_WRITEFUNCTION, &on_body);
    set(transfer, CURLOPT_WRITEDATA, &transfer);
    // Without both, curl reads 144 authorities anew for every connection.
    set(transfer, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    set(transfer, CURLOPT_CAINFO, static_cast<const char*>(nullptr));
    // Its cache of authorities is filled and used after on_tls, with the store of whichever transfer came first.
    set(transfer, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    set(transfer, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    set(transfer, CURLOPT_SSL_CTX_FUNCTION, &on_tls);
    set(transfer, CURLOPT_SSL_CTX_DATA, &transfer);
    set(transfer, CURLOPT_SSL_VERIFYPEER, verify);
    set(transfer, CURLOPT_SSL_VERIFYHOST, verify * 2);
    prepare_method(transfer, params);
    prepare_headers(transfer, params);
}

void read_result(Transfer& transfer) {
    HttpMeasurement& measured = transfer.measured;
    CURL* easy = transfer.easy.get();
    CURLcode code = transfer.result.value_or(CURLE_OPERATION_TIMEDOUT);
    if (transfer.cut) {
        code = CURLE_OK;
    }
    long system_error = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &system_error);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &measured.status);
    measured.failure = failure_of(code, system_error);
    if (measured.failure != HttpFailure::none) {
        measured.failure_text =
            transfer.message.front() != '\0' ? transfer.message.data() : curl_easy_strerror(code);
        if (measured.failure == HttpFailure::refused) {
            measured.failure_text = "connection refused";
        } else if (measured.failure == HttpFailure::tls && !transfer.verify_problem.empty()) {
            measured.failure_text = "certificate: " + transfer.verify_problem;
        }
    }
    // From the start of the transfer; the name was resolved before, by the agent.
    measured.connected = time_of(transfer, CURLINFO_CONNECT_TIME_T);
    measured.handshaken = time_of(transfer, CURLINFO_APPCONNECT_TIME_T);
    measured.sent = time_of(transfer, CURLINFO_PRETRANSFER_TIME_T);
    measured.first_byte = time_of(transfer, CURLINFO_STARTTRANSFER_TIME_T);
    measured.ended = time_of(transfer, CURLINFO_TOTAL_TIME_T).value_or(Duration{0});
}

HttpAnswer misconfigured(std::string why) {
    return {
        .outcome = unmeasured(
            http_probe,
            wire::ResultState::unknown,
            "configuration",
            "options that can work",
            std::move(why)
        ),
        .redirect = {}
    };
}

}  // namespace

struct HttpEngine::Impl {
    Impl(asio::io_context& on, const Clock& with)
        : loop(on),
          clock(with),
          timer(on),
          store(system_store()),
          sockets(on, [this](int number, Readiness readiness) {
              act(number, readiness == Readiness::readable ? CURL_CSELECT_IN : CURL_CSELECT_OUT);
          }) {}

    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void watch(curl_socket_t number, int what);
    void set_timer(long ms);
    void act(curl_socket_t number, int events);

    static int on_socket(CURL* easy, curl_socket_t number, int what, void* user, void* socket_user);
    static int on_timer(CURLM* multi, long ms, void* user);

    asio::io_context& loop;
    const Clock& clock;
    asio::steady_timer timer;
    Store store;
    CURLM* multi = nullptr;
    SocketWatch sockets;
    // Kept by pending handlers, to notice that the engine has gone.
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

HttpEngine::Impl::~Impl() {
    *alive = false;
    if (multi != nullptr) {
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, nullptr);
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, nullptr);
        curl_multi_cleanup(multi);
    }
}

int HttpEngine::Impl::on_socket(CURL*, curl_socket_t number, int what, void* user, void*) {
    static_cast<Impl*>(user)->watch(number, what);
    return 0;
}

int HttpEngine::Impl::on_timer(CURLM*, long ms, void* user) {
    static_cast<Impl*>(user)->set_timer(ms);
    return 0;
}

void HttpEngine::Impl::watch(curl_socket_t number, int what) {
    switch (what) {
        case CURL_POLL_REMOVE:
            sockets.forget(number);
            break;
        case CURL_POLL_IN:
            sockets.watch(number, Interest::reading);
            break;
        case CURL_POLL_OUT:
            sockets.watch(number, Interest::writing);
            break;
        default:
            sockets.watch(number, Interest::both);
            break;
    }
}

void HttpEngine::Impl::set_timer(long ms) {
    timer.cancel();
    if (ms < 0) {
        return;
    }
    timer.expires_after(std::chrono::milliseconds(ms));
    timer.async_wait([this, here = alive](const boost::system::error_code& problem) {
        if (!problem && *here) {
            act(CURL_SOCKET_TIMEOUT, 0);
        }
    });
}

void HttpEngine::Impl::act(curl_socket_t number, int events) {
    int running = 0;
    (void)curl_multi_socket_action(multi, number, events, &running);
    int more = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &more)) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        void* user = nullptr;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
        auto* transfer = static_cast<Transfer*>(user);
        transfer->result = message->data.result;
        transfer->waiter.wake();
    }
}

HttpEngine::HttpEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpEngine::~HttpEngine() = default;

Result<std::unique_ptr<HttpEngine>> HttpEngine::open(asio::io_context& loop, const Clock& clock) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return failure(ErrorKind::internal, "libcurl cannot start");
    }
    auto impl = std::make_unique<Impl>(loop, clock);
    impl->multi = curl_multi_init();
    if (impl->multi == nullptr) {
        return failure(ErrorKind::internal, "libcurl cannot start");
    }
    curl_multi_setopt(impl->multi, CURLMOPT_SOCKETFUNCTION, &Impl::on_socket);
    curl_multi_setopt(impl->multi, CURLMOPT_SOCKETDATA, impl.get());
    curl_multi_setopt(impl->multi, CURLMOPT_TIMERFUNCTION, &Impl::on_timer);
    curl_multi_setopt(impl->multi, CURLMOPT_TIMERDATA, impl.get());
    return std::unique_ptr<HttpEngine>(new HttpEngine(std::move(impl)));
}

Task<HttpAnswer> HttpEngine::run(ProbeRequest request, Deadline deadline) {
    Impl* impl = impl_.get();
    const auto origin = parse_http_origin(param_text(request.params, "url"));
    if (!origin) {
        co_return misconfigured(origin.error().text());
    }
    Transfer transfer(impl->loop);
    if (!transfer.easy) {
        co_return misconfigured("out of memory");
    }
    transfer.now = impl->clock.wall();
    transfer.trusted = impl->store.get();
    const std::string_view authority = secret_value(request, "tls.ca");
    if (!authority.empty()) {
        transfer.own_store = store_of(authority);
        transfer.trusted = transfer.own_store.get();
        if (transfer.trusted == nullptr) {
            co_return misconfigured("no certificate (PEM) in `tls.ca`");
        }
    }
    prepare(transfer, request, deadline);
    aim(transfer, *origin, request.addresses);
    curl_multi_add_handle(impl->multi, transfer.easy.get());
    const WaitEnd end = co_await transfer.waiter.wait(deadline);
    if (end == WaitEnd::cancelled) {
        curl_multi_remove_handle(impl->multi, transfer.easy.get());
        co_return HttpAnswer{
            .outcome =
                unmeasured(http_probe, wire::ResultState::unknown, "worker", {}, "cancelled"),
            .redirect = {},
        };
    }
    read_result(transfer);
    HttpAnswer answer;
    const char* redirect = nullptr;
    (void)curl_easy_getinfo(transfer.easy.get(), CURLINFO_REDIRECT_URL, &redirect);
    const bool follow = redirect != nullptr && param_integer(request.params, "redirects") > 0 &&
                        !is_expected_status(request.params, transfer.measured.status);
    if (follow) {
        answer.redirect = redirect;
    }
    curl_multi_remove_handle(impl->multi, transfer.easy.get());
    answer.outcome = judge_http(transfer.measured, request);
    co_return answer;
}

}  // namespace muster::probes
