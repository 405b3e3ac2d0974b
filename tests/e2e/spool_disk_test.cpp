// An agent whose disk takes nothing probes and delivers all the same, and goes back to its disk by itself (T-08).
#include "tests/support/eventually.hpp"
#include "tests/support/site.hpp"
#include "tests/support/small_disk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

class SpoolDisk : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!disk_.problem().empty()) {
            GTEST_SKIP() << "needs the right to mount: " << disk_.problem();
        }
        site_.configure(
            "targets:\n  - {name: web1, address: 127.1.0.1, probes: [{type: icmp, count: 1, "
            "interval: 200ms, timeout: 150ms}]}\n"
        );
        ASSERT_NO_FATAL_FAILURE(site_.start_collector());
        ASSERT_NO_FATAL_FAILURE(site_.enrol_agent());
        std::filesystem::create_directory_symlink(disk_.path(), site_.agent_dir() + "/spool");
    }

    std::size_t results() {
        const std::string id = site_.probe_id("web1 icmp");
        if (id.empty()) {
            return 0;
        }
        const ApiAnswer answer = site_.get("/probes/" + id + "/results?from=-10m");
        return answer.status == 200 ? answer.body.at("points").as_array().size() : 0;
    }

    bool more_results() {
        const std::size_t before = results();
        return eventually(20s, [&] { return results() > before + 3; });
    }

    /// How often the agent has said so.
    std::size_t said(const std::string& event) const {
        const std::string log = site_.agent_log();
        std::size_t count = 0;
        for (std::size_t at = log.find(event); at != std::string::npos;
             at = log.find(event, at + 1)) {
            ++count;
        }
        return count;
    }

    std::size_t segments() const {
        std::size_t count = 0;
        for (const auto& file : std::filesystem::recursive_directory_iterator(disk_.path())) {
            count += file.path().extension() == ".seg" ? 1 : 0;
        }
        return count;
    }

    SmallDisk disk_{80U << 20U};
    Site site_;
};

TEST_F(SpoolDisk, ThatIsReadOnlyOrFullStopsNothing) {
    disk_.make_read_only();
    site_.resume_agent();
    EXPECT_TRUE(more_results()) << "from memory";
    EXPECT_EQ(said(" spool.in_memory "), 1U);
    EXPECT_EQ(segments(), 0U);
    disk_.make_writable();
    ASSERT_TRUE(eventually(20s, [&] { return said(" spool.on_disk_again ") == 1; }));
    EXPECT_TRUE(more_results());
    EXPECT_GT(segments(), 0U);

    disk_.fill();
    ASSERT_TRUE(eventually(20s, [&] { return said(" spool.in_memory ") == 2; }));
    EXPECT_TRUE(more_results()) << "from memory again";
    disk_.make_room();
    ASSERT_TRUE(eventually(20s, [&] { return said(" spool.on_disk_again ") == 2; }));

    // What follows survives the process.
    site_.agent().signal(SIGKILL);
    ASSERT_TRUE(eventually(10s, [&] { return !site_.agent().running(); }));
    site_.resume_agent();
    EXPECT_TRUE(more_results());
    EXPECT_TRUE(site_.incidents().empty());
}

}  // namespace
}  // namespace muster::test
