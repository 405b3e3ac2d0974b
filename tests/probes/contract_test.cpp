#include "probes/document.hpp"
#include "tests/probes/probe_fixture.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>

#include <cstdlib>
#include <filesystem>
#include <iterator>

namespace muster::probes::test {
namespace {

using wire::ResultState;

/// What every probe type promises, with a target of its own kind that never answers.
class ProbeContract : public ProbeTest, public testing::WithParamInterface<const ProbeType*> {
  protected:
    const ProbeType& type() const { return *GetParam(); }

    /// Options under which a run lasts until its timeout.
    config::Params silent_params() {
        const std::string name(type().name);
        if (name == "http") {
            return {{"url", "http://" + address + ":18097/"}};
        }
        if (name == "snmp") {
            return {{"port", "16197"}};
        }
        if (name == "icmp") {
            return {
                {"count", "20"}, {"spacing", "1s"}
            };  // lasts by its spacing: 127.x always answers
        }
        if (name == "host") {
            return {{"count", "20"}};
        }
        if (name == "tcp") {
            return {{"port", "18097"}, {"expect.answer", "a word"}};
        }
        ADD_FAILURE() << "say here how " << name << " is kept waiting";
        return {};
    }

    /// The worker is there: its start does not count.
    void warm_up() {
        (void)probe(std::string(type().name), address, silent_params(), secrets, 50ms);
    }

    std::string address = own_address(6);
    Secrets secrets{{"community", "public"}};
    asio::ip::tcp::acceptor web{loop, {asio::ip::make_address(address), 18097}};
    asio::ip::udp::socket device{loop, {asio::ip::make_address(address), 16197}};
};

TEST_P(ProbeContract, DocumentsEveryOptionAndMetric) {
    EXPECT_TRUE(type().summary.ends_with('.'));
    for (const config::ParamSpec& spec : type().params) {
        EXPECT_TRUE(spec.summary.ends_with('.')) << spec.name;
        const bool has_choices = !spec.choices.empty();
        EXPECT_EQ(spec.kind == config::ParamKind::choice, has_choices) << spec.name;
        if (!spec.default_text.empty()) {
            const auto value = config::canonical_value(spec, spec.default_text);
            ASSERT_TRUE(value.has_value()) << spec.name << ": " << value.error().text();
            EXPECT_EQ(*value, spec.default_text) << spec.name << ": the default is not canonical";
        }
    }
    ASSERT_FALSE(type().metrics.empty());
    for (const MetricSpec& metric : type().metrics) {
        EXPECT_TRUE(metric.summary.ends_with('.')) << metric.name;
        EXPECT_LE(metric.decimals, 9) << metric.name;
    }
    EXPECT_EQ(type().run == nullptr, type().runs_in == RunsIn::worker);
    EXPECT_EQ(find_probe_type(type().name), &type());
}

TEST_P(ProbeContract, HasAPageThatSaysTheSame) {
    const std::string path =
        std::string(MUSTER_SOURCE_DIR) + "/docs/probes/" + std::string(type().name) + ".md";
    if (std::getenv("MUSTER_WRITE_DOCS") != nullptr) {
        muster::test::write_text(path, probe_document(type()));
    }
    EXPECT_EQ(muster::test::read_text(path), probe_document(type()))
        << "run MUSTER_WRITE_DOCS=1 tests_probes --gtest_filter='*HasAPage*'";
}

TEST_P(ProbeContract, KeepsItsDeadline) {
    warm_up();
    const auto begun = std::chrono::steady_clock::now();
    const Outcome outcome =
        probe(std::string(type().name), address, silent_params(), secrets, 300ms);
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_GE(took, 200ms);
    EXPECT_LE(took, 300ms + 600ms) << "half a second of grace for a worker on a busy machine";
    EXPECT_EQ(outcome.values.size(), type().metrics.size());
    for (const std::string& text : {outcome.reason, outcome.expected, outcome.seen}) {
        EXPECT_LE(text.size(), 1024u);
    }
}

TEST_P(ProbeContract, EndsAtOnceWhenCancelled) {
    warm_up();
    asio::cancellation_signal stop;
    bool ended = false;
    asio::co_spawn(
        loop,
        runner.run(std::string(type().name), address, silent_params(), secrets, 20s),
        asio::bind_cancellation_slot(
            stop.slot(), [&ended](std::exception_ptr, Outcome) { ended = true; }
        )
    );
    loop.restart();
    loop.run_for(100ms);
    ASSERT_FALSE(ended);
    const auto begun = std::chrono::steady_clock::now();
    stop.emit(asio::cancellation_type::terminal | asio::cancellation_type::total);
    ASSERT_TRUE(run_until(loop, [&] { return ended; }, 5s));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 100ms);
}

TEST_P(ProbeContract, LeavesNoDescriptorOpen) {
    const auto open_descriptors = [] {
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return std::distance(begin(all), end(all));
    };
    warm_up();
    const auto before = open_descriptors();
    for (int i = 0; i < 5; ++i) {
        (void)probe(std::string(type().name), address, silent_params(), secrets, 20ms);
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_P(ProbeContract, RefusesAnUnknownOption) {
    config::Params params = silent_params();
    params["no_such_option"] = "1";
    const Outcome outcome = probe(std::string(type().name), address, params, secrets);
    EXPECT_EQ(outcome.state, ResultState::unknown);
    EXPECT_EQ(outcome.reason, "configuration");
    EXPECT_NE(outcome.seen.find("no_such_option"), std::string::npos) << outcome.seen;
}

INSTANTIATE_TEST_SUITE_P(
    AllTypes,
    ProbeContract,
    testing::ValuesIn(probe_types().begin(), probe_types().end()),
    [](const auto& info) { return std::string(info.param->name); }
);

TEST(ProbeTable, HoldsTheTypesOfThisFolder) {
    for (const char* name : {"icmp", "snmp", "http", "tcp", "host"}) {
        EXPECT_NE(find_probe_type(name), nullptr) << name;
    }
    EXPECT_EQ(find_probe_type("gopher"), nullptr);
    EXPECT_EQ(probe_schemas().size(), probe_types().size());
}

}  // namespace
}  // namespace muster::probes::test
