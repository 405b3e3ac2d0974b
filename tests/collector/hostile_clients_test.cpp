// Strangers at the people's port (API, pages, enrolment): slow ones, and ones that say what no request may.
#include "collector/figures/process_figures.hpp"
#include "tests/collector/api_fixture.hpp"
#include "tests/collector/raw_client.hpp"
#include "tests/support/sanitized.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>

#include <iostream>

namespace muster::collector::test {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Stream = asio::ssl::stream<tcp::socket>;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

/// Sends `first` and then `piece` as often as told, and reads what is answered.
struct Stubborn {
    std::string first;
    std::string piece;
    std::size_t pieces = 0;
    std::string alpn;
};

Task<std::string> insist(asio::io_context* loop, std::uint16_t port, Stubborn what) {
    RawClient client(*loop, what.alpn);
    const bool connected = co_await client.connect(port);
    if (!connected) {
        co_return "not connected";
    }
    bool is_taken = co_await client.send(std::move(what.first));
    for (std::size_t i = 0; i < what.pieces && is_taken; ++i) {
        is_taken = co_await client.send(what.piece);
    }
    co_return co_await client.rest();
}

class HostileClients : public ApiTest {
  protected:
    std::string answer_to(Stubborn what) {
        return run(loop_, insist(&loop_, server_->port(), std::move(what)));
    }

    std::size_t resident() { return read_process_figures(files_, "/proc/self").resident_bytes; }

    /// What is asked meanwhile by somebody who means well, and how long it took.
    Duration fetch(const std::string& alpn = "") {
        wire::HttpCall get;
        get.url = url("/healthz");
        get.trust.ca_pem = authority_.certificate_pem;
        get.trust.alpn = alpn;
        const auto began = std::chrono::steady_clock::now();
        // Turned away while nobody has been slow for a second yet, a client comes again.
        Result<wire::HttpAnswer> answer = call(get);
        while (!answer && std::chrono::steady_clock::now() - began < 10s) {
            answer = call(get);
        }
        EXPECT_TRUE(answer) << answer.error().text();
        return std::chrono::steady_clock::now() - began;
    }
};

/// T-33. Whatever is announced or sent, memory stays as it is; the answer is 4xx, and the connection ends. A body of 2 GiB that is
/// only announced is in BoundsHeadersAndBodies.
TEST_F(HostileClients, T33CannotFillMemory) {
    listen();
    fetch();
    const std::size_t before = resident();
    ASSERT_GT(before, 0U) << "or nothing is measured";
    std::string headers;
    for (int i = 0; i < 1000; ++i) {
        headers += "x" + std::to_string(i) + ": y\r\n";
    }
    const std::string post = "POST /api/v1/apply HTTP/1.1\r\nHost: x\r\n";
    EXPECT_THAT(answer_to({post, headers, 1000, ""}), StartsWith("HTTP/1.1 431"));
    EXPECT_THAT(answer_to({post, std::string(1U << 20U, 'h'), 64, ""}), StartsWith("HTTP/1.1 431"))
        << "one header of 64 MiB";
    const std::string chunk = "100000\r\n" + std::string(1U << 20U, 'b') + "\r\n";
    EXPECT_THAT(
        answer_to({post + "Transfer-Encoding: chunked\r\n\r\n", chunk, 256, ""}),
        StartsWith("HTTP/1.1 413")
    );
    EXPECT_THAT(
        answer_to(
            {post + "Content-Length: 2147483648\r\n\r\n", std::string(1U << 20U, 'b'), 256, ""}
        ),
        StartsWith("HTTP/1.1 413")
    );
    const std::string extension = "1;" + std::string(1U << 20U, 'e');
    const std::string extended =
        answer_to({post + "Transfer-Encoding: chunked\r\n\r\n", extension, 64, ""});
    EXPECT_THAT(extended, testing::AnyOf(StartsWith("HTTP/1.1 4"), "")) << "an endless extension";
    const std::string trailer = post + "Transfer-Encoding: chunked\r\n\r\n0\r\n";
    EXPECT_THAT(
        answer_to({trailer, headers, 1000, ""}), testing::AnyOf(StartsWith("HTTP/1.1 4"), "")
    ) << "a million trailers";
    const std::size_t after = resident();
    std::cout << "resident memory grew by "
              << (after > before ? (after - before) / 1024 : std::size_t{0}) << " KiB\n";
#ifndef MUSTER_TEST_SANITIZED  // a sanitizer keeps what is freed
    EXPECT_LT(after, before + (16U << 20U));
#endif
    fetch();
}

/// T-34, of an upload: nothing is unpacked, so nothing can burst.
TEST_F(HostileClients, T34CannotSendWhatUnpacksToMore) {
    listen();
    for (const char* how : {"gzip", "br", "zstd", "gzip, gzip"}) {
        const std::string request = std::string("POST /api/v1/apply HTTP/1.1\r\nHost: x\r\n") +
                                    "Content-Type: application/json\r\nContent-Encoding: " + how +
                                    "\r\nContent-Length: 20\r\n\r\n" + std::string(20, '\x1f');
        const std::string answer = answer_to({request, "", 0, ""});
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 415")) << how;
        EXPECT_THAT(answer, HasSubstr("without Content-Encoding"));
    }
    const std::string plain =
        "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Encoding: identity\r\nConnection: "
        "close\r\n\r\n";
    EXPECT_THAT(answer_to({plain, "", 0, ""}), StartsWith("HTTP/1.1 200"));
}

/// T-31: 600 strangers at both doors of the port, each with a byte now and then (one in 100 ms for one in 10 s), in the handshake and
/// in a request. Beyond 512 who has kept us waiting longest goes for who comes.
TEST_F(HostileClients, T31WhoAreSlowKeepNobodyOut) {
    listen();
    constexpr std::size_t strangers = 600;

    struct Slow {
        explicit Slow(asio::io_context& loop) : stream(loop, tls) {}

        asio::ssl::context tls{asio::ssl::context::tls_client};
        Stream stream;
        bool is_greeted = false;
    };

    std::vector<std::unique_ptr<Slow>> all;
    bool is_over = false;
    const tcp::endpoint door(asio::ip::address_v4::loopback(), server_->port());
    const auto greet = [](Slow* slow) -> Task<bool> {
        const auto [no_tls] =
            co_await slow->stream.async_handshake(asio::ssl::stream_base::client, quietly);
        slow->is_greeted = !no_tls;
        co_return slow->is_greeted;
    };
    for (std::size_t i = 0; i < strangers; ++i) {
        all.push_back(std::make_unique<Slow>(loop_));
        boost::system::error_code refused;
        all.back()->stream.next_layer().connect(door, refused);
        ASSERT_FALSE(refused) << i;
        // A third of them get as far as a request; who comes when all places are taken, and nobody has been slow yet, is sent away.
        if (i % 3 == 0 && i < 510) {
            ASSERT_TRUE(run(loop_, greet(all.back().get()))) << i;
        }
    }
    const auto drip = [](std::vector<std::unique_ptr<Slow>>* slow, bool* over) -> Task<void> {
        const std::string request = "GET /healthz HTTP/1.1\r\nHost: " + std::string(10'000, 'x');
        for (std::size_t at = 0; !*over; ++at) {
            for (auto& each : *slow) {
                if (each->is_greeted) {
                    const auto byte = asio::buffer(&request[at], 1);
                    co_await asio::async_write(each->stream, byte, quietly);
                } else {
                    boost::system::error_code gone;
                    asio::write(each->stream.next_layer(), asio::buffer("\x16", 1), gone);
                }
            }
            co_await sleep_for(100ms);
        }
    };
    int running = 1;
    asio::co_spawn(loop_, drip(&all, &is_over), [&running](std::exception_ptr) { --running; });
    Duration longest{};
    for (int i = 0; i < 10; ++i) {
        longest = std::max(longest, fetch(i % 2 == 0 ? "" : "muster-enrol/1"));
    }
    std::cout << "among " << strangers << " slow strangers a request took at most "
              << longest.count() / 1'000'000 << " ms\n";
    EXPECT_LT(longest, 3s);
    EXPECT_LE(server_->connections(), 512U);
    is_over = true;
    for (const auto& each : all) {
        boost::system::error_code ignored;
        each->stream.next_layer().close(ignored);  // whatever still waits on it ends
    }
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (running > 0 && std::chrono::steady_clock::now() < end) {
        loop_.restart();
        loop_.run_one_for(50ms);
    }
    ASSERT_EQ(running, 0);
}

/// T-35. Each is answered 4xx, and the next request is served.
TEST_F(HostileClients, T35CannotBreakWhatReadsJson) {
    const auto repeated = [](const std::string& text, std::size_t times) {
        std::string out;
        out.reserve(text.size() * times);
        for (std::size_t i = 0; i < times; ++i) {
            out += text;
        }
        return out;
    };
    std::string keys = "{";
    for (int i = 0; i < 100'000; ++i) {
        keys += "\"k" + std::to_string(i) + "\":1,";
    }

    struct Case {
        const char* what;
        std::string body;
    };

    const std::vector<Case> cases{
        {"lists 100,000 deep", repeated("[", 100'000)},
        {"lists 100,000 deep that end", repeated("[", 100'000) + repeated("]", 100'000)},
        {"maps 100,000 deep", repeated("{\"a\":", 100'000) + "1" + repeated("}", 100'000)},
        {"33 deep", "{\"a\":" + repeated("[", 33) + repeated("]", 33) + "}"},
        {"100,000 keys", keys + "\"last\":1}"},
        {"NaN", R"({"title":NaN})"},
        {"Infinity", R"({"title":Infinity})"},
        {"1e999", R"({"title":1e999})"},
        {"-1e999", R"({"title":-1e999})"},
        {"a number of 100,000 digits", "{\"title\":" + repeated("9", 100'000) + "}"},
        {"half a surrogate", R"({"title":"\ud800"})"},
        {"the other half", R"({"title":"\udc00"})"},
        {"halves the wrong way round", R"({"title":"\udc00\ud800"})"},
        {"bytes of a surrogate", "{\"title\":\"\xed\xa0\x80\"}"},
        {"no UTF-8", "{\"title\":\"\xc3\x28\"}"},
        {"NUL", std::string("{\"title\":\"a\0b\"}", 15)},
        {"NUL after it", std::string("{\"title\":\"a\"}\0", 14)},
        {"a key twice", R"({"title":"a","title":"b"})"},
        {"something after it", R"({"title":"a"}{"title":"b"})"},
        {"a comment", "{\"title\":\"a\"} // and"},
        {"a mark of byte order", "\xef\xbb\xbf{\"title\":\"a\"}"},
        {"nothing but space", "   "},
        {"a list", "[]"},
        {"an end within", R"({"title":"a)"},
    };
    for (const Case& each : cases) {
        const HttpResponse answer = post("/api/v1/incidents", each.body);
        EXPECT_GE(answer.status, 400) << each.what;
        EXPECT_LT(answer.status, 500) << each.what << ": " << answer.body;
        EXPECT_LT(answer.body.size(), 30'000U) << each.what;
        EXPECT_TRUE(around_.commands.empty()) << each.what;
        around_.commands.clear();
    }
    EXPECT_EQ(get("/healthz").status, 200);
}

}  // namespace
}  // namespace muster::collector::test
