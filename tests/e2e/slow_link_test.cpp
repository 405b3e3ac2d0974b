// An agent at the end of a bad line (T-21).
#include "tests/e2e/scripted_site.hpp"
#include "tests/support/packet_faults.hpp"
#include "tests/support/small_internet.hpp"

namespace muster::test {
namespace {

class SlowLink : public ScriptedSite {
  protected:
    void build_network() override {
        net_.add_machine("far");
        net_.connect("", "10.77.0.1/24", "far", "10.77.0.2/24");
        ASSERT_EQ(net_.complaint(), "");
        within_ = net_.within("far");
        address_ = "10.77.0.1";
        // TCP waits as long as ever, however short the periods of a test are.
        site_.set_silence(15s, 20s);
        site_.open_to_network(address_);
    }

    SmallInternet net_;
};

TEST_F(SlowLink, T21_OfWhichAThirdOfAllPacketsIsLostBothWaysLosesNothing) {
    ASSERT_EQ(limit_rate("me-far", 256), "");
    ASSERT_EQ(lose_packets(site_.agents_port(), 30), "");
    std::string state;
    const std::uint64_t begin = produced();
    EXPECT_TRUE(eventually(30s, [&] { return produced() > begin + 300; }));
    // The heartbeat gets through.
    const ApiAnswer agents = site_.get("/agents");
    ASSERT_EQ(agents.status, 200);
    EXPECT_EQ(text_of(agents.body.at("items").at(0), "state"), "connected");
    EXPECT_GT(packets_lost(), 50U);
    ASSERT_EQ(lose_nothing(), "");
    expect_the_script(finish());
}

}  // namespace
}  // namespace muster::test
